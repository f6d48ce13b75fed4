"""长辈版: each page one heading, one main action, one tap to a person; fewer things to choose from; who must come said plainly."""

import re
from html import unescape

import pytest

from doorplates.actions import replace, revoke
from guides.models import Agency, Fact, FactField, Mark
from guides.reading import Reading
from tests.factories import SHUIYUN, make_area, make_building, make_guide, make_plate, make_request, make_situation

pytestmark = pytest.mark.django_db

MAIN = re.compile(r'class="btn(?: call)? main"')


@pytest.fixture
def pages(client) -> dict[str, str]:
    """Every kind of 长辈版 page, by a name, as its HTML."""
    guide = make_guide(papers=("身份证",))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    building = make_building()
    plate, gone, renewed = (make_plate(building, entrance=entrance) for entrance in ("2单元", "1单元", "3单元"))
    revoke(gone, by="沈禾", reason="")
    replace(renewed, by="沈禾", reason="")
    stored = make_request(guide=guide)
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    addresses = {
        "home": "/", "village": f"/c/{SHUIYUN}/", "plate": f"/D/{plate.code}", "revoked": f"/D/{gone.code}", "replaced": f"/D/{renewed.code}",
        "mistyped": "/D/7K3M", "verify": "/verify/", "report": f"/D/{plate.code}/report/", "topics": "/guides/", "enterprise": "/guides/?for=enterprise", "topic": "/guides/?topic=yibao",
        "results": "/guides/?q=医保", "no results": "/guides/?q=红烧肉", "guide": "/guides/yibao-001/", "areas": "/areas/", "notices": "/notices/",
        "villages": "/areas/?in=640205102000", "jobs": "/jobs/", "help": "/help/new/", "callback": "/help/callback/", "find": "/help/", "missing": "/x/",
        "complain": "/help/complain/", "door": "/help/123456789/", "follow": f"/help/{stored.reference}/",
    }  # fmt: skip
    addresses |= {f"guide {step}": f"/guides/yibao-001/?step={step}" for step in ("who", "bring", "where", "how", "time")}
    addresses |= {f"follow {step}": f"/help/{stored.reference}/?step={step}" for step in ("talk", "story", "cancel")}
    return {name: client.get(f"/elder{address}").content.decode() for name, address in addresses.items()}


def test_each_page_has_one_heading_one_main_action_and_a_call_in_the_bar(pages):
    wrong = {}
    for name, body in pages.items():
        bar = re.search(r'<nav class="bar.*?</nav>', body, re.DOTALL)
        found = body.count("<h1"), len(MAIN.findall(body)), bool(bar and 'href="tel:12345"' in bar[0])
        if found != (1, 1, True) and not (name == "follow story" and found == (1, 0, True)):  # a story is read, nothing is to be done
            wrong[name] = found
    assert wrong == {}
    assert len(pages) > 30


def test_one_tap_from_any_page_leads_to_a_callback(pages):
    """Except where the page itself is about a request: there the main action is its own."""
    own = {"help", "callback", "find", "door", "complain", "verify", "follow", "follow talk", "follow story", "follow cancel"}
    assert {name for name, body in pages.items() if "请人给我打电话</a></nav>" not in body} == own


def test_a_plate_brings_its_community_to_the_callback(pages):
    assert f'href="/elder/help/callback/?area={SHUIYUN}">请人给我打电话' in pages["plate"]


def test_a_search_offers_three_and_a_way_on(client):
    make_area()
    for number in range(1, 7):
        make_guide(f"yibao-{number:03}", plain_title=f"交医保第{number}种")
    hits = re.compile(r'<li><a href="[^"]*/guides/yibao-\d+/">')
    elder, plain = (client.get(f"{mode}/guides/?q=医保").content.decode() for mode in ("/elder", ""))
    assert (len(hits.findall(elder)), len(hits.findall(plain))) == (3, 6)
    assert "都不是您要的？点下面的“请人给我打电话”。" in elder
    assert "都不是您要的" not in plain


