"""What desk users fill in about an appointment."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from guides.workdays import calendar_for
from helpdesk import behalf, visits
from helpdesk.forms import MAX_NOTE
from helpdesk.forms_desk import ActForm
from helpdesk.models import VisitPlace, VisitState
from menpai.validators import without_identity_number


def words_field(label: str, *, required: str = "", limit: int = MAX_NOTE, rows: int = 2, **options) -> forms.CharField:
    """A few words without an identity number; `required` is the sentence for an empty one."""
    return forms.CharField(
        label=label, max_length=limit, required=bool(required), widget=forms.Textarea(attrs={"rows": rows}), validators=[without_identity_number],
        error_messages={"required": required, "max_length": f"写得有点长，{limit}个字以内。"}, **options,
    )  # fmt: skip


class VisitForm(ActForm):
    """When and where. At night, on a day off or too close to another appointment it asks first: `doubts`, answered by the box `sure` of that very time."""

    at = forms.DateTimeField(
        label="约在什么时候",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "选一个日期和时间。", "invalid": "写成 2026-11-25 09:00 这样。"},
    )
    place = forms.ChoiceField(
        label="在哪见", choices=VisitPlace.choices, initial=VisitPlace.HOME, required=False, widget=forms.RadioSelect,
        error_messages={"invalid_choice": "从下面选一个。"},
    )
    where = forms.CharField(
        label="具体地方", max_length=60, required=False, validators=[without_identity_number], error_messages={"max_length": "60个字以内。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    link = forms.CharField(
        label="视频链接", max_length=300, required=False, error_messages={"max_length": "链接太长了，300个字以内。"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.doubts: list[str] = []
        self.asked_about = ""
        visit = visits.planned(self.stored)
        if behalf.consent_missing(self.stored):
            self.initial["place"] = VisitPlace.STATION
        if visit:
            self.initial |= {"at": visit.at, "place": visit.place, "where": visit.where, "link": visit.link}

    def clean_at(self):
        at = self.cleaned_data["at"]
        if why := visits.refusal(at, timezone.now()):
            raise ValidationError(why)
        return at

    def clean_place(self):
        return self.cleaned_data["place"] or VisitPlace.HOME

    def clean_link(self):
        link = self.cleaned_data["link"]
        if link and not link.startswith("https://"):
            raise ValidationError("视频链接要以 https:// 开头，整条复制过来。")
        return link

    def clean(self):
        at = self.cleaned_data.get("at")
        if at and not self.errors and self.stored.owner_id == self.user.pk:
            calendar = calendar_for(self.stored.area, since=timezone.localdate(at))
            self.doubts = visits.questions(at, calendar=calendar, others=visits.others_of(self.user, self.stored, at))
            self.asked_about = at.isoformat()
            if self.doubts and self.data.get("sure") != self.asked_about:
                raise ValidationError("；".join(self.doubts) + "。真要约这个时间，先问过居民，再勾上“就这个时间”。")
        return self.cleaned_data


class EndVisitForm(ActForm):
    state = forms.ChoiceField(
        label="见着了吗", choices=[(VisitState.DONE.value, "见过了"), (VisitState.MISSED.value, "没见着")], widget=forms.RadioSelect,
        error_messages={"required": "选一个：见过了，还是没见着。", "invalid_choice": "从下面选一个。"},
    )
    result = words_field("结果", required="写一句结果，比如 表填好了，差一张照片。")
    next_step = words_field("下一步")


class CancelVisitForm(ActForm):
    reason = words_field("为什么不去了", required="写一句为什么，居民会看到。", limit=100)
