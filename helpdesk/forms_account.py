"""What somebody fills in about their own account: codes and the password."""

import unicodedata

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError

from helpdesk.models.account import CODE_LENGTH, READABLE


def _plain(text: str) -> str:
    """As a phone's keyboard may send it: full-width digits, blanks and dashes between groups."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum())


class CodeForm(forms.Form):
    """The six digits that the app shows now."""

    code = forms.CharField(
        label="6位数", max_length=20, error_messages={"required": "输验证器里现在显示的6位数。", "max_length": "只要6位数。"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code"}),
    )

    def __init__(self, data=None, *, comes_first: bool = True):
        """Where something is to be read before (`comes_first` False), the page does not jump to the field until there is a mistake in it."""
        super().__init__(data, label_suffix="")
        if comes_first or data is not None:
            self.fields["code"].widget.attrs["autofocus"] = True

    def refuse(self, sentence: str) -> None:
        """Beside the field, which is emptied: nobody wants to wipe out six wrong digits."""
        self.add_error("code", sentence)
        self.data = {**self.data.dict(), "code": ""}

    def clean_code(self):
        code = _plain(self.cleaned_data["code"])
        if len(code) != 6 or not code.isascii() or not code.isdecimal():
            raise ValidationError("要6位数字，一个不多一个不少。")
        return code


class PaperCodeForm(forms.Form):
    """One of the recovery codes from the paper."""

    code = forms.CharField(
        label="备用码", max_length=30, error_messages={"required": "照纸上的写一个没划掉的。", "max_length": "太长了，只写一个。"},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "autocorrect": "off", "spellcheck": "false", "autofocus": True, "class": "code"}
        ),
    )

    def __init__(self, data=None):
        super().__init__(data, label_suffix="")

    def refuse(self, sentence: str) -> None:
        """What was typed stays: one letter may be wrong in it."""
        self.add_error("code", sentence)

    def clean_code(self):
        code = _plain(self.cleaned_data["code"])
        if len(code) != CODE_LENGTH or set(code) - set(READABLE):
            raise ValidationError(f"备用码是{CODE_LENGTH}个字母和数字，中间的横线写不写都行。里面没有0、1、字母o、i、l。")
        return code


class PasswordForm(PasswordChangeForm):
    error_messages = {
        "password_mismatch": "两次写的新密码不一样，再写一次。",
        "password_incorrect": "现在的密码不对，再写一次。",
    }  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        words = {"old_password": ("现在的密码", "写现在的密码。"), "new_password1": ("新密码", "写一个新密码。"), "new_password2": ("新密码再写一遍", "新密码再写一遍。")}
        for name, (label, missing) in words.items():
            self.fields[name].label, self.fields[name].help_text = label, ""
            self.fields[name].error_messages["required"] = missing
            self.fields[name].widget.attrs.pop("aria-describedby", None)

    def clean_new_password1(self):
        new = self.cleaned_data["new_password1"]
        if new == self.cleaned_data.get("old_password"):
            raise ValidationError("和现在的一样，换一个别的。")
        return new
