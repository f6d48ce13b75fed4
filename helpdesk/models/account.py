"""What belongs to an account beside Django's own row: the second factor, its recovery codes, where one is signed in, what is to be done first."""

import hashlib
import secrets
import time
from base64 import b32encode
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django_otp.models import Device, DeviceManager, ThrottlingMixin
from django_otp.oath import TOTP

from menpai.encryption import EncryptedTextField

FREE_TRIES = 5  # wrong codes in a row that only a clumsy thumb explains
FIRST_WAIT = 60  # seconds after the fifth; each further one doubles it
MOST_COUNTED = 11  # up to 64 minutes: who knows only the password must not keep the owner out for days, and 22 guesses a day find nothing
READABLE = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is mistaken for another
CODES, CODE_LENGTH = 10, 10
ITERATIONS = 50_000  # of 49 random bits: what is stored cannot be tried through


def random_key() -> str:
    return secrets.token_hex(20)


def random_salt() -> str:
    return secrets.token_hex(8)


class Factors(DeviceManager):
    """Without the key, which is read only where a code is checked: pages need no secret, and a row whose key nobody can read any more can still be reset."""

    def get_queryset(self):
        return super().get_queryset().defer("key")


class SecondFactor(ThrottlingMixin, Device):
    """An app that shows six digits (RFC 6238). Upstream's TOTPDevice, but for its key, which here is ciphertext in the database.

    At most one that counts (`confirmed`) and one that is just being set up, for each account.
    """

    key = EncryptedTextField("密钥", default=random_key, editable=False)
    drift = models.SmallIntegerField("手机的钟差几步", default=0)
    last_t = models.BigIntegerField("上次用到哪一步", default=-1)  # a code of this step or an earlier one is never taken again
    salt = models.CharField("备用码的盐", max_length=16, default=random_salt, editable=False)
    set_up_at = models.DateTimeField("设好的时间", null=True, blank=True)

    objects = Factors()

    class Meta:
        verbose_name = verbose_name_plural = "验证器"
        constraints = [models.UniqueConstraint(fields=["user", "confirmed"], name="one_second_factor")]

    def verify_token(self, token) -> bool:
        """Whether these six digits are right now, or 30 seconds off; never twice. Stores what it learned: call it in a transaction, with the row locked."""
        if not self.verify_is_allowed()[0]:
            return False
        clock = TOTP(bytes.fromhex(self.key), drift=self.drift)
        clock.time = time.time()
        right = str(token).isdecimal() and clock.verify(int(token), tolerance=1, min_t=self.last_t + 1)
        if right:
            self.last_t, self.drift = clock.t(), clock.drift
            self.throttle_reset(commit=False)
            self.save(update_fields=["last_t", "drift", "throttling_failure_timestamp", "throttling_failure_count"])
        else:
            self.throttle_increment()
        return right

    def get_throttle_factor(self) -> float:
        """Five wrong codes are free, then a minute has to pass, then two, four …; upstream would stop a slow typist after the second."""
        return FIRST_WAIT / 2 ** (FREE_TRIES - 1) if self.throttling_failure_count >= FREE_TRIES else 0

    def throttle_increment(self, commit=True):
        self.throttling_failure_count = min(self.throttling_failure_count, MOST_COUNTED - 1)
        super().throttle_increment(commit)

    @property
    def text_key(self) -> str:
        """The key as apps take it when it is typed, in groups of four."""
        text = b32encode(bytes.fromhex(self.key)).decode()
        return " ".join(text[start : start + 4] for start in range(0, len(text), 4))

    @property
    def address(self) -> str:
        """What the QR code holds: otpauth://, as every authenticator app reads it."""
        issuer = settings.SITE_NAME.replace(":", "")
        words = urlencode({"secret": self.text_key.replace(" ", ""), "issuer": issuer, "algorithm": "SHA1", "digits": 6, "period": 30}, quote_via=quote)
        return f"otpauth://totp/{quote(f'{issuer}:{self.user.get_username()}')}?{words}"

    def digest(self, code: str) -> str:
        """How a recovery code is stored. The case does not matter, nor what is written between its groups."""
        plain = "".join(character for character in code.lower() if character in READABLE)
        return hashlib.pbkdf2_hmac("sha256", plain.encode(), self.salt.encode(), ITERATIONS).hex()


class RecoveryCode(models.Model):
    """One of ten codes on paper, for a day without the phone. Each opens once; what it was is known to the paper only."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="codes", verbose_name="验证器")
    digest = models.CharField("备用码（只存摘要）", max_length=64, editable=False)
    used_at = models.DateTimeField("用掉的时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "备用码"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["factor", "digest"], name="one_recovery_code")]

    def __str__(self):
        return f"备用码 {self.pk}"


class StaffSession(AbstractBaseSession):
    """A sign-in that is still good: Django's row, with whose it is and on what. No address: the town of a phone network says nothing, a home's says too much."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions", verbose_name="谁")
    device = models.CharField("在什么上", max_length=30, blank=True)
    first_on = models.DateField("哪天登录的", default=timezone.localdate)
    last_on = models.DateField("最后哪天用过", default=timezone.localdate)

    class Meta(AbstractBaseSession.Meta):
        verbose_name = verbose_name_plural = "登录"

    def __str__(self):
        """Never the key, which Django would show on its page for deleting an account: it opens the session."""
        return f"{self.device or '一台设备'} {self.first_on}"

    @classmethod
    def get_session_store_class(cls):
        from helpdesk.sessions import SessionStore

        return SessionStore

    @property
    def handle(self) -> str:
        """Names the row on a page; its key would open it."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:20]


class StaffAccount(models.Model):
    """What somebody has to do, or be told, at the next sign-in. An account without a row has nothing to do."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="staff_account", verbose_name="谁")
    must_change_password = models.BooleanField("要先改密码", default=False)
    reset_by = models.CharField("谁清掉了验证器", max_length=60, blank=True)
    reset_at = models.DateTimeField("什么时候清掉的", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "账号要做的"

    def __str__(self):
        return str(self.user)
