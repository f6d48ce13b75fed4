"""Resident pages: the same for everybody, nothing personal, kept by any cache; drafts hidden, withdrawn ones explained."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides.actions import publish, withdraw
from guides.models import Fact, Guide, JobPosting, Mark, Material, Notice, Status, Step
from tests.factories import SHUIYUN, make_area, make_event, make_guide, make_request, make_situation
from tests.people import zhuli

pytestmark = pytest.mark.django_db

NAME, PHONE = "张翠兰", "13912345678"
PAGES = [
    "/", "/guides/", "/guides/?q=医保", "/guides/?topic=yibao", "/guides/?for=enterprise", "/guides/yibao-001/", "/guides/yibao-001/?who=agent",
    "/guides/yibao-001/ready/?who=agent&have=000000", "/areas/", "/notices/", "/jobs/", "/verify/",
    "/events/", "/events/newborn/", "/events/newborn/?yibao-001.who=agent", "/events/newborn/?step=bring",
]  # fmt: skip
VIEWPOINTS = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]
EVERYWHERE = [prefix + page for prefix in VIEWPOINTS for page in PAGES if not (page == "/verify/" and SHUIYUN in prefix)]


@pytest.fixture
def site():
    """A community with a guide, a notice, a job and a request that could leak."""
    area = make_area(SHUIYUN)
    guide = make_guide(papers=("居民身份证",), featured=1)
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    make_event("newborn", guide)
    Notice.objects.create(title="停水通知", text="明天上午停水。", source="示例")
    JobPosting.objects.create(title="保洁员", employer="示例单位", source="示例")
    return make_request(area, name=NAME, phone=PHONE, guide=guide)


@pytest.mark.parametrize("page", EVERYWHERE)
def test_any_cache_may_keep_a_page(client, site, page):
    response = client.get(page)
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=60, stale-while-revalidate=30"
    assert not response.has_header("Set-Cookie")
    assert response.cookies == {}
    assert "Cookie" not in response.get("Vary", "")


def body_of(client, page) -> bytes:
    return client.get(page).content


@pytest.mark.parametrize("page", EVERYWHERE)
def test_a_page_is_the_same_for_whoever_asks(site, page):
    staff = Client()
    staff.force_login(zhuli())
    carrying = Client()
    carrying.cookies.load({"plate": "7K3M9Q2X", "follow": "x", "csrftoken": "y"})
    with time_machine.travel(timezone.now(), tick=False):
        plain = body_of(Client(), page)
        assert body_of(staff, page) == plain
        assert body_of(carrying, page) == plain
    for personal in (NAME, PHONE, PHONE[-4:], site.reference, "朱丽"):
        assert personal.encode() not in plain


def test_an_unchanged_page_is_not_sent_twice(client, site):
    with time_machine.travel(timezone.now(), tick=False):
        first = client.get("/guides/yibao-001/")
        again = client.get("/guides/yibao-001/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_reading_writes_nothing(client, site, django_assert_num_queries):
    for page in PAGES:
        with CaptureQueriesContext(connection) as seen:
            client.get(page)
        writes = [q["sql"] for q in seen if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
        assert writes == []


# ---- drafts and withdrawn guides


def test_a_draft_is_not_there(client):
    make_guide(status=Status.DRAFT)
    responses = [client.get(f"{prefix}/guides/yibao-001/") for prefix in ("", "/elder")]
    assert [r.status_code for r in responses] == [404, 404]
    assert "没有这一页" in responses[0].content.decode()
    assert "居民基本医疗保险" not in responses[0].content.decode()


def test_a_draft_is_not_in_any_list(client):
    guide = make_guide(status=Status.DRAFT, featured=1)
    make_guide("yibao-002", plain_title="交今年的医保")
    for page in ("/", "/guides/?topic=yibao", "/guides/?q=城乡居民基本医疗保险参保登记"):
        body = client.get(page).content.decode()
        assert (guide.slug in body, guide.plain_title in body) == (False, False)
    assert "<span>1件事</span>" in client.get("/").content.decode()


def test_a_withdrawn_guide_explains_itself_and_leaves_every_list(client):
    guide = make_guide(featured=1)
    withdraw(guide=guide, by="沈禾")
    response = client.get("/guides/yibao-001/")
    body = response.content.decode()
    assert response.status_code == 410
    assert f"“{guide.plain_title}”这份指南撤下了" in body
    assert 'href="tel:12345"' in body
    assert guide.answer not in body
    assert "yibao-001" not in client.get("/").content.decode()
    assert "yibao-001" not in client.get("/guides/?q=医保").content.decode()


def test_a_published_draft_is_there_at_once(client):
    guide = make_guide(status=Status.DRAFT)
    assert client.get("/guides/yibao-001/").status_code == 404
    publish(guide=guide, by="沈禾")
    assert client.get("/guides/yibao-001/").status_code == 200


# ---- what a guide's page says


def test_the_five_questions_in_order_after_the_answer(client):
    body = client.get(f"/guides/{make_guide().slug}/").content.decode()
    heads = ["<h2>谁能办</h2>", "<h2>要带什么</h2>", "<h2>去哪办</h2>", "<h2>怎么办</h2>", "<h2>多久、多少钱</h2>"]
    places = [body.index(head) for head in ['class="answer"', *heads]]
    assert places == sorted(places)


def test_an_unknown_fact_says_whom_to_call(client):
    make_guide(counter_level="district")
    body = client.get("/guides/yibao-001/").content.decode()
    ask = '<span class="note">不确定，请拨打 <a href="tel:12345">12345</a> 咨询</span>'
    assert body.count(f"<dd>{ask}</dd>") == 4  # money, time, visits, result
    for missing in ("要带什么", "去哪里办", "怎么办"):
        assert any(missing in line and "请拨打" in line for line in body.splitlines()), missing
    assert '<b>能不能代办还不清楚</b>，先打 <a href="tel:12345">12345</a> 问。' in body


@pytest.mark.parametrize(("mark", "verified", "shown"), [
    (Mark.OFFICIAL, True, "已核实"), (Mark.OFFICIAL, False, "待核实"), (Mark.REPOST, False, "待核实"), (Mark.COMMON, False, "待核实"),
])  # fmt: skip
def test_a_statement_wears_its_mark(client, mark, verified, shown):
    guide = make_guide()
    vouched = {"verified_by": "公开文件", "verified_on": date(2026, 11, 23)} if verified else {}
    Step.objects.create(guide=guide, text="到社区登记。", mark=mark, source="新华社", **vouched)
    css = "mark ok" if verified else "mark"
    assert f'到社区登记。<span class="{css}">{shown}</span>' in client.get("/guides/yibao-001/").content.decode()


def test_a_known_value_without_a_source_is_not_shown_as_verified(client):
    make_guide(fee="不收费")
    assert '<dd>不收费<span class="mark">待核实</span></dd>' in client.get("/guides/yibao-001/").content.decode()


@time_machine.travel("2026-11-24 10:00+08:00")
def test_last_years_amount_says_so(client):
    guide = make_guide(fee="每人400元")
    Fact.objects.create(guide=guide, field="fee", valid_for_year=2025)
    body = client.get("/guides/yibao-001/").content.decode()
    assert "每人400元" in body
    assert "这是2025年的，今年的请打12345问一下" in body


def test_identity_documents_stand_in_a_block_of_their_own(client):
    guide = make_guide()
    Material.objects.create(guide=guide, name="居民身份证", is_identity_document=True)
    Material.objects.create(guide=guide, name="申请表")
    body = client.get("/guides/yibao-001/").content.decode()
    block = body[body.index('<div class="identity">') : body.index("</ul></div>")]
    assert ("居民身份证" in block, "申请表" in block) == (True, False)
    assert "申请表" in body
    assert body.count('<input type="checkbox" name="have"') == 2  # the checklist can be ticked


def test_situations_are_plain_links_that_keep_the_case(client):
    guide = make_guide(papers=("身份证",))
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"])
    body = client.get("/guides/yibao-001/").content.decode()
    assert 'href="/guides/yibao-001/?who=agent#s-who"' in body
    assert "委托书" not in body
    chosen = client.get("/guides/yibao-001/?who=agent").content.decode()
    assert "委托书" in chosen
    assert 'href="/help/new/?guide=yibao-001&amp;case=who%3Dagent"' in chosen


def test_the_paper_that_another_guide_issues_links_there_only_when_published(client):
    guide, issuer = make_guide(), make_guide("huji-006", plain_title="补身份证")
    Material.objects.create(guide=guide, name="居民身份证", issued_by=issuer)
    assert 'href="/guides/huji-006/">没有？看怎么办</a>' in client.get("/guides/yibao-001/").content.decode()
    Guide.objects.filter(pk=issuer.pk).update(status=Status.DRAFT)
    assert "huji-006" not in client.get("/guides/yibao-001/").content.decode()


def test_the_elder_version_asks_one_question_a_page_with_the_phone_always_at_hand(client):
    guide = make_guide(papers=("身份证",))
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    front = client.get("/elder/guides/yibao-001/?who=agent").content.decode()
    assert front.count('<a class="btn call" href="tel:12345">打 12345</a>') == 1
    assert '<a class="btn main" href="/elder/help/callback/?guide=yibao-001&amp;case=who%3Dagent">请人给我打电话</a>' in front
    assert "身份证</span>" not in front
    steps = ["who", "bring", "where", "how", "time"]
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        body = client.get(f"/elder/guides/yibao-001/?step={step}&who=agent").content.decode()
        assert body.count("<h1") == 1
        assert ("下一页" in body) == (following is not None)
        if following:
            assert f"?step={following}&amp;who=agent" in body
    assert client.get("/elder/guides/yibao-001/?step=nothing").content.decode().count('class="cards"') == 1


# ---- lists


def test_the_board_shows_what_is_current_and_concerns_the_area(client):
    today = timezone.localdate()
    make_area(SHUIYUN)
    village = {"title": "别村的事", "area": make_area("640205101203")}
    for fields in ({"title": "全区的事"}, {"title": "过期的事", "expires_on": today - timedelta(1)}, {"title": "明天的事", "published_on": today + timedelta(1)}, village):
        Notice.objects.create(text="内容。", source="示例", **fields)
    shown = client.get(f"/c/{SHUIYUN}/notices/").content.decode()
    assert [title in shown for title in ("全区的事", "过期的事", "明天的事", "别村的事")] == [True, False, False, False]


def test_an_expired_or_unknown_notice_is_not_there(client):
    gone = Notice.objects.create(title="过期", text="内容。", source="示例", expires_on=timezone.localdate() - timedelta(1))
    assert client.get(f"/notices/{gone.pk}/").status_code == 404
    assert client.get("/notices/999999/").status_code == 404


def test_a_long_list_is_paged(client):
    for number in range(1, 46):
        make_guide(f"yibao-{number:03d}")
    body = client.get("/guides/?topic=yibao").content.decode()
    assert ("第1页，共3页" in body, body.count('<li><a href="/guides/yibao-')) == (True, 20)
    assert 'href="?topic=yibao&amp;page=2"' in body
    last = client.get("/guides/?topic=yibao&page=3").content.decode()
    assert last.count('<li><a href="/guides/yibao-') == 5


def test_the_audience_is_kept_when_a_list_is_turned(client):
    for number in range(1, 26):
        make_guide(f"shangshi-{number:03d}", audience="enterprise")
    body = client.get("/guides/?topic=shangshi&for=enterprise").content.decode()
    assert "for=enterprise&amp;page=2" in body


def rows(make, count):
    return [make(number) for number in range(1, count + 1)]


GROWING = {
    "/": lambda n: make_guide(f"yibao-{n:03d}", featured=n),
    "/guides/": lambda n: make_guide(f"{'abcdefgh'[n]}-001"),
    "/guides/?topic=yibao": lambda n: make_guide(f"yibao-{n:03d}", papers=("身份证",)),
    "/guides/?q=医保": lambda n: make_guide(f"yibao-{n:03d}", papers=("身份证",)),
    "/notices/": lambda n: Notice.objects.create(title=f"通知{n}", text="。", source="示例", area=make_area()),
    "/jobs/": lambda n: JobPosting.objects.create(title=f"岗位{n}", employer="示例", source="示例", area=make_area()),
    "/areas/": lambda n: make_area(f"640205{100 + n}001"),
}


@pytest.mark.parametrize("page", GROWING)
def test_one_row_and_three_cost_the_same(client, page):
    counts = []
    for numbers in (range(1, 2), range(2, 4)):
        for number in numbers:
            GROWING[page](number)
        client.get(page)  # the search index is built by its first reader
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_topics_stand_in_the_order_that_editors_gave_them(client):
    for slug, order in (("huji-001", 70), ("yibao-001", 10), ("minzheng-001", 40)):
        domain = make_guide(slug).domain
        domain.order = order
        domain.save()
    assert [topic.slug for topic in client.get("/").context["topics"]] == ["yibao", "minzheng", "huji"]


def test_a_guide_with_many_parts_costs_what_a_small_one_costs(client):
    issuer = make_guide("huji-006", papers=("照片",))
    counts, small, large = [], make_guide("yibao-001", papers=("申请表",)), make_guide("yibao-002", papers=("申请表", "户口簿", "证明"))
    for guide, count in ((small, 1), (large, 3)):
        for number in range(count):
            Step.objects.create(guide=guide, text=f"第{number}步。")
            make_situation(guide, "abc"[number], "self:本人去", "agent:家里人去")
        Material.objects.filter(guide=guide).update(issued_by=issuer)
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/guides/{guide.slug}/")
        counts.append(len(seen))
    assert counts[0] == counts[1]


# ---- what somebody may put into an address


HOSTILE = ["%00", "%27%22%3E%3Cscript%3E", "../../etc/passwd", "%F0%9F%98%80", "9" * 400, "%EF%BC%91", "{{7777*7777}}", "%0d%0aSet-Cookie:x", "-1", "a/b"]
PLACES = ["/guides/?q={}", "/guides/?topic={}", "/guides/?for={}", "/guides/?topic=yibao&page={}", "/guides/yibao-001/?who={}", "/guides/yibao-001/?all={}", "/elder/guides/yibao-001/?step={}",
          "/guides/yibao-001/?have={}", "/guides/yibao-001/ready/?have={}", "/guides/yibao-001/ready/?who={}", "/guides/{}/ready/", "/sheet/{}/1/", "/sheet/yibao-001/{}/", "/sheet/yibao-001/1/?who={}",
          "/areas/?guide={}", "/notices/?page={}", "/help/new/?guide={}", "/help/new/?area={}", "/help/new/?note={}", "/help/new/?case={}", "/help/new/?help={}", "/help/?reference={}", "/verify/?code={}",
          "/guides/{}/", "/c/{}/", "/D/{}", "/help/{}/", "/notices/{}/", "/elder/c/{}/guides/"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_nothing_in_an_address_breaks_a_page(client, site, place):
    for text in HOSTILE:
        response = client.get(place.format(text))
        assert response.status_code in (200, 302, 400, 404), text
        assert "<script>" not in response.content.decode()
        assert str(7777 * 7777) not in response.content.decode()  # long enough that no random token holds it by chance
