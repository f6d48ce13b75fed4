from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from doorplates.models import Doorplate
from doorplates.sheets import LAYOUTS, SHEET_ORDER, write_sheet
from guides.models import Area


class Command(BaseCommand):
    help = "把一个区划以下所有有效的门牌打印成一个PDF（A4）。"

    def add_arguments(self, parser):
        parser.add_argument("--area", required=True, help="区划代码（12位），含它下面所有的村（社区）")
        parser.add_argument("--size", type=int, choices=list(LAYOUTS), default=75, help="二维码大小（毫米）")
        parser.add_argument("--out", type=Path, required=True, help="PDF文件")
        parser.add_argument("--start", type=int, default=1, help="第一张纸从第几格开始")

    def handle(self, area, size, out, start, **options):
        place = Area.objects.filter(code=area).first()
        if place is None:
            raise CommandError(f"没有区划代码 {area}。")
        plates = Doorplate.objects.active().filter(building__community__in=Area.objects.within(place))
        plates = plates.select_related("building__community").order_by(*SHEET_ORDER)
        count = plates.count()
        if not count:
            first = f"python manage.py generate_doorplates --area {area}"
            raise CommandError(f"{place.name}还没有有效的门牌。先运行：{first}")
        # A sheet that was refused half way must not look like a finished one.
        unfinished = out.with_name(out.name + ".part")
        try:
            with unfinished.open("wb") as file:
                pages = write_sheet(file, plates.iterator(chunk_size=500), size=size, start=start)
        except (ValueError, OSError) as refusal:
            unfinished.unlink(missing_ok=True)
            raise CommandError(str(refusal)) from refusal
        unfinished.replace(out)
        self.stdout.write(f"{place.name}：门牌 {count} 块，{pages} 页，在 {out}。打印比例选“实际大小”。")
