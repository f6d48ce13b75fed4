"""政策通知 and 招聘信息 in the admin."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html

from guides.admin.within import DistrictRows, ResidentsRead
from guides.models import JobPosting, Notice
from guides.transfer_jobs import JOBS, export_jobs
from menpai.exchange_pages import download, exchange_urls


class BoardAdmin(ResidentsRead, DistrictRows, admin.ModelAdmin):
    district_path, empty_is_own = "area__code", True
    autocomplete_fields = ("area",)
    list_select_related = ("area",)
    list_filter = ("kind", "is_sample", "published_on", ("area", admin.RelatedOnlyFieldListFilter))
    date_hierarchy = "published_on"

    @admin.display(description="居民看得到吗")
    def shown(self, item):
        if item.has_ended:
            kind, text = "withdrawn", "过期了"
        elif item.published_on > timezone.localdate():
            kind, text = "draft", f"{item.published_on:%m月%d日}起"
        else:
            kind, text = "published", "看得到"
        return format_html('<span class="state {}">{}</span>', kind, text)

    @admin.display(description="范围", ordering="area")
    def where(self, item):
        return item.area.short_name if item.area else "全区"


@admin.register(Notice)
class NoticeAdmin(BoardAdmin):
    list_display = ("title", "kind", "where", "source", "published_on", "expires_on", "shown", "is_sample")
    search_fields = ("title", "text", "source")
    fieldsets = (
        (None, {"fields": ("title", "kind", "text", "source")}),
        ("给谁看，看到哪天", {"fields": ("area", ("published_on", "expires_on"), "is_sample")}),
    )


@admin.register(JobPosting)
class JobPostingAdmin(BoardAdmin):
    change_list_template = "admin/exchange/change_list.html"
    list_display = ("title", "kind", "employer", "where", "published_on", "expires_on", "shown", "is_sample")
    search_fields = ("title", "employer", "text", "source")
    actions = ("export_selected",)
    fieldsets = (
        ("岗位", {"fields": (("title", "kind"), "employer", ("place", "pay", "headcount"), "text", "phone", "source")}),
        ("给谁看，看到哪天", {"fields": ("area", ("published_on", "expires_on"), "is_sample")}),
    )

    @admin.action(description="导出选中的（Excel）", permissions=["view"])
    def export_selected(self, request, queryset):
        return download(export_jobs(queryset.select_related("area")), JOBS)

    def get_urls(self):
        return [*exchange_urls(JOBS, self), *super().get_urls()]
