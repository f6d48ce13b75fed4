"""“这里写错了”: a reader says which part of a guide is wrong, gets a number, and reads the answer with it. No phone is asked for.

The only page of this room that sets a cookie, the one that protects a form; no cache keeps it.
"""

from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.access import get_public_guide
from guides.forms_wrong import WrongForm
from guides.models import Correction, Status
from guides.viewpoint import of_district, resident
from guides.views import page_context
from menpai import throttle

TOO_MANY = "这会儿提交得太勤了，过一会儿再试。着急的话请直接打 12345。"


@never_cache
@resident
def wrong(request, slug):
    guide = get_public_guide(slug, request.viewpoint.district)
    if guide.status == Status.WITHDRAWN:
        return render(request, "guides/withdrawn.html", page_context(request, request.viewpoint, guide=guide), status=410)
    form = WrongForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if throttle.allow("wrong", throttle.client_address(request), limit=10, minutes=60):
            kept = Correction.objects.create(guide=guide, **form.cleaned_data)
            return redirect(request.viewpoint.page("wrong-answer", kept.code) + "?new=1")
        form.add_error(None, TOO_MANY)
    return show_form(request, guide, form)


def show_form(request, guide, form: WrongForm, *, status: int = 200):
    return render(request, "guides/wrong.html", page_context(request, request.viewpoint, guide=guide, form=form), status=status)


@never_cache
@resident
def answer(request, code):
    """What became of it, by its number. Wrong numbers are limited: nobody tries them through."""
    found = Correction.objects.select_related("guide").filter(code=code).first()
    if found is None and not throttle.allow("wrong-code", throttle.client_address(request), limit=20, minutes=60):
        code = ""
    viewpoint = request.viewpoint
    if found and found.guide.district != viewpoint.district:  # typed at the door that all districts share
        viewpoint = of_district(found.guide.district, elder=viewpoint.elder)
    context = page_context(request, viewpoint, found=found, code=code, is_new="new" in request.GET)
    return render(request, "guides/wrong_answer.html", context, status=200 if found else 404)
