"""办事指南 in the admin: the list, the page on which a guide is written, and what reviewers do with it."""

import difflib

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from guides import actions, views
from guides.admin.parts import PARTS
from guides.admin.reviewing import name_of, unverified_parts
from guides.document_shape import ORDER_STEP
from guides.forms_admin import GuideForm
from guides.models import Counter, Domain, Fact, Guide, GuideRevision, Material, Statement, Status, Step
from guides.transfer import dump, export_domain
from guides.transfer_guides import GUIDES_KIND
from guides.viewpoint import Viewpoint
from menpai.exchange_pages import exchange_urls

VERIFIED_PARTS = (Fact, Statement, Material, Step, Counter)
REVISIONS_PER_PAGE = 20


def _unverified(model):
    rows = model.objects.filter(guide=OuterRef("pk"), verified_by="").order_by().values("guide")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


class UnverifiedFilter(admin.SimpleListFilter):
    title = "待核实"
    parameter_name = "unverified"

    def lookups(self, request, model_admin):
        return [("yes", "还有待核实的"), ("no", "全部核实了")]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.filter(unverified__gt=0)
        return queryset.filter(unverified=0) if self.value() == "no" else queryset


@admin.register(Guide)
class GuideAdmin(admin.ModelAdmin):
    form = GuideForm
    inlines = PARTS
    change_form_template = "admin/guides/guide/change_form.html"
    change_list_template = "admin/guides/guide/change_list.html"
    list_display = ("plain_title", "slug", "domain", "audience", "state", "checked_on", "unverified_count")
    list_filter = ("status", UnverifiedFilter, "domain", "audience", "counter_level")
    list_select_related = ("domain",)
    list_per_page = 50
    search_fields = ("plain_title", "title", "slug")
    search_help_text = "事项名称、大白话名称、别的叫法、代号都能搜。"
    ordering = ("domain__order", "slug")
    actions = ("publish_selected", "withdraw_selected")
    fieldsets = (
        ("名称和回答", {"fields": ("plain_title", "answer", "is_brief", "aliases", "phrasings", "title", "seen")}),
        ("归在哪里", {"fields": (("domain", "slug"), ("audience", "counter_level"), "stage", "department", ("checked_on", "state"))}),
        ("不常用", {"classes": ("collapse",), "fields": (("featured", "priority"), ("national_code", "implementation_code"))}),
    )
    readonly_fields = ("state",)

    # The list

    def get_queryset(self, request):
        count = sum((_unverified(model) for model in VERIFIED_PARTS[1:]), _unverified(VERIFIED_PARTS[0]))
        return super().get_queryset(request).annotate(unverified=count)

    def get_search_results(self, request, queryset, search_term):
        found, distinct = super().get_search_results(request, queryset, search_term)
        words = search_term.split()
        if not words:
            return found, distinct
        # The two databases store Chinese inside JSON differently, so aliases are compared here; guides are few.
        rows = Guide.objects.values_list("pk", "aliases")
        pks = [pk for pk, aliases in rows if all(any(word in alias for alias in aliases) for word in words)]
        return queryset.filter(Q(pk__in=found.order_by().values("pk")) | Q(pk__in=pks)), distinct

    @admin.display(description="状态", ordering="status")
    def state(self, guide):
        return format_html('<span class="state {}">{}</span>', guide.status, guide.get_status_display())

    @admin.display(description="待核实", ordering="unverified")
    def unverified_count(self, guide):
        if not guide.unverified:
            return "全部核实了"
        address = reverse("admin:guides_guide_review", args=[guide.pk])
        return format_html('<a href="{}">{}条</a>', address, guide.unverified)

    def has_publish_permission(self, request):
        return request.user.has_perm("guides.publish_guide")

    def has_delete_permission(self, request, obj=None):
        """Only drafts can go: the address of what was once published explains itself for ever."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Status.DRAFT)

    @admin.action(description="发布选中的指南", permissions=["publish"])
    def publish_selected(self, request, queryset):
        done = 0
        for guide in queryset.exclude(status=Status.PUBLISHED):
            try:
                actions.publish(guide=guide, by=name_of(request.user))
                done += 1
            except actions.NotPossible as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            self.message_user(request, "已发布，居民现在就能看到。", messages.SUCCESS)

    @admin.action(description="撤下选中的指南", permissions=["publish"])
    def withdraw_selected(self, request, queryset):
        for guide in queryset.filter(status=Status.PUBLISHED):
            actions.withdraw(guide=guide, by=name_of(request.user))
        self.message_user(request, "已撤下，居民不再看到。", messages.SUCCESS)

    # The page of one guide

    def get_object(self, request, object_id, from_field=None):
        if request.method == "POST" and str(object_id).isdecimal():
            # Of two editors who save at the same moment the second waits, and then sees that its page is old.
            Guide.objects.select_for_update().filter(pk=object_id).values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        reviewer = name_of(request.user) if request.user.has_perm("guides.verify_fact") else ""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        return kwargs | {"form_kwargs": inline.form_kwargs(request, obj, reviewer)}

    def get_fieldsets(self, request, obj=None):
        """The stage of a building project is asked only where there may be one: of a new guide, and of an enterprise's."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or obj.is_for_enterprise or obj.stage:
            return shown
        return [(title, part | {"fields": tuple(name for name in part["fields"] if name != "stage")}) for title, part in shown]

    def get_readonly_fields(self, request, obj=None):
        return ("state", "slug") if obj and obj.status != Status.DRAFT else ("state",)

    def render_change_form(self, request, context, *args, **kwargs):
        # Multipart carries a Chinese character in 3 bytes, the usual form in 9: a long guide stays under the limit.
        context["has_file_field"] = True
        guide = context.get("original")
        if guide:
            context["unverified"] = guide.unverified
            context["may_publish"] = self.has_publish_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        renumber(form.instance)
        actions.record_change(guide=form.instance, by=name_of(request.user))

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            *exchange_urls(GUIDES_KIND, self),
            path("export/<slug:domain>/", view(self.export_topic), name="guides_guide_export"),
            path("<int:pk>/preview/", view(self.preview), name="guides_guide_preview"),
            path("<int:pk>/publish/", view(self.publish), name="guides_guide_publish"),
            path("<int:pk>/withdraw/", view(self.withdraw), name="guides_guide_withdraw"),
            path("<int:pk>/review/", view(self.review), name="guides_guide_review"),
            path("<int:pk>/revisions/<int:number>/", view(self.revision), name="guides_guide_revision"),
            *super().get_urls(),
        ]

    def more_exports(self) -> list[tuple[str, str]]:
        """The files for those who keep the guides as text, one a topic."""
        return [(f"{domain.name}（YAML）", reverse("admin:guides_guide_export", args=[domain.slug])) for domain in Domain.objects.all()]

    def export_topic(self, request, domain):
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(Domain, slug=domain)
        headers = {"Content-Disposition": f'attachment; filename="{found.slug}.yaml"'}
        return HttpResponse(export_domain(found), content_type="application/yaml; charset=utf-8", headers=headers)

    def _guide(self, request, pk: int) -> Guide:
        guide = get_object_or_404(Guide.objects.whole(), pk=pk)
        if not self.has_view_permission(request, guide):
            raise PermissionDenied
        return guide

    def preview(self, request, pk):
        """The guide as residents see it or will see it; a draft's only page."""
        guide, viewpoint = self._guide(request, pk), Viewpoint(elder="elder" in request.GET)
        return views.render_guide(request, guide, viewpoint, preview=guide.status != Status.PUBLISHED)

    def publish(self, request, pk):
        return self._act(request, pk, actions.publish, "已发布，居民现在就能看到。")

    def withdraw(self, request, pk):
        return self._act(request, pk, actions.withdraw, "已撤下，居民不再看到。")

    def _act(self, request, pk, action, sentence):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        guide = self._guide(request, pk)
        if not self.has_publish_permission(request):
            raise PermissionDenied
        try:
            action(guide=guide, by=name_of(request.user))
            self.message_user(request, sentence, messages.SUCCESS)
        except actions.NotPossible as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        return redirect("admin:guides_guide_change", guide.pk)

    def review(self, request, pk):
        """Everything of a guide that nobody vouches for yet; a reviewer ticks what they checked."""
        guide = self._guide(request, pk)
        may_verify = request.user.has_perm("guides.verify_fact")
        groups = unverified_parts(guide)
        if request.method == "POST":
            if not may_verify:
                raise PermissionDenied
            ticked = set(request.POST.getlist("row"))
            rows = [item.row for _, items in groups for item in items if item.key in ticked]
            count = actions.verify(rows=rows, guide=guide, by=name_of(request.user))
            self.message_user(request, f"{count}条标为已核实。" if count else "没有勾选。", messages.SUCCESS if count else messages.WARNING)
            return redirect("admin:guides_guide_review", guide.pk)
        context = {"groups": groups, "may_verify": may_verify, "title": "待核实的内容"}
        return self._page(request, "review.html", guide, context)

    def history_view(self, request, object_id, extra_context=None):
        guide = self._guide(request, int(unquote(object_id)))
        page = Paginator(guide.revisions.defer("text"), REVISIONS_PER_PAGE).get_page(request.GET.get("p"))
        return self._page(request, "revisions.html", guide, {"page": page, "title": "历史版本"})

    def revision(self, request, pk, number):
        guide = self._guide(request, pk)
        revision = get_object_or_404(GuideRevision, guide=guide, number=number)
        earlier = guide.revisions.filter(number__lt=number).first()
        lines = difference(earlier, revision)
        context = {"revision": revision, "earlier": earlier, "lines": lines, "title": f"第{number}版改了什么"}
        return self._page(request, "revision.html", guide, context)

    def _page(self, request, template, guide, context):
        context = self.admin_site.each_context(request) | {"opts": self.opts, "guide": guide} | context
        return TemplateResponse(request, f"admin/guides/guide/{template}", context)


