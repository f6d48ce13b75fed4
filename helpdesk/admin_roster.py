"""Who steps in and who is away: agreed neighbours, market days, days off. In that order an administrator sets up a village."""

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from guides.admin.within import DistrictRows, OwnChoices
from guides.districts import sees_all
from guides.models import Level
from helpdesk.actions import staff_name
from helpdesk.models import Absence, Cover, MarketDay, MarketRule
from helpdesk.people import accounts_within


class CommunityForm(forms.ModelForm):
    """Only communities are offered, in all fields that name an area."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in {"area", "neighbour"} & self.fields.keys():
            self.fields[name].queryset = self.fields[name].queryset.filter(level=Level.COMMUNITY)


class CoverForm(CommunityForm):
    def clean(self):
        area, neighbour = self.cleaned_data.get("area"), self.cleaned_data.get("neighbour")
        if area and neighbour and area.code[:6] != neighbour.code[:6]:
            self.add_error("neighbour", ValidationError("只能找同一个区（县）的。"))
        return super().clean()


class MarketDayForm(CommunityForm):
    def clean(self):
        digits = self.cleaned_data.get("digits") or ""
        if self.cleaned_data.get("rule") == MarketRule.WEEKDAY and not set(digits) <= set("1234567"):
            self.add_error("digits", ValidationError("星期几写 1 到 7，7是星期日。"))
        return super().clean()


@admin.register(Cover)
class CoverAdmin(DistrictRows, admin.ModelAdmin):
    district_path = "area__code"
    form = CoverForm
    list_display = ("area", "neighbour", "order")
    list_editable = ("order",)
    list_select_related = ("area", "neighbour")
    search_fields = ("area__name", "neighbour__name", "area__code")
    search_help_text = "村（社区）的名称或者区划代码。"
    autocomplete_fields = ("area", "neighbour")
    fieldsets = (
        (None, {"fields": ("area", "neighbour", "order"),
                "description": "自己的人都不在，才请邻村的。结了对的按先后一个一个来；一个都没填的，同一个乡镇（街道）的村（社区）都能来接。"}),
    )  # fmt: skip


@admin.register(MarketDay)
class MarketDayAdmin(DistrictRows, admin.ModelAdmin):
    district_path = "area__code"
    form = MarketDayForm
    list_display = ("area", "rule", "digits", "part")
    list_filter = ("rule",)
    list_select_related = ("area",)
    search_fields = ("area__name", "area__code")
    search_help_text = "村（社区）的名称或者区划代码。"
    autocomplete_fields = ("area",)
    fieldsets = (
        (None, {"fields": ("area", "rule", "digits", "part"),
                "description": "赶集那半天，这个村（社区）的帮办员算不在，来的诉求由邻村接。逢三写 3，就是初三、十三、二十三。"}),
    )  # fmt: skip


@admin.register(Absence)
class AbsenceAdmin(OwnChoices, admin.ModelAdmin):
    """Mostly entered at the desk; here for an administrator who puts something right."""

    list_display = ("name", "starts_on", "ends_on", "part", "kind", "entered_by")
    list_filter = ("kind", "part")
    list_select_related = ("user", "entered_by")
    search_fields = ("user__username", "user__first_name")
    search_help_text = "账号或者姓名。"
    date_hierarchy = "starts_on"
    autocomplete_fields = ("user",)
    readonly_fields = ("entered_by", "entered_at")
    fieldsets = (
        (None, {"fields": ("user", ("starts_on", "ends_on"), "part", "kind"),
                "description": "平时由本人或者主管在工作台的“排班”里登记。两头的日子都算在内。除了这三样，别的原因不要写。"}),
        ("谁登记的", {"fields": (("entered_by", "entered_at"),)}),
    )  # fmt: skip

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if sees_all(request.user) else rows.filter(user__in=accounts_within(get_user_model().objects.all(), request.user))

    @admin.display(description="姓名", ordering="user__first_name")
    def name(self, absence):
        return staff_name(absence.user)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
        super().save_model(request, obj, form, change)
