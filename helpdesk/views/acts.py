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
    VisitForm,
)
from helpdesk.forms_mine import AskedForm, DeskCorrectForm, DeskEraseForm
from helpdesk.held import Side


def asked_by(data: dict) -> str:
    """Who stood there, as the trail keeps it: which side, never a name."""
    return "当事人当面要的" if data["asked"] == Side.PRINCIPAL else "本人当面要的"


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
    "visit": Act(VisitForm, lambda r, by, data: actions.set_visit(request=r, by=by, at=data["at"]), "时间约好了，居民能看到。"),
    "papers": Act(
        PapersForm, lambda r, by, data: actions.tick_papers(request=r, by=by, ready={p.pk for p in data["ready"]}), "材料记下了。"
    ),
    "close": Act(
        CloseForm, lambda r, by, data: actions.close(request=r, by=by, **data), "办结了，辛苦了。", leaves=True
    ),
    "told": Act(ActForm, lambda r, by, data: actions.mark_told(request=r, by=by), "记下了，大家都知道他听说了。"),
    "correct": Act(
        DeskCorrectForm,
        lambda r, by, data: actions.correct(request=r, by=by, changes=data["changes"], as_principal=data["asked"] == Side.PRINCIPAL, asked=asked_by(data)),
        "改好了。电话换了的，告诉他：以后查诉求用新电话的后四位。",
    ),
    "take": Act(AskedForm, lambda r, by, data: actions.take_away(request=r, by=by, how="打印的一页", asked=asked_by(data))),
    "erase": Act(DeskEraseForm, lambda r, by, data: actions.erase(request=r, by=by, asked=asked_by(data)), "删好了，只留下什么事、哪天办的。", leaves=True),
    "reveal": Act(ActForm, lambda r, by, data: actions.reveal(request=r, by=by)),
}
