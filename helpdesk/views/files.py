"""Photos of papers: the page of one paper, where they are sent, seen and deleted, and the photo itself; for the resident and for the desk."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from guides.viewpoint import resident, seen_from
from guides.views import page_context
from helpdesk import actions, attachments
from helpdesk.access import get_request_or_404, may_open_files
from helpdesk.forms_papers import DeskFilesForm, FilesForm
from helpdesk.models import Attachment, HelpRequest, Paper, State, normalise_reference
from helpdesk.views.follow import may_follow
from helpdesk.views.queue import desk_context, desk_page
from menpai import throttle

TOO_MANY = "今天传得太多了，明天再传。着急就把材料带来当面看。"
TOO_FAST = "传得太快了，过一个小时再传。着急就把材料带来当面看。"


def _paper_of(stored: HelpRequest, key: int) -> Paper | None:
    """None for 0: a photo that belongs to no paper of the list."""
    return get_object_or_404(stored.papers, pk=key) if key else None


def _photo_of(stored: HelpRequest, key) -> Attachment:
    """Of this request and still there; else the same 404, whatever the reason."""
    return get_object_or_404(Attachment.objects.select_related("request", "paper"), request=stored, key=key, deleted_at=None)


def _take(stored: HelpRequest, paper: Paper | None, form: FilesForm, *, by=None) -> int:
    """Clean and keep what the form brought; how many. What is wrong with the others stands in the form."""
    good, bad = attachments.clean_all(form.cleaned_data["files"], stored)
    for words in bad:
        form.add_error("album", words)
    if good:
        try:
            actions.add_files(request=stored, paper=paper, files=good, by=by)
        except actions.NotPossible as refusal:
            form.add_error(None, str(refusal))
            return 0
    return len(good)


def _delete(stored: HelpRequest, key: str, *, by=None) -> str:
    """The refusal, or nothing. A photo that is gone already is as it was wanted."""
    living = stored.attachments.select_related("request").filter(deleted_at=None)
    photo = next((photo for photo in living if str(photo.key) == key), None)
    try:
        if photo:
            actions.delete_file(attachment=photo, by=by)
    except actions.NotPossible as refusal:
        return str(refusal)
    return ""


def _context(stored: HelpRequest, paper: Paper | None, form: FilesForm, **more) -> dict:
    rows = stored.attachments.filter(paper=paper)
    return {
        "stored": stored, "paper": paper, "form": form, "kept": 0, "refused": "", "photos": rows.filter(deleted_at=None), "gone": rows.exclude(deleted_at=None),
        "last_day": attachments.delete_on(), "days_after_end": settings.PHOTO_DAYS_AFTER_END, "purpose": attachments.purpose_of(stored), **more,
    }  # fmt: skip


@never_cache
@resident
def resident_paper(request, reference, paper):
    """One paper of the resident's own request. Without the cookie of the follow page its door opens first."""
    digits = normalise_reference(reference)
    if not may_follow(request, digits):
        return redirect(request.viewpoint.mode("help:follow", reference))
    reference = digits
    stored = get_object_or_404(HelpRequest.objects.select_related("guide", "owner", "area"), reference=reference)
    paper = _paper_of(stored, paper)
    form, more = FilesForm(), {}
    if request.method == "POST" and request.POST.get("act") == "delete":
        more["refused"] = _delete(stored, request.POST.get("key", ""))
        if not more["refused"]:
            return redirect(request.path)
    elif request.method == "POST":
        form = FilesForm(request.POST, request.FILES)
        if form.is_valid() and _may_send(request, reference, form):
            more["kept"] = _take(stored, paper, form)
            if more["kept"] and not form.errors:
                return redirect(f"{request.path}?kept={more['kept']}")
    elif request.GET.get("kept", "").isdecimal():
        more["kept"] = min(int(request.GET["kept"][:2]), 20)
    context = page_context(request, seen_from(request, stored.area), **_context(stored, paper, form, **more))
    return render(request, "helpdesk/papers/paper.html", context)


def _may_send(request, reference: str, form: FilesForm) -> bool:
    """Decoding costs the site a second a photo: so many an hour from one address, so many a day for one request."""
    here = throttle.client_address(request)
    if not throttle.allow("files", f"{reference}:{here}", limit=20, minutes=60) or not throttle.allow("files-from", here, limit=100, minutes=60):
        form.add_error(None, TOO_FAST)
    elif not throttle.allow("files-all", reference, limit=60, minutes=24 * 60):
        form.add_error(None, TOO_MANY)
    return not form.errors


@never_cache
@resident
@require_safe
def resident_file(request, reference, key):
    reference = normalise_reference(reference)
    if not may_follow(request, reference):
        raise Http404("没有这一页。")
    photo = _photo_of(get_object_or_404(HelpRequest, reference=reference), key)
    try:
        return _picture(attachments.read(photo.key))
    except FileNotFoundError:
        raise Http404("没有这一页。") from None


@desk_page
def desk_paper(request, reference, paper):
    """The same page at the desk: whoever handles the request looks, the owner takes photos for somebody who stands there."""
    stored = get_request_or_404(request.user, reference)
    if not may_open_files(request.user, stored):
        raise Http404("没有这一页。")
    paper = _paper_of(stored, paper)
    may_add = stored.owner_id == request.user.pk and stored.state == State.CLAIMED
    form, more = DeskFilesForm(), {}
    if request.method == "POST" and request.POST.get("act") == "delete":
        more["refused"] = _delete(stored, request.POST.get("key", ""), by=request.user)
        if not more["refused"]:
            return redirect(request.path)
    elif request.method == "POST":
        form = DeskFilesForm(request.POST, request.FILES)
        if form.is_valid():
            more["kept"] = _take(stored, paper, form, by=request.user)
            if more["kept"] and not form.errors:
                return redirect(request.path)
    return render(request, "helpdesk/desk/paper.html", desk_context(request, may_add=may_add, **_context(stored, paper, form, **more)))


@desk_page
@require_safe
def desk_file(request, reference, key):
    """One photo, in exchange for an entry in the story; only for whom access.may_open_files names."""
    stored = get_request_or_404(request.user, reference)
    if not may_open_files(request.user, stored):
        raise Http404("没有这一页。")
    photo = _photo_of(stored, key)
    try:
        return _picture(actions.open_file(attachment=photo, by=request.user))
    except actions.NotPossible:
        raise Http404("没有这一页。") from None


def _picture(content: bytes) -> HttpResponse:
    """A JPEG of our own making, kept nowhere on the way, that can do nothing even if it were not what it says."""
    # 'unsafe-inline': with it browsers lay out a picture that is opened by itself; there is no document of ours to style.
    return HttpResponse(
        content,
        content_type="image/jpeg",
        headers={
            "Content-Disposition": 'inline; filename="photo.jpg"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
        },
    )
