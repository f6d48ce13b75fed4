"""居民报的门牌问题 and 门牌覆盖 in the back office. Registered from doorplates.admin, whose filters and questions they share."""

from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from doorplates.admin import CommunityFilter, TownshipFilter, _link, replace_plates
from doorplates.admin_parts import mark_plates, times_said
from doorplates.entrances import count_entrances
from doorplates.models import CheckKind, Coverage, Doorplate, PlateReport
from guides.districts import within
from guides.models import Level
from menpai.back_office import LookOnly, Todo


class SettledFilter(admin.SimpleListFilter):
    """Open ones unless something else is asked for: that is what the list is opened for."""

    title, parameter_name = "处理了没有", "settled"

    def lookups(self, request, model_admin):
        return [("yes", "处理过的"), ("all", "全部")]

    def choices(self, changelist):
        yield {"selected": self.value() is None, "query_string": changelist.get_query_string(remove=[self.parameter_name]), "display": "还没处理"}
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request, queryset):
        return {"yes": queryset.exclude(settled_on=None), "all": queryset}.get(self.value(), queryset.filter(settled_on=None))


class _TownshipOfReport(TownshipFilter):
    def queryset(self, request, queryset):
        return queryset.filter(doorplate__building__community__code__startswith=self.value()[:9]) if self.value() else queryset


class _CommunityOfReport(CommunityFilter):
    def queryset(self, request, queryset):
        return queryset.filter(doorplate__building__community_id=self.value()) if self.value() else queryset


class _ToRead(LookOnly, admin.ModelAdmin):
    """A list for whoever may see plates; nothing is added, typed over or deleted."""

    list_display_links = None

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("doorplates.view_doorplate")

    def has_module_permission(self, request):
        return self.has_view_permission(request)


@admin.register(PlateReport)
class PlateReportAdmin(_ToRead):
    actions = ["looked", "renewed", "removed", "replace"]
    list_display = ["where", "number", "community", "kind", "times", "last_on", "seen", "settled_on"]
    list_filter = [SettledFilter, "kind", _TownshipOfReport, _CommunityOfReport]
    list_select_related = ["doorplate__building__community"]
    list_per_page = 50

    def get_queryset(self, request):
        return within(super().get_queryset(request), request.user, "doorplate__building__community__code")

    def has_end_permission(self, request):
        return request.user.has_perm("doorplates.change_doorplate")

    @admin.display(description="位置", ordering="doorplate__building")
    def where(self, report):
        return report.doorplate.place

    @admin.display(description="门牌编号", ordering="doorplate__code")
    def number(self, report):
        return _link(report.doorplate, report.doorplate.spoken_code)

    @admin.display(description="村（社区）", ordering="doorplate__building__community_id")
    def community(self, report):
        return report.doorplate.building.community

    @admin.display(description="几次", ordering="count")
    def times(self, report):
        return times_said(report)

    @admin.display(description="墙上的情况", ordering="doorplate__condition")
    def seen(self, report):
        return report.doorplate.get_condition_display()

    @admin.action(description="看过，没问题", permissions=["end"])
    def looked(self, request, queryset):
        mark_plates(self, request, _plates_of(queryset), CheckKind.CHECKED)

    @admin.action(description="换了（新的贴上了）", permissions=["end"])
    def renewed(self, request, queryset):
        mark_plates(self, request, _plates_of(queryset), CheckKind.INSTALLED)

    @admin.action(description="拿掉了", permissions=["end"])
    def removed(self, request, queryset):
        mark_plates(self, request, _plates_of(queryset), CheckKind.GONE)

    @admin.action(description="发新编号更换", permissions=["end"])
    def replace(self, request, queryset):
        return replace_plates(self, request, _plates_of(queryset))


def _plates_of(reports):
    return Doorplate.objects.filter(pk__in=reports.values("doorplate")).select_related("building__community").order_by("building_id", "entrance", "pk")


class _TownshipOfCommunity(TownshipFilter):
    def queryset(self, request, queryset):
        return queryset.filter(code__startswith=self.value()[:9]) if self.value() else queryset


@admin.register(Coverage)
class CoverageAdmin(_ToRead):
    """Community by community in the order of their codes, the entrances without a plate a click away from “生成门牌”."""

    list_display = ["name", "township", "entrances", "plated", "missing", "hanging", "troubled"]
    list_filter = [_TownshipOfCommunity]
    list_select_related = ["parent"]
    list_per_page = 50
    search_fields = ["name"]
    sortable_by = []

    def get_queryset(self, request):
        return within(super().get_queryset(request).filter(level=Level.COMMUNITY), request.user, "code")

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        changelist.result_list = count_entrances(changelist.result_list)  # of the page only
        return changelist

    @admin.display(description="乡镇（街道）")
    def township(self, area):
        return area.parent

    @admin.display(description="入口")
    def entrances(self, area):
        return area.entrances

    @admin.display(description="有门牌")
    def plated(self, area):
        return area.plated

    @admin.display(description="还没有")
    def missing(self, area):
        return _to_list(area, "building", f"{area.missing}（去生成）", lacking="yes") if area.missing else "—"

    @admin.display(description="看见贴着")
    def hanging(self, area):
        return area.hanging

    @admin.display(description="有问题")
    def troubled(self, area):
        return _to_list(area, "doorplate", area.troubled) if area.troubled else "—"


def _to_list(area, model: str, words, **more):
    query = urlencode({"township": area.parent_id, "village": area.pk, **more})
    return format_html('<a href="{}?{}">{}</a>', reverse(f"admin:doorplates_{model}_changelist"), query, words)


def waiting(user) -> list[Todo]:
    if not user.has_perm("doorplates.change_doorplate"):
        return []
    count = within(PlateReport.objects.filter(settled_on=None), user, "doorplate__building__community__code").count()
    return [Todo(count, "处门牌居民说有问题", reverse("admin:doorplates_platereport_changelist"))]


admin.site.todos.append(waiting)
