"""跨省通办 and 视频办: what each means for this item, with its mark; the lists of what can be done so."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.distance import SENTENCES, ways_of
from guides.models import Fact, FactField, Status
from tests.factories import SHUIYUN, make_area, make_guide, make_situation

pytestmark = pytest.mark.django_db
VIEWPOINTS = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]


@pytest.mark.parametrize("value", [True, False, None])
def test_each_answer_is_one_sentence_of_its_own(value):
    guide = make_guide(cross_province=value, video=value)
    assert [(way.key, way.value, way.sentence) for way in ways_of(guide)] == [(key, value, SENTENCES[key][value]) for key in ("cross", "video")]
    assert len({sentence for answers in SENTENCES.values() for sentence in answers.values()}) == 6


def part(client, address: str) -> str:
    body = unescape(client.get(address).content.decode())
    return body[body.index("人在外地，或者不方便跑") :].partition("</div>")[0]


def test_a_yes_stands_with_its_mark_and_note_and_offers_an_appointment(client):
    guide = make_guide(cross_province=True, video=True)
    make_area(SHUIYUN)
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Fact.objects.create(guide=guide, field=FactField.CROSS_PROVINCE, note="全国任一个乡镇都收。", verified_by="沈禾", verified_on="2026-11-20")
    Fact.objects.create(guide=guide, field=FactField.VIDEO, note="要先约。")
    for prefix, step in ((f"/c/{SHUIYUN}", ""), (f"/elder/c/{SHUIYUN}", "&step=where")):
        shown = part(client, f"{prefix}/guides/yibao-001/?who=agent{step}")
        assert '不用专门跑回来。<span class="mark ok">已核实</span><span class="note">全国任一个乡镇都收。</span>' in shown
        assert '不用跑窗口。<span class="mark">待核实</span><span class="note">要先约。</span>' in shown
        elder = "/elder" if "elder" in prefix else ""
        assert f'href="{elder}/help/new/?guide=yibao-001&help=video&area={SHUIYUN}&case=who%3Dagent">约个时间视频办' in shown


def test_a_no_offers_nothing(client):
    make_guide(cross_province=False, video=False)
    shown = part(client, "/guides/yibao-001/")
    assert SENTENCES["cross"][False] + '<span class="mark">待核实</span>' in shown
    assert SENTENCES["video"][False] in shown
    assert "href" not in shown


def test_the_unknown_says_so_without_a_mark_and_offers_to_ask(client):
    make_guide()
    shown = part(client, "/guides/yibao-001/")
    assert (SENTENCES["cross"][None] in shown, SENTENCES["video"][None] in shown, "mark" in shown) == (True, True, False)
    assert "help=advice&note=%E6%83%B3%E8%A7%86%E9%A2%91%E5%8A%9E" in shown
    assert "help=video" not in shown


# ---- the lists


@pytest.fixture
def guides():
    make_area(SHUIYUN)
    make_guide("yibao-001", plain_title="异地备案", cross_province=True)
    make_guide("huji-001", plain_title="补身份证", cross_province=True, video=True)
    make_guide("huji-002", plain_title="不能跨省", cross_province=False)
    make_guide("huji-003", plain_title="不知道")
    make_guide("huji-004", plain_title="还是草稿", cross_province=True, status=Status.DRAFT)
    make_guide("shangshi-001", plain_title="企业跨省", cross_province=True, audience="enterprise")


def listed(client, address: str) -> list[str]:
    return [guide.plain_title for guide in client.get(address).context["page"]]


@pytest.mark.parametrize("prefix", VIEWPOINTS)
def test_only_what_is_known_to_be_possible_is_listed(client, guides, prefix):
    assert set(listed(client, f"{prefix}/guides/?can=cross")) == {"异地备案", "补身份证", "企业跨省"}
    assert listed(client, f"{prefix}/guides/?can=video") == ["补身份证"]
    assert listed(client, f"{prefix}/guides/?can=cross&topic=huji") == ["补身份证"]
    assert listed(client, f"{prefix}/guides/?can=cross&for=enterprise") == ["企业跨省"]
    body = client.get(f"{prefix}/guides/?can=cross").content.decode()
    assert f'href="{prefix}/guides/?can=cross&amp;topic=yibao"' in body
    assert body.count("<h2>主题") == 3
    assert client.get(f"{prefix}/guides/?can=cross")["Cache-Control"] == "public, max-age=60, stale-while-revalidate=30"


def test_the_topics_page_leads_there_and_an_unknown_filter_is_none(client, guides):
    body = client.get("/guides/").content.decode()
    assert ('href="/guides/?can=cross"' in body, 'href="/guides/?can=video"' in body) == (True, True)
    assert 'href="/guides/?can=cross&amp;for=enterprise"' in client.get("/guides/?for=enterprise").content.decode()
    assert "全部事项" in client.get("/guides/?can=fly").content.decode()
    assert "能跨省办的事" in client.get("/guides/?can=cross&topic=nothing").content.decode()


def test_an_empty_list_offers_to_ask(client):
    for can, words in (("cross", "我在外地"), ("video", "想视频办")):
        body = client.get(f"/guides/?can={can}").content.decode()
        assert "先问一声" in body
        note = body.partition("/help/new/?note=")[2].partition('"')[0]
        assert words in client.get(f"/help/new/?note={note}").content.decode()


def test_the_list_is_paged_and_keeps_its_filters(client):
    for number in range(45):
        make_guide(f"huji-{number:03d}", cross_province=True)
    body = client.get("/guides/?can=cross&topic=huji&for=personal&page=2").content.decode()
    assert "第2页，共3页" in body
    assert 'href="?can=cross&amp;topic=huji&amp;for=personal&amp;page=3"' in body
    assert len(listed(client, "/guides/?can=cross&page=3")) == 5


def test_one_row_and_three_cost_the_same(client):
    counts = []
    for numbers in (range(1), range(1, 3)):
        for number in numbers:
            make_guide(f"{'abc'[number]}-001", cross_province=True)
        with CaptureQueriesContext(connection) as seen:
            client.get("/guides/?can=cross")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_nothing_in_the_filter_breaks_a_page(client):
    for text in ["%00", "%27%22%3E%3Cscript%3E", "9" * 400, "cross&topic=%00", "cross&topic=%3Cscript%3E", "cross&page=-1", "cross&for=x", "video&page=99999999999999999999"]:
        answer = client.get(f"/guides/?can={text}")
        assert answer.status_code in (200, 400), text
        assert "<script>" not in answer.content.decode()
