"""导入和导出: a file is first tried and its report shown; the same text, kept in the session, is then imported for real."""

import hashlib

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from guides.admin.reviewing import name_of
from guides.districts import choices_for, chosen_by
from guides.forms_admin import ImportForm
from guides.models import Domain, Guide
from guides.transfer import Report, export_domain, import_guides

SESSION_KEY = "guides_import"


def import_view(request, model_admin):
    """Step one: upload and see the report. Step two: the button “确认导入” of that very report."""
    if not model_admin.has_add_permission(request) or not model_admin.has_change_permission(request):
        raise PermissionDenied
    if request.method == "POST" and "cancel" in request.POST:
        request.session.pop(SESSION_KEY, None)
        return redirect("admin:guides_guide_import")
    if request.method == "POST" and "confirm" in request.POST:
        return _confirm(request, model_admin)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _try(request, model_admin, form.cleaned_data["file"])
    return _page(request, model_admin, form=form)


def export_view(request, domain, model_admin):
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    found = get_object_or_404(Domain, slug=domain)
    response = HttpResponse(export_domain(found, _district(request), reader=request.user), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.yaml"'
    return response


def _district(request) -> str:
    """The district the file is of: the only one of the user, or the one in the address (?district=). Who works for none has no file either."""
    district = chosen_by(request.user, request.GET.get("district", ""))
    if not district:
        raise PermissionDenied
    return district


def _import(request, text: str, *, dry_run: bool) -> Report:
    may_verify = request.user.has_perm("guides.verify_fact")
    return import_guides([text], by=name_of(request.user), dry_run=dry_run, may_verify=may_verify, district=_district(request), author=request.user)


def _digest(text: str, report: Report) -> str:
    """What was shown for confirmation: when the guides changed in between, it is another one."""
    return hashlib.sha256(repr((text, report)).encode()).hexdigest()


def _try(request, model_admin, text: str):
    report = _import(request, text, dry_run=True)
    digest = "" if report.problems else _digest(text, report)
    if digest:
        request.session[SESSION_KEY] = signing.dumps(text, salt=SESSION_KEY, compress=True)
    return _page(request, model_admin, form=ImportForm(), report=report, digest=digest)


def _confirm(request, model_admin):
    kept = request.session.get(SESSION_KEY)
    if not kept:
        model_admin.message_user(request, "这次导入已经结束了，请重新选文件。", messages.WARNING)
        return redirect("admin:guides_guide_import")
    text = signing.loads(kept, salt=SESSION_KEY)
    if _digest(text, _import(request, text, dry_run=True)) != request.POST.get("digest"):
        model_admin.message_user(request, "看完以后，内容又有变化。还没有导入，请再看一遍。", messages.WARNING)
        return _try(request, model_admin, text)
    report = _import(request, text, dry_run=False)
    del request.session[SESSION_KEY]
    sentence = f"已导入：新增 {len(report.added)} 条，更新 {len(report.changed)} 条，没变 {len(report.unchanged)} 条。居民还看不到：打开每一条，提交审核。"
    model_admin.message_user(request, sentence, messages.SUCCESS)
    return redirect("admin:guides_guide_changelist")


def _page(request, model_admin, **context):
    district = _district(request)
    titles = dict(Guide.objects.filter(district=district).values_list("slug", "plain_title"))
    if report := context.get("report"):
        context["changed"] = [(slug, titles.get(slug, ""), marked(text)) for slug, text in report.changed.items()]
    context |= model_admin.admin_site.each_context(request)
    context |= {"opts": model_admin.opts, "domains": Domain.objects.all(), "title": "导入和导出办事指南", "district": district, "districts": choices_for(request.user)}
    return TemplateResponse(request, "admin/guides/guide/import.html", context)


def marked(text: str) -> list[tuple[str, str]]:
    """The lines of a unified difference after its head, each with what it is."""
    marks = {"+": "added", "-": "removed", "@": "place"}
    return [(marks.get(line[:1], "same"), line) for line in text.splitlines()[2:]]
