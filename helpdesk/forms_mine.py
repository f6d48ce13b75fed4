"""What somebody fills in to put right what is held about them: behind their own door, or at the counter through a helper."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError

from helpdesk.actions.minding import OWN, PRINCIPALS
from helpdesk.forms import MAX_NOTE, PlainForm
from helpdesk.forms_desk import ActForm
from helpdesk.held import Side, principal_of
from helpdesk.models import NO_NAME, CallTime
from menpai.validators import normalise_phone, without_identity_number

TWICE = "两次填的电话不一样，再看一遍。"


def _name_field(label: str, **kwargs) -> forms.CharField:
    return forms.CharField(label=label, max_length=30, required=False, error_messages={"max_length": "称呼太长了，30个字以内。"}, **kwargs)


def _phone_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=30, required=False, error_messages={"max_length": "电话太长了，是不是多打了？"},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )


def _same_twice(form: forms.Form) -> None:
    """A new number is typed twice: it opens the door from now on, and nobody can be asked whether it is right."""
    phone, again = form.cleaned_data.get("phone"), form.cleaned_data.get("phone_again")
    if "phone" not in form.errors and "phone_again" not in form.errors and phone != again:
        form.add_error("phone_again", TWICE if again else "新电话再填一遍，免得打错。")


class _PhoneTwice:
    """The two fields for a new number; empty both: it stays."""

    def clean_phone(self):
        return normalise_phone(self.cleaned_data["phone"]) if self.cleaned_data["phone"].strip() else ""

    def clean_phone_again(self):
        typed = self.cleaned_data["phone_again"]
        return normalise_phone(typed) if typed.strip() else ""


class CorrectForm(_PhoneTwice, PlainForm):
    """One's own data of that side. `part` of OWN: only that one, as the 长辈版 asks it."""

    name = _name_field("怎么称呼您", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    phone = _phone_field("新的电话")
    phone_again = _phone_field("新的电话，再填一遍")
    call_time = forms.ChoiceField(label="什么时候给您打电话", choices=CallTime.choices, error_messages={"required": "选一个时间。", "invalid_choice": "从列表里选一个时间。"})
    note = forms.CharField(
        label="您写的说明", max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "写得有点长，500个字以内。"},
    )

    def __init__(self, data=None, *, stored, side: Side, part: str = ""):
        self.held = principal_of(stored) if side == Side.PRINCIPAL else stored
        super().__init__(data, initial={name: getattr(self.held, name) for name in correctable(side) if name != "phone"})
        if self.initial["name"] == NO_NAME:
            self.initial["name"] = ""
        kept = {part} if part else set(correctable(side))
        for name in [name for name in self.fields if name.removesuffix("_again") not in kept]:
            del self.fields[name]

    def clean_name(self):
        name = without_identity_number(self.cleaned_data["name"].strip())
        if not name and self.held.name != NO_NAME:
            raise ValidationError("写个称呼就行，比如 王阿姨、老李。")
        return name or NO_NAME

    def clean_note(self):
        return without_identity_number(self.cleaned_data["note"])

    def clean(self):
        if "phone" in self.fields:
            _same_twice(self)
        return self.cleaned_data

    def changes(self) -> dict[str, str]:
        """What differs from what is held."""
        given = {name: value for name, value in self.cleaned_data.items() if name in OWN and (name != "phone" or value)}
        return {name: value for name, value in given.items() if value != getattr(self.held, name)}


def correctable(side: Side) -> tuple[str, ...]:
    return PRINCIPALS if side == Side.PRINCIPAL else tuple(OWN)


class AskedForm(ActForm):
    """Somebody stands at the counter, or calls: who of the two it is."""

    asked = forms.ChoiceField(label="谁要的", widget=forms.RadioSelect, error_messages={"required": "选是谁要的。", "invalid_choice": "选是谁要的。"})
    verified = forms.BooleanField(
        label="核对过：报得出编号，说得出是哪件事", error_messages={"required": "先请他报编号、说是哪件事，对得上再勾。别人来要，一律不给。"}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        sides = [(Side.ASKER.value, "提交的人自己")]
        if principal_of(self.stored):
            sides.append((Side.PRINCIPAL.value, "当事人自己"))
        self.fields["asked"].choices = sides

    def clean_asked(self):
        return Side(self.cleaned_data["asked"])


class DeskCorrectForm(_PhoneTwice, AskedForm):
    """What is empty stays: the desk shows no full name that could be changed in place."""

    name = _name_field("新的称呼", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    phone = _phone_field("新的电话")
    phone_again = _phone_field("新的电话，再填一遍")
    call_time = forms.ChoiceField(label="什么时候打电话", choices=[("", "不改"), *CallTime.choices], required=False, error_messages={"invalid_choice": "从列表里选一个时间。"})

    def clean_name(self):
        return without_identity_number(unicodedata.normalize("NFC", self.cleaned_data["name"].strip()))

    def clean(self):
        _same_twice(self)
        data = self.cleaned_data
        if not self.errors and not self.changes():
            raise ValidationError("没有填要改的。改哪样就填哪样，不改的空着。")
        if data.get("asked") == Side.PRINCIPAL and data.get("call_time"):
            self.add_error("call_time", "打电话的时间由提交的人定，这里不选。")
        return {**data, "changes": self.changes()}

    def changes(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("name", "phone", "call_time") if self.cleaned_data.get(name)}


class DeskEraseForm(AskedForm):
    sure = forms.BooleanField(
        label="问清楚了：知道删了找不回来，还没办完的也不办了", error_messages={"required": "先跟他说清楚：删了找不回来，没办完的就不办了。他说删，再勾。"}
    )
