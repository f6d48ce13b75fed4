"""The way of a guide through the bureau: what cannot be written right now is shown with what to do next, and each act is one address."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from guides import documents, editing
from guides.actions import NotPossible
from guides.admin.reviewing import FACTS_TITLE, Item, all_parts, unverified_parts
from guides.changes import Change, compare_whole
from guides.departments import PUBLISH
from guides.forms_review import RemarkForm, ScheduleForm
from guides.merging import plain
from guides.models import FactField, Guide, GuideRevision, Material, Office, Status
from guides.refusals import of_month


@dataclass(frozen=True)
class Act:
    """`verb(guide=, by=)` may return the guide whose page comes next. `done` is what the page says then."""

    verb: Callable
    done: str
    for_reviewers: bool = False


ACTS = {
    "next": Act(editing.start_next, ""),
    "submit": Act(editing.submit, "提交了，等别人审。审的时候先不能改；想再改，点“收回来改”。"),
    "take-back": Act(editing.take_back, "收回来了，可以接着改。改好再提交审核。"),
    "drop": Act(editing.drop_next, "这一版不要了。居民看到的没有变。"),
    "keep-mine": Act(editing.keep_mine, "记下了：以这一版写的为准。可以提交审核了。"),
    "still-valid": Act(editing.still_valid, "记下了：今天看过，仍然有效。"),
    "publish": Act(editing.approve, "已发布，居民现在就能看到。", for_reviewers=True),
    "withdraw": Act(editing.withdraw, "已撤下，居民不再看到。", for_reviewers=True),
}


def urls(model_admin) -> list:
    wrap = model_admin.admin_site.admin_view
    acts = [path(f"<int:pk>/{name}/", wrap(act), {"name": name, "model_admin": model_admin}, name=f"guides_guide_{name}") for name in ACTS]
    return [
        *acts,
        path("<int:pk>/schedule/", wrap(schedule), {"model_admin": model_admin}, name="guides_guide_schedule"),
        path("<int:pk>/send-back/", wrap(send_back), {"model_admin": model_admin}, name="guides_guide_send-back"),
        path("<int:pk>/compare/", wrap(compare), {"model_admin": model_admin}, name="guides_guide_compare"),
    ]


def act(request, pk, name, model_admin):
    """One press of a button, and back to the page it leads to."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not _is_there(pk) and "public" in request.POST:
        return _gone(request, model_admin)
    guide, chosen = model_admin.open_guide(request, pk), ACTS[name]
    _require(request, model_admin, guide, for_reviewers=chosen.for_reviewers)
    return _do(request, model_admin, guide, chosen.verb, chosen.done)


def _require(request, model_admin, guide, *, for_reviewers: bool) -> None:
    if not (model_admin.has_publish_permission(request) if for_reviewers else model_admin.may_edit(request)):
        raise PermissionDenied


def _do(request, model_admin, guide, verb, done):
    try:
        following = verb(guide=guide, by=request.user)
    except NotPossible as refusal:
        model_admin.message_user(request, str(refusal), messages.WARNING)
        return redirect("admin:guides_guide_change", guide.pk if _is_there(guide.pk) else guide.next_of_id)
    if done:
        model_admin.message_user(request, done, messages.SUCCESS)
    there = following.pk if following else guide.pk if _is_there(guide.pk) else guide.next_of_id
    return redirect("admin:guides_guide_change", there)


def schedule(request, pk, model_admin):
    return _decide(request, pk, model_admin, ScheduleForm, editing.approve, "审过了，到时间自己发布。", "schedule_form")


def send_back(request, pk, model_admin):
    return _decide(request, pk, model_admin, RemarkForm, editing.send_back, "退回去了，写的人打开就看到您的话。", "remark_form")


def _decide(request, pk, model_admin, form_class, verb, done, shown_as):
    """A form beside the difference; wrongly filled, the page comes again with what was typed."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not _is_there(pk) and "public" in request.POST:
        return _gone(request, model_admin)
    guide = model_admin.open_guide(request, pk)
    _require(request, model_admin, guide, for_reviewers=True)
    form = form_class(request.POST)
    if not form.is_valid():
        return standing(request, guide, model_admin, **{shown_as: form})
    try:
        verb(guide=guide, by=request.user, **form.cleaned_data)
    except NotPossible as refusal:
        if not _is_there(pk) and "public" in request.POST:
            return _gone(request, model_admin)
        form.add_error(None, str(refusal))
        return standing(request, model_admin.open_guide(request, pk), model_admin, **{shown_as: form})
    model_admin.message_user(request, done, messages.SUCCESS)
    return redirect("admin:guides_guide_change", guide.pk)


def _is_there(pk: int) -> bool:
    return Guide.everything.filter(pk=pk).exists()


def _gone(request, model_admin):
    """The next version was published or dropped while its page was open: back to the public guide, whose key the page's forms carry."""
    public = request.POST["public"]
    guide = model_admin.open_guide(request, int(public) if public.isdecimal() else 0)
    model_admin.message_user(request, "这一版刚刚有人发布了，或者不要了。下面是居民现在看到的。", messages.WARNING)
    return redirect("admin:guides_guide_change", guide.pk)


