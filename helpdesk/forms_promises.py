"""What an owner fills in about the promise of a request, and about who else asked the same."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk import sla
from helpdesk.access import visible_requests
from helpdesk.actions import ContactHow
from helpdesk.duplicates import similar_to
from helpdesk.forms_desk import MAX_REASON, ActForm
from helpdesk.models import PauseReason
from menpai.validators import without_identity_number


class ContactForm(ActForm):
    """One press of a button is the whole form."""

    how = forms.ChoiceField(
        label="联系上了吗", choices=ContactHow.choices, error_messages={"required": "点一个：说上话了，还是没人接。", "invalid_choice": "点一个：说上话了，还是没人接。"}
    )


class PauseForm(ActForm):
    reason = forms.ChoiceField(
        label="等什么", choices=PauseReason.choices, widget=forms.RadioSelect, error_messages={"required": "选一个：在等什么。", "invalid_choice": "从下面选一个。"}
    )
    resume_on = forms.DateField(
        label="最晚哪天接着办", input_formats=["%Y-%m-%d", "%Y/%m/%d"], widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "选一个日子，到了那天自动接着办。", "invalid": "写成 2026-12-02 这样。"},
    )

    def clean_resume_on(self):
        day, today = self.cleaned_data["resume_on"], timezone.localdate()
        if not today < day <= today + sla.LONGEST_PAUSE:
            raise ValidationError(f"选明天以后、{sla.LONGEST_PAUSE.days}天以内的日子。")
        return day


class ReleaseForm(ActForm):
    reason = forms.CharField(
        label="为什么放回去（可以不写）", max_length=MAX_REASON, required=False, validators=[without_identity_number],
        error_messages={"max_length": f"{MAX_REASON}个字以内，其余的当面说。"}, widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class MergeForm(ActForm):
    """`other` by its number, and only among what this user may see."""

    other = forms.ModelChoiceField(
        None, to_field_name="reference", widget=forms.HiddenInput,
        error_messages={"required": "选要并的那一个。", "invalid_choice": "那个诉求现在并不了：它变了，或者不归您看。刷新看看。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["other"].queryset = similar_to(self.stored, visible_requests(self.user))
