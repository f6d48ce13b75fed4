"""What desk users fill in: one small form an act. What was typed comes back with a sentence beside its field when something is wrong."""

import uuid

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from guides.models import Guide, district_of
from helpdesk import behalf
from helpdesk.access import colleagues_for, communities_of, postings_of
from helpdesk.actions import SAY_SOMETHING, SAY_WHAT_CHANGED, SAY_WHOSE, staff_name
from helpdesk.forms import MAX_NOTE, AreaField
from helpdesk.forms_refused import RefusedPapers
from helpdesk.models import OFFERED_CHOICES, Channel, CloseReason, Kind, Medium
from menpai.validators import normalise_hotline, normalise_phone, without_identity_number

MAX_REASON = 60
MAX_MESSAGE = 1000  # a template with all papers of a long list fits


def _text_field(label: str, *, required: str = "", rows: int = 3, longest: int = MAX_NOTE) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(required),
        widget=forms.Textarea(attrs={"rows": rows}),
        validators=[without_identity_number],
        error_messages={"required": required, "max_length": f"写得有点长，{longest}个字以内。"},
    )


class ActForm(forms.Form):
    """The form of one act on one request. An act without fields uses it as it is."""

    def __init__(self, data=None, *, act: str, stored, user):
        super().__init__(data, auto_id=f"{act}_%s", label_suffix="")
        self.stored, self.user = stored, user


class MessageForm(ActForm):
    text = _text_field("给居民留言", required="写点什么再发。", rows=5, longest=MAX_MESSAGE)


class TalkForm(ActForm):
    """What was said by phone or face to face: at least one side of it."""

    medium = forms.ChoiceField(
        label="怎么说的", choices=[(Medium.PHONE, "打电话"), (Medium.IN_PERSON, "当面")], initial=Medium.PHONE, widget=forms.RadioSelect,
        error_messages={"required": "选一个：打电话，还是当面。", "invalid_choice": "选一个：打电话，还是当面。"},
    )
    heard = _text_field("他说了什么", longest=MAX_MESSAGE)
    text = _text_field("您说了什么", rows=5, longest=MAX_MESSAGE)

    def clean(self):
        data = self.cleaned_data
        if not self.errors and not data.get("heard") and not data.get("text"):
            self.add_error("text", SAY_SOMETHING)
        return data


class NoteForm(ActForm):
    text = _text_field("记什么", required="写点什么再存。")


