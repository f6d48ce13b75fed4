"""Buildings and plates in the bureau's back office. Plates are read here; only doorplates.actions changes them."""

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from doorplates import actions, codes
from doorplates.admin_output import SHOWN, export_plates, print_plates
from doorplates.admin_output import answer as _answer
from doorplates.admin_output import ask as _ask
from doorplates.admin_parts import PLATED, CheckInline, LackingFilter, ReportInline, WhyFilter, mark_plates, unplated
from doorplates.forms import BuildingForm, CheckForm, ReasonForm
from doorplates.models import Building, CheckKind, Doorplate, PlateState, Scan, ScanDay
from doorplates.qr import plate_url
from doorplates.transfer import BUILDINGS
from guides.admin.within import DistrictRows, ResidentsRead
from guides.districts import within
from guides.models import Area, Level
from menpai.back_office import LookOnly
from menpai.exchange_pages import exchange_urls
from menpai.small_cells import SMALLEST

BUILDINGS_PER_REQUEST = 1000
FEWEST_SHOWN = SMALLEST


class TownshipFilter(admin.SimpleListFilter):
    title, parameter_name = "乡镇（街道）", "township"

    def lookups(self, request, model_admin):
        return [(area.code, area.name) for area in within(Area.objects.filter(level=Level.TOWNSHIP), request.user, "code")]

    def queryset(self, request, queryset):
        path = "community" if queryset.model is Building else "building__community"
        return queryset.filter(**{f"{path}__code__startswith": self.value()[:9]}) if self.value() else queryset


class CommunityFilter(admin.SimpleListFilter):
    """Offered once a township is chosen: the communities of a whole province make no list."""

    title, parameter_name = "村（社区）", "village"

    def lookups(self, request, model_admin):
        township = request.GET.get(TownshipFilter.parameter_name)
        return [(area.code, area.short_name) for area in within(Area.objects.filter(parent=township), request.user, "code")] if township else []

    def queryset(self, request, queryset):
        path = "community_id" if queryset.model is Building else "building__community_id"
        return queryset.filter(**{path: self.value()}) if self.value() else queryset


def _link(plate, text):
    return format_html('<a href="{}">{}</a>', reverse("admin:doorplates_doorplate_change", args=[plate.pk]), text)


class PlateInline(admin.TabularInline):
    """The plates of a building, to read and to go to."""

    model = Doorplate
    fields = readonly_fields = ["number", "entrance", "state", "issued_at", "ended_at", "end_reason"]
    extra = max_num = 0
    can_delete = False
    verbose_name_plural = "门牌"

    @admin.display(description="编号")
    def number(self, plate):
        return _link(plate, plate.spoken_code)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("building")

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Building)
class BuildingAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    district_path = "community__code"
    form = BuildingForm
    change_list_template = "admin/exchange/change_list.html"
    inlines = [PlateInline]
    actions = ["generate", "print_sheets", "export"]
    list_display = ["__str__", "community", "entrance_count", "active_count", "missing", "is_sample"]
    list_filter = [LackingFilter, TownshipFilter, CommunityFilter, "is_sample"]
    list_select_related = ["community"]
    list_per_page = 50
    search_fields = ["estate", "name", "community__name", "standard_address_code"]
    search_help_text = "按小区、楼栋、村（社区）名称查"

    def get_queryset(self, request):
        active = Q(doorplates__state=PlateState.ACTIVE)
        return super().get_queryset(request).annotate(active_plates=Count("doorplates", filter=active)).prefetch_related(PLATED)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "community":
            field.queryset = field.queryset.select_related("parent")
            field.label_from_instance = lambda area: f"{area.parent} · {area}" if area.parent else str(area)
            # Areas come from the official list, not from the form of a building.
            widget = field.widget
            widget.can_add_related = widget.can_change_related = widget.can_delete_related = False
        return field

    def get_urls(self):
        return [*exchange_urls(BUILDINGS, self), *super().get_urls()]

    @admin.display(description="入口")
    def entrance_count(self, building):
        return len(building.entrances) or 1

    @admin.display(description="有效门牌", ordering="active_plates")
    def active_count(self, building):
        plates = f"{reverse('admin:doorplates_doorplate_changelist')}?building__id__exact={building.pk}"
        return format_html('<a href="{}">{}</a>', plates, building.active_plates)

    @admin.display(description="还没有门牌的入口")
    def missing(self, building):
        return unplated(building)

    def has_generate_permission(self, request):
        return request.user.has_perm("doorplates.add_doorplate")

    @admin.action(description="给选中的楼栋生成门牌", permissions=["generate"])
    def generate(self, request, queryset):
        if (count := queryset.count()) > BUILDINGS_PER_REQUEST:
            reason = f"选中的有 {count} 栋楼，网页上一次最多 {BUILDINGS_PER_REQUEST} 栋。请少选一些，或者请管理员在服务器上运行："
            return self.message_user(request, f"{reason}python manage.py generate_doorplates --area 区划代码", messages.WARNING)
        try:
            plates = actions.issue_plates(queryset, by=request.user.get_username())
        except actions.NotPossible as refusal:
            return self.message_user(request, str(refusal), messages.ERROR)
        LogEntry.objects.log_actions(request.user.pk, plates, ADDITION, "生成门牌。")
        if plates:
            done = f"新发了 {len(plates)} 块门牌。再选中这些楼栋，用“打印门牌（PDF）”打印。"
            self.message_user(request, done, messages.SUCCESS)
        else:
            self.message_user(request, "选中的楼栋每个入口都已经有门牌，没有新发。")
        return None

    @admin.action(description="打印门牌（PDF）", permissions=["view"])
    def print_sheets(self, request, queryset):
        return print_plates(self, request, Doorplate.objects.filter(building__in=queryset.values("pk")))

    @admin.action(description="导出门牌给印刷厂（ZIP）", permissions=["view"])
    def export(self, request, queryset):
        return export_plates(self, request, Doorplate.objects.filter(building__in=queryset.values("pk")))


