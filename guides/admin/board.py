"""政策通知 and 招聘信息 in the admin."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html

from guides.models import JobPosting, Notice


class BoardAdmin(admin.ModelAdmin):
    autocomplete_fields = ("area",)
    list_select_related = ("area",)
    list_filter = ("is_sample", "published_on", ("area", admin.RelatedOnlyFieldListFilter))
    date_hierarchy = "published_on"

    @admin.display(description="居民看得到吗")
    def shown(self, item):
        today = timezone.localdate()
        if item.expires_on and item.expires_on < today:
            kind, text = "withdrawn", "过期了"
        elif item.published_on > today:
            kind, text = "draft", f"{item.published_on:%m月%d日}起"
        else:
            kind, text = "published", "看得到"
        return format_html('<span class="state {}">{}</span>', kind, text)

    @admin.display(description="范围", ordering="area")
    def where(self, item):
        return item.area.short_name if item.area else "全区"


@admin.register(Notice)
class NoticeAdmin(BoardAdmin):
    list_display = ("title", "where", "source", "published_on", "expires_on", "shown", "is_sample")
    search_fields = ("title", "text", "source")
    fieldsets = (
        (None, {"fields": ("title", "text", "source")}),
        ("给谁看，看到哪天", {"fields": ("area", ("published_on", "expires_on"), "is_sample")}),
    )


@admin.register(JobPosting)
class JobPostingAdmin(BoardAdmin):
    list_display = ("title", "employer", "where", "pay", "published_on", "expires_on", "shown", "is_sample")
    search_fields = ("title", "employer", "text", "source")
    fieldsets = (
        ("岗位", {"fields": ("title", "employer", ("place", "pay", "headcount"), "text", "phone", "source")}),
        ("给谁看，看到哪天", {"fields": ("area", ("published_on", "expires_on"), "is_sample")}),
    )
