"""没搜到的 and 同义词 in the admin: what people could not find becomes, by one tap, something they find."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Value, When
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html

from guides import actions
from guides.admin.reviewing import name_of
from guides.admin.within import DistrictRows
from guides.forms_wording import DraftForm, GuideForm, MissForm, SynonymActForm, SynonymForm
from guides.models import Guide, MissState, SearchMiss, Synonym
from guides.search import search
from guides.transfer_synonyms import SYNONYMS
from menpai.exchange_pages import exchange_urls

HITS = 4  # of the guides that come nearest, as many as an editor takes in at a glance


@admin.register(Synonym)
class SynonymAdmin(admin.ModelAdmin):
    form = SynonymForm
    change_list_template = "admin/exchange/change_list.html"
    list_display = ("shown",)
    list_per_page = 100
    search_fields = ("id",)  # the box; what it finds is decided below
    search_help_text = "一组里的哪个词都能搜。"

    @admin.display(description="一个意思的词")
    def shown(self, synonym):
        return str(synonym)

    def get_search_results(self, request, queryset, search_term):
        # The two databases store Chinese inside JSON differently, so words are compared here; groups are few.
        parts = search_term.split()
        rows = Synonym.objects.values_list("pk", "words")
        return queryset.filter(pk__in=[pk for pk, words in rows if all(any(part in word for word in words) for part in parts)]), False

    def save_model(self, request, obj, form, change):
        actions.save_synonym(synonym=obj)

    def delete_model(self, request, obj):
        actions.delete_synonyms(synonyms=Synonym.objects.filter(pk=obj.pk))

    def delete_queryset(self, request, queryset):
        actions.delete_synonyms(synonyms=queryset)

    def get_urls(self):
        return [*exchange_urls(SYNONYMS, self), *super().get_urls()]


@dataclass(frozen=True)
class Act:
    """One tap on a miss: its form, its verb (miss, by, data), what else the editor must be allowed, and what is said when it is done."""

    form: type[MissForm]
    verb: Callable
    needs: str
    done: str


ACTS = {
    "alias": Act(GuideForm, lambda m, by, data: actions.add_alias(miss=m, by=by, **data), "guides.change_guide", "加成了“{guide}”的别的叫法。"),
    "phrasing": Act(GuideForm, lambda m, by, data: actions.add_phrasing(miss=m, by=by, **data), "guides.change_guide", "加成了“{guide}”的问法。"),
    "synonym": Act(SynonymActForm, lambda m, by, data: actions.add_synonym(miss=m, by=by, **data), "guides.change_synonym", "“{word}”加成了同义词。"),
    "draft": Act(DraftForm, lambda m, by, data: actions.start_guide(miss=m, by=by, **data), "guides.add_guide", "建了草稿。写好以后请审核发布，居民才看得到。"),
    "drop": Act(MissForm, lambda m, by, data: actions.drop_miss(miss=m, by=by), "guides.change_searchmiss", "记下了，不用管。"),
}


@admin.register(SearchMiss)
class SearchMissAdmin(DistrictRows, admin.ModelAdmin):
    """The list by frequency, open ones first. Nothing is typed in or deleted here: rows come from searches and go by their age."""

    change_list_template = "admin/guides/searchmiss/change_list.html"
    list_display = ("text", "count", "last_on", "shown_state", "guide", "handled_by")
    list_filter = ("state", "last_on")
    list_select_related = ("guide",)
    list_per_page = 50
    search_fields = ("text",)
    actions = ("drop_selected", "match_selected")

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_ordering(self, request):
        return (Case(When(state=MissState.OPEN, then=Value(0)), default=Value(1)).asc(), "-count", "-last_on", "text")

    @admin.display(description="怎么处理的", ordering="state")
    def shown_state(self, miss):
        kind = {MissState.OPEN: "draft", MissState.DROPPED: "withdrawn"}.get(miss.state, "published")
        return format_html('<span class="state {}">{}</span>', kind, miss.get_state_display())

    # The list

    @admin.action(description="不用管", permissions=["change"])
    def drop_selected(self, request, queryset):
        done = sum(self._do(request, "drop", miss, {}) for miss in queryset)
        self.message_user(request, f"{done}条记成不用管。", messages.SUCCESS if done else messages.WARNING)

    @admin.action(description="加成最像的指南的别的叫法（先看一眼）", permissions=["change"])
    def match_selected(self, request, queryset):
        """First shows what each would be added to; the same action with `confirm` adds those that were ticked."""
        if not request.user.has_perm(ACTS["alias"].needs):
            raise PermissionDenied
        rows = queryset.filter(state=MissState.OPEN)
        if "confirm" not in request.POST:
            shown = [(miss, best_guides(miss)) for miss in rows]
            context = self.admin_site.each_context(request) | {"opts": self.opts, "rows": shown, "title": "加成最像的指南的别的叫法"}
            return TemplateResponse(request, "admin/guides/searchmiss/match.html", context)
        done = 0
        for miss in rows:
            form = GuideForm({"guide": request.POST.get(f"guide-{miss.pk}", "")}, act="alias", miss=miss, user=request.user)
            done += form.is_valid() and self._do(request, "alias", miss, form.cleaned_data)
        self.message_user(request, f"{done}条加成了别的叫法。", messages.SUCCESS if done else messages.WARNING)
        return None

    def _do(self, request, act: str, miss: SearchMiss, data: dict) -> bool:
        """The verb, its entry in the log, or the sentence of its refusal."""
        try:
            ACTS[act].verb(miss, name_of(request.user), data | ({"author": request.user.pk} if act == "draft" else {}))
        except actions.NotPossible as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return False
        self.log_change(request, miss, ACTS[act].done.format(**data))
        return True

    # The page of one miss

    def change_view(self, request, object_id, form_url="", extra_context=None):
        miss = self.get_object(request, unquote(object_id))
        if miss is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, miss):
            raise PermissionDenied
        return self._act(request, miss) if request.method == "POST" else self._page(request, miss)

    def _act(self, request, miss):
        name = request.POST.get("act", "")
        act = ACTS.get(name)
        if act is None or not self.has_change_permission(request, miss) or not request.user.has_perm(act.needs):
            raise PermissionDenied
        form = act.form(request.POST, act=name, miss=miss, user=request.user)
        if not form.is_valid():
            return self._page(request, miss, refused=form, refused_act=name)
        try:
            done = self._do(request, name, miss, form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
            miss.refresh_from_db()  # the verb took nothing off the list after all
            return self._page(request, miss, refused=form, refused_act=name)
        if done:
            self.message_user(request, act.done.format(**form.cleaned_data), messages.SUCCESS)
        if done and name == "draft":
            return redirect("admin:guides_guide_change", miss.guide_id)
        return redirect("admin:guides_searchmiss_changelist")

    def _page(self, request, miss, *, refused: MissForm | None = None, refused_act: str = ""):
        may = {name for name, act in ACTS.items() if request.user.has_perm(act.needs)} if self.has_change_permission(request, miss) else set()
        forms = {name: ACTS[name].form(act=name, miss=miss, user=request.user) for name in may if miss.state == MissState.OPEN}
        if refused is not None:
            forms["alias" if refused_act == "phrasing" else refused_act] = refused  # two buttons, one form
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "miss": miss, "forms": forms, "hits": best_guides(miss), "title": f"没搜到的：{miss}",
            "media": SynonymActForm(act="synonym", miss=miss, user=request.user).media, "refused": refused,
        }  # fmt: skip
        return TemplateResponse(request, "admin/guides/searchmiss/handle.html", context)


def best_guides(miss: SearchMiss) -> list[tuple[Guide, str]]:
    """The guides of its district that search finds for the words now, best first, each with why."""
    hits = search(miss.text, limit=HITS, district=miss.district).hits
    guides = {guide.slug: guide for guide in Guide.objects.filter(district=miss.district, slug__in=[hit.slug for hit in hits])}
    return [(guides[hit.slug], hit.why) for hit in hits if hit.slug in guides]
