"""企业办事: the entrance of those who open a shop, build a plant, pay for staff."""

from django.shortcuts import render

from guides.enterprise import groups_of
from guides.models import Audience, Guide
from guides.viewpoint import resident
from guides.views import page_context, public_page


@public_page
@resident
def enterprise(request):
    guides = Guide.objects.published().filter(district=request.viewpoint.district, audience=Audience.ENTERPRISE).select_related("domain")
    return render(request, "guides/enterprise.html", page_context(request, request.viewpoint, groups=groups_of(guides)))
