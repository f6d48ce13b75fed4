"""Another district in the same installation, from a file as `init_district` takes it. Sample names throughout: there is no such county.

`fill` puts into a district one of everything that residents and staff see, each text with the district's own mark, so that a test can drive every
address of one district and look for the mark of the other.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from doorplates.models import Doorplate
from guides import actions as guide_actions
from guides.management.commands.load_areas import read_rows
from guides.models import (
    Area,
    ContentStamp,
    Correction,
    Counter,
    EditorPosting,
    Guide,
    JobPosting,
    LifeEvent,
    Notice,
    Office,
    Refusal,
    SearchMiss,
    SpecialDay,
    Statement,
    StatementKind,
    Step,
)
from helpdesk.models import AuditEntry, HelpRequest, Notification, Posting, Robot
from helpdesk.new_district import Done, init_district
from menpai.roles import Role
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    make_area,
    make_building,
    make_event,
    make_guide,
    make_paper,
    make_plate,
    make_request,
    make_user,
)

COUNTY, TOWN, VILLAGE, WEST = "640299000000", "640299101000", "640299101201", "640299101202"
AREAS = f"""code,name,level,parent
{COUNTY},乙示例县,district,
{TOWN},乙示例镇,township,{COUNTY}
{VILLAGE},乙东村村民委员会,community,{TOWN}
{WEST},乙西村村民委员会,community,{TOWN}
640299001000,乙示例街道,township,{COUNTY}
640299001001,乙社区居民委员会,community,640299001000
"""
HOTLINE, OWN_HOTLINE = "095200002222", "095200001111"
MARKS = {DISTRICT: "甲标", COUNTY: "乙标"}
# What a page of the one district must never hold of the other, beside the mark: its places, and its numbers.
SAID = {DISTRICT: ("甲标", "惠农", "园艺镇", "水韵", OWN_HOTLINE), COUNTY: ("乙标", "乙示例", "乙东村", "乙西村", HOTLINE)}


def start(**more) -> Done:
    """The second district by the very way an operator starts it. The first must be there: its people are bound to it then."""
    make_area(SHUIYUN)
    return init_district(name="乙标办事门牌", code=COUNTY, rows=read_rows(AREAS), **{"hotline": HOTLINE, "organiser": "乙标某某局", **more})


def speak(settings) -> None:
    """The first district says of itself, by its settings, what nobody may read in the second."""
    settings.SITE_NAME, settings.HOTLINE, settings.ORGANISER = "甲标办事门牌", OWN_HOTLINE, "甲标某某局"
    settings.ICP_NUMBER, settings.POLICE_NUMBER, settings.SITE_ID = "甲标ICP备1号", "甲标公网安备2号", "甲标3"


@dataclass(frozen=True)
class Filled:
    """What an address of a district may name."""

    district: str
    village: Area
    guide: Guide
    event: LifeEvent
    notice: Notice
    job: JobPosting
    plate: Doorplate
    correction: Correction
    request: HelpRequest


def helper_of(village: str):
    """A helper of a village, made on first use."""
    found = get_user_model().objects.filter(username=f"helper{village}").first()
    if found is None:
        mark = MARKS[village[:6] + "000000"]
        found = make_user(f"helper{village}", name=f"{mark}帮办", role=Role.ASSISTANT)
        Posting.objects.create(user=found, area_id=village)
    return found


def member(username: str, role: Role, district: str, *, desk: str = ""):
    """Somebody of the bureau of a district, or with `desk` a supervisor or helper posted there."""
    user = make_user(username, name=f"{MARKS[district]}{username}", role=role, is_staff=not desk)
    if desk:
        Posting.objects.create(user=user, area_id=desk)
    else:
        EditorPosting.objects.create(user=user, district_id=district)
    return user


def fill(district: str, village: str) -> Filled:
    """One of everything in a district. Both districts use the same slugs: they have the same services."""
    mark, area = MARKS[district], Area.objects.get(pk=village)
    Area.objects.filter(pk=village).update(contact_name=f"{mark}王姐", contact_phone="")
    guide = _guide("yibao-001", district, mark)
    _guide("yibao-002", district, mark, featured=None, audience="enterprise", stage="land", cross_province=True)
    event = make_event("newborn", guide, district=district, title=f"{mark}添了孩子", answer=f"{mark}接着办。")
    hall = "hall-b" if district == DISTRICT else "hall-a"  # the second's would be found first
    Office.objects.create(code=hall, name=f"{mark}大厅", kind="hall", area_id=district, address=f"{mark}路1号")
    dated = {"source": f"{mark}某科", "area_id": None if district == DISTRICT else district}
    notice = Notice.objects.create(title=f"{mark}通知", text=f"{mark}通知内容", **dated)
    job = JobPosting.objects.create(title=f"{mark}保洁", employer=f"{mark}单位", text=f"{mark}要求", **dated)
    plate = make_plate(make_building(area, estate=f"{mark}小区", name=f"{mark}楼", entrances=()), entrance="")
    correction = Correction.objects.create(guide=guide, part="fee", text=f"{mark}写错了")
    helper = helper_of(village)
    request = make_request(area, name=f"{mark}人", note=f"{mark}话", guide=guide, doorplate=plate, claimed_by=helper)
    _beside(district, mark, area, guide, helper, request)
    return Filled(district, area, guide, event, notice, job, plate, correction, request)


def _guide(slug: str, district: str, mark: str, **fields) -> Guide:
    shown = {"title": f"{mark}登记", "plain_title": f"{mark}交医保", "answer": f"{mark}能登记。", "department": f"{mark}局", "aliases": [f"{mark}叫法", "交医保"], "featured": 1}
    guide = make_guide(slug, district=district, **{**shown, **fields})
    make_paper(guide, f"{mark}证")
    Step.objects.create(guide=guide, text=f"{mark}去窗口。")
    Counter.objects.create(guide=guide, kind="hall")
    Statement.objects.create(guide=guide, kind=StatementKind.CONDITION, text=f"{mark}户籍的人。")
    guide_actions.record_change(guide=guide, by=f"{mark}编辑")
    ContentStamp.advance()
    return guide


def _beside(district: str, mark: str, area: Area, guide: Guide, helper, request: HelpRequest) -> None:
    """What only staff see."""
    today, now = timezone.localdate(), timezone.now()
    SearchMiss.objects.create(district=district, text=f"{mark}没搜到", count=3, first_on=today, last_on=today)
    Refusal.objects.create(guide=guide, material=f"{mark}证", reason="absent", at="window", on=today)
    SpecialDay.objects.create(area_id=district, date=today + timedelta(days=200), name=f"{mark}停电")
    robot = Robot.objects.create(name=f"{mark}群", area=area, kind="wecom", address="https://qyapi.weixin.qq.com/x")
    AuditEntry.objects.create(by=helper, by_name=f"{mark}帮办", act="export", detail=f"{mark}导出")
    Notification.objects.create(kind="new", to_robot=robot, request=request, not_before=now)
    Notification.objects.create(kind="correction", to_user=helper, not_before=now)
    make_request(area, name=f"{mark}等着", wish=f"{mark}想办")
