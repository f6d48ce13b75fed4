"""看数 in the back office: the figures of the districts that a member of the bureau works for. Stands in this room because it shows plates and requests too."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from guides import health
from guides.departments import guides_of
from guides.districts import within
from guides.models import Area, DayFigure, Level, district_code_of
from helpdesk.views.figures import figures_page, scope_of
from menpai.back_office import LookOnly


@admin.register(DayFigure)
class DayFigureAdmin(LookOnly, admin.ModelAdmin):
    """Only to look at, and never row by row: a row may be a small cell."""

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        scope = scope_of(request, tuple(within(Area.objects.filter(level=Level.DISTRICT), request.user, "code")))
        found = figures_page(request, scope, contents=True, requests=request.user.has_perm("helpdesk.view_helprequest"))
        if isinstance(found, HttpResponse):
            return found
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": "看数", "misses": _misses(request.user), "health": health_counts(request.user, scope.chosen), **found}
        return TemplateResponse(request, "admin/guides/dayfigure/page.html", context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        raise PermissionDenied

    def history_view(self, request, object_id, extra_context=None):
        raise PermissionDenied

    def delete_view(self, request, object_id, extra_context=None):
        raise PermissionDenied


def _misses(user) -> str:
    """Where the searches in vain are, for whoever may see them."""
    return reverse("admin:guides_searchmiss_changelist") if user.has_perm("guides.view_searchmiss") else ""


def health_counts(user, area: Area | None) -> list[tuple[str, int, str]]:
    """How many guides of an area's district have what kind of trouble: its words, the number, the address of the list. Each guide is read for it, so of
    all districts at once nothing is told."""
    if area is None or not user.has_perm("guides.view_guide"):
        return []
    page = reverse("admin:guides_guide_health")
    return [(kind.label, n, f"{page}?kind={kind.value}") for kind, n in health.counts(guides_of(user).filter(next_of=None, district=district_code_of(area.code)), today=timezone.localdate()).items()]
