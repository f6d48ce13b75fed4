"""Pages of life events: in all four mounts, drafts hidden, withdrawn ones explained, everything linked both ways."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.models import Audience, Counter, Guide, LifeEvent, Status
from tests.factories import SHUIYUN, make_area, make_event, make_guide, make_paper, make_situation

pytestmark = pytest.mark.django_db
PREFIXES = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]


@pytest.fixture
def event():
    """想住公租房: 无房证明 before 公租房, and 居住证 for some."""
    make_area(SHUIYUN)
    proof = make_guide("budongchan-001", plain_title="开无房证明")
    housing = make_guide("zhufang-001", plain_title="申请公租房")
    permit = make_guide("huji-008", plain_title="外地人办居住证")
    make_situation(housing, "who", "self:本人去", "agent:家里人去")
    make_paper(housing, "居民户口簿", is_identity_document=True, form="both")
    make_paper(housing, "无房证明", issued_by=proof)
    make_paper(proof, "户口簿", is_identity_document=True)
    make_paper(housing, "委托书", only_for=["who=agent"])
    make_paper(permit, "本人照片")
    Counter.objects.create(guide=proof, kind="realestate")
    event = make_event("public-housing", proof, housing, optional=(permit,), title="想住公租房", answer="先开无房证明，再申请。")
    event.steps.filter(guide=proof).update(note="先开好这个。")
    return event


def body_of(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def text_of(body: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]*>", " ", body.partition("<main")[2].partition("</main>")[0])))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_list_in_every_mount_keeps_people_and_enterprises_apart(client, event, prefix):
    make_event("restaurant", title="开饭馆", audience=Audience.ENTERPRISE)
    make_event("draft", title="草稿里的事", status=Status.DRAFT)
    make_event("gone", title="撤下的事", status=Status.WITHDRAWN)
    body = body_of(client, f"{prefix}/events/")
    for slug in ("public-housing", "restaurant"):
        assert f'href="{prefix}/events/{slug}/"' in body
    assert body.index("个人和家里的事") < body.index("想住公租房") < body.index("开店、办企业") < body.index("开饭馆")
    assert "草稿里的事" not in body
    assert "撤下的事" not in body


def test_an_empty_list_says_whom_to_call(client):
    body = body_of(client, "/events/")
    assert "现在还没有写好的" in body
    assert "<h2" not in body


@pytest.mark.parametrize("prefix", ["", f"/c/{SHUIYUN}"])
def test_the_page_says_steps_papers_and_what_to_get_first(client, event, prefix):
    body = body_of(client, f"{prefix}/events/public-housing/")
    text = text_of(body)
    places = [text.index(words) for words in (
        "想住公租房", "先开无房证明，再申请。", "开无房证明", "先开好这个。", "去哪办：不动产登记窗口", "申请公租房", "外地人办居住证", "选办：不是家家都要办",
        "总共要带什么", "必备证件", "选办的那几样，另外要带", "本人照片", "先办哪样 下面几样",
    )]  # fmt: skip
    assert places == sorted(places)
    assert f'href="{prefix}/guides/zhufang-001/?who=self"' in body
    assert "户口簿 原件，再带复印件1份" in text
    assert "办 “申请公租房” 要用" in text.replace("办“", "办 “").replace("”要用", "” 要用")
    assert "“要办哪几样”里的第1样" in text
    assert "时间不确定，先问 12345" in text
    assert body.count('type="checkbox"') == 3


def test_one_paper_of_two_matters_stands_once_and_names_both(client, event):
    text = text_of(body_of(client, "/events/public-housing/"))
    assert "办“开无房证明”“申请公租房”都要用" in text
    assert "有的地方叫：居民户口簿" in text


def test_answers_in_the_address_change_the_list(client, event):
    plain, agent = (body_of(client, f"/events/public-housing/{query}") for query in ("", "?zhufang-001.who=agent"))
    assert "委托书" not in plain
    assert "委托书" in agent
    assert 'href="/events/public-housing/?zhufang-001.who=agent#step-2" rel="nofollow"' in plain
    assert 'href="/events/public-housing/?#step-2" rel="nofollow"' in agent
    without = body_of(client, "/events/public-housing/?huji-008=skip")
    assert "本人照片" not in without
    assert "您选了不办这一样" in without


def test_a_nul_is_refused(client, event):
    assert client.get("/events/public-housing/?zhufang-001.who=%00x").status_code == 400


@pytest.mark.parametrize("query", ["?zhufang-001.who=<script>x", "?zhufang-001.=x&.=&=", "?step=nothing", "?huji-008=skip&huji-008=x", "?" + "a" * 5000])
@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_a_strange_address_gets_the_usual_page(client, event, prefix, query):
    body = body_of(client, f"{prefix}/events/public-housing/{query}")
    assert "<script>" not in body
    assert "委托书" not in body


@pytest.mark.parametrize("slug", ["draft", "nothing", "NOTHING", "a" * 300])
@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_a_draft_is_not_there(client, prefix, slug):
    make_event("draft", status=Status.DRAFT)
    assert client.get(f"{prefix}/events/{slug}/").status_code == 404


def test_a_withdrawn_event_explains_itself(client, event):
    LifeEvent.objects.update(status=Status.WITHDRAWN)
    response = client.get("/events/public-housing/")
    body = response.content.decode()
    assert response.status_code == 410
    assert "“想住公租房”这一页撤下了" in body
    assert 'href="tel:12345"' in body
    assert event.answer not in body


def test_a_step_whose_guide_is_gone_is_left_out_with_a_sentence(client, event):
    Guide.objects.filter(slug="zhufang-001").update(status=Status.WITHDRAWN)
    text = text_of(body_of(client, "/events/public-housing/"))
    assert "申请公租房" not in text
    assert "另外还有1样的指南正在改" in text
    Guide.objects.update(status=Status.WITHDRAWN)
    assert "问要办哪几样" in text_of(body_of(client, "/events/public-housing/"))


# ---- 长辈版


def test_the_elder_version_is_one_question_a_page(client, event):
    first = body_of(client, "/elder/events/public-housing/?zhufang-001.who=agent")
    addresses = [unescape(a) for a in re.findall(r'href="([^"]*step=[^"]*)"', first)]
    assert addresses == [f"/elder/events/public-housing/?step={step}&zhufang-001.who=agent" for step in ("do", "bring", "first")]
    pages = [body_of(client, address) for address in addresses]
    heads = ["要办哪几样", "总共要带什么", "先办哪样"]
    assert [[head for head in heads if f"<h2>{head}</h2>" in page] for page in pages] == [[head] for head in heads]
    assert "委托书" in pages[1]
    assert [("下一页：" in page) for page in pages] == [True, True, False]
    assert {page.count("<h1") for page in [first, *pages]} == {1}
    assert 'rel="nofollow"' in pages[0]
    assert "&amp;step=do#step-2" in pages[0]


def test_without_errands_the_elder_version_has_no_such_page(client, event):
    Guide.objects.filter(slug="budongchan-001").update(status=Status.WITHDRAWN)
    first = body_of(client, "/elder/events/public-housing/")
    assert "step=first" not in first
    assert "先办哪样" not in text_of(body_of(client, "/elder/events/public-housing/?step=first"))


# ---- help, links


@pytest.mark.parametrize("prefix", PREFIXES)
def test_help_is_asked_for_with_the_events_name(client, event, prefix):
    link = unescape(re.search(r'href="([^"]*/help/new/[^"]*)"', body_of(client, f"{prefix}/events/public-housing/"))[1])
    assert link.startswith(("/elder" if prefix.startswith("/elder") else "") + "/help/new/?")
    assert (f"area={SHUIYUN}" in link) == (SHUIYUN in prefix)
    assert "想一次办好：想住公租房" in body_of(client, link)
    assert "guide=" not in link


def test_an_enterprises_help_names_a_guide_so_that_a_steward_gets_it(client):
    make_event("restaurant", make_guide("shangshi-001", audience=Audience.ENTERPRISE), title="开饭馆", audience=Audience.ENTERPRISE)
    assert "guide=shangshi-001" in body_of(client, "/events/restaurant/")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_front_page_leads_to_the_events(client, event, prefix):
    body = body_of(client, f"{prefix}/")
    assert f'href="{prefix}/events/"' in body
    assert "人生大事，一次看全" in body
    LifeEvent.objects.update(status=Status.DRAFT)
    assert "人生大事" not in body_of(client, f"{prefix}/")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_guide_leads_to_the_events_that_contain_it(client, event, prefix):
    make_event("other", Guide.objects.get(slug="huji-008"), title="别的事")
    make_event("hidden", Guide.objects.get(slug="zhufang-001"), title="草稿里的事", status=Status.DRAFT)
    body = body_of(client, f"{prefix}/guides/zhufang-001/")
    assert f'href="{prefix}/events/public-housing/"' in body
    assert "别的事" not in body
    assert "草稿里的事" not in body


def test_the_enterprises_topics_lead_to_their_events_only(client, event):
    make_event("restaurant", make_guide("shangshi-001", audience=Audience.ENTERPRISE), title="开饭馆", audience=Audience.ENTERPRISE)
    body = body_of(client, "/guides/?for=enterprise")
    assert 'href="/events/restaurant/"' in body
    assert "public-housing" not in body
    assert "restaurant" not in body_of(client, "/guides/")


@pytest.mark.parametrize(("address", "is_there"), [
    ("/guides/zhufang-001/", True), ("/elder/guides/zhufang-001/?step=bring", True), ("/guides/budongchan-001/", False),
    ("/elder/guides/budongchan-001/?step=bring", False), ("/elder/guides/zhufang-001/?step=who", False),
])  # fmt: skip
def test_a_guide_says_what_to_get_first_where_there_is_something(client, event, address, is_there):
    text = text_of(body_of(client, address))
    assert ("先办哪样" in text) == is_there
    assert ("时间不确定，先问 12345" in text) == is_there


def test_a_promised_time_in_the_plan_wears_its_mark(client, event):
    Guide.objects.filter(slug="budongchan-001").update(promised_limit=5)
    for address in ("/guides/zhufang-001/", "/events/public-housing/"):
        assert "最长5个工作日 待核实" in text_of(body_of(client, address))


# ---- cost


def queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        body_of(client, address)
    return len(seen)


def test_a_page_asks_as_often_for_many_steps_as_for_one(client):
    make_area(SHUIYUN)
    issuer = make_guide("budongchan-001")
    make_situation(issuer, "who", "self:本人去", "agent:家里人去")
    make_paper(issuer, "甲材料", issued_by=make_guide("huji-900"))

    def guide(number: int) -> Guide:
        made = make_guide(f"zhufang-00{number}")
        make_situation(made, "who", "self:本人去", "agent:家里人去")
        make_paper(made, f"{number}号证明", issued_by=issuer)
        Counter.objects.create(guide=made, kind="hall")
        return made

    first = make_event("newborn", guide(1))
    one = [queries(client, address) for address in ("/events/newborn/", "/events/", "/", "/guides/zhufang-001/")]
    for number in (2, 3, 4):
        first.steps.create(guide=guide(number), order=number)
        make_event("event" + "abc"[number - 2], Guide.objects.get(slug="zhufang-001"))
    assert [queries(client, address) for address in ("/events/newborn/", "/events/", "/", "/guides/zhufang-001/")] == one


@pytest.mark.parametrize(("query", "shown"), [("我要退休了怎么办理", True), ("身份证丢了", False), ("今天天气怎么样", False)])
def test_a_search_that_speaks_of_a_life_event_shows_it(client, query, shown):
    retiring = make_guide("shebao-006", plain_title="到年龄办退休", aliases=["办退休", "退休手续"])
    make_guide("huji-006", plain_title="补身份证", aliases=["身份证丢了"])
    make_event("retire", retiring, title="到年龄办退休", aliases=["退休"])
    body = client.get("/guides/", {"q": query}).content.decode()
    assert ("/events/retire/" in body) is shown