class CloseForm(RefusedPapers, ActForm):
    reason = forms.ChoiceField(
        label="结果", choices=CloseReason.choices, widget=forms.RadioSelect, error_messages={"required": "选一个结果。", "invalid_choice": "从下面选一个结果。"}
    )
    as_guide = forms.BooleanField(label="归指南里写的这一家管", required=False)
    whose = forms.CharField(
        label="归谁管", max_length=60, required=False, error_messages={"max_length": "60个字以内。"}, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    whose_phone = forms.CharField(
        label="那边的电话", max_length=30, required=False, error_messages={"max_length": "电话太长了，只写一个号。"},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    text = _text_field("跟居民说的话")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.stored.guide is None:
            del self.fields["as_guide"]

    def clean_whose_phone(self):
        phone = self.cleaned_data["whose_phone"]
        return normalise_hotline(phone) if phone else ""

    def clean(self):
        """One tap takes the guide's own department and hotline; a name typed beside it is meant more than the tap."""
        data = super().clean()
        if self.stored.for_supervisor and "text" not in self.errors and not data.get("text"):
            self.add_error("text", SAY_WHAT_CHANGED)
        if data.pop("as_guide", False) and data.get("reason") == CloseReason.NOT_OURS and not data.get("whose"):
            data |= {"whose": self.stored.guide.department[:60], "whose_phone": data.get("whose_phone") or self.stored.guide.hotline}
        if data.get("reason") == CloseReason.NOT_OURS and "whose" not in self.errors and not data.get("whose"):
            self.add_error("whose", SAY_WHOSE)
        return data


class SentBackForm(RefusedPapers, ActForm):
    def clean(self):
        if not super().clean()["refused"] and not self.errors:
            raise ValidationError("选一样被退的材料，和退的原因。")
        return self.cleaned_data


class ColleagueField(forms.ModelChoiceField):
    def label_from_instance(self, posting):
        return f"{staff_name(posting.user)}（{posting.area.short_name}{' 项目管家' if posting.is_steward else ''}）"


class HandOverForm(ActForm):
    to = ColleagueField(
        None, label="转给谁", empty_label="选一位同事", error_messages={"required": "选一位同事。", "invalid_choice": "这位同事现在接不了，换一位。"}
    )
    reason = forms.CharField(
        label="为什么转",
        max_length=MAX_REASON,
        validators=[without_identity_number],
        error_messages={"required": "写一句为什么转，同事好接手。", "max_length": f"{MAX_REASON}个字以内，其余的当面说。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues_for(self.stored)


def _guides_by_topic(districts: set[str]) -> list:
    """By slug. Who writes down for two districts finds the guides of both; the village decides whose is meant."""
    groups: dict[str, list] = {}
    for guide in Guide.objects.published().filter(district__in=districts).select_related("domain"):
        groups.setdefault(guide.domain.name, []).append((guide.slug, guide.plain_title))
    return [("", "说不清，先问问"), *groups.items()]


class LogForm(forms.Form):
    """A person at the desk or on the phone, written down for them."""

    channel = forms.ChoiceField(
        label="怎么来的", choices=[(c.value, c.label) for c in (Channel.WALK_IN, Channel.PHONE)], widget=forms.RadioSelect,
        error_messages={"required": "选一个：上门来问，还是打电话来。", "invalid_choice": "选一个：上门来问，还是打电话来。"},
    )
    name = forms.CharField(
        label="怎么称呼", max_length=30, error_messages={"required": "写个称呼就行，比如 王阿姨、老李。", "max_length": "称呼太长了，30个字以内。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label="电话", max_length=30, error_messages={"required": "问一个电话，好给人家回话。", "max_length": "电话太长了，是不是多打了？"},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    area = AreaField(
        label="住哪个村（社区）", to_field_name="code", empty_label="选一个",
        error_messages={"required": "选他住的村（社区）。", "invalid_choice": "从列表里选。不归您管的村（社区），请他打 12345。"},
    )
    guide = forms.ChoiceField(
        label="办什么事", required=False, error_messages={"invalid_choice": "这个事项现在没有，换一个，或者选“说不清”。"}
    )
    kind = forms.ChoiceField(
        label="要哪种帮助", choices=OFFERED_CHOICES, initial=Kind.ADVICE, widget=forms.RadioSelect,
        error_messages={"required": "选一种帮助。", "invalid_choice": "从下面选一种帮助。"},
    )
    note = _text_field("他说了什么（可以不写）")
    consent = forms.BooleanField(
        label="已经当面（电话里）问过：同意留称呼和电话", error_messages={"required": "先问一句“留您的称呼和电话，只用来办这件事，行不行”，同意了再勾。"}
    )
    submission_key = forms.UUIDField(
        initial=uuid.uuid4, widget=forms.HiddenInput, error_messages={"required": "这一页不完整，请重新打开再填。", "invalid": "这一页不完整，请重新打开再填。"}
    )

    def __init__(self, data=None, *, user):
        super().__init__(data, label_suffix="")
        communities = communities_of(user).select_related("parent")
        self.fields["area"].queryset = communities
        self.fields["guide"].choices = _guides_by_topic({district_of(posting.area) for posting in postings_of(user)})
        if len(only := communities[:2]) == 1:
            self.initial["area"] = only[0].pk

    def clean_phone(self):
        return normalise_phone(self.cleaned_data["phone"])

    def clean_guide(self):
        """The guide of the village's own district; the village stands above it in the form, so it is read already."""
        slug, area = self.cleaned_data["guide"], self.cleaned_data.get("area")
        if not slug or area is None:
            return None
        guide = Guide.objects.published().whole().filter(district=district_of(area), slug=slug).first()
        if guide is None:
            raise ValidationError(self.fields["guide"].error_messages["invalid_choice"])
        return guide

    def clean(self):
        if behalf.must_come_instead(self.cleaned_data.get("kind"), self.cleaned_data.get("guide")):
            self.add_error("kind", behalf.MUST_COME)
        return self.cleaned_data


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "账号或密码不对，再看一遍。连着错5次，要等15分钟。",
        "inactive": "这个账号停用了，请找主管。",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name, label in (("username", "账号"), ("password", "密码")):
            self.fields[name].label = label
            self.fields[name].error_messages["required"] = f"填上{label}。"
