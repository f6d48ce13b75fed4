"""What the front page and a plate's page offer: kept by the content's number and the day, the same as read anew."""

from datetime import date

import pytest
import time_machine

from guides import actions, front
from guides.models import ContentStamp, Guide, JobPosting, Notice
from guides.viewpoint import Viewpoint
from tests.factories import SHUIYUN, YUANYI, make_area, make_guide, make_plate


@pytest.fixture
def village(db):
    make_guide(featured=1)
    Notice.objects.create(title="冬天防煤气中毒", source="区应急局", published_on=date(2026, 11, 24))
    ContentStamp.advance()
    return make_area(SHUIYUN)


def names(village) -> dict:
    return {key: [str(row) for row in rows] for key, rows in front.front_context(Viewpoint(village)).items()}


@time_machine.travel("2026-11-24 10:00+08:00")
def test_the_second_look_asks_only_for_the_contents_number(village, django_assert_num_queries):
    first, other = names(village), make_area(YUANYI)
    with django_assert_num_queries(1) as asked:
        assert names(village) == first
    assert "guides_contentstamp" in asked[0]["sql"]
    with django_assert_num_queries(3):  # another village shares the guides, and has a board of its own
        names(other)


@time_machine.travel("2026-11-24 10:00+08:00")
def test_a_change_shows_at_once(village):
    assert names(village)["featured"] and names(village)["notices"]
    other = make_guide("hukou-001", plain_title="办户口簿", featured=2)
    actions.record_change(guide=other, by="tests")
    assert len(names(village)["featured"]) == 2
    Notice.objects.all().delete()
    ContentStamp.advance()
    assert names(village)["notices"] == []
    actions.withdraw(guide=Guide.objects.get(slug="hukou-001"), by="tests")
    assert len(names(village)["featured"]) == 1


def test_what_ends_today_is_gone_tomorrow_without_a_change(village):
    JobPosting.objects.create(title="保洁", employer="某某物业", source="就业局", published_on=date(2026, 11, 20), expires_on=date(2026, 11, 24))
    ContentStamp.advance()
    with time_machine.travel("2026-11-24 23:00+08:00"):
        assert names(village)["jobs"]
    with time_machine.travel("2026-11-25 01:00+08:00"):
        assert names(village)["jobs"] == []


@time_machine.travel("2026-11-24 10:00+08:00")
def test_one_villages_board_is_not_anothers(village):
    other = make_area(YUANYI)
    JobPosting.objects.create(title="看大门", employer="园艺村", source="村里", area=other, published_on=date(2026, 11, 24), expires_on=date(2026, 12, 24))
    ContentStamp.advance()
    for _ in range(2):
        assert names(other)["jobs"] and not names(village)["jobs"]


def test_where_nobody_knows_the_content_nothing_is_kept(village, monkeypatch):
    monkeypatch.setattr(front, "generation", lambda: None)
    names(village)
    assert len(front._kept) == 0


@time_machine.travel("2026-11-24 10:00+08:00")
def test_the_page_behind_a_plate_offers_the_same(client, village):
    plate = make_plate()
    ContentStamp.advance()
    pages = [client.get(f"/D/{plate.code}").content.decode() for _ in range(2)]
    assert all("交医保（城乡居民）" in page and "冬天防煤气中毒" in page for page in pages)
