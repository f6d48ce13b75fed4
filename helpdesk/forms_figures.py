import re
from datetime import date, timedelta

from django import forms

from guides.figures import Period

DATE = re.compile(r"\d{4}-\d\d-\d\d")
LONGEST = 1096  # days: three years
PRESETS = ((7, "7天"), (30, "30天"), (365, "一年"))
USUAL = 30


def last_days(days: int, today: date) -> Period:
    return Period(today - timedelta(days=days - 1), today)


class PeriodForm(forms.Form):
    """From which day to which. Without anything in the address: the last 30 days; ?days= is one of the presets."""

    since = forms.DateField(label="从", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label="到", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data, *, today: date):
        self.today = today
        if "since" in data or "until" in data:
            super().__init__(data)
        else:
            days = data.get("days", "")
            preset = next((n for n, _ in PRESETS if str(n) == days), USUAL)
            period = last_days(preset, today)
            super().__init__({"since": f"{period.first:%Y-%m-%d}", "until": f"{period.last:%Y-%m-%d}"})
        for name, field in self.fields.items():
            field.error_messages = {"required": "选一个日期。", "invalid": "日期写成 2026-11-27 这样。"}
            if not DATE.fullmatch(self.data.get(name) or "2026-11-27"):
                field.widget.input_type = "text"  # a date box would throw away what was typed

    def clean(self):
        first, last = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if last and last > self.today:
            self.add_error("until", "还没到这一天，最晚选今天。")
        if first and last and first > last:
            self.add_error("since", "“从”要早于“到”，两个换一下。")
        elif first and last and (last - first).days >= LONGEST:
            self.add_error("since", "一次最多看三年，选晚一点的日子。")

    @property
    def period(self) -> Period:
        """Of a valid form."""
        return Period(self.cleaned_data["since"], self.cleaned_data["until"])