def renumber(guide: Guide) -> None:
    """Rows at 10, 20, 30 …, so that the next one finds a place between two others."""
    counts: dict = {}
    for related in ("statements", "steps", "materials", "situations", "counters"):
        rows, changed = list(getattr(guide, related).order_by("order", "id")), []
        for row in rows:
            part = (related, getattr(row, "kind", "") if related == "statements" else "")
            counts[part] = counts.get(part, 0) + ORDER_STEP
            if row.order != counts[part]:
                row.order = counts[part]
                changed.append(row)
        if changed:
            type(changed[0]).objects.bulk_update(changed, ["order"])


def difference(earlier: GuideRevision | None, later: GuideRevision) -> list[tuple[str, str]]:
    """(added | removed | same | place, line) of what changed between two revisions; the whole text for a first one."""
    before = dump([earlier.document]).splitlines() if earlier else []
    marks = {"+": "added", "-": "removed", "@": "place"}
    lines = list(difflib.unified_diff(before, dump([later.document]).splitlines(), n=1, lineterm=""))[2:]
    return [(marks.get(line[:1], "same"), line) for line in lines]


@admin.register(Domain)
class DomainAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "order", "guides", "export")
    search_fields = ("name", "slug")

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(count=Count("guides"))

    def save_model(self, request, obj, form, change):
        actions.save_topic(domain=obj)

    def get_readonly_fields(self, request, obj=None):
        return ("slug",) if obj else ()

    @admin.display(description="指南", ordering=F("count"))
    def guides(self, domain):
        return format_html('<a href="{}?domain__id__exact={}">{}条</a>', reverse("admin:guides_guide_changelist"), domain.pk, domain.count)

    @admin.display(description="导出")
    def export(self, domain):
        return format_html('<a href="{}">下载 YAML</a>', reverse("admin:guides_guide_export", args=[domain.slug]))
