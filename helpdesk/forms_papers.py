"""Forms about papers: what a helper found of each, and the photos that a resident sends or a helper takes."""

from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from guides.models import RefusalReason
from helpdesk.actions import Check
from helpdesk.actions.papers import MAX_FILES_A_PAPER
from helpdesk.forms import PlainForm
from helpdesk.forms_desk import ActForm
from helpdesk.models import Paper, PaperState
from menpai.validators import without_identity_number

ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"  # an iPhone that reads this sends its HEIC photos as JPEG
STATES = [(state.value, state.label) for state in (PaperState.OK, PaperState.MISSING, PaperState.BAD)]
REASONS = [("", "选哪里不行")] + [(reason.value, reason.label) for reason in RefusalReason if reason != RefusalReason.ABSENT]  # 没带 is 缺
MAX_REMARK = 100
SAY_WHY = "选一下哪里不行，居民才知道怎么改。"
CHANGED = "从三个里选一个。"


@dataclass(frozen=True)
class Row:
    """One paper with its fields."""

    paper: Paper
    state: BoundField
    reason: BoundField
    remark: BoundField
    original: BoundField


class PapersForm(ActForm):
    """One row a paper. A paper with a photo that nobody judged yet starts without a choice: whoever saves the others has not judged it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.papers = list(self.stored.papers.prefetch_related("attachments"))
        for paper in self.papers:
            self._add_fields(paper)

    def _add_fields(self, paper: Paper) -> None:
        judged = "" if paper.has_new_photo or paper.state == PaperState.UNCHECKED else paper.state
        self.fields[f"state_{paper.pk}"] = forms.ChoiceField(
            label=paper.name, choices=STATES, required=False, initial=judged, widget=forms.RadioSelect, error_messages={"invalid_choice": CHANGED}
        )
        self.fields[f"reason_{paper.pk}"] = forms.ChoiceField(
            label="哪里不行", choices=REASONS, required=False, initial=paper.reason, error_messages={"invalid_choice": SAY_WHY}
        )
        self.fields[f"remark_{paper.pk}"] = forms.CharField(
            label="补一句（可以不写）", max_length=MAX_REMARK, required=False, initial=paper.remark, validators=[without_identity_number],
            widget=forms.TextInput(attrs={"autocomplete": "off"}), error_messages={"max_length": f"{MAX_REMARK}个字以内，其余的电话里说。"},
        )  # fmt: skip
        self.fields[f"original_{paper.pk}"] = forms.BooleanField(label="看过原件了，不用照片", required=False, initial=paper.original_seen_at is not None)

    @property
    def rows(self) -> list[Row]:
        return [Row(p, *(self[f"{name}_{p.pk}"] for name in ("state", "reason", "remark", "original"))) for p in self.papers]

    def clean(self):
        """`found`: what was chosen, by the key of the paper. A paper without a choice stays as it is."""
        found = {}
        for paper in self.papers:
            given = {name: self.cleaned_data.get(f"{name}_{paper.pk}") or "" for name in ("state", "reason", "remark")}
            if given["state"] == PaperState.BAD and not given["reason"] and f"reason_{paper.pk}" not in self.errors:
                self.add_error(f"reason_{paper.pk}", SAY_WHY)
            if given["state"]:
                seen = given["state"] == PaperState.OK and bool(self.cleaned_data.get(f"original_{paper.pk}"))
                found[paper.pk] = Check(state=PaperState(given["state"]), reason=given["reason"], remark=given["remark"], original_seen=seen)
        return {**self.cleaned_data, "found": found}


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Several files; what is in them is menpai.uploads' business."""

    def clean(self, data, initial=None):
        return [super(PhotosField, self).clean(one, initial) for one in data or []]


class FilesForm(PlainForm):
    """Photos of one paper. Two ways in, because a phone that is told to open its camera offers no album."""

    camera = forms.FileField(
        label="现在拍一张", required=False, allow_empty_file=True, widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp", "capture": "environment"})
    )
    album = PhotosField(label="从手机里选（一次能选几张）", required=False, allow_empty_file=True, widget=ManyFiles(attrs={"accept": ACCEPT}))
    consent = forms.BooleanField(label="我看了，同意传这些照片", error_messages={"required": "要您同意才能传。不想传也行，把材料带来当面看。"})

    def clean(self):
        data = super().clean()
        files = [file for file in [data.get("camera"), *(data.get("album") or [])] if file]
        if not files and "album" not in self.errors:
            self.add_error("album", ValidationError("还没有选照片。拍一张，或者从手机里选一张。"))
        if len(files) > MAX_FILES_A_PAPER:
            self.add_error("album", ValidationError(f"一次最多{MAX_FILES_A_PAPER}张，少选几张再传。"))
        return {**data, "files": files}


class DeskFilesForm(FilesForm):
    consent = forms.BooleanField(
        label="当面问过他：同意拍，只用来办这件事", error_messages={"required": "先问一句“拍下来只用来办这件事，行不行”，同意了再勾。不同意就看原件，不用拍。"}
    )