def test_a_topic_shows_eight_titles_a_page(client):
    for number in range(1, 12):
        make_guide(f"yibao-{number:03}")
    pages = [client.get(f"/elder/guides/?topic=yibao&page={page}").content.decode() for page in (1, 2)]
    assert [len(re.findall(r'<li><a href="/elder/guides/yibao', body)) for body in pages] == [8, 3]
    assert "带身份证到社区就能登记。" not in pages[0]
    assert "带身份证到社区就能登记。" in client.get("/guides/?topic=yibao").content.decode()


def test_the_front_page_leads_to_topics_instead_of_spreading_them_out(client):
    make_guide()
    elder, plain = (client.get(address).content.decode() for address in ("/elder/", "/"))
    assert ("看全部主题" in elder, "topic=yibao" in elder) == (True, False)
    assert ("看全部主题" in plain, "topic=yibao" in plain) == (False, True)


# ---- who must come


def who(client, address="/guides/yibao-001/") -> str:
    body = client.get(address).content.decode()
    return unescape(re.sub(r"<[^>]*>", "", re.search(r'<div class="come">(.*?)</div>', body, re.DOTALL)[1]))


def test_who_must_come_is_said_in_words(client):
    guide = make_guide(agency=Agency.ACCOMPANY, visits=1)
    Fact.objects.create(guide=guide, field=FactField.AGENCY, mark=Mark.COMMON, note="要当面按手印")
    said = who(client)
    assert "本人必须到场。帮办员只能陪着办，不能替您办。待核实要当面按手印" in said
    assert "要跑几次：最多跑1次待核实" in said
    assert who(client, "/elder/guides/yibao-001/?step=who") == said


def test_that_somebody_else_may_go_says_what_that_takes(client):
    guide = make_guide(agency=Agency.AGENT)
    assert "可以让别人代办。待核实" in who(client)
    assert "代办要带什么" not in who(client)  # no question of this guide tells
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    assert '<a class="noprint pill" href="/guides/yibao-001/?who=agent#bring" rel="nofollow">代办要带什么</a>' in client.get("/guides/yibao-001/").content.decode()
    assert "?who=agent&amp;step=bring" in client.get("/elder/guides/yibao-001/?step=who").content.decode()
    assert "代办要带什么" not in who(client, "/guides/yibao-001/?who=agent")


def test_what_nobody_knows_is_asked_for_by_phone(client):
    make_guide()
    assert who(client).strip() == "能不能代办还不清楚，先打 12345 问。"  # and nothing of visits: 多久、多少钱 says that already


MUST_COME, MAY_SEND, ASK = "<b>这件事本人必须到场</b>，别人不能替办。", "本人去不了的，可以让别人代办。", "能不能代办还不清楚，去之前先打"


@pytest.mark.parametrize(("agency", "chosen", "said"), [
    (Agency.ACCOMPANY, "agent", MUST_COME), (Agency.AGENT, "self", MAY_SEND), ("", "agent", ASK),
    (Agency.ACCOMPANY, "self", ""), (Agency.AGENT, "agent", ""), ("", "self", ""),
])  # fmt: skip
def test_an_answer_that_does_not_fit_is_told_so_beside_the_questions(client, agency, chosen, said):
    make_situation(make_guide(agency=agency), "who", "self:本人去", "agent:家里人去")
    for address in ("/guides/yibao-001/?who=", "/elder/guides/yibao-001/?step=bring&who="):
        questions = re.search(r'<section class="situations".*?</section>', client.get(address + chosen).content.decode(), re.DOTALL)[0]
        assert [sentence for sentence in (MUST_COME, MAY_SEND, ASK) if sentence in questions] == ([said] if said else [])


def test_an_answer_added_in_the_admin_is_known_by_its_words():
    guide = make_guide(agency=Agency.ACCOMPANY)
    make_situation(guide, "qa", "aa:本人去", "ab:请邻居代办")
    assert [Reading(guide, {"qa": key}).presence for key in ("aa", "ab")] == ["", "must_come"]
    assert Reading(guide, {"all": "1"}).presence == ""
    assert Reading(guide, {}).case_of_agent == "qa=ab"
