"""我们留着您哪些信息: what is held about the person, behind the door of their number, to read, put right, take away and delete."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.viewpoint import resident, seen_from
from guides.views import page_context
from helpdesk import actions
from helpdesk.actions.minding import OWN
from helpdesk.forms_mine import CorrectForm, correctable
from helpdesk.held import Held, Side, held_about, held_for, principal_of
from helpdesk.models import HelpRequest, normalise_reference
from helpdesk.views.follow import FOLLOW_COOKIE, ask_last_four, find_followed
from menpai import throttle
from menpai.validators import mask_phone

STEPS = ("see", "correct", "take", "erase")
NOT_YET = "刚才改的还没存，再点一次“改好了，保存”。"
TOO_OLD = "这一页放得太久了。您填的都在，请再点一次。"


@never_cache
@resident
def mine(request, reference):
    reference = normalise_reference(reference)
    stored, side = find_followed(request, reference)
    if stored is None:
        return ask_last_four(request, reference, opened=_opened)
    if request.method != "POST":
        return _show(request, stored, side, step=request.GET.get("step", ""))
    act = request.POST.get("act", "")
    if act == "open":  # the door was open already
        return redirect(request.path)
    if act not in MINE_ACTS:
        return HttpResponseBadRequest("没有这个操作，请返回再试。")
    try:
        return MINE_ACTS[act](request, stored, side)
    except actions.NotPossible as refusal:
        return _show(request, stored, side, refused=str(refusal))


def _opened(request, stored: HelpRequest, side: Side, draft: str):
    """The door was closed meanwhile and is open again: what was being changed stands in its fields, not saved yet."""
    typed = [name for name in correctable(side) if name in request.POST]
    if not typed:
        return redirect(request.path)
    form = CorrectForm(request.POST, stored=stored, side=side, part=typed[0] if len(typed) == 1 else "")
    return _show(request, stored, side, step="correct", form=form, refused=NOT_YET)


@never_cache
@resident
def erased(request):
    """After it: what is gone, what stays. Says nothing of any one person, so it has no door."""
    return render(request, "helpdesk/erased.html", page_context(request, request.viewpoint))


def _form(request, stored: HelpRequest, side: Side) -> CorrectForm:
    """The form of the part in the address (长辈版: one thing a page), or of all that side may put right."""
    part = request.GET.get("part", "")
    data = request.POST if request.method == "POST" and request.POST.get("act") == "correct" else None
    return CorrectForm(data, stored=stored, side=side, part=part if part in correctable(side) else "")


def _correct(request, stored: HelpRequest, side: Side):
    form = _form(request, stored, side)
    if not form.is_valid():
        return _show(request, stored, side, step="correct", form=form)
    changes = form.changes()
    if changes and not throttle.allow("correct", stored.reference, limit=20, minutes=60):
        form.add_error(None, "改得太勤了，过一会儿再改。着急就打 12345。")
        return _show(request, stored, side, step="correct", form=form)
    if changes:
        actions.correct(request=stored, changes=changes, as_principal=side == Side.PRINCIPAL)
    return redirect(f"{request.path}?step=see&done={'correct' if changes else 'same'}")


def _take_file(request, stored: HelpRequest, side: Side):
    _note_taking(stored, side, "文件")
    response = JsonResponse(held_about(stored, side).as_file(), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{stored.reference}.json"'
    return response


def _take_sheet(request, stored: HelpRequest, side: Side):
    _note_taking(stored, side, "打印的一页")
    return render(request, "helpdesk/mine_sheet.html", page_context(request, seen_from(request, stored.area), stored=stored, **held_for(stored, side)))


def _note_taking(stored: HelpRequest, side: Side, how: str) -> None:
    actions.take_away(request=stored, how=how, by_name=_called(side))


def _called(side: Side) -> str:
    return "当事人" if side == Side.PRINCIPAL else "居民"


def _erase(request, stored: HelpRequest, side: Side):
    actions.erase(request=stored, by_name=_called(side))
    response = redirect(request.viewpoint.mode("help:erased"))
    response.delete_cookie(FOLLOW_COOKIE, samesite="Lax")
    return response


MINE_ACTS: dict[str, Callable[..., HttpResponse]] = {"correct": _correct, "file": _take_file, "sheet": _take_sheet, "erase": _erase}


def show_stale(request, reference: str):
    """The form was open too long for its token: what was typed comes back, once the door is open."""
    reference = normalise_reference(reference)
    stored, side = find_followed(request, reference)
    if stored is None:
        return ask_last_four(request, reference, opened=_opened)
    form = _form(request, stored, side) if request.POST.get("act") == "correct" else None
    return _show(request, stored, side, step="correct" if form else "", form=form, refused=TOO_OLD, status=403)


def _show(request, stored: HelpRequest, side: Side, *, step: str = "", form: CorrectForm | None = None, refused: str = "", status: int = 200):
    elder = request.viewpoint.elder
    step = step if step in STEPS else ""
    held: Held | None = held_about(stored, side) if step == "see" or not (step or elder) else None
    part = request.GET.get("part", "")
    context = page_context(
        request,
        seen_from(request, stored.area),
        stored=stored,
        side=side,
        step=step or ("" if elder else "see"),
        held=held,
        form=form or _form(request, stored, side),
        has_principal=principal_of(stored) is not None,
        masked=mask_phone((principal_of(stored) if side == Side.PRINCIPAL else stored).phone),
        parts=[(name, OWN[name]) for name in correctable(side)],
        asks_which=elder and step == "correct" and part not in OWN and form is None,
        refused=refused,
        done=request.GET.get("done", ""),
    )
    return render(request, "helpdesk/mine.html", context, status=status)
