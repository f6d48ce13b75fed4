from django.core.management.base import BaseCommand, CommandError

from doorplates.actions import NotPossible, issue_everywhere
from doorplates.models import Building
from guides.models import Area
from menpai.progress import Progress


class Command(BaseCommand):
    help = "给一个区划以下每个还没有门牌的入口生成门牌。中途停了，再运行一次就接着做，不会重复。"

    def add_arguments(self, parser):
        parser.add_argument("--area", required=True, help="区划代码（12位），含它下面所有的村（社区）")

    def handle(self, area, **options):
        place = Area.objects.filter(code=area).first()
        if place is None:
            raise CommandError(f"没有区划代码 {area}。")
        buildings = Building.objects.filter(community__in=Area.objects.within(place))
        total, issued = buildings.count(), 0
        progress = Progress(self.stderr, total, "栋楼")
        try:
            for passed, new in issue_everywhere(buildings, by="generate_doorplates"):
                issued += new
                progress.step(passed)
        except NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        finally:
            progress.close()
        self.stdout.write(f"{place.name}：楼栋 {total} 个，新发门牌 {issued} 块。")
