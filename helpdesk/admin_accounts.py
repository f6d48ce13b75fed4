"""Accounts: who somebody is, what they may do and where, how they get in, and how they leave."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from guides.admin.within import DistrictRows, OwnChoices
from guides.districts import districts_of
from guides.models import EditorPosting
from helpdesk import actions
from helpdesk.actions import staff_name
from helpdesk.actions.leaving import Pile, holdings_of, open_requests_of
from helpdesk.models import Posting, SecondFactor, StaffSession
from helpdesk.people import accounts_within, bind
from helpdesk.transfer_staff import STAFF
from menpai.exchange_pages import exchange_urls
from menpai.roles import BACK_OFFICE


class PostingInline(OwnChoices, admin.TabularInline):
    model = Posting
    extra = 1
    autocomplete_fields = ("area",)
    verbose_name_plural = "负责哪里（帮办员、主管填）"


class EditorPostingInline(OwnChoices, admin.TabularInline):
    model = EditorPosting
    extra = 1
    autocomplete_fields = ("district",)
    verbose_name_plural = "写哪些指南（编辑、审核、管理员填）"


class AccountForm(UserChangeForm):
    """Nobody is switched off with residents' requests in hand: these would lie there."""

    def clean_is_active(self):
        is_active = self.cleaned_data["is_active"]
        count = 0 if is_active else open_requests_of(self.instance).count()
        if count:
            address = reverse("admin:auth_user_leave", args=[self.instance.pk])
            raise ValidationError(format_html('他手上还有{}件没办完，这样停用就没人管了。<a href="{}">点“这个人走了”，一起交给同事</a>。', count, address))
        return is_active


class OneTimePasswordForm(AdminPasswordChangeForm):
    """A password that somebody else made is changed at the next sign-in; until then nothing opens."""

    usable_password = None  # switching a person off has its own page

    def save(self, commit=True):
        user = super().save(commit=commit)
        actions.require_password_change(user=user)
        return user


