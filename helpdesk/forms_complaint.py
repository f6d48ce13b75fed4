"""What a resident fills in to complain or suggest something: what it is about, their words, and a phone to be called."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError

from helpdesk.actions import Subject
from helpdesk.forms import MAX_NOTE, HelpForm
from helpdesk.models import is_reference, normalise_reference
from menpai.validators import without_identity_number


class ComplaintForm(HelpForm):
    kind = guide = call_time = for_someone = relation = note = wish = case = enterprise = None
    subject = forms.ChoiceField(
        label="说的是哪方面", choices=Subject.choices, widget=forms.RadioSelect,
        error_messages={"required": "点一样。说不准就点最后一个。", "invalid_choice": "从下面点一样。"},
    )
    text = forms.CharField(
        label="怎么回事", max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 5}), validators=[without_identity_number],
        error_messages={"required": "写几句，主管好先去了解。", "max_length": "写得有点长，500个字以内。其余的电话里说。"},
    )
    number = forms.CharField(
        label="说的是哪件诉求，它的编号", max_length=30, required=False, error_messages={"max_length": "编号是9个数字。"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    @classmethod
    def fields_for(cls, district):
        fields = super().fields_for(district)
        fields["name"].required = False
        fields["phone"].error_messages["required"] = "留个电话，主管好给您回。"
        return fields

    def clean_number(self):
        typed = unicodedata.normalize("NFKC", self.cleaned_data["number"])
        number = normalise_reference(typed)
        if typed.strip() and not is_reference(number):
            raise ValidationError("编号不对，是9个数字。不记得就空着。")
        return number
