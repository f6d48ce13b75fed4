"""What an editor fills in for synonyms and for what people searched in vain."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from guides.departments import guides_of
from guides.forms_admin import LinesField
from guides.models import Domain, Guide, SearchMiss, Status, Synonym

LENGTH = "2到20个字。"
WORD = {"min_length": 2, "max_length": 20, "error_messages": {"required": "写上这个词。", "min_length": LENGTH, "max_length": LENGTH}}
GONE = "现在没有它了，重新选一个。"


class SynonymForm(forms.ModelForm):
    words = LinesField(label="一个意思的词", widget=forms.Textarea({"rows": 8}), help_text="一行一个，每个2到20个字。第一个最好是指南里的写法。")

    class Meta:
        model = Synonym
        fields = ["words"]


class GuideSelect(AutocompleteSelect):
    """Django's looks a refused value up again when it shows the form; what is no key would end that in a fault."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [key for key in value if str(key).isdecimal() and len(str(key)) < 19], attr)


def guide_field(**kwargs) -> forms.ModelChoiceField:
    """Any guide that residents read or will read, found by typing."""
    widget = GuideSelect(SearchMiss._meta.get_field("guide"), admin.site, attrs={"data-width": "26em"})
    messages = {"required": "先选一个指南。", "invalid_choice": "没有这个指南，撤下了，或者不归您管。换一个。"}
    return forms.ModelChoiceField(Guide.objects.exclude(status=Status.WITHDRAWN), widget=widget, error_messages=messages, **kwargs)


class MissForm(forms.Form):
    """One act on a miss, by a user: only their own guides get another name. `act` keeps the ids of the forms of one page apart."""

    def __init__(self, data=None, *, act: str, miss: SearchMiss, user):
        super().__init__(data, auto_id=f"{act}_%s", label_suffix="")
        self.miss = miss
        if "guide" in self.fields:
            self.fields["guide"].queryset = self.fields["guide"].queryset.filter(district=miss.district, pk__in=guides_of(user).values("pk"))


class GuideForm(MissForm):
    guide = guide_field(label="指南")


class SynonymActForm(MissForm):
    word = forms.CharField(label="居民说的词", **WORD)
    group = forms.ModelChoiceField(Synonym.objects.all(), label="加进已有的一组", required=False, empty_label="没有合适的，写一组新的", error_messages={"invalid_choice": GONE})
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
    domain = forms.ModelChoiceField(
        Domain.objects.all(), label="放在哪个主题", empty_label="选主题", error_messages={"required": "先选主题。", "invalid_choice": GONE}
    )
    plain_title = forms.CharField(label="大白话名称", max_length=40, error_messages={"required": "写上名称。", "max_length": "40个字以内。"})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["plain_title"] = self.miss.text[:40]
