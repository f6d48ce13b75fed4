"""The parts of a guide on its own page. A closed line shows what residents read; opening it shows where it comes from."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone

from guides.admin.within import OwnChoices
from guides.forms_admin import CounterForm, FactForm, MaterialForm, SituationForm, StatementForm, StepForm
from guides.models import Answer, Counter, Fact, FactField, Guide, Material, Situation, Statement, StatementKind, Step
from guides.refusals import of_month

ORIGIN = ("mark", "source", "valid_for_year")
ROWS = ("statements", "steps", "materials")


def tokens_of(guide: Guide | None) -> list[tuple[str, str]]:
    """The guide's answers as choices: who=agent, “谁去办？ 家里人代办”. Asked of the database once per guide object."""
    if guide is None or guide.pk is None:
        return []
    if not hasattr(guide, "_tokens"):
        answers = Answer.objects.filter(situation__guide=guide).select_related("situation")
        rows = answers.order_by("situation__order", "situation_id", "order", "id")
        guide._tokens = [(answer.token, f"{answer.situation.question} {answer.label}") for answer in rows]
    return guide._tokens


def used_tokens(guide: Guide) -> dict[str, str]:
    """Each answer that some row is limited to, with the text of one such row."""
    return {token: str(row) for part in ROWS for row in getattr(guide, part).all() for token in row.only_for}


class PartInline(OwnChoices, admin.StackedInline):
    """One kind of part. `title` heads it, `hint` says in a sentence what belongs here."""

    template = "admin/guides/guide/part.html"
    extra = 1
    title = hint = ""
    verifiable = True
    limited = True

    def get_fieldsets(self, request, obj=None):
        fields = list(self.part_fields)
        if self.limited and tokens_of(obj):
            fields.append("only_for")
        if self.verifiable:
            fields.append(ORIGIN)
        may_verify = self.verifiable and request.user.has_perm("guides.verify_fact")
        fields.append(("order", "verification") if may_verify else "order")
        return [(None, {"fields": fields})]

    def form_kwargs(self, request, guide: Guide, reviewer: str) -> dict:
        """What each form of this part needs to know besides its row."""
        return {"reviewer": reviewer, "tokens": tokens_of(guide)}


class StatementInline(PartInline):
    model = Statement
    form = StatementForm
    part_fields = ("text",)
    kind = ""

    def get_queryset(self, request):
        return super().get_queryset(request).filter(kind=self.kind)

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.kind = self.kind
        return formset


class StatementFormSet(BaseInlineFormSet):
    kind = ""

    def save_new(self, form, commit=True):
        form.instance.kind = self.kind
        return super().save_new(form, commit=commit)


class ConditionInline(StatementInline):
    formset = StatementFormSet
    kind = StatementKind.CONDITION
    title = "谁能办"
    verbose_name = "条件"
    hint = "一句话一个条件。"


class NoteInline(StatementInline):
    formset = StatementFormSet
    kind = StatementKind.NOTE
    title = "注意"
    verbose_name = "注意"
    hint = "容易出错的、大家常问的。"


class BasisInline(StatementInline):
    formset = StatementFormSet
    kind = StatementKind.BASIS
    title = "依据"
    verbose_name = "依据"
    hint = "法律、法规和文件的名称。"


class SituationFormSet(BaseInlineFormSet):
    """Saves the answers with their question, and keeps a question that rows still refer to."""

    def clean(self):
        super().clean()
        for form in self.deleted_forms:
            if text := form.row_in_use():
                raise ValidationError(f"“{form.instance.question}”还不能删，“{text}”只在它的情形下用。先改那一条，保存，再来删。")

    def save_new(self, form, commit=True):
        taken = set(self.instance.situations.values_list("key", flat=True))
        form.instance.key = next(key for key in ("q" + letter for letter in "abcdefghijklmnopqrstuvwxyz") if key not in taken)
        situation = super().save_new(form, commit=commit)
        form.write_answers()
        return situation

    def save_existing(self, form, obj, commit=True):
        situation = super().save_existing(form, obj, commit=commit)
        form.write_answers()
        return situation


class SituationInline(PartInline):
    model = Situation
    form = SituationForm
    formset = SituationFormSet
    part_fields = ("question", "answers")
    verifiable = limited = False
    title = "情形"
    verbose_name = "情形"
    hint = "要带的材料、要走的步骤因人而异时，先问居民一个问题。新加的回答要先保存，下面的材料和步骤才能勾选它。"

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("answers")

    def form_kwargs(self, request, guide, reviewer):
        return {"used": used_tokens(guide) if guide.pk else {}}


class MaterialInline(PartInline):
    model = Material
    form = MaterialForm
    fk_name = "guide"
    autocomplete_fields = ("issued_by",)
    part_fields = ("name", ("is_identity_document", "form", "copies", "later"), ("issuer", "issued_by"), "how")
    title = "要带什么"
    verbose_name = "材料"
    hint = "一样材料一条。身份证、户口簿这些勾上“必备证件”，会单独显示。"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("issued_by")

    def form_kwargs(self, request, guide, reviewer):
        return super().form_kwargs(request, guide, reviewer) | {"refused": of_month(guide.next_of or guide, timezone.localdate()) if guide.pk else {}}


class StepInline(PartInline):
    model = Step
    form = StepForm
    part_fields = ("text",)
    title = "怎么办"
    verbose_name = "步骤"
    hint = "一步一条，按先后排。"


class CounterInline(PartInline):
    model = Counter
    form = CounterForm
    autocomplete_fields = ("office",)
    part_fields = ("kind", "office", "note")
    limited = False
    title = "去哪办"
    verbose_name = "地方"
    hint = "离居民最近的排在前面。"

    def form_kwargs(self, request, guide, reviewer):
        return {"reviewer": reviewer}


class FactFormSet(BaseInlineFormSet):
    """One form for each field whose origin is kept, filled or not. Saving writes the values into the guide."""

    def __init__(self, *args, instance=None, **kwargs):
        known = set(instance.facts.values_list("field", flat=True)) if instance.pk else set()
        missing = [{"field": field} for field in FactField.values if field not in known]
        super().__init__(*args, instance=instance, initial=missing, **kwargs)
        self.extra = len(missing)
        self.form_kwargs["guide"] = instance

    def save(self, commit=True):
        saved = super().save(commit=commit)
        for form in self.forms:
            if not form.has_changed():
                continue
            form.apply_to(self.instance)
            if form.instance.pk and not form.is_known() and not form.cleaned_data.get("note"):
                form.instance.delete()
        self.instance.save()
        return saved


class FactInline(PartInline):
    model = Fact
    form = FactForm
    formset = FactFormSet
    template = "admin/guides/guide/facts.html"
    can_delete = False
    max_num = len(FactField)
    part_fields = ("field", "note")
    limited = False
    title = "多久、多少钱、网上、代办"
    hint = "不知道的就空着，页面会请居民打12345。清空一项，它的出处也一起清掉。"

    def get_fieldsets(self, request, obj=None):
        fields = ["field", "note", ORIGIN]
        if request.user.has_perm("guides.verify_fact"):
            fields.append("verification")
        return [(None, {"fields": fields})]

    def form_kwargs(self, request, guide, reviewer):
        return {"reviewer": reviewer}


PARTS = [
    ConditionInline, SituationInline, MaterialInline, StepInline, CounterInline, FactInline, NoteInline, BasisInline,
]  # fmt: skip
