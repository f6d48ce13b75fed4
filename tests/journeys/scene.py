"""The whole site with people on it, as one scene: what test_pages.py checks and scripts/screenshots takes pictures of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path

import yaml
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from doorplates import codes
from doorplates.actions import issue_plates, replace, revoke
from doorplates.models import Building, Doorplate
from guides.models import Area, Guide, JobPosting, Notice, Status
from guides.reading import Reading
from guides.transfer import import_guides
from helpdesk import actions
from helpdesk.models import CloseReason, Kind, RatingLevel
from tests import people
from tests.factories import SHUIYUN, make_request

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PHONE_SIZE, TABLET_SIZE, DESKTOP_SIZE = ({"width": w, "height": h} for w, h in ((360, 740), (1024, 768), (1280, 800)))


def load_places() -> None:
    """惠农区 with its townships and communities, their offices, and the roles."""
    for command in (["setup_roles"], ["load_areas", FIXTURES / "areas-640205.csv"], ["load_offices", FIXTURES / "offices.yaml"]):
        call_command(*command, verbosity=0, stdout=StringIO(), stderr=StringIO())


def load_guides(*slugs: str) -> None:
    """These guides of the real content, published, as staff would import them."""
    topics = {slug.partition("-")[0] for slug in slugs}
    for topic in sorted(topics):
        document = yaml.safe_load((FIXTURES / "guides" / f"{topic}.yaml").read_text(encoding="utf-8"))
        document["guides"] = [guide for guide in document["guides"] if guide["slug"] in slugs]
        report = import_guides([yaml.safe_dump(document, allow_unicode=True)], by="tests", dry_run=False, publish=True)
        assert not report.problems, report.problems


def title_of(slug: str) -> str:
    """What people call it, as the content has it today: editors may change it without breaking a journey."""
    return Guide.objects.get(slug=slug).plain_title


def put_up_plates(estate: str = "水韵名都", name: str = "8号楼", entrances: tuple[str, ...] = ("1单元", "2单元", "3单元")) -> list[Doorplate]:
    """A building of 水韵名都社区 with a plate at each entrance."""
    fields = {"community": Area.objects.get(pk=SHUIYUN), "estate": estate, "name": name, "entrances": list(entrances)}
    return issue_plates([Building.objects.create(**fields, is_sample=True)], by="tests")


def sign_in(context: BrowserContext, user, site: str) -> None:
    """What the browser holds after signing in; journeys that are about signing in use the form instead."""
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])


def set_scene() -> dict[str, str]:
    """Fill an empty database with everything the looks below need. Returns the words for their addresses."""
    load_places()
    call_command("load_guides", *sorted((FIXTURES / "guides").glob("*.yaml")), verbosity=0, stdout=StringIO(), stderr=StringIO())
    call_command("load_life_events", FIXTURES / "life_events.yaml", verbosity=0, stdout=StringIO())
    call_command("load_board", FIXTURES / "board.yaml", verbosity=0, stdout=StringIO())
    Guide.objects.filter(slug="canlian-001").update(fee="示例：每人一元")
    good, revoked, replaced = put_up_plates()
    revoke(revoked, by="tests", reason="贴错了楼")
    replace(replaced, by="tests", reason="雨水泡坏了")
    Guide.objects.filter(slug="zhufang-001").update(status=Status.WITHDRAWN)
    words = {"plate": good.code, "revoked": revoked.code, "replaced": replaced.code, "unissued": codes.generate(), "notice": str(Notice.objects.first().pk)}
    return words | _jobs_and_permits() | _requests(good)


def _jobs_and_permits() -> dict[str, str]:
    """A job with everything filled in, one that ended, a brief permit in its stage, an item that can be done by video."""
    Guide.objects.filter(slug="touzi-001").update(stage="design", is_brief=True)
    Guide.objects.filter(slug="touzi-004").update(stage="build")
    Guide.objects.filter(slug="huji-006").update(video=True)
    shown = {"kind": "part", "employer": "示例餐饮", "place": "水韵名都", "pay": "每月2000元", "headcount": 2, "phone": "0952-3311111", "text": "退休的也可以来。"}
    job = JobPosting.objects.create(title="社区食堂帮厨", area_id=SHUIYUN, source="示例", is_sample=True, **shown)
    ended = JobPosting.objects.create(title="去年的帮厨", published_on="2025-11-01", expires_on="2025-12-01", source="示例", is_sample=True, **shown)
    return {"job": str(job.pk), "ended_job": str(ended.pk)}


def _requests(plate: Doorplate) -> dict[str, str]:
    """A working morning in 水韵名都社区: what waits, what is in hand, what is done."""
    zhuli, xiaozhao, _, _ = people.zhuli(), people.xiaozhao(), people.zhuli2(), people.guanjia()
    here = {"area": plate.building.community, "doorplate": plate}
    pension = Guide.objects.whole().get(slug="minzheng-005")
    papers = Reading(pension, {"who": "agent"}).checklist()
    now = timezone.now()

    def asked(slug: str, name: str, phone: str, **fields):
        return make_request(guide=Guide.objects.get(slug=slug), name=name, phone=phone, **here, **fields)

    late = asked("shebao-011", "张大爷", "13909521111", row={"promised_at": now - timedelta(hours=2)})
    waiting = asked("huji-006", "刘叔", "13909522222", kind=Kind.HOME, note="腿脚不好，下不了楼。", row={"promised_at": now + timedelta(minutes=40)})
    asked("yibao-002", "陈姐", "13909523333", kind=Kind.AGENT, row={"promised_at": now + timedelta(hours=5)})
    mine = asked(
        "minzheng-005", "王阿姨", "13800138000", kind=Kind.ACCOMPANY, papers=papers, claimed_by=zhuli, for_someone=True, relation="女儿",
        note="我妈81了，不会用手机，想问要不要本人去。",
    )  # fmt: skip
    actions.write_message(request=mine, by=zhuli, text="您好，社保卡也要带上。明天上午我在站里等您。")
    actions.reply(request=mine, text="好，我们九点到。")
    actions.set_visit(request=mine, by=zhuli, at=(timezone.localtime(now) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0))
    actions.tick_papers(request=mine, by=zhuli, ready={mine.papers.first().pk})
    actions.write_note(request=mine, by=zhuli, text="老人耳背，电话里说慢一点。")
    asked("shebao-001", "赵奶奶", "13909524444", claimed_by=xiaozhao)
    closed = asked("minzheng-005", "马师傅", "13909525555", papers=papers, claimed_by=zhuli)
    actions.close(request=closed, by=zhuli, reason=CloseReason.DONE, text="材料已经交上去了，下个月起补贴打到社保卡上。")
    rated = asked("yibao-001", "李嫂", "13909526666", claimed_by=zhuli)
    actions.close(request=rated, by=zhuli, reason=CloseReason.EXPLAINED, text="带户口簿到社区就能办。")
    actions.rate(request=rated, level=RatingLevel.SATISFIED, text="")
    back = asked("canlian-001", "周姨", "13909527777", claimed_by=xiaozhao)
    actions.cancel(request=back)
    found = {"late": late, "waiting": waiting, "mine": mine, "closed": closed, "rated": rated, "cancelled": back}
    return {name: request.reference for name, request in found.items()}


def _stay(page: Page) -> None:
    pass


def press(button: str) -> Callable[[Page], None]:
    """What is in the form is sent as it stands."""
    return lambda page: page.get_by_role("button", name=button, exact=True).first.click()


def last_four(digits: str) -> Callable[[Page], None]:
    def open_door(page: Page) -> None:
        page.get_by_label("留的电话的后四位").fill(digits)
        page.get_by_role("button", name="查看").click()

    return open_door


@dataclass(frozen=True)
class Look:
    """One page as somebody sees it: {words} of the scene in the address, who is signed in, what they then do."""

    name: str
    path: str
    who: Callable | None = None
    then: Callable[[Page], None] = _stay
    status: int = 200  # of the first answer

    @property
    def is_elder(self) -> bool:
        return self.path.startswith("/elder/")

    def open(self, page: Page, site: str, words: dict[str, str]) -> None:
        """Leave `page`, of a fresh context, at this look. Raises when the site answers with another status."""
        if self.who:
            sign_in(page.context, self.who(), site)
        answer = page.goto(site + self.path.format(**words))
        if answer.status != self.status:
            raise AssertionError(f"{self.name}: {answer.status} instead of {self.status}")
        self.then(page)
        page.wait_for_load_state()  # a click returns as soon as the next page begins


HERE = f"/c/{SHUIYUN}"
RESIDENT_LOOKS = [
    Look("home", "/"),
    Look("home-area", f"{HERE}/"),
    Look("plate", "/D/{plate}"),
    Look("plate-elder", "/elder/D/{plate}"),
    Look("plate-mistyped", "/D/7K3M9Q2A", status=404),
    Look("plate-never-issued", "/D/{unissued}", status=404),
    Look("plate-revoked", "/D/{revoked}", status=410),
    Look("plate-replaced", "/D/{replaced}", status=410),
    Look("verify", "/verify/"),
    Look("topics", "/guides/"),
    Look("topics-enterprise", "/guides/?for=enterprise"),
    Look("topic", "/guides/?topic=minzheng"),
    Look("results", "/guides/?q=老人补贴"),
    Look("ask", "/ask/?q=老人补贴要带什么"),
    Look("ask-unknown", "/ask/?q=修飞船"),
    Look("ask-fraud", "/ask/?q=这个码安全吗"),
    Look("results-none", "/guides/?q=修飞船"),
    Look("guide", f"{HERE}/guides/minzheng-005/?who=agent&group=other"),
    Look("guide-no-area", "/guides/huji-006/"),
    Look("guide-all", f"{HERE}/guides/minzheng-005/?all=1"),
    Look("guide-enterprise", f"{HERE}/guides/shangshi-001/"),
    Look("guide-ready", f"{HERE}/guides/minzheng-005/ready/?who=agent&group=other"),
    Look("guide-ready-elder", f"/elder{HERE}/guides/minzheng-005/ready/"),
    Look("sheet", f"{HERE}/sheet/minzheng-005/1/?who=agent&group=other"),
    Look("sheet-changed", f"/elder{HERE}/sheet/canlian-001/1/"),
    Look("guide-withdrawn", "/guides/zhufang-001/", status=410),
    Look("home-elder", "/elder/"),
    Look("guide-elder", f"/elder{HERE}/guides/minzheng-005/"),
    Look("guide-elder-bring", f"/elder{HERE}/guides/minzheng-005/?step=bring"),
    Look("guide-elder-where", f"/elder{HERE}/guides/minzheng-005/?step=where"),
    Look("guide-elder-time", f"/elder{HERE}/guides/minzheng-005/?step=time"),
    Look("events", "/events/"),
    Look("event", f"{HERE}/events/public-housing/"),
    Look("event-enterprise", "/events/construction/"),
    Look("event-elder", f"/elder{HERE}/events/newborn/"),
    Look("event-elder-do", f"/elder{HERE}/events/newborn/?step=do"),
    Look("event-elder-bring", f"/elder{HERE}/events/newborn/?step=bring"),
    Look("event-elder-first", f"/elder{HERE}/events/newborn/?step=first"),
    Look("areas", "/areas/"),
    Look("areas-elder", "/elder/areas/"),
    Look("areas-elder-villages", "/elder/areas/?in=640205102000"),
    Look("topics-elder", "/elder/guides/"),
    Look("topic-elder", "/elder/guides/?topic=minzheng"),
    Look("results-elder", "/elder/guides/?q=老人补贴"),
    Look("guide-must-come", f"{HERE}/guides/canlian-001/"),
    Look("notices", "/notices/"),
    Look("notice", "/notices/{notice}/"),
    Look("jobs", "/jobs/"),
    Look("jobs-none", f"{HERE}/jobs/?kind=part&q=宇航员"),
    Look("job", f"{HERE}/jobs/{{job}}/"),
    Look("job-elder", "/elder/jobs/{job}/"),
    Look("job-ended", "/jobs/{ended_job}/", status=410),
    Look("enterprise", f"{HERE}/enterprise/"),
    Look("enterprise-elder", "/elder/enterprise/"),
    Look("guide-stage", f"{HERE}/guides/touzi-001/"),
    Look("across-provinces", "/guides/?can=cross"),
    Look("by-video", "/elder/guides/?can=video"),
    Look("help-video", f"/help/new/?guide=huji-006&help=video&area={SHUIYUN}"),
    Look("help-video-elder", "/elder/help/new/?guide=huji-006&help=video"),
    Look("help-enterprise", "/help/new/?enterprise=1"),
    Look("help-new", f"/help/new/?guide=minzheng-005&area={SHUIYUN}"),
    Look("help-new-bare", "/help/new/"),
    Look("help-new-wrong", "/help/new/?guide=minzheng-005", then=press("提交")),
    Look("help-new-elder", f"/elder/help/new/?guide=minzheng-005&area={SHUIYUN}"),
    # Between two looks at one address with another #question stands another page: the browser would not load it again.
    Look("callback", "/help/callback/"),
    Look("help-new-elder-send", f"/elder/help/new/?guide=minzheng-005&area={SHUIYUN}#q-send"),
    Look("callback-elder", f"/elder/help/callback/?guide=minzheng-005&area={SHUIYUN}"),
    Look("help-new-elder-someone", "/elder/help/new/#q-someone"),
    Look("callback-elder-wrong", "/elder/help/callback/", then=press("请给我打电话")),
    Look("help-new-elder-wrong", "/elder/help/new/#q-send", then=press("提交")),
    Look("help-find", "/help/"),
    Look("help-find-wrong", "/help/?reference=123"),
    Look("help-open", "/help/{mine}/"),
    Look("help-open-wrong", "/help/{mine}/", then=last_four("0000")),
    Look("help-waiting", "/help/{waiting}/?new=1", then=last_four("2222")),
    Look("help-in-hand", "/help/{mine}/", then=last_four("8000")),
    Look("help-closed", "/help/{closed}/", then=last_four("5555")),
    Look("help-rated", "/help/{rated}/", then=last_four("6666")),
    Look("help-cancelled", "/help/{cancelled}/", then=last_four("7777")),
    Look("help-in-hand-elder", "/elder/help/{mine}/", then=last_four("8000")),
    Look("help-talk-elder", "/elder/help/{mine}/?step=talk", then=last_four("8000")),
    Look("help-closed-elder", "/elder/help/{closed}/", then=last_four("5555")),
    Look("complain", "/help/complain/"),
    Look("404", "/nosuchpage/", status=404),
]
DESK_LOOKS = [
    Look("desk-login", "/desk/login/"),
    Look("desk-login-wrong", "/desk/login/", then=press("登录")),
    Look("desk-queue", "/desk/", people.zhuli),
    Look("desk-queue-empty", "/desk/", people.zhuli2),
    Look("desk-queue-supervisor", "/desk/", people.zhuguan),
    Look("desk-closed", "/desk/?show=closed", people.zhuli),
    Look("desk-waiting", "/desk/{waiting}/", people.zhuli),
    Look("desk-own", "/desk/{mine}/", people.zhuli),
    Look("desk-own-revealed", "/desk/{mine}/", people.zhuli, press("看完整电话")),
    Look("desk-own-wrong", "/desk/{mine}/", people.zhuli, press("办结")),
    Look("desk-colleague", "/desk/{mine}/", people.xiaozhao),
    Look("desk-log", "/desk/new/", people.zhuli),
    Look("desk-log-wrong", "/desk/new/", people.zhuli, press("记下，给编号")),
    Look("desk-me", "/desk/me/", people.zhuli),
    Look("desk-me-wrong", "/desk/me/", people.zhuli, lambda page: [page.get_by_label("手机").fill("139"), press("存好")(page)]),
    Look("desk-missing", "/desk/{mine}/", people.zhuli2, status=404),
    Look("desk-403", "/desk/", people.bianji, status=403),
]
ADMIN_LOOKS = [
    Look("admin-login", "/admin/login/"),
    Look("admin-home", "/admin/", people.guanli),
    Look("admin-guides", "/admin/guides/guide/", people.bianji),
    Look("admin-notifications", "/admin/helpdesk/notification/", people.guanli),
    Look("admin-plates", "/admin/doorplates/doorplate/", people.guanli),
]
