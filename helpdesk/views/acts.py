"""The acts of the desk on one request, by the word in their address."""

from collections.abc import Callable
from dataclasses import dataclass

from helpdesk import actions
from helpdesk.forms_behalf import GIVEN, ConsentAgainForm, ConsentForm, KindForm, MandateForm, SignForm
from helpdesk.forms_desk import (
    ActForm,
    CloseForm,
    HandOverForm,
    MessageForm,
    NoteForm,
    SentBackForm,
    TalkForm,
)
from helpdesk.forms_mine import AskedForm, DeskCorrectForm, DeskEraseForm
from helpdesk.forms_papers import PapersForm
from helpdesk.forms_promises import ContactForm, MergeForm, PauseForm, ReleaseForm
from helpdesk.forms_visits import CancelVisitForm, EndVisitForm, VisitForm
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
    "release": Act(ReleaseForm, lambda r, by, data: actions.release(request=r, by=by, reason=data["reason"]), "放回去了，同事能接。", leaves=True),
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
    # appointments (约见)
    "visit": Act(VisitForm, lambda r, by, data: actions.agree_visit(request=r, by=by, **data), "时间约好了，居民能看到。"),
    "end_visit": Act(EndVisitForm, lambda r, by, data: actions.end_visit(request=r, by=by, **data), "记下了，居民能看到。"),
    "cancel_visit": Act(CancelVisitForm, lambda r, by, data: actions.cancel_visit(request=r, by=by, **data), "取消了，也给居民留了言。"),
    "renew_code": Act(ActForm, lambda r, by, data: actions.renew_code(request=r, by=by), "四个数字换好了，也给居民留了言。"),
    # on behalf of (当事人、委托书)
    "consent": Act(
        ConsentForm, lambda r, by, data: actions.record_consent(request=r, by=by, given=data["answer"] == GIVEN, how=data["how"]), "他（她）的话记下了。"
    ),
    "consent_again": Act(
        ConsentAgainForm, lambda r, by, data: actions.reopen_for_principal(request=r, by=by, how=data["how"]), "重新打开了，等人领取。"
    ),
    "stop": Act(ActForm, lambda r, by, data: actions.stop(request=r, by_principal=True, by=by), "停下了，家里人能看到。", leaves=True),
    "reveal_principal": Act(ActForm, lambda r, by, data: actions.reveal_principal(request=r, by=by)),
    "set_kind": Act(KindForm, lambda r, by, data: actions.set_kind(request=r, by=by, kind=data["kind"]), "帮助方式改好了。"),
    "mandate": Act(MandateForm, lambda r, by, data: actions.make_mandate(request=r, by=by, **data), "委托书写好了，打出来给他签。"),
    "sign": Act(SignForm, lambda r, by, data: actions.sign_mandate(request=r, by=by, signed_on=data["signed_on"]), "登记好了，可以去替他办了。"),
    "revoke": Act(ActForm, lambda r, by, data: actions.revoke_mandate(request=r, by=by), "委托收回了，不能再替他办。"),
    "papers": Act(
        PapersForm, lambda r, by, data: actions.check_papers(request=r, by=by, found=data["found"]), "材料记下了，居民能看到。"
    ),
    "close": Act(
        CloseForm, lambda r, by, data: actions.close(request=r, by=by, **data), "办结了，辛苦了。", leaves=True
    ),
    "contact": Act(ContactForm, lambda r, by, data: actions.contact(request=r, by=by, how=data["how"]), "记下了。"),
    "pause": Act(
        PauseForm,
        lambda r, by, data: actions.pause(request=r, by=by, reason=data["reason"], resume_on=data["resume_on"]),
        "停下了。居民回话了，或者到了那天，自动接着办。",
    ),
    "resume": Act(ActForm, lambda r, by, data: actions.resume(request=r, by=by), "接着办了。"),
    "merge": Act(MergeForm, lambda r, by, data: actions.merge(request=r, other=data["other"], by=by), "并好了。居民从两个号都能查到。"),
    "split": Act(ActForm, lambda r, by, data: actions.split(request=r, by=by), "拆开了，它又在等人接。"),
    "sent_back": Act(
        SentBackForm, lambda r, by, data: actions.send_back(request=r, by=by, refused=data["refused"]), "记下了。退得多的，指南会提醒后面的人。"
    ),
    "follow_new_guide": Act(ActForm, lambda r, by, data: actions.follow_new_guide(request=r, by=by), "材料清单照新的改好了，居民也能看到变化。"),
    "told": Act(ActForm, lambda r, by, data: actions.mark_told(request=r, by=by), "记下了，大家都知道他听说了。"),
    "take_over": Act(ActForm, lambda r, by, data: actions.take_over(request=r, by=by), "接过来了。先给居民打个电话，说现在由您办。"),
    "correct": Act(
        DeskCorrectForm,
        lambda r, by, data: actions.correct(request=r, by=by, changes=data["changes"], as_principal=data["asked"] == Side.PRINCIPAL, asked=asked_by(data)),
        "改好了。电话换了的，告诉他：以后查诉求用新电话的后四位。",
    ),
    "take": Act(AskedForm, lambda r, by, data: actions.take_away(request=r, by=by, how="打印的一页", asked=asked_by(data))),
    "erase": Act(DeskEraseForm, lambda r, by, data: actions.erase(request=r, by=by, asked=asked_by(data)), "删好了，只留下什么事、哪天办的。", leaves=True),
    "reveal": Act(ActForm, lambda r, by, data: actions.reveal(request=r, by=by)),
}
