"""一件事 in the admin: editors write drafts; what residents see is changed, published and withdrawn by reviewers only."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.html import format_html

from guides import actions, views_events
from guides.admin.within import NewInDistrict, OwnChoices
from guides.districts import within
from guides.document_shape import ORDER_STEP
from guides.forms_events import LifeEventForm, LifeEventStepForm
from guides.models import ContentStamp, LifeEvent, LifeEventStep, Status
from guides.viewpoint import of_district


class LifeEventStepInline(OwnChoices, admin.StackedInline):
    model = LifeEventStep
    form = LifeEventStepForm
    extra = 1
    autocomplete_fields = ("guide",)
    fields = ("guide", "note", ("optional", "case", "order"))
    verbose_name_plural = "要办的事项（按先后排）"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("guide")


@admin.register(LifeEvent)
class LifeEventAdmin(NewInDistrict, admin.ModelAdmin):
    form = LifeEventForm
    inlines = (LifeEventStepInline,)
    change_form_template = "admin/guides/lifeevent/change_form.html"
    list_display = ("title", "slug", "audience", "state", "steps", "order")
    list_filter = ("status", "audience")
    search_fields = ("title", "slug")
    fieldsets = ((None, {"fields": ("title", "answer", "aliases", ("audience", "slug"), ("order", "state"), "seen")}),)

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(count=Count("steps"))

    @admin.display(description="状态", ordering="status")
    def state(self, event):
        return format_html('<span class="state {}">{}</span>', event.status, event.get_status_display())

    @admin.display(description="事项", ordering=F("count"))
    def steps(self, event):
        return f"{event.count}样"

    def has_publish_permission(self, request):
        return request.user.has_perm("guides.publish_guide")

    def has_change_permission(self, request, obj=None):
        """A published event carries no marks of who vouches for it, so every change of it is a reviewer's."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status != Status.PUBLISHED or self.has_publish_permission(request))

    def has_delete_permission(self, request, obj=None):
        """Only drafts can go: the address of what was once published explains itself for ever."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Status.DRAFT)

    def get_actions(self, request):
        """No deleting by the dozen: published ones may be among them."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_readonly_fields(self, request, obj=None):
        return ("state", "slug") if obj and obj.status != Status.DRAFT else ("state",)

    def get_object(self, request, object_id, from_field=None):
        if request.method == "POST" and str(object_id).isdecimal():
            # Of two editors who save at the same moment the second waits, and then sees that its page is old.
            LifeEvent.objects.select_for_update().filter(pk=object_id).values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def render_change_form(self, request, context, *args, **kwargs):
        context["may_publish"] = self.has_publish_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        renumber(form.instance)
        if form.instance.status == Status.PUBLISHED:
            ContentStamp.advance()

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/preview/", view(self.preview), name="guides_lifeevent_preview"),
            path("<int:pk>/publish/", view(self.publish), name="guides_lifeevent_publish"),
            path("<int:pk>/withdraw/", view(self.withdraw), name="guides_lifeevent_withdraw"),
            *super().get_urls(),
        ]

    def preview(self, request, pk):
        """The event as residents see it or will see it; a draft's only page."""
        event = get_object_or_404(within(LifeEvent.objects.whole(), request.user), pk=pk)
        if not self.has_view_permission(request, event):
            raise PermissionDenied
        viewpoint = of_district(event.district, elder="elder" in request.GET)
        return views_events.render_event(request, event, viewpoint, preview=event.status != Status.PUBLISHED)

    def publish(self, request, pk):
        return self._act(request, pk, actions.publish_event, "已发布，居民现在就能看到。")

    def withdraw(self, request, pk):
        return self._act(request, pk, actions.withdraw_event, "已撤下，居民不再看到。")

    def _act(self, request, pk, action, sentence):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        event = get_object_or_404(within(LifeEvent.objects.all(), request.user), pk=pk)
        if not self.has_publish_permission(request) or not self.has_change_permission(request, event):
            raise PermissionDenied
        if action(event=event, by=request.user):
            self.message_user(request, sentence, messages.SUCCESS)
        else:
            self.message_user(request, "已经是这样了，没有再动。", messages.WARNING)
        return redirect("admin:guides_lifeevent_change", event.pk)


def renumber(event: LifeEvent) -> None:
    """Steps at 10, 20, 30 …, so that the next one finds a place between two others."""
    steps = list(event.steps.order_by("order", "id"))
    for place, step in enumerate(steps, start=1):
        step.order = place * ORDER_STEP
    LifeEventStep.objects.bulk_update(steps, ["order"])
