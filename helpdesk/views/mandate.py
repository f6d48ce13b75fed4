"""The 委托书 and the note that ends it, as two A4 sheets to sign by hand."""

from django.shortcuts import get_object_or_404, render

from helpdesk.access import get_request_or_404
from helpdesk.views.queue import desk_context, desk_page


@desk_page
def paper(request, reference, key):
    """For the owner only: it carries the person's full name. In the words of the version it was made with."""
    stored = get_request_or_404(request.user, reference)
    mandate = get_object_or_404(stored.mandates.select_related("agent"), pk=key, agent=request.user, request__owner=request.user)
    context = desk_context(request, stored=stored, mandate=mandate, text=f"helpdesk/mandates/{mandate.text_version}.html")
    return render(request, "helpdesk/desk/mandate.html", context)
