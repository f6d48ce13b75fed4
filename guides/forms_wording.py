"""What an editor fills in for synonyms and for what people searched in vain."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from guides.forms_admin import LinesField
from guides.models import Domain, Guide, SearchMiss, Status, Synonym

WORD = {"min_length": 2, "max_length": 20}


class SynonymForm(forms.ModelForm):
    words = LinesField(label="一个意思的词", widget=forms.Textarea({"rows": 8}), help_text="一行一个，每个2到20个字。第一个最好是指南里的写法。")

    class Meta:
        model = Synonym
        fields = ["words"]


def guide_field(**kwargs) -> forms.ModelChoiceField:
    """Any guide that residents read or will read, found by typing."""
    widget = AutocompleteSelect(SearchMiss._meta.get_field("guide"), admin.site, attrs={"data-width": "26em"})
    return forms.ModelChoiceField(Guide.objects.exclude(status=Status.WITHDRAWN), widget=widget, **kwargs)


class MissForm(forms.Form):
    """One act on a miss. `act` keeps the ids of the forms of one page apart."""

    def __init__(self, data=None, *, act: str, miss: SearchMiss):
        super().__init__(data, auto_id=f"{act}_%s", label_suffix="")
        self.miss = miss


class GuideForm(MissForm):
    guide = guide_field(label="指南", error_messages={"required": "先选一个指南。"})


class SynonymActForm(MissForm):
    word = forms.CharField(label="居民说的词", **WORD)
    group = forms.ModelChoiceField(Synonym.objects.all(), label="加进已有的一组", required=False, empty_label="没有合适的，写一组新的")
    other = forms.CharField(label="或者，和它一个意思的词", required=False, help_text="最好是指南里的写法。", **WORD)
    guide = guide_field(label="他要找的指南", required=False, help_text="可以不选。选了，点过“我要办这个”的居民会收到消息。")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if len(self.miss.text) <= WORD["max_length"]:
            self.initial["word"] = self.miss.text
        near = [(group.pk, str(group)) for group in Synonym.objects.all()]
        near.sort(key=lambda choice: not any(word in self.miss.text for word in choice[1].split(" · ")))  # those with a word of the text first
        self.fields["group"].choices = [("", self.fields["group"].empty_label), *near]

    def clean(self):
        cleaned = super().clean()
        if not self.errors and bool(cleaned.get("group")) == bool(cleaned.get("other")):
            self.add_error("other", "选一组已有的，或者写一个词，两样里只要一样。")
        if cleaned.get("other") and cleaned.get("other") == cleaned.get("word"):
            raise ValidationError({"other": "和上面是同一个词。"})
        return cleaned


class DraftForm(MissForm):
    domain = forms.ModelChoiceField(Domain.objects.all(), label="放在哪个主题", empty_label="选主题", error_messages={"required": "先选主题。"})
    plain_title = forms.CharField(label="大白话名称", max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["plain_title"] = self.miss.text[:40]
