"""Days off, and handing over in bulk what somebody has in hand."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk.access import people_below
from helpdesk.actions import staff_name
from helpdesk.actions.leave import MAX_DAYS_OFF
from helpdesk.coverage import Board
from helpdesk.forms_desk import MAX_REASON, ColleagueField
from helpdesk.models import AbsenceKind, HelpRequest, Part
from menpai.validators import without_identity_number


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, user):
        return staff_name(user)


def _day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "选一个日期。", "invalid": "写成 2026-12-01 这样。"},
    )


def _one_of(label: str, choices: list, initial: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, initial=initial, widget=forms.RadioSelect, error_messages={"required": "选一个。", "invalid_choice": "从下面选一个。"}
    )


class AbsenceForm(forms.Form):
    """Somebody's days off: one's own; a supervisor chooses whose."""

    who = PersonField(None, label="谁", empty_label=None, error_messages={"required": "选一个人。", "invalid_choice": "从列表里选，只能登记您管的人。"})
    starts_on = _day_field("从哪天")
    ends_on = _day_field("到哪天（含这天）")
    part = _one_of("哪半天", Part.choices, Part.DAY)
    kind = _one_of("做什么", AbsenceKind.choices, AbsenceKind.LEAVE)

    def __init__(self, data=None, *, user):
        super().__init__(data, label_suffix="")
        self.user, below = user, people_below(user)
        if below.exists():
            self.fields["who"].queryset = below
            self.fields["who"].initial = user.pk
        else:
            del self.fields["who"]

    @property
    def person(self):
        return self.cleaned_data.get("who", self.user)

    def clean_starts_on(self):
        if self.cleaned_data["starts_on"] < timezone.localdate():
            raise ValidationError("已经过去的日子不用登记，从今天起填。")
        return self.cleaned_data["starts_on"]

    def clean(self):
        first, last = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "到哪天不能早于从哪天。只歇一天，两个填同一天。")
        elif first and last and last - first > timedelta(days=MAX_DAYS_OFF):
            self.add_error("ends_on", "一次最多登记一年。")
        return self.cleaned_data


class RequestsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, request: HelpRequest):
        return request.spoken_reference


class PresentColleagueField(ColleagueField):
    """Says of each colleague when they are away themselves; `board` is set by the form."""

    board: Board

    def label_from_instance(self, posting):
        why = self.board.why_away(posting.user_id)
        return super().label_from_instance(posting) + (f" 这会儿{why}" if why else "")


class BulkHandOverForm(forms.Form):
    """Which of one person's open requests go to which colleague."""

    which = RequestsField(
        None, label="转哪些", to_field_name="reference", required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "有的诉求刚刚变了，看看下面还剩哪些。", "invalid_pk_value": "有的诉求刚刚变了，看看下面还剩哪些。"},
    )
    to = PresentColleagueField(
        None, label="转给谁", empty_label="选一位同事", error_messages={"required": "选一位同事。", "invalid_choice": "这位同事现在接不了，换一位。"}
    )
    reason = forms.CharField(
        label="为什么转", max_length=MAX_REASON, initial="请假", validators=[without_identity_number],
        error_messages={"required": "写一句为什么转，同事好接手。", "max_length": f"{MAX_REASON}个字以内，其余的当面说。"},
    )

    def __init__(self, data=None, *, rows, colleagues, board: Board):
        super().__init__(data, label_suffix="")
        self.fields["which"].queryset = rows
        self.fields["to"].board = board
        self.fields["to"].queryset = colleagues
