"""Forms of the bureau's editors. What they share: whoever changes a statement takes away its verification."""

from collections.abc import Mapping
from types import MappingProxyType

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone

from guides.departments import departments_of, home_district, may_write
from guides.document_shape import FACT_KEYS
from guides.models import Answer, Audience, Counter, Fact, FactField, Guide, Mark, Material, Office, Situation, Statement, Status, Step
from guides.reading import material_detail
from guides.transfer_jobs import MAX_ROWS, read_jobs
from menpai.spreadsheets import MAX_BYTES, Line

LAST = 32000  # a row without a place goes to the end; saving numbers the rows anew
ANSWER_SLOTS = 4
EMPTY: Mapping[str, str] = MappingProxyType({})
OTHER_THAN_WORDS = {"order", "verification", "DELETE", "id", "issued_by", "field", "code", "hours_are_sample"}


class SourcedForm(forms.ModelForm):
    """A statement with its origin. `reviewer` is the name of who edits when they may verify, else empty.

    The field `verification` exists only for a reviewer, so that nobody else can set it, whatever they post.
    """

    verification = forms.ChoiceField(
        label="核实",
        required=False,
        choices=[("", "不动"), ("confirm", "我已核实，由我负责"), ("clear", "改回待核实")],
    )

    def __init__(self, *args, reviewer: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.reviewer = reviewer
        if not reviewer:
            del self.fields["verification"]

    @property
    def words_changed(self) -> bool:
        return bool(set(self.changed_data) - OTHER_THAN_WORDS)

    @property
    def summary(self) -> str:
        """What the closed line shows."""
        return getattr(self.instance, "text", "") or str(self.instance)

    @property
    def badge(self) -> str:
        """已核实 and by whom, as it stands in the database; empty for what nobody vouches for."""
        row = self.instance
        return f"已核实 · {row.verified_by} {row.verified_on}" if row.is_verified else ""

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("mark", Mark.COMMON) != Mark.COMMON and not cleaned.get("source"):
            self.add_error("source", "写明出处：哪个文件，或者哪个网站。")
        decision = cleaned.get("verification", "")
        if decision == "confirm":
            self.instance.verified_by, self.instance.verified_on = self.reviewer, timezone.localdate()
        elif decision == "clear" or self.words_changed:
            self.instance.unverify()
        return cleaned


class RowForm(SourcedForm):
    """A line of a guide. `tokens` are the guide's own answers as choices; without any, the question is not asked."""

    only_for = forms.MultipleChoiceField(
        label="只在这些情形下", required=False, widget=forms.CheckboxSelectMultiple, help_text="一个都不勾，就是谁都要。"
    )
    order = forms.IntegerField(label="排在第几", required=False, min_value=0, max_value=LAST, help_text="小的在前。空着排最后。")

    def __init__(self, *args, tokens: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.labels = dict(tokens)
        if not self.instance.pk:
            self.initial["order"] = None
        if "only_for" in self.fields:
            gone = [(token, f"（没有这个情形了）{token}") for token in self.instance.only_for if token not in self.labels]
            self.fields["only_for"].choices = [*tokens, *gone]
            if not tokens:
                del self.fields["only_for"]

    @property
    def limits(self) -> list[str]:
        """The situations it holds for, in words; empty when it always holds."""
        return [self.labels.get(token, token) for token in getattr(self.instance, "only_for", [])]

    def clean_order(self):
        order = self.cleaned_data["order"]
        return LAST if order is None else order


class StatementForm(RowForm):
    class Meta:
        model = Statement
        fields = ["text", "only_for", "mark", "source", "valid_for_year", "order"]
        widgets = {"text": forms.Textarea({"rows": 2})}


class StepForm(RowForm):
    class Meta:
        model = Step
        fields = ["text", "only_for", "mark", "source", "valid_for_year", "order"]
        widgets = {"text": forms.Textarea({"rows": 2})}


class MaterialForm(RowForm):
    class Meta:
        model = Material
        fields = [
            "name", "is_identity_document", "form", "copies", "issuer", "how", "issued_by", "later",
            "only_for", "mark", "source", "valid_for_year", "order",
        ]  # fmt: skip
        widgets = {"how": forms.Textarea({"rows": 2})}

    def __init__(self, *args, refused: Mapping[str, str] = EMPTY, **kwargs):
        """`refused` says by the paper's name how often it was refused (guides.refusals.of_month)."""
        super().__init__(*args, **kwargs)
        self.refused = refused.get(self.instance.name, "") if self.instance.pk else ""

    @property
    def limits(self) -> list[str]:
        return [*super().limits, *filter(None, [self.refused])]

    @property
    def summary(self) -> str:
        kind = "【必备证件】" if self.instance.is_identity_document else ""
        return f"{kind}{self.instance.name}（{material_detail(self.instance)}）"


class CounterForm(RowForm):
    only_for = None  # a counter holds for every situation

    class Meta:
        model = Counter
        fields = ["kind", "office", "note", "mark", "source", "valid_for_year", "order"]

    @property
    def summary(self) -> str:
        place = str(self.instance.office or self.instance)
        return f"{place}（{self.instance.note}）" if self.instance.note else place


class FactForm(SourcedForm):
    """A field of the guide together with its origin: the value is the guide's, the rest is the Fact's."""

    field = forms.ChoiceField(choices=FactField, widget=forms.HiddenInput)

    class Meta:
        model = Fact
        fields = ["field", "note", "mark", "source", "valid_for_year"]
        widgets = {"note": forms.Textarea({"rows": 2})}

    def __init__(self, *args, guide: Guide | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        field = self["field"].value()
        self.attributes = list(FACT_KEYS.get(field, {}).values())
        for attribute in self.attributes:
            model_field = Guide._meta.get_field(attribute)
            https = {"assume_scheme": "https"} if isinstance(model_field, models.URLField) else {}
            self.fields[attribute] = model_field.formfield(**https)
            self.fields[attribute].required = False
            self.initial[attribute] = getattr(guide, attribute)
        self.title = FactField(field).label if self.attributes else ""

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name != "field"]

    @property
    def values(self) -> list:
        """The bound fields of the guide that this form holds."""
        return [self[attribute] for attribute in self.attributes]

    @property
    def summary(self) -> str:
        """The value in words, for the closed line."""
        shown = []
        for bound in self.values:
            value = bound.value()
            choices = dict(getattr(bound.field, "choices", None) or {})
            if value not in (None, "") and (shown or bound.name == self.attributes[0]):
                shown.append(str(choices.get(value, choices.get(str(value).lower(), value))))
        return " ".join(shown)

    def is_known(self) -> bool:
        return self.cleaned_data.get(self.attributes[0]) not in (None, "")

    def clean(self):
        cleaned = super().clean()
        if not self.attributes:
            raise ValidationError("没有这一项。")
        if cleaned.get("season_from", "") and not cleaned.get("season_to"):
            self.add_error("season_to", "起止日期要一起填。")
        if cleaned.get("season_to") and not cleaned.get("season_from"):
            self.add_error("season_from", "起止日期要一起填。")
        if self.changed_data and not self.instance.pk and not self.is_known() and not self.errors:
            raise ValidationError("先填内容；不知道就全空着，页面会请居民打12345。")
        return cleaned

    def apply_to(self, guide: Guide) -> None:
        """Set the values on the guide; an emptied one gets its default. Does not save."""
        for attribute in self.attributes:
            value = self.cleaned_data.get(attribute)
            empty = Guide._meta.get_field(attribute).get_default()
            setattr(guide, attribute, empty if value in (None, "") else value)


class AnswersWidget(forms.Widget):
    """One line an answer, its wording and its hint; the key that addresses and rows use travels hidden."""

    template_name = "admin/guides/widgets/answers.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        rows = list(value or [])
        empty = max(ANSWER_SLOTS - len(rows), 1)
        context["rows"] = rows + [{"key": "", "label": "", "note": ""}] * empty
        return context

    def render(self, name, value, attrs=None, renderer=None):
        # The forms' own renderer does not look into the project's templates.
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def value_from_datadict(self, data, files, name):
        rows, number = [], 0
        while f"{name}-{number}-label" in data:
            rows.append({part: data.get(f"{name}-{number}-{part}", "").strip() for part in ("key", "label", "note")})
            number += 1
        return [row for row in rows if row["label"] or row["note"] or row["key"]]

    def id_for_label(self, id_):
        return f"{id_}-0-label"


class AnswersField(forms.Field):
    widget = AnswersWidget

    def has_changed(self, initial, data):
        return list(initial or []) != list(data or [])

    def clean(self, value):
        rows = [row for row in value or [] if row["label"]]
        if len(rows) < 2:
            raise ValidationError("至少写两个回答。")
        taken = {row["key"] for row in value if row["key"]}  # a key just cleared must not come back meaning something else
        for row in rows:
            if not row["key"]:
                row["key"] = next(key for key in (f"a{n}" for n in range(1, 99)) if key not in taken)
                taken.add(row["key"])
            try:
                Answer(**row).clean_fields(exclude=["situation"])
            except ValidationError as error:
                raise ValidationError(f"“{row['label']}”：{'；'.join(error.messages)}") from error
        if any(len({row[part] for row in rows}) != len(rows) for part in ("key", "label")):
            raise ValidationError("有两个回答是一样的。")
        return rows


class SituationForm(forms.ModelForm):
    """A question with its answers. An answer that rows still refer to cannot go: they would hold for everybody."""

    answers = AnswersField(label="回答")
    order = forms.IntegerField(label="排在第几", required=False, min_value=0, max_value=LAST, help_text="小的在前。空着排最后。")

    class Meta:
        model = Situation
        fields = ["question", "answers", "order"]

    def __init__(self, *args, used: dict[str, str] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.used = used or {}
        if self.instance.pk:
            self.initial["answers"] = [{"key": a.key, "label": a.label, "note": a.note} for a in self.instance.answers.all()]
        else:
            self.initial["order"] = None

    @property
    def summary(self) -> str:
        labels = " / ".join(answer["label"] for answer in self.initial.get("answers", []))
        return f"{self.instance.question} {labels}"

    def clean_order(self):
        order = self.cleaned_data["order"]
        return LAST if order is None else order

    def clean_answers(self):
        rows = self.cleaned_data["answers"]
        left = {f"{self.instance.key}={row['key']}" for row in rows}
        for answer in self.initial.get("answers", []):
            token = f"{self.instance.key}={answer['key']}"
            if token in self.used and token not in left:
                raise ValidationError(f"“{answer['label']}”还不能删，“{self.used[token]}”只在这个情形下用。先改那一条，保存，再来删。")
        return rows

    def row_in_use(self) -> str:
        """The text of a row that refers to this situation; empty when none does."""
        return next((text for token, text in self.used.items() if token.partition("=")[0] == self.instance.key), "")

    def write_answers(self) -> None:
        """Make the stored answers what the form says; known keys keep their rows."""
        rows = {row["key"]: row for row in self.cleaned_data["answers"]}
        self.instance.answers.exclude(key__in=rows).delete()
        for place, row in enumerate(rows.values(), start=1):
            values = {"label": row["label"], "note": row["note"], "order": place * 10}
            self.instance.answers.update_or_create(key=row["key"], defaults=values)


class LinesField(forms.CharField):
    """A list of words, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        lines = [line.strip(" ，、；;") for line in super().to_python(value).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    def has_changed(self, initial, data):
        return list(initial or []) != self.to_python(data or "")


class GuideForm(forms.ModelForm):
    """The guide's own fields. `seen` is the revision the editor started from: nobody's change is overwritten unseen.

    `writer` is set by the admin: the user, who may be posted to some departments only.
    """

    writer = None
    aliases = LinesField(label="别的叫法", required=False, widget=forms.Textarea({"rows": 5}), help_text="居民会怎么搜，一行写一个。")
    phrasings = LinesField(label="居民怎么问", required=False, widget=forms.Textarea({"rows": 8}), help_text=Guide._meta.get_field("phrasings").help_text)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Guide
        fields = [
            "plain_title", "title", "answer", "aliases", "phrasings", "domain", "slug", "audience", "department", "counter_level",
            "checked_on", "is_brief", "stage", "featured", "priority", "national_code", "implementation_code",
        ]  # fmt: skip
        widgets = {"answer": forms.Textarea({"rows": 2})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        last = self.instance.revisions.defer("text").first() if self.instance.pk else None
        self.last = last
        self.initial["seen"] = last.number if last else 0
        if not self.instance.pk and self.writer:
            self.instance.district = home_district(self.writer)
        theirs = departments_of(self.writer, self.instance.district) if self.writer else []
        if theirs and "department" in self.fields:
            names = dict.fromkeys([*theirs, *filter(None, [self.instance.department])])
            self.fields["department"].widget = forms.Select(choices=[(name, name) for name in names])

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name != "seen"]

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and self.instance.status != Status.DRAFT:
            raise ValidationError(
                f"这一份现在是“{self.instance.get_status_display()}”，不能直接改。您填的还在下面，没有保存。"
                "请另开一页看看它现在的样子：等着审的先“收回来改”，发布了的点“改这一份”，再把要改的填进去。"
            )
        department = cleaned.get("department")
        if department and self.writer and not may_write(self.writer, district=self.instance.district, department=department):
            self.add_error("department", "这个部门的指南不归您管，选您管的部门。")
        if cleaned.get("stage") and cleaned.get("audience") != Audience.ENTERPRISE:
            self.add_error("stage", "个人办的事没有建设项目的阶段，这里空着；要填，办事人先选“企业”。")
        if self.last and (cleaned.get("seen") or 0) != self.last.number:
            when = timezone.localtime(self.last.at)
            raise ValidationError(
                f"{self.last.by} 在 {when:%m月%d日 %H:%M} 刚改过这条指南。您填的还在下面，没有保存。"
                "请另开一页看看新的内容，把要改的填进去。"
            )
        return cleaned


class OfficeForm(SourcedForm):
    class Meta:
        model = Office
        fields = [
            "name", "kind", "area", "code", "address", "floor", "phone", "longitude", "latitude", "step_free", "note",
            "mark", "source", "valid_for_year", "hours_are_sample",
        ]  # fmt: skip


MAX_UPLOAD = 2 * 1024 * 1024


class ImportForm(forms.Form):
    file = forms.FileField(label="YAML 文件", help_text="一个主题一个文件，UTF-8 编码，最大 2 MB。")

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_UPLOAD:
            raise ValidationError("文件太大，最大 2 MB。可以按主题分成几个文件。")
        try:
            return upload.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError("文件不是 UTF-8 编码。用记事本打开，另存为，编码选 UTF-8。") from error


class JobsImportForm(forms.Form):
    file = forms.FileField(label="Excel 文件", help_text=f".xlsx，最大 2 MB，最多{MAX_ROWS}行。", widget=forms.FileInput({"accept": ".xlsx"}))

    def clean_file(self) -> list[Line]:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_BYTES:
            raise ValidationError("文件太大，最大 2 MB。删掉图片和用不着的表，或者分成几个文件。")
        return read_jobs(upload.read())
