from contextlib import contextmanager, nullcontext

import pypdfium2 as pdfium
from django.core.management.base import CommandError

from doorplates.batches import PlateList, whole
from doorplates.layouts import LAYOUTS
from doorplates.output import PlatesCommand
from doorplates.sheets import texts_of, write_sheet

MOST_PAGES = 2000  # a PDF is put together in memory: about 25 MB at the smallest size


class Command(PlatesCommand):
    help = (
        "把一个区划以下所有有效的门牌（或者 --code 指定的几块）打印成PDF（A4，带裁切线），多了就分成几个文件，另有一份清单。"
        "中途停了，再运行一次就接着做。"
    )
    suffix = ".pdf"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--start", type=int, default=1, help="第一张纸从第几格开始（前面的格子用过了）")
        parser.add_argument("--per-file", type=int, default=250, help=f"一个文件多少页（1到{MOST_PAGES}，平常250）")

    def handle(self, area, code, since, size, out, start, per_file, **options):
        cells = LAYOUTS[size].per_page
        if not 1 <= start <= cells:
            raise CommandError(f"起始位置应在1到{cells}之间。")
        if not 1 <= per_file <= MOST_PAGES:
            raise CommandError(f"一个文件的页数应在1到{MOST_PAGES}之间。")
        name, plates = self.chosen(area, code, since)
        count = plates.count()
        pages = -(-(count + start - 1) // cells)
        told = self.write_all(plates, out=out, per_file=per_file * cells, stem=f"doorplates-{area or 'single'}-{size}mm", start=start, size=size)
        self.stdout.write(f"{name}：门牌 {count} 块，{pages} 页（打印比例选“实际大小”），{told}")

    @contextmanager
    def listing(self, path):
        with whole(path, mode="w", encoding="utf-8", newline="") if path else nullcontext() as file:
            yield PlateList(file, "文件", "第几页", "第几格") if file else None

    def write_part(self, part, path, listing, *, size):
        cells = LAYOUTS[size].per_page
        for at, plate in enumerate(part.plates, start=part.start - 1):
            if listing:
                listing.add(plate, path.name, at // cells + 1, at % cells + 1)
        mark = part.fingerprint(LAYOUTS[size], seen=texts_of)
        if _keywords(path) == mark:
            return False
        with whole(path, mode="wb") as file:
            write_sheet(file, part.plates, size=size, start=part.start, mark=mark)
        return True


def _keywords(path) -> str:
    """What a PDF of an earlier run was marked with; nothing for one that is not there or is no whole PDF."""
    if not path.exists():
        return ""
    try:
        with pdfium.PdfDocument(path) as document:
            return document.get_metadata_value("Keywords")
    except pdfium.PdfiumError:
        return ""