class LeavingForm(forms.Form):
    """For each pile a colleague, or back into the queue."""

    def __init__(self, data=None, *, piles: list[Pile]):
        super().__init__(data, label_suffix="")
        self.piles = piles
        for pile in piles:
            choices = [(str(posting.pk), f"{staff_name(posting.user)}（{posting.area.short_name}）") for posting in pile.colleagues]
            own = next((str(posting.pk) for posting in pile.colleagues if posting.area_id == pile.area.pk), "")
            field = forms.ChoiceField(label=pile.words, required=False, choices=[("", "放回队列，谁当班谁接"), *choices], initial=own)
            field.error_messages["invalid_choice"] = "这位同事刚刚有变动，再选一次。"
            self.fields[pile.key] = field

    @property
    def chosen(self) -> dict[str, Posting]:
        """The posting for each pile that has one."""
        postings = {str(posting.pk): posting for pile in self.piles for posting in pile.colleagues}
        return {key: postings[value] for key, value in self.cleaned_data.items() if value}


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(DistrictRows, UserAdmin):
    """Accounts by role. Whether somebody may open the admin follows from the role; only a superuser touches superusers."""

    district_path = ""
    inlines = [PostingInline, EditorPostingInline]
    change_list_template = "admin/exchange/change_list.html"
    list_display = ("username", "name", "roles", "places", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ()
    actions = None
    form = AccountForm
    change_form_template = "admin/auth/user/change.html"
    change_password_form = OneTimePasswordForm
    add_form = UserCreationForm
    add_form_template = "admin/auth/user/new.html"
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "groups", "password1", "password2")}),
    )  # fmt: skip
    readonly_fields = ("is_staff", "last_login", "date_joined")

    def seen_by(self, rows, user):
        return accounts_within(rows, user)

    def get_inlines(self, request, obj):
        return self.inlines

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return self.add_fieldsets
        rights = ["is_active", "is_superuser"] if request.user.is_superuser else ["is_active"]
        return (
            (None, {"fields": ("username", "password", "first_name")}),
            ("角色", {"fields": ("groups", "is_staff"),
                      "description": "编辑、审核、管理员进后台；帮办员、主管只进工作台。人走了，点上面的“这个人走了”，不要删。"}),
            ("账号", {"fields": (*rights, ("last_login", "date_joined"))}),
        )  # fmt: skip

    def get_queryset(self, request):
        postings = Prefetch("postings", Posting.objects.select_related("area"))
        return super().get_queryset(request).prefetch_related("groups", postings)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "first_name":
            field.label = "姓名"  # whole, in this one field: Django would join two the Western way round
        return field

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label, field.help_text = "角色", "可以选几个：按住 Ctrl 点。"
        return field

    def has_change_permission(self, request, obj=None):
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        """Nobody deletes themselves, and nobody below deletes a superuser."""
        out_of_reach = obj is not None and (obj == request.user or (obj.is_superuser and not request.user.is_superuser))
        return not out_of_reach and super().has_delete_permission(request, obj)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            *exchange_urls(STAFF, self),
            path("<int:pk>/leave/", view(self.leave), name="auth_user_leave"),
            path("<int:pk>/safety/", view(self.safety), name="auth_user_safety"),
            *super().get_urls(),
        ]

    def _account(self, request, pk: int) -> User:
        account = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        return account

    def _show(self, request, account: User, template: str, title: str, **extra):
        context = {**self.admin_site.each_context(request), "title": title, "account": account, "who": staff_name(account), **extra}
        return TemplateResponse(request, f"admin/auth/user/{template}.html", context)

    def leave(self, request, pk):
        """这个人走了: what they hold, to whom each pile goes, and then all of it at once."""
        account = self._account(request, pk)
        if account == request.user:
            raise PermissionDenied
        holdings = holdings_of(account)
        form = LeavingForm(request.POST if request.method == "POST" else None, piles=holdings.piles)
        if form.is_valid():
            return self._left(request, account, actions.leave(by=request.user, person=account, to=form.chosen))
        return self._show(request, account, "leave", f"{staff_name(account)}走了", form=form, holdings=holdings)

    def _left(self, request, account: User, done):
        """What was done, in words, above the account."""
        parts = [f"转给{name}{len(requests)}件" for name, requests in done.handed_over.items()]
        parts += [f"放回队列{len(done.put_back)}件"] if done.put_back else []
        parts += [f"{done.sessions}处登录退出了"] if done.sessions else []
        parts += [f"撤了{done.postings}处分工"] if done.postings else []
        messages.success(request, f"办好了：{staff_name(account)}的账号停用了{'，' if parts else ''}{'，'.join(parts)}。")
        if done.refused:
            numbers = "、".join(row.spoken_reference for row in done.refused)
            messages.warning(request, f"这些选的同事接不了，放回了队列：{numbers}。没人当班的，主管会收到提醒。")
        return redirect("admin:auth_user_change", account.pk)

    def safety(self, request, pk):
        """登录和验证器: where somebody is signed in, and the second factor, both to be ended for them."""
        account = self._account(request, pk)
        if request.method == "POST":
            try:
                messages.success(request, self._secured(request, account))
            except actions.NotPossible as refusal:
                messages.warning(request, str(refusal))
            return redirect("admin:auth_user_safety", pk)
        rows = StaffSession.objects.filter(user=account, expire_date__gt=timezone.now()).order_by("-last_on")
        factor = SecondFactor.objects.filter(user=account, confirmed=True).first()
        left = factor.codes.filter(used_at=None).count() if factor else 0
        return self._show(request, account, "safety", f"{staff_name(account)}的登录和验证器", rows=rows, factor=factor, left=left)

    def _secured(self, request, account: User) -> str:
        if "reset" in request.POST:
            actions.reset_factor(by=request.user, user=account)
            return f"清掉了。{staff_name(account)}下次登录会重新设，也会看到是您清的。"
        count = actions.end_sessions(by=request.user, user=account, but=request.session.session_key)
        return f"{count}处都退出了。" if count else "没有别的地方登录着。"

    def user_change_password(self, request, id, form_url=""):  # noqa: A002 -- Django's name
        """One's own has a page where the present password is asked for; somebody else's is then good for one sign-in."""
        if id == str(request.user.pk):
            return redirect("desk:password")
        return super().user_change_password(request, id, form_url)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        user = form.instance
        if not accounts_within(User.objects.filter(pk=user.pk), request.user).exists():  # made by an administrator of a district: it is theirs
            bind(user, districts_of(request.user) or set())
        user.is_staff = user.is_superuser or user.groups.filter(name__in=BACK_OFFICE).exists()
        user.save(update_fields=["is_staff"])
        if not change:
            actions.require_password_change(user=user)

    @admin.display(description="姓名")
    def name(self, user):
        return user.get_full_name()

    @admin.display(description="角色")
    def roles(self, user):
        return "、".join(group.name for group in user.groups.all()) or ("超级管理员" if user.is_superuser else "没有角色")

    @admin.display(description="负责哪里")
    def places(self, user):
        return "、".join(posting.area.short_name for posting in user.postings.all())
