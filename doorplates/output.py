"""What print_doorplates and export_doorplates share: which plates, into which files, how far it is."""

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from doorplates import codes
from doorplates.batches import Busy, Part, in_parts, only_run
from doorplates.layouts import LAYOUTS
from doorplates.models import Doorplate
from doorplates.sheets import SHEET_ORDER
from guides.models import Area
from menpai.progress import Progress


class PlatesCommand(BaseCommand):
    """A subclass says how a file ends (`suffix`), how many plates fill one (`per_file`), and writes one (`write_part`)."""

    suffix = ""

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--area", help="区划代码（12位），含它下面所有的村（社区）")
        which.add_argument("--code", action="append", help="门牌编号，只要这一块；几块就写几次")
        parser.add_argument("--since", type=date.fromisoformat, help="只要这一天（例如 2026-11-27）以后发的门牌")
        parser.add_argument("--size", type=int, choices=list(LAYOUTS), default=75, help="二维码大小（毫米）")
        parser.add_argument("--out", type=Path, required=True, help=f"文件夹；不多的话，也可以是一个{self.suffix}文件")

    def listing(self, path: Path | None):
        """What `write_part` tells of each plate beside the files themselves; nothing unless a subclass has a list."""
        return nullcontext()

    def write_part(self, part: Part, path: Path, listing, **look) -> bool:
        """Write one file, unless it is there and says what it should. Returns whether it was written."""
        raise NotImplementedError

    def chosen(self, area: str | None, code: list[str] | None, since: date | None) -> tuple[str, QuerySet[Doorplate]]:
        """How to call the chosen plates, and the active ones among them as one walks past the doors. Raises CommandError where there are none."""
        plates = Doorplate.objects.active()
        if since:
            plates = plates.filter(issued_at__date__gte=since)
        if code:
            name, plates = "选中的", plates.filter(code__in=self._known(code))
        else:
            place = Area.objects.filter(code=area).first()
            if place is None:
                raise CommandError(f"没有区划代码 {area}。")
            name, plates = place.name, plates.filter(building__community__in=Area.objects.within(place))
        if not plates.exists():
            first = "" if code or since else f"先运行：python manage.py generate_doorplates --area {area}"
            raise CommandError(f"{name}还没有有效的门牌。{first}")
        return name, plates.select_related("building__community").order_by(*SHEET_ORDER, "pk")

    @staticmethod
    def _known(typed: list[str]) -> list[str]:
        wanted = {codes.normalise(code): code for code in typed}
        active = set(Doorplate.objects.active().filter(code__in=wanted).values_list("code", flat=True))
        if unknown := [code for normal, code in wanted.items() if normal not in active]:
            raise CommandError(f"没有编号是 {'、'.join(unknown)} 的有效门牌。看看有没有打错；作废、换过的门牌不能再打印。")
        return list(active)

    def write_all(self, plates: QuerySet[Doorplate], *, out: Path, per_file: int, stem: str, start: int = 1, **look) -> str:
        """Write the files that are missing or no longer right. Returns a sentence about how many there are, and where."""
        count, files, kept = plates.count(), [], 0
        alone = out.suffix.lower() == self.suffix
        if alone and count > per_file - (start - 1):
            raise CommandError(f"{count} 块门牌要分成几个文件。--out 请给一个文件夹，不要给{self.suffix}文件。")
        folder = out.parent if alone else out
        progress = Progress(self.stderr, count, "块门牌")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with only_run(folder), self.listing(None if alone else folder / f"{stem}.csv") as listing:
                for part in in_parts(plates.iterator(chunk_size=500), per_file=per_file, start=start):
                    path = out if alone else folder / f"{stem}-{part.number:04}{self.suffix}"
                    kept += not self.write_part(part, path, listing, **look)
                    files.append(path)
                    progress.step(len(part.plates))
        except (ValueError, OSError, Busy) as refusal:
            done = f"\n已经写好的 {len(files)} 个文件留着；改好以后再运行一次，会接着做。" if files else ""
            raise CommandError(f"{refusal}{done}") from refusal
        finally:
            progress.close()
        there = f"{len(files)} 个文件" + (f"（有 {kept} 个早就写好，没有动）" if kept else "")
        earlier = [] if alone else sorted(set(folder.glob(f"{stem}-*{self.suffix}")) - set(files))
        left = f"\n注意：文件夹里还有 {len(earlier)} 个以前的文件，不在这一次里面（{earlier[0].name} …），不要拿去印。" if earlier else ""
        return f"{there}，在 {out}。{left}{self._only_here()}"

    @staticmethod
    def _only_here() -> str:
        """A hundred thousand notices with the address of a trial site would be waste paper."""
        if urlsplit(settings.SITE_URL).hostname in ("localhost", "127.0.0.1"):
            return f"\n注意：二维码里的网址是 {settings.SITE_URL}，居民的手机打不开，不要拿去印。先设好 MENPAI_SITE_URL。"
        return ""
