"""Plates in life for the back office: what to filter by, and what a plate's own page tells. Nothing here lists what one person did."""

from django.contrib import admin, messages
from django.db.models import Prefetch

from doorplates import actions
from doorplates.entrances import lacking
from doorplates.models import Building, CheckKind, Doorplate, PlateCheck, PlateReport
from doorplates.walk import MOST, Why, plates_with

FEWEST_SHOWN = 5
TOWNSHIP = "township"  # the parameter of admin.TownshipFilter


class WhyFilter(admin.SimpleListFilter):
    """要去看的: at most MOST plates, the most needed. Quiet ones need a chosen township: the days of a whole province are too many for a page."""

    title, parameter_name = f"要去看的（最多{MOST}块）", "visit"

    def lookups(self, request, model_admin):
        return [(why, why.label) for why in Why if why != Why.QUIET or request.GET.get(TOWNSHIP)]

    def queryset(self, request, queryset):
        if self.value() not in dict(self.lookup_choices):
            return queryset
        # The list sorts itself, so the chosen ones are named by key.
        return queryset.filter(pk__in=list(plates_with(Why(self.value()), queryset).values_list("pk", flat=True)[:MOST]))


class LackingFilter(admin.SimpleListFilter):
    title, parameter_name = "有入口没有门牌", "lacking"

    def lookups(self, request, model_admin):
        return [("yes", "有，要生成")]

    def queryset(self, request, queryset):
        return queryset.filter(pk__in=lacking(queryset.order_by()).values("pk")) if self.value() == "yes" else queryset


def times_said(report: PlateReport):
    """How often residents said it; a few could be one person, so a few are not counted out."""
    return report.count if report.count >= FEWEST_SHOWN else f"不到{FEWEST_SHOWN}次"


class _ReadOnly(admin.TabularInline):
    extra = max_num = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("doorplates.view_doorplate")


class CheckInline(_ReadOnly):
    model = PlateCheck
    fields = readonly_fields = ["on", "kind", "by"]
    verbose_name_plural = "有人去看过"


class ReportInline(_ReadOnly):
    model = PlateReport
    fields = readonly_fields = ["kind", "times", "first_on", "last_on", "settled_on"]
    verbose_name_plural = "居民说的"

    @admin.display(description="几次")
    def times(self, report):
        return times_said(report)


PLATED = Prefetch("doorplates", Doorplate.objects.active().only("building_id", "entrance"), to_attr="active_ones")  # for unplated()
FEW = 6


def unplated(building: Building) -> str:
    """The entrances of a building that have no active plate, as a column shows them."""
    plated = {plate.entrance for plate in building.active_ones}
    names = [entrance or "只有一个入口" for entrance in building.entrances or [""] if entrance not in plated]
    return "、".join(names[:FEW]) + (f"等{len(names)}个" if names[FEW:] else "")


def mark_plates(model_admin, request, plates, kind: CheckKind) -> None:
    """Record what was seen of each plate; one that ended is named, the others are done."""
    done = 0
    for plate in plates:
        try:
            actions.record_check(plate=plate, kind=kind, by=request.user.get_full_name() or request.user.get_username())
        except actions.NotPossible as refusal:
            model_admin.message_user(request, str(refusal), messages.ERROR)
            continue
        model_admin.log_change(request, plate, f"墙上：{CheckKind(kind).label}。")
        done += 1
    if done:
        model_admin.message_user(request, f"记下了 {done} 块：{CheckKind(kind).label}。", messages.SUCCESS)
