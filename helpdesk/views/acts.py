"""The acts of the desk on one request, by the word in their address."""

from collections.abc import Callable
from dataclasses import dataclass

from helpdesk import actions
from helpdesk.forms_desk import (
    ActForm,
    CloseForm,
    HandOverForm,
    MessageForm,
    NoteForm,
    PapersForm,
    TalkForm,
    VisitForm,
)


@dataclass(frozen=True)
class Act:
    """One act of the desk: its form, its verb (request, by, data), what is said when it is done, and whether the request is then out of hand."""

    form: type[ActForm]
    verb: Callable
    done: str = ""
    leaves: bool = False


ACTS = {
    "claim": Act(ActForm, lambda r, by, data: actions.claim(request=r, by=by), "您领取了。先给居民打个电话。"),
    "release": Act(ActForm, lambda r, by, data: actions.release(request=r, by=by), "放回去了，同事能接。", leaves=True),
    "hand_over": Act(
        HandOverForm,
        lambda r, by, data: actions.hand_over(request=r, by=by, to=data["to"], reason=data["reason"]),
        "转好了，同事那里能看到。",
        leaves=True,
    ),
    "note": Act(NoteForm, lambda r, by, data: actions.write_note(request=r, by=by, text=data["text"]), "记下了，居民看不到。"),
    "message": Act(MessageForm, lambda r, by, data: actions.write_message(request=r, by=by, text=data["text"]), "发出去了，居民凭编号能看到。"),
    "talk": Act(
        TalkForm,
        lambda r, by, data: actions.log_talk(request=r, by=by, medium=data["medium"], said=data["text"], heard=data["heard"]),
        "记下了，居民凭编号也能看到。",
    ),
    "visit": Act(VisitForm, lambda r, by, data: actions.set_visit(request=r, by=by, at=data["at"]), "时间约好了，居民能看到。"),
    "papers": Act(
        PapersForm, lambda r, by, data: actions.tick_papers(request=r, by=by, ready={p.pk for p in data["ready"]}), "材料记下了。"
    ),
    "close": Act(
        CloseForm, lambda r, by, data: actions.close(request=r, by=by, **data), "办结了，辛苦了。", leaves=True
    ),
    "told": Act(ActForm, lambda r, by, data: actions.mark_told(request=r, by=by), "记下了，大家都知道他听说了。"),
    "reveal": Act(ActForm, lambda r, by, data: actions.reveal(request=r, by=by)),
}
