"""Chosen plates leave the back office: as sheets to print here, or as a ZIP for a print shop. A page asks first how."""

from collections.abc import Callable
from io import BytesIO
from os.path import commonprefix

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Max, Min
from django.http import FileResponse
from django.template.response import TemplateResponse

from doorplates.export import write_zip
from doorplates.forms import PER_EXPORT, PER_REQUEST, ExportForm, SheetForm
from doorplates.sheets import SHEET_ORDER, Unprintable, write_sheet
from guides.models import Area

SHOWN = 30
PRINTING = (
    "打印时纸张选A4、比例选“实际大小”，不要选“适合纸张”，二维码才是标明的大小。沿四角的细线裁开。贴在公安门楼牌旁边，不要盖住它。"
)
EXPORTING = (
    "得到一个ZIP：每块门牌一个SVG图，里面是二维码和编号，已经转曲，尺寸是毫米；另有一份清单，写着哪个图是哪栋楼哪个入口的。"
    "二维码四周的白边已经在图里，请告诉印刷厂不要裁掉。"
)


def ask(model_admin, request, form, plates, **context):
    """The page between choosing an action and doing it. The form comes back to the same list with `confirmed` set."""
    return TemplateResponse(
        request,
        "admin/doorplates/ask.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "form": form,
            "plates": plates,
            "shown": plates[:SHOWN],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            **context,
        },
    )


def answer(request):
    """The posted answer to `ask`, or None when it is still to be asked."""
    return request.POST if "confirmed" in request.POST else None


def print_plates(model_admin, request, plates):
    """Ask for size and start cell, then answer with the PDF. Says so when there is nothing, or too much, to print."""
    plates = plates.active()
    if refusal := _refusal(plates, most=PER_REQUEST, act="打印", command="print_doorplates"):
        return model_admin.message_user(request, refusal, messages.WARNING)
    form, plates = SheetForm(answer(request)), _in_order(plates)
    if not form.is_valid():
        return ask(model_admin, request, form, plates, title="打印门牌", action="print_sheets", button="下载PDF", explanation=PRINTING)
    how, name = form.cleaned_data, f"doorplates-{form.cleaned_data['size']}mm-{len(plates)}.pdf"
    return _download(model_admin, request, plates, lambda file: write_sheet(file, plates, **how), name, f"打印（{how['size']}毫米）。")


def export_plates(model_admin, request, plates):
    """Ask for the size, then answer with the ZIP. Says so when there is nothing, or too much, to export."""
    plates = plates.active()
    if refusal := _refusal(plates, most=PER_EXPORT, act="导出", command="export_doorplates"):
        return model_admin.message_user(request, refusal, messages.WARNING)
    form, plates = ExportForm(answer(request)), _in_order(plates)
    if not form.is_valid():
        return ask(model_admin, request, form, plates, title="导出门牌给印刷厂", action="export", button="下载ZIP", explanation=EXPORTING)
    size = form.cleaned_data["size"]
    name = f"doorplates-{size}mm-{len(plates)}.zip"
    return _download(model_admin, request, plates, lambda file: write_zip(file, plates, size=size), name, f"导出给印刷厂（{size}毫米）。")


def _in_order(plates) -> list:
    return list(plates.select_related("building__community").order_by(*SHEET_ORDER, "pk"))


def _refusal(plates, *, most: int, act: str, command: str) -> str:
    """Why not so many, or none, in Chinese, and the command for the smallest area that holds all of them."""
    count = plates.count()
    if not count:
        return f"没有可以{act}的有效门牌。请先在“楼栋”里选中楼栋，生成门牌。"
    if count <= most:
        return ""
    ends = plates.aggregate(first=Min("building__community_id"), last=Max("building__community_id"))
    shared = commonprefix(list(ends.values()))
    areas = Area.objects.filter(code__in=[shared[:digits].ljust(12, "0") for digits in (6, 9, 12) if len(shared) >= digits])
    area = areas.order_by("-code").first()
    place, code = (f"{area.name}的全部有效门牌", area.code) if area else ("一个区划的全部有效门牌", "区划代码")
    return (
        f"选中的有 {count} 块门牌，网页上一次最多{act} {most} 块。请少选一些，或者请管理员在服务器上运行（会{act}{place}）："
        f"python manage.py {command} --area {code} --size 75 --out 门牌"
    )


def _download(model_admin, request, plates, write: Callable, name: str, logged: str):
    file = BytesIO()  # 2 KB a plate
    try:
        write(file)
    except Unprintable as refusal:
        return model_admin.message_user(request, str(refusal), messages.ERROR)
    LogEntry.objects.log_actions(request.user.pk, plates, CHANGE, logged)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)
