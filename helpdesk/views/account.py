"""/desk/account/: one's own sign-ins, password and second factor. For everybody who signs in, whether they work at the desk or in the back office."""

from functools import wraps
from time import time

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as mark_verified

from helpdesk import actions
from helpdesk.access import works_in
from helpdesk.forms_account import CodeForm, PaperCodeForm, PasswordForm
from helpdesk.gate import still_to_do
from helpdesk.models import SecondFactor, StaffAccount, StaffSession
from menpai import throttle
from menpai.qr import secret_svg
from menpai.roles import Role, has_role

SETTING_UP, REPLACING = "setting_up", "replacing"  # in the session: the key of the row being set up; until when the old phone may be replaced
MAY_REPLACE = 600  # seconds
PASSWORD_TRIES, PASSWORD_MINUTES = 10, 10


def account_page(view):
    """For everybody who is signed in; kept by no cache. The gate decides how far somebody half signed in may go."""

    @never_cache
    @login_required
    @wraps(view)
    def page(request, *args, **kwargs):
        request.district = works_in(request.user)  # whose words the page says
        return view(request, *args, **kwargs)

    return page


def _context(request, **extra) -> dict:
    return {"home": _home_of(request.user), "is_in": not still_to_do(request.user), "next": request.POST.get("next") or request.GET.get("next", ""), **extra}


def _home_of(user) -> str:
    return reverse("desk:queue") if has_role(user, Role.ASSISTANT, Role.SUPERVISOR) else reverse("admin:index")


def _after(request) -> str:
    """Where the person wanted to go, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return _home_of(request.user)


def _factor_of(user) -> SecondFactor | None:
    return SecondFactor.objects.filter(user=user, confirmed=True).first()


def _let_in(request, factor: SecondFactor) -> None:
    """Signed in twice from now on, under a new session key as after every step up."""
    mark_verified(request, factor)
    request.session.cycle_key()


@account_page
def account(request):
    rows = list(StaffSession.objects.filter(user=request.user, expire_date__gt=timezone.now()).order_by("-last_on", "-expire_date"))
    factor = _factor_of(request.user)
    left = factor.codes.filter(used_at=None).count() if factor else 0
    here = request.session.session_key
    return render(request, "helpdesk/account/account.html", _context(request, rows=rows, here=here, factor=factor, left=left))


@account_page
def sign_out(request):
    """Of one sign-in (`which`), or of all others."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    which = request.POST.get("which", "")
    count = actions.end_sessions(by=request.user, user=request.user, handle=which, but=request.session.session_key)
    if count:
        messages.success(request, "退出了。" if which else f"别处的都退出了，一共{count}处。")
    else:
        messages.warning(request, "没有别的地方登录着。")
    return redirect("desk:account")


@account_page
def code(request):
    """The second step of signing in: six digits, or a recovery code."""
    if request.user.is_verified() or _factor_of(request.user) is None:
        return redirect(_after(request))
    return _ask_code(request, done=_signed_in)


def _signed_in(request, factor: SecondFactor, *, by_paper: bool):
    _let_in(request, factor)
    if by_paper:
        left = factor.codes.filter(used_at=None).count()
        messages.warning(request, f"备用码用掉了一个，还剩{left}个，纸上划掉它。手机丢了、换了，现在就点“换手机”。")
        return redirect("desk:account")
    return redirect(_after(request))


@account_page
def replace(request):
    """Before another phone takes the place of the one that counts: a code of the old one, or one from the paper. A tablet left lying open is not enough."""
    if _factor_of(request.user) is None:
        return redirect("desk:set-up")
    return _ask_code(request, done=_may_replace, is_replacing=True)


def _may_replace(request, factor: SecondFactor, *, by_paper: bool):
    _let_in(request, factor)
    request.session[REPLACING] = time() + MAY_REPLACE
    request.session.pop(SETTING_UP, None)
    return redirect("desk:set-up")


def _ask_code(request, *, done, is_replacing: bool = False):
    by_paper = "paper" in request.GET
    form = (PaperCodeForm if by_paper else CodeForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        token = form.cleaned_data["code"]
        answer = actions.use_recovery_code(by=request.user, code=token) if by_paper else actions.check_code(by=request.user, token=token)
        if answer.factor:
            return done(request, answer.factor, by_paper=by_paper)
        form.refuse(answer.refusal)
    return render(request, "helpdesk/account/code.html", _context(request, form=form, by_paper=by_paper, is_replacing=is_replacing))


@account_page
def set_up(request):
    """A key to scan, proved by its first code; then the recovery codes, shown this once."""
    replaces = _factor_of(request.user) is not None
    if replaces and request.session.get(REPLACING, 0) < time():
        return redirect("desk:account" if request.method == "POST" else "desk:replace")
    factor = SecondFactor.objects.filter(user=request.user, confirmed=False, pk=request.session.get(SETTING_UP)).first()
    form = CodeForm(request.POST if request.method == "POST" else None, comes_first=False)
    if factor and form.is_valid():
        answer, codes = actions.finish_factor(by=request.user, factor=factor, token=form.cleaned_data["code"])
        if answer.factor:
            return _is_set_up(request, answer.factor, codes)
        form.refuse(answer.refusal)
    if factor is None:
        # One key a sign-in: it is not the one that somebody else may have seen, and a wrong code does not change the picture.
        factor = actions.begin_factor(by=request.user)
        request.session[SETTING_UP] = factor.pk
    told = StaffAccount.objects.filter(user=request.user).exclude(reset_by="").first()
    picture = mark_safe(secret_svg(factor.address))
    return render(request, "helpdesk/account/set_up.html", _context(request, form=form, factor=factor, picture=picture, replaces=replaces, told=told))


def _is_set_up(request, factor: SecondFactor, codes: list[str]):
    request.session.pop(SETTING_UP, None)
    request.session.pop(REPLACING, None)
    _let_in(request, factor)
    return _show_codes(request, codes, is_new=True)


def _show_codes(request, codes: list[str], *, is_new: bool):
    today = timezone.localdate()
    return render(request, "helpdesk/account/codes.html", _context(request, codes=codes, after=_after(request), is_new=is_new, today=today))


@account_page
def codes(request):
    """A new paper with ten recovery codes."""
    if request.method != "POST":
        return redirect("desk:account")
    try:
        return _show_codes(request, actions.renew_recovery_codes(by=request.user), is_new=False)
    except actions.NotPossible as refusal:
        messages.warning(request, str(refusal))
        return redirect("desk:account")


@method_decorator(sensitive_post_parameters(), name="dispatch")
@method_decorator(account_page, name="dispatch")
class Password(PasswordChangeView):
    """One's own password; the same page whether it has to be changed or one wants to."""

    template_name = "helpdesk/account/password.html"
    form_class = PasswordForm

    def post(self, request, *args, **kwargs):
        if not throttle.allow("own password", str(request.user.pk), limit=PASSWORD_TRIES, minutes=PASSWORD_MINUTES):
            messages.warning(request, f"试得太勤了，过{PASSWORD_MINUTES}分钟再试。")
            return redirect("desk:password")
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        must = StaffAccount.objects.filter(user=self.request.user, must_change_password=True).exists()
        return _context(self.request, form=kwargs.get("form") or self.get_form(), must=must)

    def form_valid(self, form):
        response = super().form_valid(form)  # saves it, and keeps this sign-in by Django's hash of the password
        actions.password_changed(by=self.request.user, session_key=self.request.session.session_key)
        messages.success(self.request, "密码改好了。别处登录着的都退出了。")
        return response

    def get_success_url(self):
        return _after(self.request)
