"""Forms of the back office."""

from django import forms

from doorplates.layouts import LAYOUTS
from doorplates.models import Building, CheckKind, Doorplate

PER_REQUEST = 100  # more notices than this in one download keep a web process busy for too long
PER_EXPORT = 500  # pictures in one download


class EntrancesField(forms.CharField):
    """A list of entrances, written one a line."""

    widget = forms.Textarea(attrs={"rows": 6, "cols": 24})

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        return [line.strip() for line in super().to_python(value).splitlines() if line.strip()]

    def has_changed(self, initial, data):
        return (initial or []) != self.to_python(data)


class BuildingForm(forms.ModelForm):
    entrances = EntrancesField(
        label="入口（单元）",
        required=False,
        help_text="一行写一个，例如 1单元、2单元。只有一个入口就空着。单元是最细的一级，不写门户号。",
    )

    class Meta:
        model = Building
        fields = ["community", "estate", "name", "entrances", "standard_address_code", "is_sample"]


class ReasonForm(forms.Form):
    """Why a plate ends. Kept with the plate, so nothing about a person belongs here."""

    reason = forms.CharField(
        label="原因",
        max_length=Doorplate._meta.get_field("end_reason").max_length,
        widget=forms.TextInput(attrs={"size": 40}),
        help_text="例如 门牌破损、楼栋拆除。不要写人名和电话。",
    )


class CheckForm(forms.Form):
    """What somebody saw of the chosen plates on the wall."""

    kind = forms.ChoiceField(label="看到的是", choices=CheckKind, widget=forms.RadioSelect(attrs={"class": "radiolist"}))


class SheetForm(forms.Form):
    """Which sheet to print the chosen plates on."""

    size = forms.TypedChoiceField(
        label="二维码大小",
        coerce=int,
        initial=75,
        choices=[(size, f"{size}毫米（一张A4纸{layout.per_page}块）") for size, layout in LAYOUTS.items()],
        widget=forms.RadioSelect(attrs={"class": "radiolist"}),
    )
    start = forms.IntegerField(
        label="从第几格开始",
        min_value=1,
        initial=1,
        help_text="纸上前几格用过了，就从后面的空格开始。从左到右、从上到下数。",
    )

    def clean(self):
        cleaned = super().clean()
        size, start = cleaned.get("size"), cleaned.get("start")
        if size and start and start > LAYOUTS[size].per_page:
            cells = LAYOUTS[size].per_page
            self.add_error("start", f"{size}毫米的一张纸只有{cells}格，请填1到{cells}。")
        return cleaned


class ExportForm(forms.Form):
    """How large a print shop is to make the symbols."""

    size = forms.TypedChoiceField(
        label="二维码大小",
        coerce=int,
        initial=75,
        choices=[(size, f"{size}毫米") for size in LAYOUTS],
        widget=forms.RadioSelect(attrs={"class": "radiolist"}),
    )
