"""What the code on a printed guide opens: still true, or exactly what changed since."""

from django.shortcuts import render

from guides import changes, documents
from guides.access import get_public_guide, get_public_revision
from guides.models import Office, Status
from guides.printed import public_revisions
from guides.reading import Reading
from guides.viewpoint import resident
from guides.views import page_context, public_page


@public_page
@resident
def sheet(request, slug, number):
    """Compares the version that was printed with the guide as it is now, for the answers in the address."""
    guide, viewpoint = get_public_guide(slug, request.viewpoint.district), request.viewpoint
    printed = get_public_revision(guide, number)
    if guide.status == Status.WITHDRAWN:
        return render(request, "guides/withdrawn.html", page_context(request, viewpoint, guide=guide), status=410)
    old, new, params = printed.document, documents.export(guide), request.GET.dict()
    found = changes.compare(old, new, params, offices=dict(Office.objects.values_list("code", "name")))
    context = {
        "guide": guide,
        "printed": printed,
        "latest": public_revisions(guide).only("number", "at").first(),
        "case": changes.case_label(old, params),
        "changes": found,
        "verified": changes.newly_verified(old, new, params),
        "reading": Reading(guide, params),
    }
    return render(request, "guides/sheet.html", page_context(request, viewpoint, **context))