@admin.register(Doorplate)
class DoorplateAdmin(LookOnly, DistrictRows, admin.ModelAdmin):
    district_path = "building__community__code"
    actions = ["print_sheets", "export", "mark", "replace", "revoke"]
    inlines = [ReportInline, CheckInline]
    list_display = ["number", "community", "where", "state", "condition", "scan_total", "is_sample"]
    list_filter = [WhyFilter, "state", "condition", TownshipFilter, CommunityFilter, "building__is_sample"]
    list_select_related = ["building__community"]
    list_per_page = 50
    date_hierarchy = "issued_at"
    search_fields = ["code", "building__estate", "building__name"]
    search_help_text = "按门牌编号、小区、楼栋查"
    fields = readonly_fields = [
        "number",
        "community",
        "where",
        "state",
        "condition",
        "installed_on",
        "checked_on",
        "issued_at",
        "ended_at",
        "end_reason",
        "leads_to",
        "scan_total",
        "preview",
    ]

    def get_queryset(self, request):
        scans = Scan.objects.filter(doorplate=OuterRef("pk"), rolled=False).order_by().values("doorplate").annotate(total=Count("pk"))
        days = ScanDay.objects.filter(doorplate=OuterRef("pk")).order_by().values("doorplate").annotate(total=Sum("count"))
        plates = super().get_queryset(request).select_related("building__community", "successor__building")
        return plates.annotate(scan_count=Coalesce(Subquery(scans.values("total")), 0) + Coalesce(Subquery(days.values("total")), 0))

    def get_search_results(self, request, queryset, search_term):
        code = codes.normalise(search_term)
        if codes.is_valid(code):
            return queryset.filter(code=code), False
        return super().get_search_results(request, queryset, search_term)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "check_kinds": CheckKind.choices})

    def view_on_site(self, plate):
        return reverse("doorplates:plate", args=[plate.code])

    def has_end_permission(self, request):
        return request.user.has_perm("doorplates.change_doorplate")

    @admin.display(description="门牌编号", ordering="code")
    def number(self, plate):
        return plate.spoken_code.replace(" ", "\N{NO-BREAK SPACE}")

    @admin.display(description="村（社区）", ordering="building__community_id")
    def community(self, plate):
        return plate.building.community

    @admin.display(description="位置", ordering=F("building_id"))
    def where(self, plate):
        return plate.place

    @admin.display(description="示例", boolean=True)
    def is_sample(self, plate):
        return plate.building.is_sample

    @admin.display(description="扫码次数", ordering="scan_count")
    def scan_total(self, plate):
        return plate.scan_count if not 0 < plate.scan_count < FEWEST_SHOWN else f"不到{FEWEST_SHOWN}次"

    @admin.display(description="换成")
    def leads_to(self, plate):
        if not plate.successor:
            return "—"
        return _link(plate.successor, plate.successor)

    @admin.display(description="二维码")
    def preview(self, plate):
        context = {"plate": plate, "url": plate_url(plate), "path": self.view_on_site(plate)}
        return render_to_string("admin/doorplates/preview.html", context)

    @admin.action(description="打印门牌（PDF）", permissions=["view"])
    def print_sheets(self, request, queryset):
        return print_plates(self, request, Doorplate.objects.filter(pk__in=queryset.values("pk")))

    @admin.action(description="导出门牌给印刷厂（ZIP）", permissions=["view"])
    def export(self, request, queryset):
        return export_plates(self, request, Doorplate.objects.filter(pk__in=queryset.values("pk")))

    @admin.action(description="作废选中的门牌", permissions=["end"])
    def revoke(self, request, queryset):
        form, plates = ReasonForm(_answer(request)), list(queryset)
        if not form.is_valid():
            return _ask(
                self,
                request,
                form,
                plates,
                title="作废门牌",
                action="revoke",
                button="作废",
                explanation="作废以后，扫这些码会看到“已作废”，编号不再使用，也不能恢复。只是旧了、破了，请用“更换”。",
            )
        done = _end_each(self, request, plates, actions.revoke, form.cleaned_data["reason"])
        for plate, _ in done:
            self.log_change(request, plate, f"作废：{plate.end_reason}")
        if done:
            self.message_user(request, f"作废了 {len(done)} 块门牌。请把墙上的也取下来。", messages.SUCCESS)
        return None

    @admin.action(description="更换选中的门牌", permissions=["end"])
    def replace(self, request, queryset):
        return replace_plates(self, request, queryset)

    @admin.action(description="记下墙上的情况", permissions=["end"])
    def mark(self, request, queryset):
        form, plates = CheckForm(_answer(request)), list(queryset)
        if form.is_valid():
            return mark_plates(self, request, plates, form.cleaned_data["kind"])
        words = "只记是哪天看的，不用照片。贴错了地方的，能挪就挪回原处，再记“贴上了”。"
        return _ask(self, request, form, plates, title="记下墙上的情况", action="mark", button="记下", explanation=words)


