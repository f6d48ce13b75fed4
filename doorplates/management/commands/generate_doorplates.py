from django.core.management.base import BaseCommand, CommandError

from doorplates.actions import issue_plates
from doorplates.models import Building
from guides.models import Area


class Command(BaseCommand):
    help = "给一个区划以下每个还没有门牌的入口生成门牌；可以重复运行。"

    def add_arguments(self, parser):
        parser.add_argument("--area", required=True, help="区划代码（12位），含它下面所有的村（社区）")

    def handle(self, area, **options):
        place = Area.objects.filter(code=area).first()
        if place is None:
            raise CommandError(f"没有区划代码 {area}。")
        buildings = Building.objects.filter(community__in=Area.objects.within(place))
        plates = issue_plates(buildings, by="generate_doorplates")
        self.stdout.write(f"{place.name}：楼栋 {buildings.count()} 个，新发门牌 {len(plates)} 块。")
