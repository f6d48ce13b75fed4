from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from guides.management.commands.load_areas import read_rows
from guides.models import Guide, Level, Office
from guides.site_words import words_of
from guides.viewpoint import of_district
from helpdesk.models import Posting
from helpdesk.new_district import Done, init_district


class Command(BaseCommand):
    help = "在这套系统里再开一个区（县）：区划、页面上的名称和电话、第一个管理员。只写数据，不用改设置；可以重复运行；有一处不对，什么都不写。"

    def add_arguments(self, parser):
        parser.add_argument("--name", required=True, help="网站名称，写在页头，例如 平罗县办事门牌")
        parser.add_argument("--code", required=True, help="区（县）的12位区划代码，后6位是0")
        parser.add_argument("--areas", required=True, type=Path, help="区划文件（CSV：code,name,level,parent），这一个区（县）的全部")
        parser.add_argument("--hotline", default="", help="热线电话；不写就是 12345")
        parser.add_argument("--organiser", default="", help="主办单位，写在页脚和门牌上；不写就不显示")
        parser.add_argument("--admin", default="", metavar="账号", help="建这个区（县）的第一个管理员账号")

    def handle(self, *, name, code, areas, hotline, organiser, admin, **options):
        try:
            rows = read_rows(areas.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"读不了 {areas.name}。要 UTF-8 编码的 CSV 文件。") from error
        try:
            done = init_district(name=name, code=code, rows=rows, hotline=hotline, organiser=organiser, admin=admin)
        except ValidationError as error:
            raise CommandError("什么都没有写入。请改好这些地方：\n" + "\n".join(error.messages)) from error
        self.stdout.write("\n".join([*_what_is_there(done, admin), "", *_what_comes_next(code)]))


def _what_is_there(done: Done, admin: str) -> list[str]:
    code, words = done.district.area_id, words_of(done.district.area_id)
    lines = [
        f"{done.district.area.name}（{code}）开好了。",
        f"区划 {done.areas} 行：新增 {done.added}，改名 {done.renamed}，其余不变。",
        f"页面上写：{words.name}，热线 {words.hotline}，主办 {words.organiser or '（空着，不显示）'}。备案号、标识码在后台“区（县）”里填。",
        f"居民从这里进：{settings.SITE_URL}{of_district(code).page('home')}",
    ]
    if done.password:
        lines.append(f"管理员账号 {admin}，密码 {done.password}。只显示这一次，第一次登录先改掉：{settings.SITE_URL}/admin/")
    elif admin:
        lines.append(f"管理员账号 {admin} 已经有了，密码没有动。")
    if done.bound:
        lines.append(f"原来的工作人员 {done.bound} 人，归到原来的区（县），看不到新的这个。")
    return lines


def _what_comes_next(code: str) -> list[str]:
    """Each step with what of it is there already."""
    offices = Office.objects.filter(area__code__startswith=code[:6]).count()
    guides, public = (rows.count() for rows in (Guide.objects.filter(district=code), Guide.objects.published().filter(district=code)))
    posted = Posting.objects.filter(area__code__startswith=code[:6], area__level__in=Level.values).values("user").distinct().count()
    return [
        "接着做：",
        f"1. 办理地点（现在 {offices} 个）：manage.py load_offices --district {code} 文件.yaml，或者在后台“办理地点”里填。",
        f"2. 办事指南（现在 {guides} 份，居民看得到 {public} 份）：manage.py load_guides --district {code} 文件.yaml …，或者在后台“导入和导出”。",
        f"3. 一件事：manage.py load_life_events --district {code} 文件.yaml。",
        f"4. 人（现在 {posted} 人）：管理员在后台“用户”里建编辑、审核、帮办员、主管，填上负责哪里。",
        "5. 楼栋和门牌：在后台“楼栋”里填，或者 manage.py load_buildings 文件.yaml；然后生成、打印门牌。",
    ]
