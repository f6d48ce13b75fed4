"""Which papers were not accepted, and why: one choice for each paper of a request, so that several are told at once without a script."""

from zlib import crc32

from django import forms

from guides.models import Guide, RefusalReason
from guides.reading import Reading
from helpdesk.changes import case_of
from helpdesk.models import HelpRequest


def field_of(paper: str) -> str:
    """The field of a paper, by its name: a number in the list would mean another paper once the checklist changed behind an open page."""
    return f"refused_{crc32(paper.encode()):08x}"


def papers_of(request: HelpRequest) -> list[str]:
    """Names to choose from: the request's own papers, else those the guide asks for in its case. None without a guide: nothing to learn."""
    if request.guide_id is None:
        return []
    if not hasattr(request, "_refusable"):  # two forms of one page ask
        own = list(request.papers.values_list("name", flat=True))
        request._refusable = list(dict.fromkeys(own or _asked_by_guide(request)))
    return request._refusable


def _asked_by_guide(request: HelpRequest) -> list[str]:
    guide = Guide.objects.whole().get(pk=request.guide_id)
    return [name for name, _ in Reading(guide, case_of(request)).checklist()]


class RefusedPapers:
    """Mixed into an ActForm: its choices, and `refused` in the cleaned data as (paper, reason) pairs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.papers = papers_of(self.stored)
        for name in self.papers:
            self.fields[field_of(name)] = forms.ChoiceField(
                label=name, choices=[("", "没被退"), *RefusalReason.choices], required=False, error_messages={"invalid_choice": "从列表里选一个原因。"}
            )

    @property
    def refusals(self) -> list[forms.BoundField]:
        return [self[field_of(name)] for name in self.papers]

    def clean(self):
        super().clean()
        reasons = {name: self.cleaned_data.pop(field_of(name), "") for name in self.papers}
        self.cleaned_data["refused"] = tuple((name, reason) for name, reason in reasons.items() if reason)
        return self.cleaned_data
