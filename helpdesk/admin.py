"""Requests and their trail to read, who works where, and accounts. The work itself is done at /desk/, never here."""

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from guides.models import EditorPosting
from helpdesk import admin_roster  # noqa: F401 -- registers its pages
from helpdesk.access import kept_from
from helpdesk.models import AuditEntry, Event, EventKind, HelpRequest, Posting, ReplyTemplate, normalise_reference
from helpdesk.reply_templates import clean_text
from menpai.roles import Role, has_role

BACK_OFFICE = (Role.EDITOR, Role.REVIEWER, Role.ADMIN)  # who may open the admin at all


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at, by whoever has the view permission; nobody adds, changes or deletes here, not even a superuser."""

    actions = None

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

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
class HelpRequestAdmin(ReadOnlyAdmin):
    """Name and phone masked, free text not at all: whoever works a request reads it at the desk, where reading is logged."""

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
class EventAdmin(ReadOnlyAdmin):
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


@admin.register(Posting)
class PostingAdmin(admin.ModelAdmin):
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


class PostingInline(admin.TabularInline):
    model = Posting
    extra = 1
    autocomplete_fields = ("area",)
    verbose_name_plural = "负责哪里（帮办员、主管填）"


class EditorPostingInline(admin.TabularInline):
    model = EditorPosting
    extra = 1
    autocomplete_fields = ("district",)
    verbose_name_plural = "写哪些指南（编辑、审核填）"


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts by role. Whether somebody may open the admin follows from the role; only a superuser touches superusers."""

    inlines = [PostingInline, EditorPostingInline]
    list_display = ("username", "name", "roles", "places", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ()
    actions = None
    add_form = UserCreationForm
    add_form_template = "admin/auth/user/new.html"
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "groups", "password1", "password2")}),
    )  # fmt: skip
    readonly_fields = ("is_staff", "last_login", "date_joined")

    def get_inlines(self, request, obj):
        return self.inlines

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return self.add_fieldsets
        rights = ["is_active", "is_superuser"] if request.user.is_superuser else ["is_active"]
        return (
            (None, {"fields": ("username", "password", "first_name")}),
            ("角色", {"fields": ("groups", "is_staff"),
                      "description": "编辑、审核、管理员进后台；帮办员、主管只进工作台。人走了，把“有效”去掉，不要删。"}),
            ("账号", {"fields": (*rights, ("last_login", "date_joined"))}),
        )  # fmt: skip

    def get_queryset(self, request):
        postings = Prefetch("postings", Posting.objects.select_related("area"))
        return super().get_queryset(request).prefetch_related("groups", postings)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "first_name":
            field.label = "姓名"  # whole, in this one field: Django would join two the Western way round
        return field

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label, field.help_text = "角色", "可以选几个：按住 Ctrl 点。"
        return field

    def has_change_permission(self, request, obj=None):
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        """Nobody deletes themselves, and nobody below deletes a superuser."""
        out_of_reach = obj is not None and (obj == request.user or (obj.is_superuser and not request.user.is_superuser))
        return not out_of_reach and super().has_delete_permission(request, obj)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        user = form.instance
        user.is_staff = user.is_superuser or user.groups.filter(name__in=BACK_OFFICE).exists()
        user.save(update_fields=["is_staff"])

    @admin.display(description="姓名")
    def name(self, user):
        return user.get_full_name()

    @admin.display(description="角色")
    def roles(self, user):
        return "、".join(group.name for group in user.groups.all()) or ("超级管理员" if user.is_superuser else "没有角色")

    @admin.display(description="负责哪里")
    def places(self, user):
        return "、".join(posting.area.short_name for posting in user.postings.all())


ACTS = {"view": "看", "add": "增加", "change": "修改", "delete": "删除"}


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """What each role may do stands in menpai/roles.py and is written by `setup_roles`; here it is only shown."""

    list_display = ("name", "members")
    fields = ("name", "rights")
    search_fields = ("name",)

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(count=Count("user", filter=Q(user__is_active=True)))

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
