"""区划, 办理地点 and 特殊日子 in the admin."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from guides.admin.reviewing import name_of
from guides.admin.within import DistrictRows, ResidentsRead
from guides.area_codes import code_problem, parent_code
from guides.forms_admin import OfficeForm
from guides.models import Area, District, Office, OfficeHours, SpecialDay
from guides.transfer_areas import AREAS
from guides.transfer_offices import OFFICES
from menpai.exchange_pages import exchange_urls


class AreaForm(forms.ModelForm):
    class Meta:
        model = Area
        fields = ["code", "name", "level", "parent", "contact_name", "contact_phone"]

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and "code" not in self.fields:
            return cleaned
        code, level, parent = cleaned.get("code", ""), cleaned.get("level", ""), cleaned.get("parent")
        if code and level and (problem := code_problem(code, level)):
            raise ValidationError({"code": problem})
        if code and level and (parent.pk if parent else "") != (expected := parent_code(code, level)):
            raise ValidationError({"parent": f"上级应该是 {expected}。" if expected else "区（县）的上级空着。"})
        return cleaned


@admin.register(Area)
class AreaAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    district_path = "code"
    form = AreaForm
    change_list_template = "admin/exchange/change_list.html"
    list_display = ("name", "level", "parent", "contact_name", "contact_phone", "code")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    search_help_text = "名称或者区划代码。"
    autocomplete_fields = ("parent",)
    fieldsets = (
        ("帮办联系人（居民看得到）", {"fields": (("contact_name", "contact_phone"),)}),
        ("区划", {"fields": ("name", ("code", "level"), "parent")}),
    )

    def get_readonly_fields(self, request, obj=None):
        """A code is printed, linked and prefixed everywhere: once given, an area keeps its place."""
        return ("code", "level", "parent") if obj else ()

    def get_urls(self):
        return [*exchange_urls(AREAS, self), *super().get_urls()]


@admin.register(District)
class DistrictAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    """What stands in header, footer and print of a district's pages. A new district comes by `init_district`, with its areas and people."""

    district_path = "area__code"
    list_display = ("area", "site_name", "organiser", "hotline")
    list_select_related = ("area",)
    fieldsets = (
        (None, {"fields": ("area", "site_name", "organiser", "hotline")}),
        ("页脚的备案和标识", {"fields": ("icp", "police_record", "site_identifier"), "description": "有了再填，空着就不显示。改了马上就换成新的。"}),
    )  # fmt: skip

    def get_readonly_fields(self, request, obj=None):
        return ("area",) if obj else ()

    def has_delete_permission(self, request, obj=None):
        return False


class HoursInline(admin.TabularInline):
    model = OfficeHours
    extra = 1


@admin.register(Office)
class OfficeAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    district_path = "area__code"
    form = OfficeForm
    change_list_template = "admin/exchange/change_list.html"
    inlines = [HoursInline]
    list_display = ("name", "kind", "area", "phone", "address", "located", "hours_are", "checked")
    list_filter = ("kind", "hours_are_sample")
    list_select_related = ("area",)
    search_fields = ("name", "code", "address", "area__name")
    autocomplete_fields = ("area",)
    list_per_page = 50

    def get_fieldsets(self, request, obj=None):
        origin = [("mark", "source", "valid_for_year"), "checked"]
        if request.user.has_perm("guides.verify_fact"):
            origin.append("verification")
        return (
            (None, {"fields": ("name", ("kind", "area"), "code")}),
            ("怎么找到", {"fields": ("address", "floor", "phone", "step_free", "note")}),
            ("坐标（高德、腾讯地图的）", {"fields": (("longitude", "latitude"),), "description": "核对过再填；填了，居民才看得到导航。"}),
            ("出处和核实", {"fields": origin}),
            ("时间是不是示例", {"fields": ("hours_are_sample",)}),
        )

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        name = name_of(request.user) if request.user.has_perm("guides.verify_fact") else ""

        class ForThisUser(form):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, reviewer=name, **kwargs)

        return ForThisUser

    def get_readonly_fields(self, request, obj=None):
        return ("checked", "code") if obj else ("checked",)

    def get_urls(self):
        return [*exchange_urls(OFFICES, self), *super().get_urls()]

    @admin.display(description="坐标", ordering="longitude")
    def located(self, office):
        return "-" if office.longitude is None else "有"

    @admin.display(description="办公时间", ordering="hours_are_sample")
    def hours_are(self, office):
        return "示例" if office.hours_are_sample else "真的"

    @admin.display(description="核实", ordering="verified_on")
    def checked(self, office):
        if office.is_verified:
            return format_html('<span class="state published">已核实</span> {} {}', office.verified_by, office.verified_on)
        return format_html('<span class="state draft">{}</span>', "待核实")


@admin.register(SpecialDay)
class SpecialDayAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    district_path, empty_is_own = "area__code", True
    list_display = ("date", "name", "is_open", "where")
    list_filter = ("is_open",)
    list_select_related = ("area",)
    autocomplete_fields = ("area",)
    date_hierarchy = "date"

    @admin.display(description="范围")
    def where(self, day):
        return day.area.short_name if day.area else "全部"
