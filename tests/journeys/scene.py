"""The whole site with people on it, as one scene: what test_pages.py checks and scripts/screenshots takes pictures of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from uuid import uuid4

import yaml
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from playwright.sync_api import BrowserContext, Page

from doorplates import codes
from doorplates.actions import issue_plates, record_check, replace, report_plate, revoke
from doorplates.models import Building, Doorplate
from guides import editing
from guides.actions import record_change, record_refusal
from guides.models import Area, Correction, DayFigure, Guide, JobPosting, Notice, RefusalReason, RefusedAt, Status
from guides.reading import Reading
from guides.transfer import import_guides
from helpdesk import actions, attachments
from helpdesk.models import Channel, CloseReason, HelpRequest, Kind, Medium, Paper, PaperState, RatingLevel
from tests import people, pictures
from tests.factories import SHUIYUN, YUANYI, make_absence, make_request, workday_at

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
    call_command("load_reply_templates", FIXTURES / "reply_templates.yaml", verbosity=0, stdout=StringIO())
    Guide.objects.filter(slug="canlian-001").update(fee="示例：每人一元")
    good, revoked, replaced = put_up_plates()
    revoke(revoked, by="tests", reason="贴错了楼")
    successor = replace(replaced, by="tests", reason="雨水泡坏了")
    walls = _walls(good, successor)
    Guide.objects.filter(slug="zhufang-001").update(status=Status.WITHDRAWN)
    words = {"plate": good.code, "revoked": revoked.code, "replaced": replaced.code, "unissued": codes.generate(), "notice": str(Notice.objects.first().pk)}
    _second_factor_of(people.xiaozhao())
    _figures()
    return words | walls | _jobs_and_permits() | _next_versions() | _requests(good)


def _walls(good: Doorplate, successor: Doorplate) -> dict[str, str]:
    """Residents say that one is damaged, somebody saw another hang in the wrong place, a third was never put up, a building has none."""
    for kind in ("damaged", "suspicious"):
        report_plate(plate=good, kind=kind)
    record_check(plate=successor, kind="moved", by="tests")
    Doorplate.objects.filter(pk=put_up_plates(name="9号楼", entrances=("1单元",))[0].pk).update(issued_at=timezone.now() - timedelta(days=20))
    Building.objects.create(community=good.building.community, estate="水韵名都", name="10号楼", entrances=["1单元", "2单元"], is_sample=True)
    return {"moved": successor.code, "plate_pk": str(good.pk)}


def _figures() -> None:
    """A year of scans and openings in two villages, busy days and quiet ones, as the roll-up leaves them."""
    today = timezone.localdate()
    for code, most in ((SHUIYUN, 31), (YUANYI, 9)):
        for what, key in (("scan", ""), ("open", ""), ("guide", "minzheng-005"), ("guide", "huji-006"), ("found", "huji-006")):
            days = [(today - timedelta(days=back), (back * 7 + len(key)) % most) for back in range(365)]
            for area in Area.objects.get(pk=code).lineage_codes:
                found = {row.day: row for row in DayFigure.objects.filter(area=area, what=what, key=key)}
                rows = [DayFigure(area=area, what=what, day=day, key=key, number=n + getattr(found.get(day), "number", 0)) for day, n in days]
                DayFigure.objects.bulk_create(rows, update_conflicts=True, unique_fields=["area", "what", "day", "key"], update_fields=["number"])


def _second_factor_of(user) -> None:
    factor = actions.begin_factor(by=user)
    actions.finish_factor(by=user, factor=factor, token=f"{TOTP(bytes.fromhex(factor.key)).token():06d}")


def _next_versions() -> dict[str, str]:
    """边吉 changed two guides: one waits for 沈禾, one is still being written."""
    waiting, writing = (editing.start_next(guide=Guide.objects.get(slug=slug), by=people.bianji()) for slug in ("yibao-001", "yibao-003"))
    waiting.steps.filter(pk=waiting.steps.first().pk).update(text="到社区登记，带户口簿。")
    editing.record_saved(guide=waiting, by=people.bianji())
    editing.submit(guide=waiting, by=people.bianji())
    return {"waiting_pk": str(waiting.pk), "writing_pk": str(writing.pk), "public_pk": str(waiting.next_of_id)}


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
    actions.log_talk(request=mine, by=zhuli, medium=Medium.PHONE, said="告诉她带两个人的身份证。", heard="问要不要本人去。")
    by_phone = asked("huji-006", "孙奶奶", "13909521188", channel=Channel.PHONE, claimed_by=zhuli)
    actions.agree_visit(request=mine, by=zhuli, at=workday_at(9), place="station")
    card = _papers_with_photos(mine)
    actions.write_note(request=mine, by=zhuli, text="老人耳背，电话里说慢一点。")
    asked("shebao-001", "赵奶奶", "13909524444", claimed_by=xiaozhao)
    closed = asked("minzheng-005", "马师傅", "13909525555", papers=papers, claimed_by=zhuli)
    actions.close(request=closed, by=zhuli, reason=CloseReason.DONE, text="材料已经交上去了，下个月起补贴打到社保卡上。")
    rated = asked("yibao-001", "李嫂", "13909526666", claimed_by=zhuli)
    actions.close(request=rated, by=zhuli, reason=CloseReason.EXPLAINED, text="带户口簿到社区就能办。")
    actions.rate(request=rated, level=RatingLevel.SATISFIED, text="")
    back = asked("canlian-001", "周姨", "13909527777", claimed_by=xiaozhao)
    actions.cancel(request=back)
    # 李梅 of the next village has gone: what she had in hand and what waits there.
    limei, left = people.limei(), asked("shebao-001", "吴婶", "13909528888")
    make_absence(limei, timezone.localdate(now) + timedelta(days=20), timezone.localdate(now) + timedelta(days=22))
    lonely = make_request(Area.objects.get(pk=YUANYI), name="郑伯", phone="13909529999")
    HelpRequest.objects.filter(pk=left.pk).update(state="claimed", owner=limei, claimed_at=now)
    get_user_model().objects.filter(pk=limei.pk).update(is_active=False)
    found = {"left": left, "lonely": lonely, "late": late, "waiting": waiting, "mine": mine, "closed": closed, "rated": rated, "cancelled": back, "by_phone": by_phone}
    found |= _visits(asked, zhuli)
    came_back, codes_of_corrections = _loop(pension, mine)
    found |= came_back
    words = {"mandate": str(found.pop("mandate").pk), "visit_day": f"{timezone.localdate(found['home'].visit_at):%Y-%m-%d}", "paper": str(card.pk)}
    words |= codes_of_corrections
    return words | {name: request.reference for name, request in found.items()}


def _visits(asked: Callable, zhuli) -> dict:
    """朱丽 goes to one today, asks a mother first, acts for another under a signed paper; one was stopped."""
    mother = {"claimed_by": zhuli, "for_someone": True, "relation": "女儿"}
    first = asked("minzheng-005", "小王", "13909531111", kind=Kind.HOME, principal_name="王奶奶", principal_phone="13909541111", **mother)
    agent = asked("yibao-002", "小李", "13909532222", kind=Kind.AGENT, principal_name="李大爷", principal_phone="13909542222", **mother)
    actions.record_consent(request=agent, by=zhuli, given=True, how="phone")
    today = timezone.localdate()
    mandate = actions.make_mandate(request=agent, by=zhuli, principal_name="李建国", scope="到窗口交医保材料", starts_on=today, ends_on=today + timedelta(days=30))
    actions.sign_mandate(request=agent, by=zhuli, signed_on=today)
    home = asked("canlian-001", "孙奶奶", "13909533333", kind=Kind.HOME, claimed_by=zhuli, papers=(("居民身份证", "原件1份"), ("户口簿", "")))
    actions.agree_visit(request=home, by=zhuli, at=timezone.now() + timedelta(minutes=90))
    stopped = asked("minzheng-005", "小周", "13909534444", principal_name="周奶奶", principal_phone="13909544444", **mother)
    actions.stop(request=stopped, by_principal=True)
    return {"mother": first, "agent": agent, "home": home, "stopped": stopped, "mandate": mandate}


def _papers_with_photos(mine: HelpRequest) -> Paper:
    """One seen, one sent and not good and sent again, one missing. Returns the second."""
    first, card, last = mine.papers.all()
    good, _ = attachments.clean_all([BytesIO(pictures.paper_photo())], mine)
    actions.add_files(request=mine, paper=card, files=good)
    results = {
        first: actions.Check(state=PaperState.OK, original_seen=True),
        card: actions.Check(state=PaperState.BAD, reason=RefusalReason.UNCLEAR, remark="反面也要拍"),
        last: actions.Check(state=PaperState.MISSING, remark="找找看"),
    }
    actions.check_papers(request=mine, by=mine.owner, found={paper.pk: result for paper, result in results.items()})
    _, gone = actions.add_files(request=mine, paper=card, files=good * 2)
    actions.delete_file(attachment=gone)
    return card


def _loop(guide: Guide, mine) -> tuple[dict, dict[str, str]]:
    """What comes back: a complaint, a bad rating, a changed guide, papers refused, a reader's correction."""
    zhuguan = people.zhuguan()
    said = {"subject": actions.Subject.HELPER, "text": "打了三次电话没人接。", "area": mine.area, "phone": "13909528888"}
    complaint = actions.complain(complaint=actions.Complaint(submission_key=uuid4(), about=mine, **said))
    badly = make_request(guide=guide, area=mine.area, name="孙姐", phone="13909529999", claimed_by=people.xiaozhao())
    actions.close(request=badly, by=people.xiaozhao(), reason=CloseReason.DONE, text="办好了")
    actions.rate(request=badly, level=RatingLevel.DISSATISFIED, text="让我跑了三趟")
    revisit = actions.revisit_of(badly)
    actions.claim(request=revisit, by=zhuguan)
    paper = guide.materials.first()
    for _ in range(5):
        record_refusal(guide=guide, material=paper.name, reason=RefusalReason.COPY, case="who=agent", at=RefusedAt.WINDOW)
    guide.materials.create(name="示例照片", order=900)
    record_change(guide=guide, by="tests")
    actions.flag_changes()
    correction = Correction.objects.create(guide=guide, part="bring", text="窗口要两份复印件")
    return {"complaint": complaint, "badly": badly, "revisit": revisit}, {"correction": correction.code, "correction_pk": str(correction.pk), "guide_pk": str(guide.pk)}


