from zipfile import BadZipFile, ZipFile

from django.core.management.base import CommandError

from doorplates.batches import cells_of, whole
from doorplates.export import FORM, write_zip
from doorplates.output import PlatesCommand

MOST_PLATES = 50_000  # in one ZIP: its table of contents is kept in memory


class Command(PlatesCommand):
    help = (
        "把一个区划以下所有有效的门牌（或者 --code 指定的几块）导出成ZIP，交给印刷厂：每块门牌一个SVG（二维码和编号，毫米尺寸，已转曲），"
        "另有一份清单。多了就分成几个ZIP；中途停了，再运行一次就接着做。"
    )
    suffix = ".zip"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--per-file", type=int, default=10_000, help=f"一个ZIP多少块门牌（1到{MOST_PLATES}，平常10000）")

    def handle(self, area, code, since, size, out, per_file, **options):
        if not 1 <= per_file <= MOST_PLATES:
            raise CommandError(f"一个ZIP的门牌数应在1到{MOST_PLATES}之间。")
        name, plates = self.chosen(area, code, since)
        count = plates.count()
        told = self.write_all(plates, out=out, per_file=per_file, stem=f"doorplates-{area or 'single'}-{size}mm", size=size)
        self.stdout.write(f"{name}：门牌 {count} 块，{told}")

    def write_part(self, part, path, listing, *, size):
        mark = part.fingerprint(FORM, size, seen=cells_of)
        if _comment(path) == mark:
            return False
        with whole(path, mode="wb") as file:
            write_zip(file, part.plates, size=size, mark=mark)
        return True


def _comment(path) -> str:
    """What a ZIP of an earlier run was marked with; nothing for one that is not there or is no whole ZIP."""
    if not path.exists():
        return ""
    try:
        with ZipFile(path) as archive:
            return archive.comment.decode("ascii", errors="replace")
    except BadZipFile:
        return ""
