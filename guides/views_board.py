"""政策与招聘 as residents read them: by area (the viewpoint) and kind, searched within, only what still holds."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from guides.models import MAX_SEARCH, JobKind, JobPosting, Notice, NoticeKind
from guides.viewpoint import resident
from guides.views import PAGE_SIZE, page_context, public_page

OTHERS = 3  # jobs offered below one


def _board_page(request, template: str, model, kinds):
    """One page of current rows for ?kind= and ?q=; both stay in the address while turning pages. An unknown kind is no kind."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in kinds.values else ""
    words = request.GET.get("q", "").strip()[:MAX_SEARCH]
    rows = model.objects.current(area=request.viewpoint.locality, district=request.viewpoint.district)
    rows = rows.filter(kind=kind) if kind else rows
    page = Paginator(rows.saying(words), PAGE_SIZE).get_page(request.GET.get("page"))
    context = page_context(request, request.viewpoint, page=page, kind=kind, kinds=kinds.choices, words=words)
    keep = {name: value for name, value in (("kind", kind), ("q", words)) if value}
    return render(request, template, context | {"keep": urlencode(keep), "keep_words": urlencode({"q": words}) if words else ""})


@public_page
@resident
def notices(request):
    return _board_page(request, "guides/notices.html", Notice, NoticeKind)


@public_page
@resident
def notice(request, pk):
    found = get_object_or_404(Notice.objects.current(district=request.viewpoint.district), pk=pk)
    return render(request, "guides/notice.html", page_context(request, request.viewpoint, notice=found))


@public_page
@resident
def jobs(request):
    return _board_page(request, "guides/jobs.html", JobPosting, JobKind)


@public_page
@resident
def job(request, pk):
    """One job. A past one says that it ended (410) and shows others; one that is not out yet is a 404."""
    found = JobPosting.objects.of_district(request.viewpoint.district).filter(published_on__lte=timezone.localdate()).select_related("area").filter(pk=pk).first()
    if found is None:
        raise Http404("没有这个招聘。")
    current = JobPosting.objects.current(area=request.viewpoint.locality, district=request.viewpoint.district).exclude(pk=pk)
    others = sorted(current[: OTHERS * 4], key=lambda other: other.kind != found.kind)[:OTHERS]
    context = page_context(request, request.viewpoint, job=found, others=others)
    return render(request, "guides/job.html", context, status=410 if found.has_ended else 200)
