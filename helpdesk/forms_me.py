"""How a desk user wants to be told. Whole hours to choose from: quicker with a thumb than a clock, and the same on an old tablet."""

from datetime import time

from django import forms
from django.core.exceptions import ValidationError

from menpai.validators import MOBILE, normalise_phone

AT_ONCE, DIGEST = "now", "digest"
PARTS = ((5, "夜里"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
PICK = {"required": "选一个钟点。", "invalid_choice": "从列表里选一个钟点。"}


def hour_in_words(hour: int) -> str:
    """晚上8点: as it is said."""
    part = next(word for end, word in PARTS if hour < end)
    return f"{part}{hour - 12 if hour > 12 else hour}点"


def _hours(first: int = 0, last: int = 23) -> list[tuple[str, str]]:
    return [(str(hour), hour_in_words(hour)) for hour in range(first, last + 1)]


class ContactForm(forms.Form):
    email = forms.EmailField(
        label="邮箱", required=False, max_length=100, error_messages={"invalid": "邮箱写得不对，比如 zhangsan@163.com。", "max_length": "邮箱太长了。"},
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email"}),
    )
    mobile = forms.CharField(
        label="手机", required=False, max_length=30, error_messages={"max_length": "手机号太长了，是不是多打了？"},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    when = forms.ChoiceField(
        label="什么时候发", choices=[(AT_ONCE, "有事就发"), (DIGEST, "每天汇总发一次")], widget=forms.RadioSelect,
        error_messages={"required": "选一个。", "invalid_choice": "从两个里选一个。"},
    )
    digest_at = forms.ChoiceField(label="汇总几点发", choices=_hours(7, 20), error_messages=PICK)
    quiet_from = forms.ChoiceField(label="几点后不打扰", choices=_hours(), error_messages=PICK)
    quiet_to = forms.ChoiceField(label="到几点", choices=_hours(), error_messages=PICK)

    def __init__(self, data=None, *, card):
        shown = {
            "email": card.email, "mobile": card.mobile, "when": AT_ONCE if card.digest_at is None else DIGEST,
            "digest_at": str(card.digest_at.hour if card.digest_at else 17), "quiet_from": str(card.quiet_from.hour), "quiet_to": str(card.quiet_to.hour),
        }  # fmt: skip
        super().__init__(data, initial=shown, auto_id="me_%s", label_suffix="")

    def clean_mobile(self):
        text = self.cleaned_data["mobile"]
        number = normalise_phone(text) if text.strip() else ""
        if number and not MOBILE.fullmatch(number):
            raise ValidationError("座机收不到短信，要写手机号，11位数字。")
        return number

    @property
    def contact(self) -> dict:
        """What ContactCard keeps."""
        data = self.cleaned_data
        at = {name: time(int(data[name])) for name in ("digest_at", "quiet_from", "quiet_to")}
        return {"email": data["email"], "mobile": data["mobile"], **at, "digest_at": at["digest_at"] if data["when"] == DIGEST else None}
