"""The one page of the back office on which a table goes in and out; each model admin that has a Kind puts `exchange_urls` among its addresses."""

import tempfile

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from menpai import imports
from menpai.exchange import Kind
from menpai.models import ImportJob, ImportState
from menpai.spreadsheets import XLSX_TYPE, Sheet, write_book

REFRESH = 5  # seconds
STALE = "看完以后，内容又有变化。还没有导入，请再看一遍。"
ENDED = "这次导入已经结束了，请重新选文件。"


class ImportForm(forms.Form):
    file = forms.FileField(label="Excel 文件")

    def __init__(self, kind: Kind, *args):
        super().__init__(*args, label_suffix="")
        accept = [".xlsx", *(imports.TEXTS if kind.read_text else ())]
        self.fields["file"].widget = forms.FileInput({"accept": ",".join(accept)})
        self.fields["file"].help_text = f".xlsx{'，或者 YAML' if kind.read_text else ''}，最大 {kind.bounds.file // 1024**2} MB，一次最多{kind.most:,}行。"


def exchange_urls(kind: Kind, model_admin) -> list:
    """import/ to send a file, import/<job>/ to see what it would do and confirm, the sample workbook, and the export."""
    name, view, extra = kind.model.lower().replace(".", "_"), model_admin.admin_site.admin_view, {"kind": kind, "model_admin": model_admin}
    return [
        path("import/", view(send), extra, name=f"{name}_import"),
        path("import/<int:pk>/", view(one_import), extra, name=f"{name}_import_job"),
        path("import/sample/", view(sample), extra, name=f"{name}_sample"),
        path("export/", view(export), extra, name=f"{name}_export"),
    ]


def _address(kind: Kind, page: str, *args) -> str:
    return reverse(f"admin:{kind.model.lower().replace('.', '_')}_{page}", args=args)


def send(request, kind: Kind, model_admin):
    """Who may only look finds the export here."""
    if not kind.may_import(request.user):
        if request.method == "POST" or not kind.may_export(request.user):
            raise PermissionDenied
        return _page(request, kind, model_admin, form=None, running=[])
    form = ImportForm(kind, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = imports.start(kind, form.cleaned_data["file"], by=request.user)
        except ValidationError as error:
            form.add_error("file", error.messages)
        else:
            return redirect(_address(kind, "import_job", job.pk))
    running = ImportJob.objects.filter(kind=kind.name, asked_by=request.user, is_large=True)
    return _page(request, kind, model_admin, form=form, running=running)


@never_cache
def one_import(request, pk, kind: Kind, model_admin):
    """What a file would do, how far a long one is, and the button that confirms exactly that report. Only for who sent it."""
    if not kind.may_import(request.user):
        raise PermissionDenied
    job = ImportJob.objects.filter(pk=pk, kind=kind.name, asked_by=request.user).first()
    if job is None or (job.state == ImportState.DONE and not job.is_large):
        model_admin.message_user(request, ENDED, messages.WARNING)
        return redirect(_address(kind, "import"))
    if request.method == "POST" and "cancel" in request.POST:
        return _give_up(request, job, kind, model_admin)
    if request.method == "POST":
        return _confirm(request, job, kind, model_admin)
    return _report(request, job, kind, model_admin)


def _report(request, job: ImportJob, kind: Kind, model_admin):
    waiting = job.state in (ImportState.CHECK, ImportState.WRITE)
    report = job.report if job.report and not waiting else None
    return _page(request, kind, model_admin, job=job, report=report, form=ImportForm(kind), waiting=waiting, refresh=REFRESH, running=[])


def _give_up(request, job: ImportJob, kind: Kind, model_admin):
    if ImportJob.objects.filter(pk=job.pk, state=ImportState.WRITE).exists():
        model_admin.message_user(request, "已经在写入了，等它做完。", messages.WARNING)
        return redirect(_address(kind, "import_job", job.pk))
    imports.give_up(job)
    return redirect(_address(kind, "import"))


def _confirm(request, job: ImportJob, kind: Kind, model_admin):
    report = imports.confirm(job, request.POST.get("digest", ""), by=request.user)
    if report is None:
        if ImportJob.objects.filter(pk=job.pk, state=ImportState.CHECKED).exists():
            model_admin.message_user(request, STALE, messages.WARNING)
        return redirect(_address(kind, "import_job", job.pk))
    model_admin.message_user(request, _told(kind, report), messages.SUCCESS)
    if report.once:
        return _page(request, kind, model_admin, once=report.once, form=None, running=[])
    return redirect(_address(kind, "changelist"))


def _told(kind: Kind, report) -> str:
    skipped = f"，跳过{len(report.skipped)}行" if report.skipped else ""
    return f"已导入：新增{report.added}{kind.unit}，更新{report.changed}，没变{report.unchanged}{skipped}。{kind.after}"


@require_GET
def sample(request, kind: Kind, model_admin):
    if not kind.may_import(request.user):
        raise PermissionDenied
    return workbook(kind, kind.samples(), f"{kind.name}-sample.xlsx", notes=kind.notes)


@require_GET
def export(request, kind: Kind, model_admin):
    if not kind.may_export(request.user):
        raise PermissionDenied
    return workbook(kind, kind.export(request.user), f"{kind.name}-{timezone.localdate():%Y%m%d}.xlsx")


def workbook(kind: Kind, rows, name: str, *, notes=()) -> FileResponse:
    """The rows of each sheet as a download; written to the disk, however many they are."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by the answer
    sheets = [Sheet(shape.title, shape.widths, lines, shape.choices) for shape, lines in zip(kind.sheets, rows, strict=True)]
    write_book(file, sheets, notes=notes)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX_TYPE)


def download(content: bytes, kind: Kind) -> HttpResponse:
    """A workbook of a few rows, chosen in the list."""
    name = f"{kind.name}-{timezone.localdate():%Y%m%d}.xlsx"
    return HttpResponse(content, content_type=XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _page(request, kind: Kind, model_admin, **context):
    shown = {"job": None, "report": None, "waiting": False, "once": [], "refresh": REFRESH}
    links = {name: _address(kind, name) for name in ("changelist", "import", "sample", "export")}
    context = model_admin.admin_site.each_context(request) | shown | context
    context |= {"opts": model_admin.opts, "kind": kind, "links": links, "title": f"导入和导出{kind.title}", "states": ImportState}
    context["more_exports"] = model_admin.more_exports() if hasattr(model_admin, "more_exports") else []
    return TemplateResponse(request, "admin/exchange.html", context)
