"""What an editor fills in on 退件 and 居民纠错."""

from django import forms

from guides.models import Correction, CorrectionState
from menpai.validators import without_identity_number


class RefusalFilter(forms.Form):
    """Which month and which guide; a value nobody offered shows everything."""

    month = forms.ChoiceField(label="哪个月", required=False)
    guide = forms.ModelChoiceField(None, label="哪个指南", required=False, empty_label="全部指南")

    def __init__(self, data, *, months: list[tuple[str, str]], guides):
        super().__init__(data, label_suffix="")
        self.fields["month"].choices = [("", "近一年"), *months]
        self.fields["guide"].queryset = guides.filter(refusals__isnull=False).distinct().order_by("slug")


class AnswerForm(forms.Form):
    """One answer for all that say the same. `seen` are the rows the editor had on the page: what came since is not among them."""

    answer = forms.CharField(
        label="答复（可以不写）", max_length=200, required=False, widget=forms.Textarea({"rows": 3}), validators=[without_identity_number],
        help_text="发来的人凭号能看到，所以不写别人的姓名、电话。比如 窗口确认要两份，已经改了。", error_messages={"max_length": "200个字以内。"},
    )
    state = forms.ChoiceField(choices=[(s.value, s.label) for s in CorrectionState if s != CorrectionState.OPEN], error_messages={"required": "选一个按钮。", "invalid_choice": "选一个按钮。"})
    seen = forms.ModelMultipleChoiceField(Correction.objects.all(), error_messages={"required": "这一页不完整，请重新打开。", "invalid_choice": "有一条已经不在了，刷新再看。", "invalid_pk_value": "这一页不完整，请重新打开。"})

    def __init__(self, data=None, *, same: list[Correction]):
        super().__init__(data, label_suffix="")
        self.fields["seen"].queryset = Correction.objects.filter(pk__in=[row.pk for row in same])
