from django.shortcuts import render

from guides.viewpoint import viewpoint_at
from guides.views import page_context


def not_found(request, exception=None):
    """A page that helps on, in the version (长辈版 or not) of the address that failed."""
    viewpoint = getattr(request, "viewpoint", None) or viewpoint_at(request.path)
    return render(request, "404.html", page_context(request, viewpoint, query=""), status=404)
