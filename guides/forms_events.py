"""Forms of the bureau for life events (一件事)."""

from django import forms
from django.core.exceptions import ValidationError

from guides.forms_admin import LAST, LinesField
from guides.life_events import wrong_answers
from guides.models import Guide, LifeEvent, LifeEventStep


class LifeEventForm(forms.ModelForm):
    """`seen` is when the event was last changed as the editor opened it: nobody's change is overwritten unseen."""

    aliases = LinesField(label="别的叫法", required=False, widget=forms.Textarea({"rows": 3}), help_text="居民还会怎么说，一行写一个。")
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = LifeEvent
        fields = ["title", "answer", "aliases", "audience", "slug", "order"]
        widgets = {"answer": forms.Textarea({"rows": 2})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.version = self.instance.updated_at.isoformat() if self.instance.pk else ""
        self.initial["seen"] = self.version

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name != "seen"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("seen", "") != self.version:
            raise ValidationError("刚刚有人改过这一页。您填的还在下面，没有保存。请另开一页看看新的内容，把要改的填进去。")
        return cleaned


class LifeEventStepForm(forms.ModelForm):
    order = forms.IntegerField(label="排在第几", required=False, min_value=0, max_value=LAST, help_text="小的在前。空着排最后。")

    class Meta:
        model = LifeEventStep
        fields = ["guide", "note", "optional", "case", "order"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["order"] = None

    def clean_order(self):
        order = self.cleaned_data["order"]
        return LAST if order is None else order

    def clean(self):
        cleaned = super().clean()
        guide, case = cleaned.get("guide"), cleaned.get("case")
        if guide and case and (wrong := wrong_answers(Guide.objects.whole().get(pk=guide.pk), case)):
            self.add_error("case", f"这个事项没有这样的情形：{'、'.join(wrong)}。")
        return cleaned
