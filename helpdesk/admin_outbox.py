"""What the operator sees of the outbox, and the group robots. No address and no key is ever shown again once it is stored."""

import uuid

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from guides.admin.within import DistrictRows
from guides.districts import districts_of, inside, sees_all
from guides.site_words import words_for
from helpdesk import outbox, outgoing
from helpdesk.delivery import to_robot
from helpdesk.models import Notification, Robot, SendState
from helpdesk.outbox_status import status
from helpdesk.people import accounts_within
from menpai import throttle


def _clock(moment) -> str:
    return f"{timezone.localtime(moment):%m-%d %H:%M}"


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    """To look at; the two acts are for what was not sent."""

    list_display = ("since", "kind", "recipient", "number", "shown_state", "story")
    list_display_links = None
    list_filter = ("state", "channel")
    list_select_related = ("to_user", "to_robot", "request")
    list_per_page = 50
    ordering = ("-id",)
    actions = ("try_again", "drop")
    change_list_template = "admin/helpdesk/notification/change_list.html"

    def get_queryset(self, request):
        """What is told of a request belongs to its area; without one, to its recipient's."""
        rows, codes = super().get_queryset(request), districts_of(request.user)
        if sees_all(request.user):
            return rows
        staff = accounts_within(get_user_model().objects.all(), request.user)
        return rows.filter(inside(codes, "request__area__code") | inside(codes, "to_robot__area__code") & Q(request=None) | Q(request=None, to_user__in=staff))

    def has_add_permission(self, request):
        return False

    def history_view(self, request, object_id, extra_context=None):
        """Django looks for the row first: whoever may not see any would learn by the answer which numbers exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_resend_permission(self, request):
        return request.user.has_perm("helpdesk.change_notification")

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"outbox": status(timezone.now(), self.get_queryset(request)), **(extra_context or {})})

    @admin.display(description="建立", ordering="id")
    def since(self, row):
        return _clock(row.created_at)

    @admin.display(description="怎么样了")
    def story(self, row):
        """By which way, how often, what the other side said, and when it went or goes."""
        tries = f"试了{row.attempts}次" if row.attempts > 1 else ""
        when = f"{_clock(row.sent_at)}发出" if row.sent_at else f"不早于{_clock(row.not_before)}发" if row.state == SendState.PENDING else ""
        return "，".join(part for part in (row.get_channel_display(), tries, row.answer, when) if part)

    @admin.display(description="给谁")
    def recipient(self, row):
        if row.to_resident:
            return "居民"
        return row.to_robot.name if row.to_robot else row.to_user.get_full_name() or row.to_user.get_username()

    @admin.display(description="诉求")
    def number(self, row):
        return row.request.spoken_reference if row.request else "—"

    @admin.display(description="状态", ordering="state")
    def shown_state(self, row):
        mark = "！" if row.state == SendState.FAILED else ""
        return format_html('<span class="send {}">{}{}</span>', row.state, mark, row.get_state_display())

    @admin.action(description="再试一次（没发出去的）", permissions=["resend"])
    def try_again(self, request, queryset):
        self._act(request, queryset.filter(state=SendState.FAILED), outbox.try_again, "再试一次", "条，马上再试。")

    @admin.action(description="不发了（等着发的、没发出去的）", permissions=["resend"])
    def drop(self, request, queryset):
        self._act(request, queryset.filter(state__in=(SendState.PENDING, SendState.FAILED)), outbox.drop, "不发了", "条，不再发了。")

    def _act(self, request, rows, verb, word: str, done: str) -> None:
        rows = list(rows)
        count = verb([row.pk for row in rows])
        for row in rows:
            self.log_change(request, row, word)
        if count:
            messages.success(request, f"{count}{done}")
        else:
            messages.warning(request, "选中的里面没有能这样办的。")


class RobotForm(forms.ModelForm):
    """The stored address and key are not shown, not even to whoever wrote them down: whoever has them can write into the group."""

    new_address = forms.CharField(
        label="机器人地址", required=False, max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off", "size": 80}),
        help_text="在群里添加机器人时给的 Webhook 地址，整个复制过来。存好以后不再显示；换新的才填。",
    )
    new_secret = forms.CharField(
        label="加签密钥", required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "size": 80}),
        help_text="钉钉的安全设置选了“加签”才填，SEC 开头。选“自定义关键词”的，关键词写：诉求。存好以后不再显示；换新的才填。",
    )

    class Meta:
        model = Robot
        fields = ("name", "area", "kind", "is_active")
        help_texts = {"area": "这里和它下面各村（社区）的诉求，都在这个群里提醒。只有编号和地方，没有居民的称呼、电话和写的话。"}

    def clean_new_address(self):
        address = self.cleaned_data["new_address"].strip()
        if not address and not self.instance.address:
            raise ValidationError("把机器人的 Webhook 地址复制到这里。")
        if address:
            try:
                outgoing.require_allowed(address, settings.ROBOT_HOSTS)
            except outgoing.NotAllowed as refusal:
                raise ValidationError(str(refusal)) from None
        return address

    def save(self, commit=True):
        self.instance.address = self.cleaned_data["new_address"] or self.instance.address
        self.instance.secret = self.cleaned_data["new_secret"].strip() or self.instance.secret
        return super().save(commit)


@admin.register(Robot)
class RobotAdmin(DistrictRows, admin.ModelAdmin):
    district_path = "area__code"
    form = RobotForm
    fields = ("name", "area", "kind", "new_address", "new_secret", "is_active")
    list_display = ("name", "area", "kind", "is_active", "is_signed")
    list_filter = ("kind", "is_active")
    list_select_related = ("area",)
    autocomplete_fields = ("area",)
    search_fields = ("name", "area__name")
    actions = ("send_test",)

    @admin.display(description="加签", boolean=True)
    def is_signed(self, robot):
        return bool(robot.secret)

    @admin.action(description="发一条试试", permissions=["change"])
    def send_test(self, request, queryset):
        """A message without any matter in it into each chosen group, at most five in ten minutes by one person."""
        desk = settings.SITE_URL + reverse("desk:queue")
        for robot in queryset.select_related("area")[:5]:
            title = f"{words_for(robot.area).name}：诉求提醒试一下"
            text = f"**{title}**\n\n看到这条，说明这个群收得到诉求提醒。[打开工作台]({desk})"
            if not throttle.allow("robot test", str(request.user.pk), limit=5, minutes=10):
                messages.warning(request, "试得太勤了，过十分钟再试。")
                return
            outcome = to_robot(robot, title, text, str(uuid.uuid4()))
            level = messages.SUCCESS if outcome.ok else messages.ERROR
            messages.add_message(request, level, f"{robot.name}：{'发出去了，到群里看看。' if outcome.ok else '没发出去：' + outcome.answer}")