def replace_plates(model_admin, request, queryset):
    """Ask why, then give each plate a successor and say where to print them. Also the answer to what residents reported."""
    form, plates = ReasonForm(_answer(request)), list(queryset)
    if not form.is_valid():
        words = "同一个入口会得到一个新编号；扫旧码的人会被带到新门牌。只是要重印一张，不用更换，直接打印就行。"
        return _ask(model_admin, request, form, plates, title="更换门牌", action="replace", button="更换", explanation=words)
    done = _end_each(model_admin, request, plates, actions.replace, form.cleaned_data["reason"])
    for plate, successor in done:
        model_admin.log_change(request, plate, f"更换为 {successor.spoken_code}：{plate.end_reason}")
        model_admin.log_addition(request, successor, f"接替 {plate.spoken_code}。")
    if done:
        numbers = "、".join(successor.spoken_code for _, successor in done[:SHOWN])
        keys = ",".join(str(successor.pk) for _, successor in done)
        new = f"{reverse('admin:doorplates_doorplate_changelist')}?id__in={keys}"
        told = format_html('更换了 {} 块门牌，新编号：{}。<a href="{}">选中新门牌，打印出来贴上</a>。旧的取下来。', len(done), numbers, new)
        model_admin.message_user(request, told, messages.SUCCESS)
    return None


def _end_each(model_admin, request, plates, verb, reason):
    """Each plate on its own: one that had ended is named, the others are done. Returns (plate, what the verb returned)."""
    done = []
    for plate in plates:
        try:
            done.append((plate, verb(plate, by=request.user.get_username(), reason=reason)))
        except actions.NotPossible as refusal:
            model_admin.message_user(request, str(refusal), messages.ERROR)
    return done


from doorplates import admin_walls  # noqa: E402, F401 - registers what residents report and the coverage; it stands on this module
