"""The second factor of an account, its recovery codes, its password and where it is signed in."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk.actions.base import NotPossible, staff_name
from helpdesk.models import AuditAct, AuditEntry, RecoveryCode, SecondFactor, StaffAccount, StaffSession
from helpdesk.models.account import CODE_LENGTH, CODES, FREE_TRIES, READABLE

log = logging.getLogger(__name__)
WRONG = "不对。看看验证器里现在显示的6位数，数字换了就输新的。"
WRONG_NEW = "不对，还没有设好。先扫上面的码，再输验证器里现在显示的6位数。手机的钟要准。"
WRONG_PAPER = "这个备用码不对，或者已经用过了。看看纸上没划掉的。"
NO_FACTOR = "这个账号现在没有验证器。刷新看看。"


@dataclass(frozen=True)
class Answer:
    """What became of a code: `factor` when it was right, else in `refusal` a sentence that says what to do."""

    factor: SecondFactor | None
    refusal: str = ""


def _locked(user, *, confirmed: bool = True, **conditions) -> SecondFactor | None:
    """The row, held for the rest of the transaction by a no-op update (which SQLite honours too), so that no code is taken twice."""
    rows = SecondFactor.objects.filter(user=user, confirmed=confirmed, **conditions)
    rows.update(drift=F("drift"))
    # A wrong try that is still to come was written while the clock was ahead: the wait counts from now, not from that day on.
    rows.filter(throttling_failure_timestamp__gt=timezone.now()).update(throttling_failure_timestamp=timezone.now())
    return rows.first()


@transaction.atomic
def check_code(*, by, token: str) -> Answer:
    """Six digits of the app."""
    factor = _locked(by)
    if factor is None:
        return Answer(None, NO_FACTOR)
    if refusal := _must_wait(factor):
        return Answer(None, refusal)
    return Answer(factor) if factor.verify_token(token) else _refused(factor, WRONG)


@transaction.atomic
def use_recovery_code(*, by, code: str) -> Answer:
    """A code from the paper: the row count decides, so that it opens once. Wrong ones count like wrong digits."""
    factor = _locked(by)
    if factor is None:
        return Answer(None, NO_FACTOR)
    if refusal := _must_wait(factor):
        return Answer(None, refusal)
    if not factor.codes.filter(digest=factor.digest(code), used_at=None).update(used_at=timezone.now()):
        factor.throttle_increment()
        return _refused(factor, WRONG_PAPER)
    factor.throttle_reset()
    _audit(by, f"{staff_name(by)[:40]}用了一个备用码，还剩{factor.codes.filter(used_at=None).count()}个")
    return Answer(factor)


def _refused(factor: SecondFactor, sentence: str) -> Answer:
    log.warning("wrong second factor of account %s, %s in a row", factor.user_id, factor.throttling_failure_count)
    return Answer(None, _must_wait(SecondFactor.objects.get(pk=factor.pk)) or sentence)


def _must_wait(factor: SecondFactor) -> str:
    allowed, why = factor.verify_is_allowed()
    if allowed:
        return ""
    told = "不是您输的？有人知道您的密码了：请管理员给您换个密码，换了马上就能登录。" if why["failure_count"] > FREE_TRIES else ""
    return f"错了{why['failure_count']}次，先歇一歇：{_in_words(why['locked_until'])}再试。这是为了防别人猜。{told}"


def _in_words(until: datetime) -> str:
    seconds = max(1, round((until - timezone.now()).total_seconds()))
    if seconds < 90:
        return f"{seconds}秒以后"
    minutes = round(seconds / 60)
    return f"{minutes}分钟以后" if minutes < 90 else f"{round(minutes / 60)}小时以后"


@transaction.atomic
def begin_factor(*, by) -> SecondFactor:
    """A new key to be scanned. What was begun before, perhaps by somebody else who knew the password, is thrown away."""
    SecondFactor.objects.filter(user=by, confirmed=False).delete()
    return SecondFactor.objects.create(user=by, confirmed=False, name="验证器")


@transaction.atomic
def finish_factor(*, by, factor: SecondFactor, token: str) -> tuple[Answer, list[str]]:
    """The first right code makes the new key count and ends the old one; returns with it the ten recovery codes, readable this once."""
    new = _locked(by, confirmed=False, pk=factor.pk)
    if new is None:
        return Answer(None, "这个码过期了，在别处又打开过一次。刷新这一页，重新扫。"), []
    if refusal := _must_wait(new):
        return Answer(None, refusal), []
    if not new.verify_token(token):
        return _refused(new, WRONG_NEW), []
    SecondFactor.objects.filter(user=by, confirmed=True).delete()
    new.confirmed, new.set_up_at = True, timezone.now()
    new.save(update_fields=["confirmed", "set_up_at"])
    StaffAccount.objects.filter(user=by).update(reset_by="", reset_at=None)
    _audit(by, f"{staff_name(by)[:40]}设好了验证器")
    return Answer(new), _new_codes(new)


@transaction.atomic
def renew_recovery_codes(*, by) -> list[str]:
    """Ten new ones; the old paper is worth nothing from now on."""
    factor = _locked(by)
    if factor is None:
        raise NotPossible(NO_FACTOR)
    _audit(by, f"{staff_name(by)[:40]}换了一张备用码")
    return _new_codes(factor)


def _new_codes(factor: SecondFactor) -> list[str]:
    codes = ["".join(secrets.choice(READABLE) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    factor.codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(factor=factor, digest=factor.digest(code)) for code in codes)
    half = CODE_LENGTH // 2
    return [f"{code[:half]}-{code[half:]}" for code in codes]


@transaction.atomic
def reset_factor(*, by, user) -> None:
    """Lost phone and no paper: the key and the codes go, the sessions end, and `user` sets up anew at the next sign-in, where they are told who did it.

    `by` is another administrator, or None for the operator at the command line. Nobody does it for themselves.
    """
    if by is not None and by.pk == user.pk:
        raise NotPossible("自己的不能自己清：用备用码登录，再换手机。备用码也没有了，请另一位管理员清。")
    if not SecondFactor.objects.filter(user=user, confirmed=True).delete()[0]:
        raise NotPossible("他还没有设验证器，下次登录就会请他设。")
    SecondFactor.objects.filter(user=user).delete()
    name = staff_name(by)[:60] if by else "系统管理员（命令行）"
    StaffAccount.objects.update_or_create(user=user, defaults={"reset_by": name, "reset_at": timezone.now()})
    StaffSession.objects.filter(user=user).delete()
    _audit(by, f"清掉{staff_name(user)[:40]}的验证器", by_name=name)


def require_password_change(*, user) -> None:
    """The password was made by somebody else (an administrator, an import): the first thing after the sign-in is to change it.

    Wrong codes are forgotten: whoever tried them with the old password is out, and the owner must not wait for them.
    """
    SecondFactor.objects.filter(user=user).update(throttling_failure_count=0, throttling_failure_timestamp=None)
    StaffAccount.objects.update_or_create(user=user, defaults={"must_change_password": True})
    StaffSession.objects.filter(user=user).delete()


@transaction.atomic
def password_changed(*, by, session_key: str) -> None:
    """After the person changed it: nothing more to do, and everywhere else one is signed out (Django's hash does that; here the rows go too)."""
    StaffAccount.objects.filter(user=by).update(must_change_password=False)
    StaffSession.objects.filter(user=by).exclude(session_key=session_key).delete()


@transaction.atomic
def end_sessions(*, by, user, handle: str = "", but: str = "") -> int:
    """End the sign-in that a page calls `handle`, or without one all of them, except the one whose key is `but`; how many."""
    chosen = [row.pk for row in StaffSession.objects.filter(user=user).exclude(session_key=but) if handle in ("", row.handle)]
    count, _ = StaffSession.objects.filter(pk__in=chosen).delete()
    if count and by.pk != user.pk:
        _audit(by, f"让{staff_name(user)[:40]}在所有地方退出")
    return count


def _audit(by, detail: str, *, by_name: str = "") -> None:
    AuditEntry.objects.create(by=by, by_name=by_name or staff_name(by)[:60], act=AuditAct.ACCOUNT, detail=detail[:200])
