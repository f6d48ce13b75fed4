"""What a reviewer fills in beside the difference: when it is to be published, or what is to be changed."""

from datetime import datetime, time, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from guides.editing import LONGEST_WAIT


def tomorrow_morning() -> datetime:
    return datetime.combine(timezone.localdate() + timedelta(days=1), time(8), timezone.get_current_timezone())


class ScheduleForm(forms.Form):
    publish_at = forms.DateTimeField(
        label="哪天几点发布",
        initial=tomorrow_morning,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "选好哪天几点，再定时。", "invalid": "写成 2026-12-01 08:00 这样。"},
    )

    def clean_publish_at(self) -> datetime:
        chosen = self.cleaned_data["publish_at"]
        if not timedelta() < chosen - timezone.now() <= timedelta(days=LONGEST_WAIT):
            raise ValidationError("定时发布要选以后的时间，最多一年。马上发布，就点上面的“发布”。")
        return chosen


class RemarkForm(forms.Form):
    remark = forms.CharField(
        label="哪里要改",
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text="写的人打开这一版，最上面就看到这句话。",
        error_messages={"required": "写一句要改哪里，再退回。", "max_length": "最多300个字，写最要紧的。"},
    )
