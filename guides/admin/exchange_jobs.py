"""招聘信息 by Excel in the admin: a workbook is first tried and its report shown; the same rows, kept in the session, are then imported.

The way is that of guides/admin/exchange.py.
"""

import hashlib

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from guides.forms_admin import JobsImportForm
from guides.transfer_jobs import MAX_ROWS, USUAL_DAYS, Report, export_jobs, import_jobs, sample
from menpai.spreadsheets import XLSX_TYPE, Line

SESSION_KEY = "jobs_import"


def import_view(request, model_admin):
    """Step one: upload and see the report. Step two: the button “确认导入” of that very report."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    if request.method == "POST" and "cancel" in request.POST:
        request.session.pop(SESSION_KEY, None)
        return redirect("admin:guides_jobposting_import")
    if request.method == "POST" and "confirm" in request.POST:
        return _confirm(request, model_admin)
    form = JobsImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _try(request, model_admin, form.cleaned_data["file"])
    return _page(request, model_admin, form=form)


def export_view(request, model_admin):
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    return download(model_admin.get_queryset(request).select_related("area"))


def download(jobs) -> HttpResponse:
    return _workbook(export_jobs(jobs), f"jobs-{timezone.localdate():%Y%m%d}.xlsx")


def sample_view(request, model_admin):
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    return _workbook(sample(timezone.localdate()), "jobs-sample.xlsx")


def _workbook(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _import(request, lines: list[Line], *, dry_run: bool) -> Report:
    return import_jobs(lines, by=request.user, today=timezone.localdate(), dry_run=dry_run)


def _packed(lines: list[Line]) -> list:
    return [[line.number, line.values, sorted(line.formulas)] for line in lines]


def _digest(lines: list[Line], report: Report) -> str:
    """What was shown for confirmation: when other jobs came in between, it is another one."""
    shown = (_packed(lines), [number for number, _ in report.added], list(map(str, report.skipped)), list(map(str, report.problems)))
    return hashlib.sha256(repr(shown).encode()).hexdigest()


def _try(request, model_admin, lines: list[Line]):
    report = _import(request, lines, dry_run=True)
    digest = "" if report.problems or not report.added else _digest(lines, report)
    request.session.pop(SESSION_KEY, None)
    if digest:
        request.session[SESSION_KEY] = signing.dumps(_packed(lines), salt=SESSION_KEY, compress=True)
    return _page(request, model_admin, form=JobsImportForm(), report=report, digest=digest)


def _confirm(request, model_admin):
    kept = request.session.get(SESSION_KEY)
    if not kept:
        model_admin.message_user(request, "这次导入已经结束了，请重新选文件。", messages.WARNING)
        return redirect("admin:guides_jobposting_import")
    lines = [Line(number, values, frozenset(formulas)) for number, values, formulas in signing.loads(kept, salt=SESSION_KEY)]
    if _digest(lines, _import(request, lines, dry_run=True)) != request.POST.get("digest"):
        model_admin.message_user(request, "看完以后，招聘信息又有变化。还没有导入，请再看一遍。", messages.WARNING)
        return _try(request, model_admin, lines)
    report = _import(request, lines, dry_run=False)
    request.session.pop(SESSION_KEY, None)
    level = messages.SUCCESS if report.added else messages.WARNING
    model_admin.message_user(request, f"已导入{len(report.added)}个岗位，跳过{len(report.skipped)}个重复的。", level)
    return redirect("admin:guides_jobposting_changelist")


def _page(request, model_admin, **context):
    context |= model_admin.admin_site.each_context(request)
    context |= {"opts": model_admin.opts, "title": "用 Excel 导入招聘信息", "most": MAX_ROWS, "usual_days": USUAL_DAYS}
    return TemplateResponse(request, "admin/guides/jobposting/import.html", context)