def _stay(page: Page) -> None:
    pass


def press(button: str) -> Callable[[Page], None]:
    """What is in the form is sent as it stands."""
    return lambda page: page.get_by_role("button", name=button, exact=True).first.click()


def pick(template: str) -> Callable[[Page], None]:
    """A template is put into the box."""

    def choose(page: Page) -> None:
        page.locator("summary", has_text="用常用回复").first.click()
        page.get_by_role("button", name=template, exact=True).first.click()

    return choose


def last_four(digits: str) -> Callable[[Page], None]:
    def open_door(page: Page) -> None:
        page.get_by_label("留的电话的后四位").fill(digits)
        page.get_by_role("button", name="查看").click()

    return open_door


def judge_without_reason(page: Page) -> None:
    page.locator("#papers").get_by_role("radio", name="不合格", exact=True).first.check()
    press("把核对结果存下")(page)


def through_the_door(digits: str, *links: str, press_at_last: str = "") -> Callable[[Page], None]:
    """Into the follow page and on by these links: a photo's page opens for nobody who comes straight to its address."""

    def go(page: Page) -> None:
        last_four(digits)(page)
        for link in links:
            page.get_by_role("link", name=link).first.click()
        if press_at_last:
            press(press_at_last)(page)

    return go


def ask_for_ones_own(page: Page) -> None:
    """Everything unfolded that is for somebody who wants their own data, and sent without an answer."""
    for part in ("mine", "erase", "correct", "take"):
        page.locator(f"#{part} > summary").click()
    page.get_by_role("button", name="看一整页，打印给他").click()


