"""办事指南 in the admin: the list, the page on which a guide is written, and what reviewers do with it."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from guides import actions, editing, views
from guides.admin import editorial, health, history, packs, worklist
from guides.admin.parts import PARTS
from guides.admin.reviewing import name_of, unverified_parts
from guides.admin.within import NewInDistrict, ResidentsRead
from guides.departments import guides_of
from guides.districts import chosen_by, districts_of, inside, sees_all, within
from guides.document_shape import ORDER_STEP
from guides.forms_admin import GuideForm
from guides.models import Counter, Domain, Fact, Guide, Material, Statement, Status, Step
from guides.shelf import volume_now
from guides.transfer import export_domain
from guides.transfer_guides import GUIDES_KIND
from guides.viewpoint import of_district
from menpai.exchange_pages import exchange_urls

VERIFIED_PARTS = (Fact, Statement, Material, Step, Counter)


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
class GuideAdmin(NewInDistrict, admin.ModelAdmin):
    form = GuideForm
    inlines = PARTS
    change_form_template = "admin/guides/guide/change_form.html"
    change_list_template = "admin/guides/guide/change_list.html"
    list_display = ("plain_title", "slug", "department", "state", "being_written", "unverified_count", "looked_at")
    list_filter = (worklist.WorkFilter, "status", UnverifiedFilter, "domain", "audience", "counter_level")
    list_select_related = ("domain", "next_version")
    list_per_page = 50
    search_fields = ("plain_title", "title", "slug")
    search_help_text = "事项名称、大白话名称、别的叫法、代号都能搜。"
    ordering = ("domain__order", "slug")
    actions = ("still_valid_selected", "publish_selected", "withdraw_selected")
    fieldsets = (
        ("名称和回答", {"fields": ("plain_title", "answer", "is_brief", "aliases", "phrasings", "title", "seen")}),
        ("归在哪里", {"fields": (("domain", "slug"), ("audience", "counter_level"), "stage", "department", ("checked_on", "state"))}),
        ("不常用", {"classes": ("collapse",), "fields": (("featured", "priority"), ("national_code", "implementation_code"))}),
    )
    readonly_fields = ("state",)

    # The list

    def get_queryset(self, request):
        """The guides of the user's departments, without next versions; what another names as where a paper comes from is any of the district."""
        count = sum((_unverified(model) for model in VERIFIED_PARTS[1:]), _unverified(VERIFIED_PARTS[0]))
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return within(Guide.objects.order_by(*self.ordering), request.user)
        return guides_of(request.user).filter(next_of=None).annotate(unverified=count).order_by(*self.ordering)

    def get_changelist_instance(self, request):
        listed = super().get_changelist_instance(request)
        listed.result_list = list(listed.result_list)
        worklist.put_lines(listed.result_list)
        return listed

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

    @admin.display(description="正在改的")
    def being_written(self, guide):
        if guide.line is None:
            return ""
        row = guide.line.guide
        when = f"，{timezone.localtime(row.publish_at):%m月%d日 %H:%M}" if row.publish_at else ""
        said = f"{'下一版' if guide.line.is_own_row else ''}{row.get_status_display()}"
        address = reverse("admin:guides_guide_change", args=[row.pk])
        return format_html('<a href="{}"><span class="state {}">{}{}</span></a> {}', address, row.status, said, when, guide.line.writers)

    @admin.display(description="最近核对", ordering="checked_on")
    def looked_at(self, guide):
        return f"{guide.checked_on:%Y-%m-%d}" if guide.checked_on else ""

    @admin.display(description="待核实", ordering="unverified")
    def unverified_count(self, guide):
        if not guide.unverified:
            return "全部核实了"
        address = reverse("admin:guides_guide_review", args=[guide.pk])
        return format_html('<a href="{}">{}条</a>', address, guide.unverified)

    def has_publish_permission(self, request):
        return request.user.has_perm("guides.publish_guide")

    def may_edit(self, request) -> bool:
        return super().has_change_permission(request)

    def has_delete_permission(self, request, obj=None):
        """Only drafts can go: the address of what was once published explains itself for ever. A next version has its own button."""
        return super().has_delete_permission(request, obj) and (obj is None or (obj.status == Status.DRAFT and obj.next_of_id is None))

    @admin.action(description="发布选中的指南", permissions=["publish"])
    def publish_selected(self, request, queryset):
        self._each(request, queryset.exclude(status=Status.PUBLISHED), editing.approve, "已发布，居民现在就能看到。")

    @admin.action(description="撤下选中的指南", permissions=["publish"])
    def withdraw_selected(self, request, queryset):
        self._each(request, queryset.filter(status=Status.PUBLISHED), editing.withdraw, "已撤下，居民不再看到。")

    @admin.action(description="仍然有效（今天看过）", permissions=["change"])
    def still_valid_selected(self, request, queryset):
        self._each(request, queryset.filter(status=Status.PUBLISHED), editing.still_valid, "记下了：今天看过，仍然有效。")

    def _each(self, request, guides, verb, sentence):
        done = 0
        for guide in guides:
            try:
                verb(guide=guide, by=request.user)
                done += 1
            except actions.NotPossible as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            self.message_user(request, f"{done}份：{sentence}", messages.SUCCESS)

    # The page of one guide

    def get_object(self, request, object_id, from_field=None):
        if not str(object_id).isdecimal():
            raise Http404
        guide = get_object_or_404(guides_of(request.user).select_related("next_of"), pk=object_id)
        if request.method != "POST":
            return guide
        try:  # of two editors who save at the same moment the second waits, and then sees that its page is old
            return editing.hold(guide)
        except actions.NotPossible as gone:
            raise Http404 from gone

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """What may be written has its form. The rest is shown with what can be done with it; a form sent too late comes back with what was typed."""
        guide = self.open_guide(request, int(object_id) if object_id.isdecimal() else 0)
        if request.method != "POST" and (guide.status != Status.DRAFT or not self.may_edit(request)):
            return editorial.standing(request, guide, self)
        return super().change_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.writer = request.user
        return form

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
        return ("state", "slug") if obj and (obj.status != Status.DRAFT or obj.next_of_id) else ("state",)

    def render_change_form(self, request, context, *args, **kwargs):
        # Multipart carries a Chinese character in 3 bytes, the usual form in 9: a long guide stays under the limit.
        context["has_file_field"] = True
        guide = context.get("original")
        context["reading"] = health.reading_of(guide) if guide else None
        if guide:
            context["unverified"] = sum(model.objects.filter(guide=guide, verified_by="").count() for model in VERIFIED_PARTS)
            context["writers"] = editing.names_of(guide.authors)
            context["title"], context["subtitle"] = f"{'下一版' if guide.next_of_id else '草稿'}：{guide.plain_title}", None
            context["may_publish"] = self.has_publish_permission(request) and not guide.authors and guide.next_of_id is None
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        renumber(form.instance)
        editing.record_saved(guide=form.instance, by=request.user, changed=bool(form.changed_data))

    def log_change(self, request, obj, message):
        """In the history of the public guide, which outlives its next versions; a save that changed nothing is no act."""
        return message and super().log_change(request, obj.next_of or obj, message)

    def response_add(self, request, obj, post_url_continue=None):
        return self._submitted(request, obj) if "_submit" in request.POST else super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._submitted(request, obj) if "_submit" in request.POST else super().response_change(request, obj)

    def _submitted(self, request, guide):
        """保存，提交审核: what was typed is saved in any case."""
        try:
            editing.submit(guide=guide, by=request.user)
            self.message_user(request, editorial.ACTS["submit"].done, messages.SUCCESS)
        except actions.NotPossible as refusal:
            self.message_user(request, f"改的已经保存，还没有提交。{refusal}", messages.WARNING)
        return redirect("admin:guides_guide_change", guide.pk)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            *exchange_urls(GUIDES_KIND, self),
            path("export/<slug:domain>/", view(self.export_topic), name="guides_guide_export"),
            path("packs/", view(packs.packs_view), {"model_admin": self}, name="guides_guide_packs"),
            path("packs/download/", view(packs.download_view), {"model_admin": self}, name="guides_guide_packs_download"),
            path("readability/", view(health.readability_view), {"model_admin": self}, name="guides_guide_readability"),
            path("health/", view(health.list_view), {"model_admin": self}, name="guides_guide_health"),
            path("health/download/", view(health.download_view), {"model_admin": self}, name="guides_guide_health_download"),
            path("<int:pk>/preview/", view(self.preview), name="guides_guide_preview"),
            path("<int:pk>/review/", view(self.review), name="guides_guide_review"),
            *editorial.urls(self),
            *history.urls(self),
            *super().get_urls(),
        ]

    def open_guide(self, request, pk: int) -> Guide:
        """The whole guide or next version, if it is one of the user's; a 404 for somebody else's as for one that never was."""
        guide = get_object_or_404(guides_of(request.user).whole().select_related("domain", "next_of__domain"), pk=pk)
        if not self.has_view_permission(request, guide):
            raise PermissionDenied
        return guide

    def more_exports(self) -> list[tuple[str, str]]:
        """The files for those who keep the guides as text, one a topic."""
        return [(f"{domain.name}（YAML）", reverse("admin:guides_guide_export", args=[domain.slug])) for domain in Domain.objects.all()]

    def export_topic(self, request, domain):
        district = chosen_by(request.user, request.GET.get("district", ""))
        if not self.has_view_permission(request) or not district:
            raise PermissionDenied
        found = get_object_or_404(Domain, slug=domain)
        headers = {"Content-Disposition": f'attachment; filename="{found.slug}.yaml"'}
        text = export_domain(found, district, reader=request.user)
        return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)

    def preview(self, request, pk):
        """The guide as residents see it or will see it; a draft's only page."""
        guide = self.open_guide(request, pk)
        viewpoint = of_district(guide.district, elder="elder" in request.GET)
        return views.render_guide(request, volume_now(guide), viewpoint, preview=guide.status != Status.PUBLISHED)

    def review(self, request, pk):
        """Everything of a guide that nobody vouches for yet; a reviewer ticks what they checked."""
        guide = self.open_guide(request, pk)
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
        return self.render_page(request, "review.html", guide, context)

    def history_view(self, request, object_id, extra_context=None):
        return history.history(request, int(unquote(object_id)) if object_id.isdecimal() else 0, self)

    def render_page(self, request, template, guide, context):
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


@admin.register(Domain)
class DomainAdmin(ResidentsRead, admin.ModelAdmin):
    list_display = ("name", "slug", "order", "guides", "export")
    search_fields = ("name", "slug")

    def get_queryset(self, request):
        seen = inside(districts_of(request.user), "guides__district") & Q(guides__next_of=None)
        return super().get_queryset(request).annotate(count=Count("guides", filter=seen))

    def has_delete_permission(self, request, obj=None):
        """All districts share the topics: none of them takes one away from another, or learns what stands under it."""
        return super().has_delete_permission(request, obj) and sees_all(request.user)

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
