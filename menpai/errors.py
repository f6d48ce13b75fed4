from django.shortcuts import render

from guides.viewpoint import of_district, viewpoint_at
from guides.views import page_context
from helpdesk.access import works_in

STAFF = ("/desk/", "/admin/")


def not_found(request, exception=None):
    """A page that helps on, in the version (长辈版 or not) of the address that failed, with the words of its district."""
    viewpoint = getattr(request, "viewpoint", None)
    if viewpoint is None:
        is_staffs = request.path.startswith(STAFF) and request.user.is_authenticated
        viewpoint = of_district(works_in(request.user)) if is_staffs else viewpoint_at(request.path)
    return render(request, "404.html", page_context(request, viewpoint, query=""), status=404)
