"""What a reader fills in who found a mistake on a guide's page: which part, and, if they like, what is wrong with it. Nothing about themselves."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError

from guides.corrections import Part
from menpai.validators import without_identity_number

MAX_TEXT = 300
# A private number would stand here for nothing; an office's own, with its area code, is what a correction may be about.
_MOBILE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9](?:[\s\-—.]*\d){9}(?!\d)")


class WrongForm(forms.Form):
    part = forms.ChoiceField(
        label="哪里写错了", choices=Part.choices, widget=forms.RadioSelect,
        error_messages={"required": "点一下是哪一样写错了。说不准就点“别的地方”。", "invalid_choice": "从下面点一样。说不准就点“别的地方”。"},
    )
    text = forms.CharField(
        label="怎么错了（可以不写）", max_length=MAX_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": f"写得有点长，{MAX_TEXT}个字以内。"},
    )

    def __init__(self, data=None):
        super().__init__(data, label_suffix="")

    def clean_text(self):
        text = without_identity_number(self.cleaned_data["text"])
        if _MOBILE.search(unicodedata.normalize("NFKC", text)):
            raise ValidationError("这里不用留手机号，我们不会打过来。请把手机号删掉再提交；答复凭下一页的号查。")
        return text
