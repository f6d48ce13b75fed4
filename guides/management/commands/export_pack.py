from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from guides.models import Area, Domain, Level, own_district
from guides.pack_files import export_pack


class Command(BaseCommand):
    help = "把一个区（县）已发布的办事指南写成一个内容包，给别的区（县）用。本地的电话、窗口和核实不跟着走。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--district", default=own_district(), help="12位区划代码；不写就是这套系统自己的区（县）。")
        parser.add_argument("--topic", action="append", help="只要这个主题（代号，例如 yibao）；可以写几次。")
        parser.add_argument("--with-local", action="store_true", help="连本地的电话、指定的办理地点一起写。对方导入后仍是待核实。")
        parser.add_argument("--with-drafts", action="store_true", help="连还没发布的一起写。")

    def handle(self, *, file: Path, district: str, topic, with_local: bool, with_drafts: bool, **options):
        area = Area.objects.filter(pk=district, level=Level.DISTRICT).first()
        if area is None:
            raise CommandError(f"没有 {district} 这个区（县）。")
        topics = None if topic is None else list(Domain.objects.filter(slug__in=topic))
        if topic and len(topics) != len(set(topic)):
            raise CommandError(f"没有这个主题：{'、'.join(sorted({*topic} - {found.slug for found in topics}))}。")
        text = export_pack(area, topics=topics, with_local=with_local, with_drafts=with_drafts)
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"写不了 {file.name}：{error.strerror}。") from error
        self.stdout.write(text.partition("\n")[0].lstrip("# "))
