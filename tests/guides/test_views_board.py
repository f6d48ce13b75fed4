"""招聘 and 政策 as residents read them: what holds today and concerns them, by kind, found by words, paged; an ended job says so."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides.models import JobKind, JobPosting, Notice, NoticeKind
from guides.models.board import MAX_WORDS, words_of
from tests.factories import SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_plate

pytestmark = pytest.mark.django_db
VIEWPOINTS = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]
FRAUD = "先交钱的、要押身份证的，都不要信。"


def make_job(title: str = "保洁员", **fields) -> JobPosting:
    return JobPosting.objects.create(**{"title": title, "employer": "示例物业", "source": "示例", **fields})


def make_notice(title: str = "停水通知", **fields) -> Notice:
    return Notice.objects.create(**{"title": title, "text": "内容。", "source": "示例", **fields})


def shown(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def titles(client, address: str) -> list[str]:
    return [item.title for item in client.get(address).context["page"]]


# ---- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("保洁", ["保洁"]), (" 保洁　做饭 ", ["保洁", "做饭"]), ("保洁，做饭、保洁", ["保洁", "做饭"]), ("ＡＰＰ", ["APP"]), ("", []), ("，。 ", []), ("C++", ["C++"]),
        ("字" * 300, ["字" * 200]), (" ".join(map(str, range(50))), [str(n) for n in range(MAX_WORDS)]),
    ],
)  # fmt: skip
def test_the_words_of_a_search(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("保洁", {"社区保洁员"}), ("物业", {"社区保洁员"}), ("早班", {"社区保洁员"}), ("河滨街", {"社区保洁员"}), ("早班 保洁", {"社区保洁员"}), ("保洁 夜班", set()),
        ("100%", {"操作工 100%计件"}), ("%", {"操作工 100%计件"}), ("_", set()), ("cnc", {"操作工 100%计件"}), ("ＣＮＣ", {"操作工 100%计件"}), ("", {"社区保洁员", "操作工 100%计件"}),
        ("'; DROP TABLE", set()),
    ],
)  # fmt: skip
def test_every_word_must_stand_somewhere_in_the_job_as_it_is_typed(client, query, found):
    make_job("社区保洁员", text="上早班。", place="河滨街")
    make_job("操作工 100%计件", employer="示例厂", text="会CNC的。")
    assert set(titles(client, f"/jobs/?q={query.replace('%', '%25').replace(' ', '+')}")) == found


def test_notices_are_searched_too(client):
    make_notice("创业贷款", text="可以申请。")
    make_notice("停水")
    assert titles(client, "/notices/?q=申请 贷款") == ["创业贷款"]


# ---- lists


@pytest.mark.parametrize("prefix", VIEWPOINTS)
def test_a_kind_is_a_list_of_its_own_in_every_viewpoint(client, prefix):
    make_area(SHUIYUN)
    for kind in JobKind:
        make_job(f"岗位{kind}", kind=kind)
    assert titles(client, f"{prefix}/jobs/?kind=part") == ["岗位part"]
    assert len(titles(client, f"{prefix}/jobs/?kind=nothing")) == 4
    body = shown(client, f"{prefix}/jobs/?kind=part&q=岗位")
    assert f'href="{prefix}/jobs/?kind=welfare&q=%E5%B2%97%E4%BD%8D"' in body
    assert '<input type="hidden" name="kind" value="part">' in body
    assert 'aria-current="true">✓ 兼职、零工' in body
    for kind in NoticeKind:
        make_notice(f"通知{kind}", kind=kind)
    assert titles(client, f"{prefix}/notices/?kind=work") == ["通知work"]


def test_only_what_holds_today_and_concerns_the_area(client):
    today = timezone.localdate()
    make_area(SHUIYUN)
    make_job("全区的")
    make_job("本镇的", area=make_area(TOWNSHIP))
    make_job("别村的", area=make_area(XIAZHUANGZI))
    make_job("昨天截止", expires_on=today - timedelta(1))
    make_job("今天截止", expires_on=today)
    make_job("明天发布", published_on=today + timedelta(1))
    assert set(titles(client, f"/c/{SHUIYUN}/jobs/")) == {"全区的", "本镇的", "今天截止"}
    assert set(titles(client, "/jobs/")) == {"全区的", "本镇的", "今天截止", "别村的"}


def test_kind_and_words_stay_while_pages_are_turned(client):
    for number in range(45):
        make_job(f"保洁{number}", kind="part")
        make_notice(f"通知{number}", kind="work")
    body = shown(client, "/jobs/?kind=part&q=保洁&page=2")
    assert "第2页，共3页" in body
    for page in (1, 3):
        assert f'href="?kind=part&q=%E4%BF%9D%E6%B4%81&page={page}"' in body
    assert len(titles(client, "/jobs/?kind=part&q=保洁&page=3")) == 5
    assert 'href="?kind=work&page=2"' in shown(client, "/notices/?kind=work")


@pytest.mark.parametrize(("address", "sentence"), [
    ("/jobs/", "现在没有招聘信息。到社区或街道的就业窗口登记"), ("/jobs/?q=宇航员", "现在没有这样的岗位。换个说法再查"), ("/jobs/?kind=intern", "现在没有这样的岗位。"),
    ("/notices/", "现在没有新通知。想问政策，打"), ("/notices/?q=宇航员", "现在没有这样的通知。"),
])  # fmt: skip
def test_an_empty_list_says_what_to_do(client, address, sentence):
    body = shown(client, address)
    assert sentence in body
    assert 'href="tel:12333"' in body or 'href="tel:12345"' in body


@pytest.mark.parametrize("address", ["/jobs/", "/jobs/?q=a&kind=part", "/notices/"])
def test_one_row_and_three_cost_the_same(client, address):
    counts = []
    for numbers in (range(1), range(1, 3)):
        for number in numbers:
            make_job(f"a{number}", kind="part", area=make_area())
            make_notice(f"a{number}", area=make_area())
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("place", ["/jobs/?q={}", "/jobs/?kind={}", "/jobs/?page={}", "/notices/?q={}", "/notices/?kind={}", "/jobs/{}/"])
def test_nothing_in_an_address_breaks_a_page(client, place):
    make_job()
    for text in ["%00", "%27%22%3E%3Cscript%3E", "9" * 400, "%EF%BC%91", "{{7777*7777}}", "%0d%0aSet-Cookie:x", "-1", "%E5%AD%97" * 5000]:
        answer = client.get(place.format(text))
        assert answer.status_code in (200, 400, 404), text
        assert "<script>" not in answer.content.decode()


# ---- one job


@pytest.mark.parametrize("prefix", VIEWPOINTS)
def test_a_job_has_a_page_of_its_own_that_any_cache_may_keep(client, prefix):
    make_area(SHUIYUN)
    job = make_job(phone="0952-3311111", pay="每月2000元", place="河滨街", headcount=2, text="上早班。\n会做饭。", kind="part", expires_on=timezone.localdate() + timedelta(9))
    assert f'href="{prefix}/jobs/{job.pk}/"' in shown(client, f"{prefix}/jobs/")
    answer = client.get(f"{prefix}/jobs/{job.pk}/")
    body = answer.content.decode()
    assert (answer.status_code, answer["Cache-Control"], answer.has_header("Set-Cookie")) == (200, "public, max-age=60, stale-while-revalidate=30", False)
    for words in ("保洁员", "示例物业", "每月2000元", "河滨街", "2人", "上早班。<br>会做饭。", "兼职、零工", FRAUD, 'href="tel:96110"'):
        assert words in body
    assert body.count('href="tel:09523311111"') == 2


def test_what_is_not_written_is_not_made_up(client):
    body = shown(client, f"/jobs/{make_job().pk}/")
    assert body.count("没写，打电话时问清楚") == 2
    assert "这里没留电话。到社区或街道的就业窗口登记，或者打" in body
    assert 'href="tel:12333"' in body
    assert "招几个人" not in body


def test_a_sample_says_so_everywhere(client):
    job = make_job(is_sample=True)
    assert "示例，不是真的招聘" in shown(client, "/jobs/")
    assert "示例，不是真的招聘。" in shown(client, f"/jobs/{job.pk}/")
    assert "示例，不是真的招聘" in shown(client, "/")


@time_machine.travel("2026-11-25 10:00+08:00", tick=False)
def test_an_ended_job_says_so_and_shows_others(client):
    ended = make_job("老岗位", kind="part", phone="0952-3311111", published_on="2026-10-01", expires_on="2026-11-24")
    answer = client.get(f"/jobs/{ended.pk}/")
    assert answer.status_code == 410
    assert "现在没有别的招聘信息" in answer.content.decode()
    full, part = make_job("全职的", kind="full"), make_job("兼职的", kind="part")
    body = client.get(f"/jobs/{ended.pk}/").content.decode()
    assert "“老岗位”这个招聘结束了" in body
    assert "11月24日就截止了" in body
    assert "tel:09523311111" not in body
    assert body.index(f"/jobs/{part.pk}/") < body.index(f"/jobs/{full.pk}/")
    assert f"/jobs/{ended.pk}/" not in body.replace(f"/elder/jobs/{ended.pk}/", "")  # only the switch to the other version leads here


def test_a_job_that_is_not_out_yet_is_not_there(client):
    assert client.get(f"/jobs/{make_job(published_on=timezone.localdate() + timedelta(1)).pk}/").status_code == 404
    assert client.get("/jobs/999999/").status_code == 404


def test_a_job_costs_the_same_with_one_other_and_with_three(client):
    job, counts = make_job(area=make_area()), []
    for numbers in (range(1), range(1, 3)):
        for number in numbers:
            make_job(f"另{number}", area=make_area())
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/jobs/{job.pk}/")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_an_assistant_can_be_asked_about_a_job(client):
    body = shown(client, f"/c/{make_area().pk}/jobs/{make_job().pk}/")
    address = f"/help/new/?note=%E6%83%B3%E5%BA%94%E8%81%98%EF%BC%9A%E4%BF%9D%E6%B4%81%E5%91%98%EF%BC%8C%E7%A4%BA%E4%BE%8B%E7%89%A9%E4%B8%9A&area={SHUIYUN}"
    assert f'href="{address}"' in body
    assert "想应聘：保洁员，示例物业" in client.get(address).content.decode()


def test_the_page_behind_a_plate_and_the_front_page_lead_to_the_job(client):
    job, plate = make_job(), make_plate()
    assert f'href="/jobs/{job.pk}/"' in shown(client, "/")
    assert f'href="/c/{SHUIYUN}/jobs/{job.pk}/"' in shown(client, f"/D/{plate.code}")
