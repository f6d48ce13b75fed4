"""Requests and their trail to read, who works where, and the roles. The work itself is done at /desk/, never here."""

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from guides.admin.within import DistrictRows
from guides.districts import sees_all
from helpdesk import admin_accounts, admin_figures, admin_operator, admin_roster  # noqa: F401 -- register their pages
from helpdesk.access import kept_from
from helpdesk.models import AuditEntry, Event, EventKind, HelpRequest, Posting, ReplyTemplate, normalise_reference
from helpdesk.people import accounts_within
from helpdesk.reply_templates import clean_text
from menpai.back_office import LookOnly
from menpai.roles import Role, has_role


class ReadOnlyAdmin(LookOnly, admin.ModelAdmin):
    """To look at, by whoever has the view permission; nobody adds, changes or deletes here, not even a superuser."""

    actions = None

    def history_view(self, request, object_id, extra_context=None):
        """Django looks for the row first: whoever may not see any would learn by the answer which numbers exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class EventInline(admin.TabularInline):
    model = Event
    fields = ("at", "kind", "by_name", "detail")
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = "经过"

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(HelpRequest)
class HelpRequestAdmin(DistrictRows, ReadOnlyAdmin):
    """Name and phone masked, free text not at all: whoever works a request reads it at the desk, where reading is logged."""

    district_path = "area__code"

    list_display = ("number", "state", "matter", "area", "handler", "promised", "masked_name", "masked_phone")
    list_filter = ("state", "kind", "channel", "for_steward")
    list_select_related = ("guide", "area", "owner")
    search_fields = ("reference", "area__name")
    search_help_text = "诉求编号（带不带横线都行），或者村（社区）的名称。"
    date_hierarchy = "created_at"
    inlines = [EventInline]
    fieldsets = (
        (None, {"fields": ("number", ("state", "kind", "channel"), "guide")}),
        ("谁", {"fields": (("masked_name", "masked_phone"), "area", "doorplate", "for_someone", "call_time"),
                "description": "只显示一部分。完整的电话、说明和留言在工作台看，看了会留下记录。"}),
        ("谁在办", {"fields": (("queue", "for_steward"), ("owner", "claimed_at"), "visit_at")}),
        ("时间", {"fields": (("created_at", "promised_at"), ("closed_at", "close_reason"), "reopened")}),
        ("同意", {"classes": ("collapse",), "fields": (("consent_version", "consent_at"),)}),
    )  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(kept_from(request.user))

    def get_inlines(self, request, obj):
        """The trail says how a request was rated: not to whoever helps residents themselves."""
        return [] if has_role(request.user, Role.ASSISTANT) else self.inlines

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, normalise_reference(search_term) or search_term)

    @admin.display(description="诉求编号", ordering="reference")
    def number(self, request):
        return request.spoken_reference

    @admin.display(description="事项", ordering="guide__plain_title")
    def matter(self, request):
        return request.guide.plain_title if request.guide else "没有选事项"

    @admin.display(description="最晚回复", ordering="promised_at")
    def promised(self, request):
        return f"{timezone.localtime(request.promised_at):%m月%d日 %H:%M}"

    @admin.display(description="谁在办")
    def handler(self, request):
        return (request.owner.get_full_name() or request.owner.get_username()) if request.owner else "还没有人接"

    @admin.display(description="称呼")
    def masked_name(self, request):
        return request.masked_name

    @admin.display(description="电话")
    def masked_phone(self, request):
        return request.masked_phone


@admin.register(Event)
class EventAdmin(DistrictRows, ReadOnlyAdmin):
    district_path = "request__area__code"
    list_display = ("at", "number", "kind", "by_name", "detail")
    list_display_links = ("at",)
    list_filter = ("kind", "at")
    list_select_related = ("request",)
    search_fields = ("request__reference", "by_name")
    search_help_text = "诉求编号或者经手人。"
    date_hierarchy = "at"
    fields = ("at", "number", "kind", "by_name", "detail")

    def get_queryset(self, request):
        rows = super().get_queryset(request).exclude(request__in=HelpRequest.objects.filter(kept_from(request.user)))
        return rows.exclude(kind=EventKind.RATED) if has_role(request.user, Role.ASSISTANT) else rows

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, normalise_reference(search_term) or search_term)

    @admin.display(description="诉求", ordering="request__reference")
    def number(self, event):
        return event.request.spoken_reference


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """What staff did that is not about one request: exports, bulk hand-overs, days off."""

    list_display = ("at", "by_name", "act", "detail")
    list_display_links = ("at",)
    list_filter = ("act", "at")
    search_fields = ("by_name", "detail")
    search_help_text = "经手人，或者详情里的字。"
    date_hierarchy = "at"
    fields = ("at", "by_name", "act", "detail")

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if sees_all(request.user) else rows.filter(by__in=accounts_within(User.objects.all(), request.user))


@admin.register(Posting)
class PostingAdmin(DistrictRows, admin.ModelAdmin):
    district_path = "area__code"
    list_display = ("name", "user", "area", "level", "is_steward")
    list_filter = ("is_steward", "area__level")
    list_select_related = ("user", "area")
    search_fields = ("user__username", "user__first_name", "area__name", "area__code")
    autocomplete_fields = ("user", "area")

    @admin.display(description="姓名", ordering="user__first_name")
    def name(self, posting):
        return posting.user.get_full_name() or posting.user.get_username()

    @admin.display(description="级别", ordering="area__level")
    def level(self, posting):
        return posting.area.get_level_display()


class ReplyTemplateForm(forms.ModelForm):
    class Meta:
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 5, "cols": 60})}

    def clean_text(self):
        return clean_text(self.cleaned_data["text"])


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(admin.ModelAdmin):
    form = ReplyTemplateForm
    list_display = ("name", "text", "order")
    list_editable = ("order",)
    search_fields = ("name", "text")


admin.site.unregister(Group)


ACTS = {"view": "看", "add": "增加", "change": "修改", "delete": "删除"}


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """What each role may do stands in menpai/roles.py and is written by `setup_roles`; here it is only shown."""

    list_display = ("name", "members")
    fields = ("name", "rights")
    search_fields = ("name",)

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(count=Count("user", filter=self._counted(request)))

    def _counted(self, request) -> Q:
        seen = Q() if sees_all(request.user) else Q(user__in=accounts_within(User.objects.all(), request.user))
        return seen & Q(user__is_active=True)

    @admin.display(description="人数")
    def members(self, group):
        return group.count

    @admin.display(description="在后台能做什么")
    def rights(self, group):
        allowed: dict[str, list[str]] = {}
        for permission in group.permissions.select_related("content_type"):
            act, _, _ = permission.codename.partition("_")
            model = permission.content_type.model_class()
            allowed.setdefault(str(model._meta.verbose_name), []).append(ACTS.get(act, permission.name))
        lines = [(f"{name}：{'、'.join(acts)}",) for name, acts in allowed.items()]
        return format_html_join(mark_safe("<br>"), "{}", lines) or "不进后台，只用工作台。"


from helpdesk import admin_outbox  # noqa: E402, F401 - registered here, written beside
