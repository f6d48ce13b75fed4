"""What residents fill in. Two fields are required; everything else is prefilled or optional."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache

from django import forms

from doorplates.access import find_plate
from guides.gazetteer import gazetteer_of
from guides.models import Area, Guide, Level, district_code_of, own_district
from helpdesk import behalf
from helpdesk.coverage import board_for
from helpdesk.matters import guide_of
from helpdesk.models import NO_NAME, OFFERED_CHOICES, CallTime, Kind, RatingLevel, normalise_reference
from menpai.validators import normalise_phone, without_identity_number

MAX_NOTE = 500
TOO_MANY = "这会儿提交得太勤了，过一会儿再试。着急的话请直接打 12345。"


class AreaField(forms.ModelChoiceField):
    """Communities grouped under their townships; a choice, never typed. With `inside`, a district's code, what was chosen comes from what this process
    keeps of that district."""

    inside = ""

    def __init__(self, **kwargs):
        super().__init__(Area.objects.filter(level=Level.COMMUNITY).select_related("parent"), **kwargs)

    def label_from_instance(self, area):
        return f"{area.parent.short_name} {area.short_name}"

    def to_python(self, value):
        if value in self.empty_values or not self.inside:
            return super().to_python(value)
        kept = gazetteer_of(self.inside)
        area = (kept or board_for([self.inside])).areas.get(str(value))
        if area is None or area.level != Level.COMMUNITY:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return area


class GuideField(forms.ModelChoiceField):
    """A published guide by its slug; what was chosen comes from what this process keeps."""

    def __init__(self, **kwargs):
        super().__init__(Guide.objects.published(), to_field_name="slug", **kwargs)

    def to_python(self, value):
        if value in self.empty_values:
            return None
        guide = guide_of(self.district, str(value))
        if guide is None:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return guide


class PlainForm(forms.Form):
    """Labels without a colon: each stands on a line of its own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)


class SharedFields(dict):
    """Fields that no form changes. Django copies a class's fields for every form that is made of it, which takes longer than to check them all."""

    def __deepcopy__(self, memo):
        return dict(self)


@lru_cache(maxsize=256)
def _fields_of(form: type["HelpForm"], district: str) -> SharedFields:
    return SharedFields(form.fields_for(district))


def _district_of(known: Mapping) -> str:
    """The code of the district it is about, which decides whose villages and guides may be chosen: by the village, else the plate, else what the page said
    (`district`, only where it is not the installation's own)."""
    code = known.get("area") or ""
    if not code and (plate := find_plate(known["plate"]) if known.get("plate") else None):
        code = plate.building.community_id
    code = district_code_of(code or known.get("district") or own_district())
    is_known = code == own_district() or Area.objects.filter(pk=code, level=Level.DISTRICT).exists()
    return code if is_known else own_district()


