"""内容包 in the admin: one's own guides leave as a file; another district's are first tried and shown, conflict by conflict, then brought in.

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

from guides.departments import departments_of
from guides.forms_packs import ExportForm, ImportForm, districts_for
from guides.models import Area, Domain
from guides.pack_files import Report, export_pack, import_pack
from guides.transfer import dump

SESSION_KEY = "guides_pack"
UNSAID = {"mark", "source", "year", "verified_by", "verified_on", "form", "copies", "only_for", "key"}


def packs_view(request, model_admin):
    """Step one: upload and see the report. Step two: the button “确认导入” of that very report, with what was chosen in it."""
    _require(request, model_admin)
    if request.method == "POST" and "cancel" in request.POST:
        request.session.pop(SESSION_KEY, None)
        return redirect("admin:guides_guide_packs")
    if request.method == "POST" and "confirm" in request.POST:
        return _confirm(request, model_admin)
    form = ImportForm(request.POST or None, request.FILES or None, districts=districts_for(request.user))
    if request.method == "POST" and form.is_valid():
        return _try(request, model_admin, form.cleaned_data["file"], form.area)
    return _page(request, model_admin, form=form)


def download_view(request, model_admin):
    """Whole topics of a whole district leave: only for whoever works on all of it."""
    _require(request, model_admin)
    form = ExportForm(request.GET, districts=districts_for(request.user))
    if not form.is_valid() or departments_of(request.user, form.area.pk):
        raise PermissionDenied
    chosen = form.cleaned_data
    text = export_pack(form.area, topics=chosen["topics"] or None, with_local=chosen["with_local"], with_drafts=chosen["with_drafts"])
    name = f"neirongbao-{form.area.pk[:6]}-{timezone.localdate():%Y%m%d}.yaml"
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _require(request, model_admin) -> None:
    if not model_admin.has_add_permission(request) or not model_admin.may_edit(request) or not districts_for(request.user):
        raise PermissionDenied


def _digest(text: str, report: Report) -> str:
    """What was shown for confirmation: when the guides changed in between, it is another one."""
    return hashlib.sha256(repr((text, report)).encode()).hexdigest()


def _try(request, model_admin, text: str, area: Area):
    report = import_pack(text, district=area, by=request.user, dry_run=True)
    digest = "" if report.problems else _digest(text, report)
    request.session.pop(SESSION_KEY, None)
    if digest:
        request.session[SESSION_KEY] = signing.dumps([area.pk, text], salt=SESSION_KEY, compress=True)
    form = ImportForm(districts=districts_for(request.user), initial={"district": area.pk})
    return _page(request, model_admin, form=form, report=report, digest=digest, into=area)


def _confirm(request, model_admin):
    kept = request.session.get(SESSION_KEY)
    district, text = signing.loads(kept, salt=SESSION_KEY) if kept else ("", "")
    area = next((area for area in districts_for(request.user) if area.pk == district), None)
    if area is None:
        model_admin.message_user(request, "这次导入已经结束了，请重新选文件。", messages.WARNING)
        return redirect("admin:guides_guide_packs")
    if _digest(text, import_pack(text, district=area, by=request.user, dry_run=True)) != request.POST.get("digest"):
        model_admin.message_user(request, "看完以后，内容又有变化。还没有导入，请再看一遍。", messages.WARNING)
        return _try(request, model_admin, text, area)
    report = import_pack(text, district=area, by=request.user, dry_run=False, take_theirs=request.POST.getlist("theirs"))
    del request.session[SESSION_KEY]
    if report.problems:  # theirs, chosen at one place, does not fit what stays ours at another
        return _page(request, model_admin, form=ImportForm(districts=districts_for(request.user)), report=report, digest="", into=area)
    model_admin.message_user(request, f"已导入：{report.summary}居民还看不到，打开每一份，提交审核。", messages.SUCCESS)
    return redirect("admin:guides_guide_changelist")


def _page(request, model_admin, *, form, report: Report | None = None, digest: str = "", into: Area | None = None):
    conflicts = [(f"{line.slug}#{c.key}", line, c.part, in_words(c.ours), in_words(c.theirs)) for line, c in report.conflicts] if report else []
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": "内容包", "form": form, "report": report, "digest": digest, "into": into, "conflicts": conflicts,
        "export": ExportForm(districts=districts_for(request.user)), "topics": Domain.objects.all(),
        "may_export": any(not departments_of(request.user, area.pk) for area in districts_for(request.user)),
    }  # fmt: skip
    return TemplateResponse(request, "admin/guides/guide/packs.html", context)


def in_words(value) -> str:
    """One side of a conflict for an editor: the words of a row, or the rows of a list one under the other."""
    if value in (None, "", []):
        return "（没有）"
    if isinstance(value, list):
        return "\n".join(map(in_words, value))
    if not isinstance(value, dict):
        return str(value)
    said = "，".join(str(part) for key, part in value.items() if key not in UNSAID and not isinstance(part, (bool, list, dict)) and part not in (None, ""))
    vouched = f"（{value['verified_by']}核实过）" if value.get("verified_by") else ""
    return f"{said}{vouched}" if said else dump([value]).strip()
