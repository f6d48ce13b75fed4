"""Forms of acting for somebody else: the family member's request, and what the desk records of consent and mandate."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from doorplates.access import find_plate
from doorplates.models import PlateState
from helpdesk import behalf
from helpdesk.forms import HelpForm
from helpdesk.forms_desk import ActForm
from helpdesk.models import OFFERED_CHOICES, ConsentHow
from menpai.validators import normalise_phone, without_identity_number

GIVEN, DECLINED = "given", "declined"
NO_PLATE = "没有这个门牌编号，看看是不是打错了。不知道就空着，在下面选村（社区）。"


class ForParentForm(HelpForm):
    """A child asks for a parent, wherever the child is: the parent's plate or village says who helps."""

    principal_name = forms.CharField(
        label="怎么称呼他（她）", max_length=30, validators=[without_identity_number],
        error_messages={"required": "写个称呼就行，比如 王阿姨、老李。", "max_length": "称呼太长了，30个字以内。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    principal_phone = forms.CharField(
        label="他（她）的电话", max_length=30, required=False, error_messages={"max_length": "电话太长了，是不是多打了？"},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    plate = forms.CharField(
        label="他（她）家的门牌编号", max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "编号是8个字，太长了。"},
    )
    for_someone = wish = enterprise = None
    field_order = (
        "principal_name", "plate", "area", "principal_phone", "name", "phone", "relation", "guide", "note", "kind", "call_time", "consent",
    )  # as on the page, so that the list of mistakes reads from top to bottom

    @classmethod
    def fields_for(cls, district):
        fields = super().fields_for(district)
        fields["area"].label = "他（她）住哪个村（社区）"
        fields["phone"].label = "您自己的电话"
        fields["relation"].label = "您是他（她）的什么人"
        fields["relation"].required = True
        fields["relation"].error_messages["required"] = "写一下，比如 女儿、侄子。帮办员问他时好说是谁托的。"
        return fields

    def clean_principal_phone(self):
        phone = self.cleaned_data["principal_phone"]
        return normalise_phone(phone) if phone else ""

    def clean_plate(self):
        """The plate itself, followed to the one that replaced it; None when nothing was typed."""
        typed = self.cleaned_data["plate"].strip()
        plate = find_plate(typed) if typed else None
        if typed and plate is None:
            raise ValidationError(NO_PLATE)
        while plate and plate.state == PlateState.REPLACED:
            plate = plate.successor
        return plate

    def clean(self):
        given = super().clean()
        plate, area = given.get("plate"), given.get("area")
        if plate and area and plate.building.community_id != area.pk:
            self.add_error("area", f"这块门牌在{plate.building.community.short_name}。看看哪个对，另一个空着就行。")
        if not plate and not area and not {"plate", "area"} & set(self.errors):
            self.add_error("plate", "填他（她）家的门牌编号，或者在下面选村（社区），两样有一样就行。")
        if given.get("principal_phone") and given["principal_phone"] == given.get("phone"):
            self.add_error("principal_phone", "和您自己的电话一样。他（她）没有电话就空着，帮办员上门问。")
        return given


class ConsentForm(ActForm):
    answer = forms.ChoiceField(
        label="他（她）怎么说", choices=[(GIVEN, "同意办"), (DECLINED, "不同意")], widget=forms.RadioSelect,
        error_messages={"required": "选一个：同意，还是不同意。", "invalid_choice": "从下面选一个。"},
    )
    how = forms.ChoiceField(
        label="怎么问的", choices=ConsentHow.choices, widget=forms.RadioSelect,
        error_messages={"required": "选一下是怎么问的。", "invalid_choice": "从下面选一个。"},
    )


class ConsentAgainForm(ActForm):
    how = forms.ChoiceField(
        label="他（她）怎么说要接着办的", choices=ConsentHow.choices, widget=forms.RadioSelect,
        error_messages={"required": "选一下是怎么问的。", "invalid_choice": "从下面选一个。"},
    )


class KindForm(ActForm):
    kind = forms.ChoiceField(
        label="改成", choices=OFFERED_CHOICES, widget=forms.RadioSelect,
        error_messages={"required": "选一种帮助。", "invalid_choice": "从下面选一种帮助。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["kind"] = self.stored.kind

    def clean_kind(self):
        return refuse_agent(self.cleaned_data["kind"], self.stored.guide)


def refuse_agent(kind: str, guide) -> str:
    """The kind itself; ValidationError where 代办 was chosen and the person must come."""
    if behalf.must_come_instead(kind, guide):
        raise ValidationError(behalf.MUST_COME)
    return kind


def _day_field(label: str, required: str) -> forms.DateField:
    return forms.DateField(
        label=label, input_formats=["%Y-%m-%d", "%Y/%m/%d"], widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": required, "invalid": "写成 2026-11-25 这样。"},
    )


class MandateForm(ActForm):
    principal_name = forms.CharField(
        label="委托人全名", max_length=30, validators=[without_identity_number],
        error_messages={"required": "写本人的全名，和身份证上一样。", "max_length": "30个字以内。"}, widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.CharField(
        label="委托办什么", max_length=200, validators=[without_identity_number], widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "写清楚替他办哪件事、办到哪一步。", "max_length": "200个字以内。"},
    )
    starts_on = _day_field("从哪天", "选从哪天起。")
    ends_on = _day_field("到哪天", "选到哪天止。")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        title = self.stored.guide.plain_title if self.stored.guide else ""
        self.initial |= {"scope": f"到窗口交材料、领结果：{title}" if title else "", "starts_on": today, "ends_on": today + timedelta(days=30)}

    def clean(self):
        start, end = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", "到哪天不能早于从哪天。")
        elif end and end < timezone.localdate():
            self.add_error("ends_on", "这一天已经过了，选今天以后的。")
        elif start and end and (end - start).days > behalf.MANDATE_DAYS:
            self.add_error("ends_on", f"太长了，最多{behalf.MANDATE_DAYS}天。办完要用的日子就够。")
        return self.cleaned_data


class SignForm(ActForm):
    signed_on = _day_field("哪天签的", "选签字的那天。")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["signed_on"] = timezone.localdate()