class HelpForm(PlainForm):
    name = forms.CharField(
        label="怎么称呼您", max_length=30, error_messages={"required": "写个称呼就行，比如 王阿姨、老李。", "max_length": "称呼太长了，30个字以内。"},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = forms.CharField(
        label="您的电话", max_length=30, error_messages={"required": "留个电话，帮办员好给您回。", "max_length": "电话太长了，是不是多打了？"},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    consent = forms.BooleanField(label="我看了，同意", error_messages={"required": "要您同意，我们才能留您的电话。不同意可以直接打 12345。"})

    kind = forms.ChoiceField(label="想要哪种帮助", choices=OFFERED_CHOICES, initial=Kind.ADVICE, required=False, widget=forms.RadioSelect)
    guide = GuideField(
        label="办什么事", required=False, empty_label="说不清，先问问",
        error_messages={"invalid_choice": "这个事项现在没有，换一个，或者选“说不清”。"},
    )
    area = AreaField(
        label="您住哪个村（社区）", required=False, empty_label="不知道，先空着", to_field_name="code",
        error_messages={"invalid_choice": "请从列表里选一个村（社区）。"},
    )
    call_time = forms.ChoiceField(label="什么时候给您打电话", choices=CallTime.choices, initial=CallTime.ANY, required=False)
    for_someone = forms.BooleanField(label="我是替家里人问的", required=False)
    relation = forms.CharField(
        label="您是他（她）的什么人", max_length=20, required=False, error_messages={"max_length": "20个字以内就行，比如 女儿。"}
    )
    note = forms.CharField(
        label="还想说什么", max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "写得有点长，500个字以内。其余的电话里说。"},
    )
    wish = forms.CharField(
        label="您想办的事", max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "写得有点长，200个字以内。其余的电话里说。"},
    )
    plate = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    case = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    enterprise = forms.BooleanField(required=False, widget=forms.HiddenInput)  # came from the enterprises' entrance, without a guide
    submission_key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def __init__(self, data=None, *, initial=None, **kwargs):
        self.district = _district_of((initial or {}) if data is None else data)
        self.base_fields = _fields_of(type(self), self.district)
        super().__init__(data, initial=initial, **kwargs)

    @classmethod
    def fields_for(cls, district: str) -> dict[str, forms.Field]:
        """The form's fields, with the villages and guides of a district. What a subclass has otherwise belongs here: its forms share them."""
        fields = deepcopy(cls.base_fields)
        fields["area"].inside = district
        fields["area"].queryset = fields["area"].queryset.filter(code__startswith=district[:6])
        if "guide" in fields:
            fields["guide"].district = district
            fields["guide"].queryset = fields["guide"].queryset.filter(district=district)
        return fields

    @property
    def elsewhere(self) -> str:
        """What the page carries along in its hidden `district`: empty in the installation's own."""
        return self.district if self.district != own_district() else ""

    def clean_name(self):
        return without_identity_number(self.cleaned_data["name"])

    def clean_relation(self):
        return without_identity_number(self.cleaned_data["relation"])

    def clean_phone(self):
        return normalise_phone(self.cleaned_data["phone"])

    def clean_kind(self):
        return self.cleaned_data["kind"] or Kind.ADVICE

    def clean_call_time(self):
        return self.cleaned_data["call_time"] or CallTime.ANY

    def clean_note(self):
        return without_identity_number(self.cleaned_data["note"])

    def clean_wish(self):
        return without_identity_number(self.cleaned_data["wish"])

    def clean(self):
        given = super().clean()
        given["district"] = self.district
        if behalf.must_come_instead(given.get("kind"), given.get("guide")):
            self.add_error("kind", behalf.MUST_COME)
        return given


class CallbackForm(HelpForm):
    """A phone number only; for the rest stands what nobody was asked. What the address brought along and no longer fits
    (a guide withdrawn meanwhile) is left out rather than refused: the person cannot see it, and somebody calls anyway."""

    name = kind = call_time = for_someone = relation = note = wish = None
    BROUGHT_ALONG = {"guide": None, "area": None, "plate": "", "case": ""}
    NOT_ASKED = {"name": NO_NAME, "kind": Kind.ADVICE, "call_time": CallTime.ANY, "for_someone": False, "relation": "", "note": "", "wish": ""}

    def clean(self):
        given = {**self.NOT_ASKED, **self.BROUGHT_ALONG, **super().clean()}
        for name in self.BROUGHT_ALONG:
            self.errors.pop(name, None)
        return given


class FollowForm(PlainForm):
    FOUR = "是四个数字，比如 8000。"
    last_four = forms.CharField(
        max_length=30, label="留的电话的后四位", error_messages={"required": "填电话的最后四个数字。", "max_length": FOUR},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 20}),
    )

    draft = forms.CharField(max_length=MAX_NOTE, required=False, widget=forms.HiddenInput)

    def clean_last_four(self):
        """Four digits, or the whole phone number as it is stored (helpdesk/door.py)."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["last_four"])  # a Chinese keyboard types full-width digits
        if re.fullmatch(r"[0-9]{4}", typed):
            return typed
        try:
            return normalise_phone(typed)
        except forms.ValidationError:
            raise forms.ValidationError(self.FOUR, code="invalid") from None


class FindForm(PlainForm):
    reference = forms.CharField(
        label="诉求编号", max_length=30, error_messages={"required": "填提交时给您的编号，9个数字。"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_reference(self):
        return normalise_reference(unicodedata.normalize("NFKC", self.cleaned_data["reference"]))


class ReplyForm(PlainForm):
    text = forms.CharField(
        label="给帮办员留言", max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "写点什么再发。", "max_length": "写得有点长，500个字以内。"},
    )

    def clean_text(self):
        return without_identity_number(self.cleaned_data["text"])


class RatingForm(PlainForm):
    level = forms.TypedChoiceField(
        label="这次帮得怎么样", choices=RatingLevel.choices, coerce=int, widget=forms.RadioSelect, error_messages={"required": "选一个再提交，不想评也没关系。"}
    )
    text = forms.CharField(
        label="想说的话（可以不写）", max_length=MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 3, "id": "id_rating_text"}),  # beside a reply, which has a text too
        error_messages={"max_length": "写得有点长，500个字以内。"},
    )

    def clean_text(self):
        return without_identity_number(self.cleaned_data["text"])
