"""/desk/handbook/: the helper's handbook, four sheets of A4 in large type."""

from django.shortcuts import render

from helpdesk.views.queue import desk_context, desk_page


@desk_page
def handbook(request):
    return render(request, "helpdesk/desk/handbook.html", desk_context(request, here="handbook"))
