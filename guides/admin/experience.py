"""退件 and 居民纠错 in the admin: what went wrong with the guides in real life, and what readers say is wrong on their pages."""

from datetime import date

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, Value, When
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from guides import actions, corrections, refusals
from guides.admin.reviewing import name_of
from guides.admin.within import DistrictRows
from guides.departments import guides_of
from guides.forms_experience import AnswerForm, RefusalFilter
from guides.models import Correction, CorrectionState, Guide, Refusal, RefusalReason
from menpai.back_office import LookOnly

REFUSALS_PER_PAGE = 50


@admin.register(Refusal)
class RefusalAdmin(LookOnly, DistrictRows, admin.ModelAdmin):
    """Counted by guide, paper and reason, the most frequent first; single cases are nobody's list. Only to look at."""

    district_path = "guide__district"

    def seen_by(self, rows, user):
        return rows.filter(guide__in=guides_of(user).values("pk"))

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request)
        form = RefusalFilter(request.GET, months=_months(timezone.localdate()), guides=guides_of(request.user).filter(next_of=None))
        chosen = form.cleaned_data if form.is_valid() else {"month": "", "guide": None}
        page = Paginator(_counted(rows, chosen["month"], chosen["guide"]), REFUSALS_PER_PAGE).get_page(request.GET.get("p"))
        rows = [row | {"reason": RefusalReason(row["reason"]).label} for row in page]
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "title": "退件", "form": form, "page": page, "rows": rows, "keep": f"month={chosen['month']}&guide={chosen['guide'].pk if chosen['guide'] else ''}",
        }  # fmt: skip
        return TemplateResponse(request, "admin/guides/refusal/list.html", context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        raise PermissionDenied


def _months(today: date) -> list[tuple[str, str]]:
    """2026-11, 2026年11月: the thirteen months for which there may be rows, the newest first."""
    ends = [today.year * 12 + today.month - 1 - back for back in range(13)]
    return [(f"{end // 12}-{end % 12 + 1:02}", f"{end // 12}年{end % 12 + 1}月") for end in ends]


def _counted(rows, month: str, guide: Guide | None):
    if month:
        year, _, number = month.partition("-")
        rows = rows.filter(on__year=int(year), on__month=int(number))
    else:
        rows = rows.filter(on__gt=refusals.since(timezone.localdate()))
    if guide:
        rows = rows.filter(guide=guide)
    rows = rows.order_by().values("guide", "guide__plain_title", "guide__slug", "material", "reason").annotate(count=Count("pk"))
    return rows.order_by("-count", "guide__slug", "material", "reason")


@admin.register(Correction)
class CorrectionAdmin(DistrictRows, admin.ModelAdmin):
    """Open ones first, by guide and part; what several readers say of one part is one line, answered once."""

    district_path = "guide__district"

    def seen_by(self, rows, user):
        return rows.filter(guide__in=guides_of(user).values("pk"))
    change_list_template = "admin/guides/correction/change_list.html"
    list_display = ("guide", "where", "times", "shown_state", "at", "handled_by")
    list_display_links = ("guide",)
    list_filter = ("state", "at")
    list_select_related = ("guide",)
    list_per_page = 50
    search_fields = ("guide__plain_title", "guide__slug", "code")
    search_help_text = "指南的名称、代号，或者居民手里的10位号。"
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_queryset(self, request):
        if request.resolver_match and request.resolver_match.url_name == "guides_correction_changelist":
            return self.seen_by(corrections.grouped(), request.user)
        return super().get_queryset(request)

    def get_search_results(self, request, queryset, search_term):
        """By a reader's number the line it stands in, also where another row of the group heads it."""
        found = Correction.objects.filter(code="".join(search_term.split())).select_related("guide").first()
        if found and queryset.filter(guide=found.guide_id).exists():
            return queryset.filter(pk=corrections.like(found)[0].pk), False
        return super().get_search_results(request, queryset, search_term)

    def get_ordering(self, request):
        return (Case(When(state=CorrectionState.OPEN, then=Value(0)), default=Value(1)).asc(), "guide__slug", "part", "-id")

    @admin.display(description="哪里写错了", ordering="part")
    def where(self, correction):
        return corrections.Part(correction.part).label

    @admin.display(description="几个人说", ordering="same")
    def times(self, correction):
        return correction.same

    @admin.display(description="处理", ordering="state")
    def shown_state(self, correction):
        kind = {CorrectionState.OPEN: "draft", CorrectionState.DROPPED: "withdrawn"}.get(correction.state, "published")
        return format_html('<span class="state {}">{}</span>', kind, correction.get_state_display())

    def change_view(self, request, object_id, form_url="", extra_context=None):
        correction = self.get_object(request, unquote(object_id))
        if correction is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, correction):
            raise PermissionDenied
        same = corrections.like(correction)
        form = AnswerForm(request.POST if request.method == "POST" else None, same=same)
        if form.is_bound and not self.has_change_permission(request, correction):
            raise PermissionDenied
        if form.is_bound and form.is_valid():
            return self._settle(request, correction, form)
        part = corrections.Part(correction.part)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "correction": correction, "same": same, "form": form, "part": part.label, "title": f"居民纠错：{part.label}",
            "edit": corrections.edit_address(correction.guide, part), "may_settle": self.has_change_permission(request, correction),
        }  # fmt: skip
        return TemplateResponse(request, "admin/guides/correction/handle.html", context)

    def _settle(self, request, correction, form):
        data = form.cleaned_data
        try:
            count = actions.settle_corrections(corrections=data["seen"], state=data["state"], answer=data["answer"], by=name_of(request.user))
        except actions.NotPossible as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        else:
            self.log_change(request, correction, CorrectionState(data["state"]).label)
            self.message_user(request, f"记下了。{count}位居民凭号能看到答复。", messages.SUCCESS)
        return redirect("admin:guides_correction_changelist")
