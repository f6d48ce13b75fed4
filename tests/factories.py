"""Small functions that put true-looking rows into the database. Real area codes, obviously made-up people and buildings."""

import uuid
from datetime import date, datetime, time
from io import StringIO

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from doorplates.models import Building, Doorplate
from guides.models import Answer, Area, Domain, Guide, Level, LifeEvent, LifeEventStep, Material, Situation, Status
from guides.workdays import WorkCalendar
from helpdesk import actions
from helpdesk.models import Absence, HelpRequest, Kind, Posting

NAMES = {
    "640205000000": "惠农区",
    "640205101000": "尾闸镇",
    "640205102000": "园艺镇",
    "640205101203": "下庄子村村民委员会",
    "640205102006": "水韵名都社区居民委员会",
    "640205102201": "园艺村村民委员会",
}
DISTRICT, TOWNSHIP = "640205000000", "640205102000"  # 惠农区, 园艺镇
SHUIYUN, XIAZHUANGZI = "640205102006", "640205101203"  # 水韵名都社区 in 园艺镇, 下庄子村 in 尾闸镇


YUANYI = "640205102201"  # 园艺村, the neighbour of 水韵名都社区 in the same township


def make_area(code: str = SHUIYUN) -> Area:
    """The area with everything above it; the same code again is the same row."""
    parent = None
    for level, above in ((Level.DISTRICT, code[:6] + "000000"), (Level.TOWNSHIP, code[:9] + "000"), (Level.COMMUNITY, code)):
        defaults = {"name": NAMES.get(above, above), "level": level, "parent": parent}
        parent, _ = Area.objects.get_or_create(code=above, defaults=defaults)
        if above == code:
            break
    return parent


def make_guide(slug: str = "yibao-001", *, papers: tuple[str, ...] = (), **fields) -> Guide:
    """A published guide; `papers` are names of materials."""
    domain, _ = Domain.objects.get_or_create(slug=slug.partition("-")[0], defaults={"name": f"主题{slug.partition('-')[0]}"})
    shown = {
        "title": "城乡居民基本医疗保险参保登记",
        "plain_title": "交医保（城乡居民）",
        "answer": "带身份证到社区就能登记。",
        "department": "区医疗保障局",
        "counter_level": Level.COMMUNITY,
        "status": Status.PUBLISHED,
        **fields,
    }
    guide = Guide.objects.create(slug=slug, domain=domain, **shown)
    for order, name in enumerate(papers):
        Material.objects.create(guide=guide, name=name, order=order)
    return guide


def make_building(community: Area | None = None, *, estate: str = "示例小区", name: str = "8号楼", entrances: tuple[str, ...] = ("1单元", "2单元")) -> Building:
    return Building.objects.create(community=community or make_area(), estate=estate, name=name, entrances=list(entrances), is_sample=True)


def make_plate(building: Building | None = None, *, entrance: str = "2单元", **fields) -> Doorplate:
    return Doorplate.objects.create(building=building or make_building(), entrance=entrance, **fields)


def make_user(username: str, *, name: str = "", role: str = "", **fields):
    """A user who cannot sign in by password until `set_password`; roles carry their real permissions."""
    if role and not Group.objects.filter(name=str(role)).exists():
        call_command("setup_roles", stdout=StringIO())
    user = get_user_model().objects.create_user(username, first_name=name, **fields)
    if role:
        user.groups.add(Group.objects.get(name=str(role)))
    return user


def make_posting(user, code: str, *, is_steward: bool = False) -> Posting:
    return Posting.objects.create(user=user, area=make_area(code), is_steward=is_steward)


def make_absence(user, first: date, last: date | None = None, **fields) -> Absence:
    """Somebody is away, one day unless `last` is given."""
    return Absence.objects.create(user=user, starts_on=first, ends_on=last or first, entered_by=user, **fields)


def make_submission(area: Area | None = None, **fields) -> actions.Submission:
    """王阿姨 asks for advice; any field may differ."""
    asked = {
        "submission_key": uuid.uuid4(),
        "kind": Kind.ADVICE,
        "area": area or make_area(),
        "name": "王阿姨",
        "phone": "13800138000",
        **fields,
    }
    return actions.Submission(**asked)


def make_request(area: Area | None = None, *, claimed_by=None, row: dict | None = None, **fields) -> HelpRequest:
    """A request that came in by the real way: stored, routed and promised; then claimed, and `row` written over it, if asked."""
    request = actions.submit(make_submission(area, **fields))
    if claimed_by:
        actions.claim(request=request, by=claimed_by)
    if row:
        HelpRequest.objects.filter(pk=request.pk).update(**row)
        request.refresh_from_db()
    return request


def workday_at(hour: int, *, minute: int = 0, days: int = 1) -> datetime:
    """That time on the `days`-th working day from now, local: an appointment that nobody has to ask about."""
    day = timezone.localdate()
    for _ in range(days):
        day = WorkCalendar().next_working_day(day)
    return datetime.combine(day, time(hour, minute), timezone.get_default_timezone())


def make_situation(guide: Guide, key: str, *answers: str, question: str = "谁去办？") -> Situation:
    """A question with its answers, written as `key:label` or `key:label:note`."""
    situation = Situation.objects.create(guide=guide, key=key, question=question, order=guide.situations.count())
    for order, text in enumerate(answers):
        name, label, note = (text.split(":") + [""])[:3]
        Answer.objects.create(situation=situation, key=name, label=label, note=note, order=order)
    return situation


def make_paper(guide: Guide, name: str, *, issued_by: Guide | None = None, **fields) -> Material:
    return Material.objects.create(guide=guide, name=name, issued_by=issued_by, order=guide.materials.count(), **fields)


def make_event(slug: str = "newborn", *guides: Guide, optional: tuple[Guide, ...] = (), **fields) -> LifeEvent:
    """A published life event of these guides, in their order; `optional` ones come after them."""
    shown = {"title": "家里添了孩子", "answer": "几样手续接着办。", "status": Status.PUBLISHED, **fields}
    event = LifeEvent.objects.create(slug=slug, **shown)
    for order, guide in enumerate([*guides, *optional]):
        LifeEventStep.objects.create(event=event, guide=guide, order=order, optional=guide in optional)
    return event