def standing(request, guide: Guide, model_admin, **forms):
    """A guide that nobody writes right now: what residents read, or what waits for a reviewer. The work comes first, the text below it."""
    in_review = guide.status in editing.IN_REVIEW
    may_edit, may_publish = model_admin.may_edit(request), model_admin.has_publish_permission(request)
    own = request.user.pk in guide.authors
    context = {
        "title": guide.plain_title, "in_review": in_review, "decides": in_review or bool(forms), "is_public": guide.status in editing.PUBLIC, "may_edit": may_edit, "may_publish": may_publish,
        "own": own and in_review, "own_sentence": editing.own_work(guide) if own and in_review else "",
        "writers": editing.names_of(guide.authors), "parts": _parts(guide), "unknown": _unknown(guide), "unverified": sum(len(items) for _, items in unverified_parts(guide)),
        "next": next_line(guide), "revision": guide.revisions.defer("text").first(),
        "schedule_form": forms.get("schedule_form") or ScheduleForm(initial={"publish_at": guide.publish_at} if guide.publish_at else None), "remark_form": forms.get("remark_form") or RemarkForm(),
        "merged": None, "changes": [],
    }  # fmt: skip
    if in_review and guide.next_of_id:
        context |= differences(guide)
    return model_admin.render_page(request, "standing.html", guide, context)


# The parts have the anchors of the form on which they are written (guides.corrections.edit_address leads to either).
ANCHORS = {"谁能办": "statements-group", "要带什么": "materials-group", "怎么办": "steps-group", "去哪办": "counters-group", FACTS_TITLE: "facts-group"}


def _parts(guide: Guide) -> list[tuple[str, str, list[tuple[Item, str]]]]:
    """Title, anchor, and each row with how often it was refused, in the order of the resident's page."""
    refused = of_month(guide.next_of or guide, timezone.localdate())
    return [(title, ANCHORS.get(title, ""), [(item, _refused(item, refused)) for item in items]) for title, items in all_parts(guide)]


def _refused(item: Item, refused: dict[str, str]) -> str:
    return refused.get(item.row.name, "") if isinstance(item.row, Material) else ""


def _unknown(guide: Guide) -> list[tuple[str, str]]:
    """Anchor and name of each field that nobody has filled; their places come after the known ones', as in the form."""
    known = [fact.field for fact in guide.facts.all()]
    missing = [field for field in FactField if field not in known]
    return [(f"facts-{number}", field.label) for number, field in enumerate(missing, start=len(known))]


@dataclass(frozen=True)
class NextLine:
    """What is being written of a guide, for its list and its page."""

    guide: Guide
    writers: str

    @property
    def is_own_row(self) -> bool:
        return self.guide.next_of_id is not None


def next_line(guide: Guide) -> NextLine | None:
    found = Guide.everything.filter(next_of=guide).first()
    return NextLine(found, "、".join(editing.names_of(found.authors))) if found else None


def differences(guide: Guide) -> dict:
    """What publishing this next version would change for residents, and what stands in its way."""
    public = documents.export(Guide.everything.whole().get(pk=guide.next_of_id))
    merged, offices = editing.against_public(guide), dict(Office.objects.values_list("code", "name"))
    found = compare_whole(plain(public), merged.document, offices=offices)
    if guide.domain_id != guide.next_of.domain_id:
        found = [Change("归在哪里", "主题", str(guide.next_of.domain), str(guide.domain)), *found]
    return {"merged": merged, "changes": found, "meanwhile": _meanwhile(guide, plain(public), offices)}


def _meanwhile(guide: Guide, public: dict, offices) -> list[Change]:
    """What changed for residents since this version was begun."""
    base = GuideRevision.objects.filter(guide=guide.next_of_id, number=guide.begun_from).first()
    return compare_whole(plain(base.document), public, offices=offices) if base else []


def compare(request, pk, model_admin):
    """和现在的比: the next version beside what residents read."""
    guide = model_admin.open_guide(request, pk)
    if guide.next_of_id is None:
        return redirect("admin:guides_guide_change", guide.pk)
    may_keep = guide.status == Status.DRAFT and model_admin.may_edit(request)
    context = differences(guide) | {"title": "和现在的比", "may_keep": may_keep}
    return model_admin.render_page(request, "compare.html", guide, context)


def may_review(user) -> bool:
    return user.has_perm(PUBLISH)