def behind(digits: str, *links: str) -> Callable[[Page], None]:
    """Through the door and on by these links."""

    def walk(page: Page) -> None:
        last_four(digits)(page)
        for link in links:
            page.get_by_role("link", name=link).first.click()

    return walk


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
    Look("verify-genuine", "/verify/?code={plate}"),
    Look("verify-genuine-elder", "/elder/verify/?code={plate}"),
    Look("verify-replaced", "/verify/?code={replaced}"),
    Look("verify-revoked", "/verify/?code={revoked}"),
    Look("verify-mistyped", "/verify/?code=7K3M"),
    Look("verify-never-issued", "/verify/?code={unissued}"),
    Look("plate-report", "/D/{plate}/report/"),
    Look("plate-report-elder", "/elder/D/{plate}/report/"),
    Look("plate-reported", "/D/{plate}/report/?said=suspicious"),
    Look("plate-reported-elder", "/elder/D/{plate}/report/?said=damaged"),
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
    Look("sheet", f"{HERE}/sheet/minzheng-005/2/?who=agent&group=other"),
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
    Look("for-parent", f"/help/for-parent/?guide=minzheng-005&area={SHUIYUN}"),
    Look("for-parent-wrong", "/help/for-parent/", then=press("提交")),
    Look("for-parent-elder", "/elder/help/for-parent/"),
    Look("help-visit", "/help/{home}/", then=last_four("3333")),
    Look("help-visit-elder", "/elder/help/{home}/", then=last_four("3333")),
    Look("help-for-mother", "/help/{mother}/", then=last_four("1111")),
    Look("help-mandate", "/help/{agent}/", then=last_four("2222")),
    Look("help-stop-elder", "/elder/help/{agent}/?step=behalf", then=last_four("2222")),
    Look("help-stopped", "/help/{stopped}/", then=last_four("4444")),
    Look("help-papers-elder", "/elder/help/{mine}/?step=papers", then=last_four("8000")),
    Look("help-paper", "/help/{mine}/paper/{paper}/", then=through_the_door("8000", "社会保障卡")),
    Look("help-paper-wrong", "/help/{mine}/?papers", then=through_the_door("8000", "社会保障卡", press_at_last="传给帮办员")),
    Look("help-paper-elder", "/elder/help/{mine}/paper/{paper}/", then=through_the_door("8000", "材料，出门前先核对", "社会保障卡")),
    Look("complain", f"/help/complain/?area={SHUIYUN}"),
    Look("complain-wrong", "/help/complain/", then=press("提交")),
    Look("complain-elder", "/elder/help/complain/"),
    Look("help-complaint", "/help/{complaint}/?new=1", then=last_four("8888")),
    Look("help-rated-badly", "/help/{badly}/", then=last_four("9999")),
    Look("help-rated-badly-elder", "/elder/help/{badly}/", then=last_four("9999")),
    Look("wrong", f"{HERE}/guides/minzheng-005/wrong/"),
    Look("wrong-wrong", "/guides/minzheng-005/wrong/", then=press("告诉他们")),
    Look("wrong-elder", f"/elder{HERE}/guides/minzheng-005/wrong/"),
    Look("wrong-answer", "/guides/wrong/{correction}/"),
    Look("wrong-answer-elder", "/elder/guides/wrong/{correction}/"),
    Look("wrong-answer-none", "/guides/wrong/2222222222/", status=404),
    Look("mine", "/help/{mine}/mine/", then=last_four("8000")),
    Look("mine-correct", "/help/{mine}/mine/", then=behind("8000", "有错，改一改")),
    Look("mine-take", "/help/{mine}/mine/", then=behind("8000", "取走一份")),
    Look("mine-erase", "/help/{mine}/mine/", then=behind("8000", "全删掉")),
    Look("mine-elder", "/elder/help/{mine}/mine/", then=last_four("8000")),
    Look("mine-see-elder", "/elder/help/{mine}/mine/", then=behind("8000", "看看留着什么")),
    Look("mine-phone-elder", "/elder/help/{mine}/mine/", then=behind("8000", "有错，改一改", "电话")),
    Look("erased", "/help/erased/"),
    Look("404", "/nosuchpage/", status=404),
]
DESK_LOOKS = [
    Look("desk-login", "/desk/login/"),
    Look("desk-login-wrong", "/desk/login/", then=press("登录")),
    Look("account", "/desk/account/", people.zhuli),
    Look("account-with-factor", "/desk/account/", people.xiaozhao),
    Look("account-password", "/desk/account/password/", people.bianji),
    Look("account-password-wrong", "/desk/account/password/", people.zhuli, press("改好了")),
    Look("account-set-up", "/desk/account/set-up/", people.zhuli),
    Look("account-set-up-wrong", "/desk/account/set-up/", people.zhuli, press("设好了")),
    Look("account-code", "/desk/account/code/", people.xiaozhao),
    Look("account-code-wrong", "/desk/account/code/", people.xiaozhao, press("登录")),
    Look("account-paper", "/desk/account/code/?paper=1", people.xiaozhao),
    Look("account-new-phone", "/desk/account/new-phone/", people.xiaozhao),
    Look("account-codes", "/desk/account/", people.xiaozhao, press("换一张备用码（旧的作废）")),
    Look("desk-queue", "/desk/", people.zhuli),
    Look("desk-queue-empty", "/desk/", people.zhuli2),
    Look("desk-handbook", "/desk/handbook/", people.zhuli),
    Look("desk-queue-supervisor", "/desk/", people.zhuguan),
    Look("desk-plates", "/desk/plates/", people.zhuli),
    Look("desk-plate", "/desk/plates/{plate}/", people.zhuli),
    Look("desk-plate-moved", "/desk/plates/{moved}/", people.zhuli),
    Look("desk-plate-replaced", "/desk/plates/{replaced}/", people.zhuli),
    Look("desk-plate-elsewhere", "/desk/plates/{plate}/", people.zhuli2, status=404),
    Look("desk-entrances", "/desk/plates/entrances/", people.zhuguan),
    Look("desk-entrances-of", f"/desk/plates/entrances/?area={SHUIYUN}", people.zhuguan),
    Look("plate-for-staff", "/D/{plate}", people.zhuli),
    Look("desk-closed", "/desk/?show=closed", people.zhuli),
    Look("desk-waiting", "/desk/{waiting}/", people.zhuli),
    Look("desk-own", "/desk/{mine}/", people.zhuli),
    Look("desk-own-revealed", "/desk/{mine}/", people.zhuli, press("看完整电话")),
    Look("desk-own-template", "/desk/{mine}/", people.zhuli, pick("要带什么")),
    Look("desk-by-phone", "/desk/{by_phone}/", people.zhuli),
    Look("desk-own-wrong", "/desk/{mine}/", people.zhuli, press("办结")),
    Look("desk-own-mine", "/desk/{mine}/", people.zhuli, ask_for_ones_own),
    Look("desk-colleague", "/desk/{mine}/", people.xiaozhao),
    Look("desk-papers-wrong", "/desk/{mine}/", people.zhuli, judge_without_reason),
    Look("desk-paper", "/desk/{mine}/paper/{paper}/", people.zhuli),
    Look("desk-paper-wrong", "/desk/{mine}/paper/{paper}/", people.zhuli, press("存下照片")),
    Look("desk-paper-supervisor", "/desk/{mine}/paper/{paper}/", people.zhuguan),
    Look("desk-paper-colleague", "/desk/{mine}/paper/{paper}/", people.xiaozhao, status=404),
    Look("desk-complaint", "/desk/{complaint}/", people.zhuguan),
    Look("desk-complaint-hidden", "/desk/{complaint}/", people.zhuli, status=404),
    Look("desk-revisit", "/desk/{revisit}/", people.zhuguan, press("办结")),
    Look("desk-rated-badly", "/desk/{badly}/", people.zhuguan),
    Look("desk-log", "/desk/new/", people.zhuli),
    Look("desk-log-wrong", "/desk/new/", people.zhuli, press("记下，给编号")),
    Look("desk-ask-first", "/desk/{mother}/", people.zhuli),
    Look("desk-mandate", "/desk/{agent}/", people.zhuli),
    Look("desk-mandate-paper", "/desk/{agent}/mandates/{mandate}/", people.zhuli),
    Look("desk-visit", "/desk/{home}/", people.zhuli),
    Look("desk-stopped", "/desk/{stopped}/", people.zhuli),
    Look("desk-route", "/desk/visits/?day={visit_day}", people.zhuli),
    Look("desk-route-empty", "/desk/visits/", people.zhuli2),
    Look("desk-me", "/desk/me/", people.zhuli),
    Look("desk-me-wrong", "/desk/me/", people.zhuli, lambda page: [page.get_by_label("手机").fill("139"), press("存好")(page)]),
    Look("desk-missing", "/desk/{mine}/", people.zhuli2, status=404),
    Look("desk-roster", "/desk/roster/", people.zhuli),
    Look("desk-roster-wrong", "/desk/roster/", people.zhuguan, press("记下")),
    Look("desk-hand-over", "/desk/roster/hand-over/", people.zhuli),
    Look("desk-hand-over-wrong", "/desk/roster/hand-over/", people.zhuli, press("转给他")),
    Look("desk-overview", "/desk/overview/", people.zhuguan),
    Look("desk-figures", "/desk/figures/", people.zhuguan),
    Look("desk-figures-year", "/desk/figures/?days=365", people.zhuguan),
    Look("desk-figures-wrong", "/desk/figures/?since=2026-03-09&until=x", people.zhuguan),
    Look("desk-overview-list", "/desk/overview/late/", people.zhuguan),
    Look("desk-overview-whose", "/desk/overview/hand-over/", people.zhuguan),
    Look("desk-overview-not-mine", "/desk/overview/", people.zhuli, status=403),
    Look("desk-take-over", "/desk/{left}/", people.zhuli),
    Look("desk-cover", "/desk/{lonely}/", people.zhuli),
    Look("desk-403", "/desk/", people.bianji, status=403),
]
ADMIN_LOOKS = [
    Look("admin-login", "/admin/login/"),
    Look("admin-home", "/admin/", people.guanli),
    Look("admin-guides", "/admin/guides/guide/", people.bianji),
    Look("admin-guide-materials", "/admin/guides/guide/{guide_pk}/change/#materials-group", people.bianji),
    Look("admin-figures", "/admin/guides/dayfigure/", people.guanli),
    Look("admin-health", "/admin/guides/guide/health/", people.bianji),
    Look("admin-packs", "/admin/guides/guide/packs/", people.bianji),
    Look("admin-guide-public", "/admin/guides/guide/{public_pk}/change/", people.bianji),
    Look("admin-guide-next", "/admin/guides/guide/{writing_pk}/change/", people.bianji),
    Look("admin-guide-compare", "/admin/guides/guide/{waiting_pk}/compare/", people.bianji),
    Look("admin-guide-review", "/admin/guides/guide/{waiting_pk}/change/", people.shenhe),
    Look("admin-guide-history", "/admin/guides/guide/{public_pk}/history/", people.bianji),
    Look("admin-refusals", "/admin/guides/refusal/", people.bianji),
    Look("admin-corrections", "/admin/guides/correction/", people.bianji),
    Look("admin-correction", "/admin/guides/correction/{correction_pk}/change/", people.bianji),
    Look("admin-notifications", "/admin/helpdesk/notification/", people.guanli),
    Look("admin-plates", "/admin/doorplates/doorplate/", people.guanli),
    Look("admin-plate", "/admin/doorplates/doorplate/{plate_pk}/change/", people.guanli),
    Look("admin-plate-reports", "/admin/doorplates/platereport/", people.guanli),
    Look("admin-coverage", "/admin/doorplates/coverage/", people.guanli),
    Look("admin-buildings", "/admin/doorplates/building/", people.guanli),
]
