"""Several districts in one installation, as residents see them: each address speaks with the words, guides and places of one district only."""

import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from doorplates.sheets import texts_of
from guides import misses, search
from guides.models import Area, ContentStamp, District, Guide, Notice, SearchMiss, SpecialDay, own_district
from guides.site_words import words_for, words_of
from guides.urls import urlpatterns
from guides.workdays import calendar_for
from helpdesk.models import HelpRequest
from tests import second_district
from tests.factories import DISTRICT, SHUIYUN, make_area, make_guide
from tests.second_district import COUNTY, HOTLINE, MARKS, SAID, VILLAGE, Filled, fill, start

pytestmark = pytest.mark.django_db

MORE = {  # the ways to ask an address for more
    "home": [""],
    "list": ["", "?q=交医保", "?q=医保登记", "?q=甲标", "?q=乙标", "?q=没有的事", "?topic=yibao", "?for=enterprise", "?can=cross", "?can=video"],
    "notices": ["", "?q=标"],
    "jobs": ["", "?q=标"],
    "ask": ["", "?q=交医保要带什么", "?q=医保去哪办", "?q=甲标能登记吗", "?q=乙标能登记吗"],
    "areas": ["", "?guide=yibao-001"],
}


@pytest.fixture
def both(settings):
    """Both districts with one of everything each, by their codes."""
    second_district.speak(settings)
    make_area(SHUIYUN)
    first = fill(DISTRICT, SHUIYUN)
    start()
    return {DISTRICT: first, COUNTY: fill(COUNTY, VILLAGE)}


def addresses(filled: Filled) -> list[str]:
    """Every resident address of a district: the pages of guides.urls from its village and as a whole, its plate, its help pages, its open data."""
    places = [f"/c/{filled.village.pk}", f"/c/{filled.district}", *([""] if filled.district == DISTRICT else [])]
    pages = [page + query for name, page in _pages(filled) for query in MORE.get(name, [""])]
    found = [f"{mode}{place}{page}" for mode in ("", "/elder") for place in places for page in pages]
    found += [f"{mode}/D/{filled.plate.code}" for mode in ("", "/elder")]
    asked = f"?area={filled.village.pk}"
    found += [f"{mode}/help/{page}/{asked}{more}" for mode in ("", "/elder") for page in ("new", "callback", "complain", "for-parent") for more in ("", "&guide=yibao-001")]
    found += [f"{mode}/{page}/?area={filled.district}" for mode in ("", "/elder") for page in ("help/new", "help", "verify")]
    found += [f"/api/v1/{page}area={filled.village.pk}" for page in ("guides?", "guides/yibao-001?", "search?q=交医保&", "areas?")]
    return found


def _pages(filled: Filled) -> list[tuple[str, str]]:
    pages = []
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        values = {
            "slug": filled.event.slug if route.startswith("events/") else filled.guide.slug,
            "pk": filled.notice.pk if route.startswith("notices/") else filled.job.pk,
            "number": 1,
            "code": filled.correction.code,
        }
        if unknown := set(pattern.pattern.converters) - set(values):
            raise AssertionError(f"{route}: say in test_districts what {unknown} is filled with")
        given = {name: values[name] for name in pattern.pattern.converters}
        pages.append((pattern.name, reverse(f"guides:{pattern.name}", kwargs=given)))
    return pages


@pytest.mark.parametrize(("code", "other"), [(DISTRICT, COUNTY), (COUNTY, DISTRICT)])
def test_no_address_of_one_district_says_a_word_of_the_other(client, both, code, other):
    told = 0
    for address in addresses(both[code]):
        response = client.get(address)
        text = response.content.decode()
        assert response.status_code == 200, address
        said = [word for word in SAID[other] if word in text]
        if "/areas/" in address:  # where one may change to the other district, by its name
            said = [word for word in said if word not in ("惠农", "乙示例")]
        if re.search(r"\?q=[甲乙]标", address):  # what was typed comes back
            said = [word for word in said if word != MARKS[other]]
        assert not said, f"{address}: {said}"
        told += MARKS[code] in text
    assert told > 60


def test_the_page_of_ones_own_request_speaks_for_its_district(client, both):
    stored = both[COUNTY].request
    page = client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": stored.phone[-4:]}, follow=True).content.decode()
    assert "乙标办事门牌" in page and HOTLINE in page and f"/c/{VILLAGE}/" in page
    for address in (f"/help/{stored.reference}/mine/", f"/elder/help/{stored.reference}/", f"/help/{stored.reference}/paper/0/"):
        text = client.get(address).content.decode()
        assert "乙标办事门牌" in text
        assert not [word for word in SAID[DISTRICT] if word in text], address


def test_a_slips_number_leads_to_its_own_districts_answer_from_any_door(client, both):
    found = client.get("/help/", {"reference": both[COUNTY].correction.code}, follow=True).content.decode()
    assert "乙标交医保" in found and "乙标办事门牌" in found and f"/c/{COUNTY}/" in found and "甲标" not in found


def test_a_place_that_is_nowhere_still_has_the_words_of_its_district(client, both):
    lost = client.get(f"/c/{VILLAGE}/guides/yibao-404/")
    nowhere = client.get(f"/c/{COUNTY}/nowhere/at/all/")
    for page in (lost, nowhere):
        assert page.status_code == 404
        assert "乙标办事门牌" in page.content.decode() and "甲标" not in page.content.decode()


def test_what_only_one_has_the_other_does_not_know(client, both):
    make_guide("huji-001", district=COUNTY)
    make_guide("minzheng-001")
    for page in ("", "guides/", "guides/?for=personal"):  # topics are shared words; each shows those it has guides in
        own, there = client.get(f"/{page}").content.decode(), client.get(f"/c/{COUNTY}/{page}").content.decode()
        assert ("主题minzheng" in own, "主题huji" in own, "主题minzheng" in there, "主题huji" in there) == (True, False, False, True), page
    notice, job = both[DISTRICT].notice, both[DISTRICT].job
    assert client.get("/guides/huji-001/").status_code == client.get(f"/c/{VILLAGE}/guides/minzheng-001/").status_code == 404
    assert client.get(f"/c/{VILLAGE}/notices/{notice.pk}/").status_code == client.get(f"/c/{VILLAGE}/jobs/{job.pk}/").status_code == 404
    assert client.get(f"/notices/{both[COUNTY].notice.pk}/").status_code == client.get(f"/jobs/{both[COUNTY].job.pk}/").status_code == 404
    assert client.get(f"/notices/{notice.pk}/").status_code == client.get(f"/c/{SHUIYUN}/jobs/{job.pk}/").status_code == 200


def test_a_notice_of_one_village_of_the_second_district_is_read_there(client, both):
    Notice.objects.create(title="乙标村通知", text="x", source="x", area_id=VILLAGE)
    assert "乙标村通知" in client.get(f"/c/{VILLAGE}/notices/").content.decode()
    assert "乙标村通知" in client.get(f"/c/{COUNTY}/notices/").content.decode()
    assert "乙标村通知" not in client.get("/notices/").content.decode()


@pytest.mark.parametrize("path", ["/areas/", "/elder/areas/"])
def test_who_is_in_the_other_district_finds_the_way_there_and_back(client, both, path):
    there = f"{path.removesuffix('areas/')}c/{COUNTY}/areas/"
    assert f'href="{there}"' in client.get(path).content.decode()
    page = client.get(there).content.decode()
    assert f'href="{path}"' in page and "乙示例镇" in page and "园艺镇" not in page


def test_only_12345_is_said_to_answer_day_and_night(client):
    start()
    assert "24小时有人接" in client.get("/").content.decode()
    assert "24小时有人接" not in client.get(f"/c/{COUNTY}/").content.decode()  # nobody knows it of another number


# words


def test_own_words_come_from_the_settings_and_its_row_goes_before_them(settings):
    second_district.speak(settings)
    make_area(DISTRICT)
    assert words_of(DISTRICT).name == "甲标办事门牌" and words_of(DISTRICT).icp == "甲标ICP备1号"
    District.objects.create(area_id=DISTRICT, organiser="惠农区某某局")
    assert (words_of(DISTRICT).organiser, words_of(DISTRICT).icp) == ("惠农区某某局", "甲标ICP备1号")


def test_another_district_never_borrows_the_identifiers(settings):
    second_district.speak(settings)
    start(organiser="", hotline="")
    words = words_for(Area.objects.get(pk=VILLAGE))
    assert (words.icp, words.police, words.identifier, words.organiser, words.hotline) == ("", "", "", "", "12345")
    District.objects.get(pk=COUNTY).save()
    District(area_id=COUNTY).save()  # not even its name
    assert words_of(COUNTY).name == "乙示例县数字政务门牌"


def test_a_changed_word_is_on_the_next_page(client):
    start()
    row = District.objects.get(pk=COUNTY)
    row.hotline = "12366"
    row.save()
    assert "12366" in client.get(f"/c/{COUNTY}/").content.decode()


def test_the_printed_plate_carries_its_own_districts_words(both):
    texts = "".join(texts_of(both[COUNTY].plate).values())
    assert HOTLINE in texts and "乙标某某局" in texts and "甲标" not in texts


def test_offline_the_phone_is_that_of_the_page(client, both):
    worker = client.get("/sw.js").content.decode()
    assert f'var ELSEWHERE = {{"640299": "{HOTLINE}"}};' in worker


def test_a_guide_page_asks_no_more_of_the_database_than_with_one_district(client, django_assert_num_queries):
    make_area(SHUIYUN)
    make_guide()
    ContentStamp.advance()
    _count(client, "/guides/yibao-001/")  # reads it
    alone = _count(client, "/guides/yibao-001/")
    start()
    fill(COUNTY, VILLAGE)
    words_of(DISTRICT)  # read once a minute, for all pages
    _count(client, "/guides/yibao-001/")  # the content has changed: reads it again
    with django_assert_num_queries(alone):
        client.get("/guides/yibao-001/")


def _count(client, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


# search, misses, days off


def test_each_district_searches_its_own_and_learns_of_changes_by_itself():
    start()
    make_guide("yibao-001", plain_title="交医保")
    assert [hit.slug for hit in search.search("交医保").hits] == ["yibao-001"]
    assert search.search("交医保", district=COUNTY).hits == []
    from guides.models import ContentStamp

    make_guide("yibao-007", district=COUNTY, plain_title="交医保", content_version=ContentStamp.advance())
    assert [hit.slug for hit in search.search("交医保", district=COUNTY).hits] == ["yibao-007"]
    assert [hit.slug for hit in search.search("交医保").hits] == ["yibao-001"]


def test_the_same_words_missed_in_two_districts_are_two_rows(client):
    start()
    client.get("/guides/?q=遛狗证")
    client.get(f"/c/{VILLAGE}/guides/?q=遛狗证")
    client.get(f"/c/{COUNTY}/guides/?q=遛狗证")
    assert sorted(SearchMiss.objects.values_list("district", "count")) == [(DISTRICT, 1), (COUNTY, 2)]


def test_a_day_off_without_an_area_is_the_installations_own():
    start()
    day = calendar_for(None, since=__import__("datetime").date(2026, 11, 1)).next_working_day(__import__("datetime").date(2026, 11, 2))
    SpecialDay.objects.create(date=day, name="停电")
    off = [calendar_for(area, since=day).is_working_day(day) for area in (None, make_area(SHUIYUN), Area.objects.get(pk=VILLAGE))]
    assert off == [False, False, True]


def test_a_wish_of_the_second_district_is_its_own_miss(client, both):
    form = {
        "name": "李叔", "phone": "13800138001", "consent": "on", "wish": "遛狗证", "area": VILLAGE, "submission_key": "4f6a3a70-8f52-4c06-9a57-3f4b5a0f0a11",
    }  # fmt: skip
    assert client.post("/help/new/", form).status_code == 302
    assert HelpRequest.objects.get(wish__text="遛狗证").wish.district == COUNTY
    assert misses.miss_for("遛狗证").district == own_district()


# the help forms


def ask(client, **given):
    form = {"name": "李叔", "phone": "13800138001", "consent": "on", "submission_key": "4f6a3a70-8f52-4c06-9a57-3f4b5a0f0a12", **given}
    return client.post("/help/new/", form)


def test_a_slug_means_the_guide_of_the_villages_district(client, both):
    assert ask(client, area=VILLAGE, guide="yibao-001").status_code == 302
    assert HelpRequest.objects.latest("id").guide == both[COUNTY].guide
    assert ask(client, area=SHUIYUN, guide="yibao-001").status_code == 302
    assert HelpRequest.objects.latest("id").guide == both[DISTRICT].guide


def test_without_a_village_it_goes_to_the_district_of_the_page(client, both):
    page = client.get(f"/help/new/?area={COUNTY}").content.decode()
    assert f'name="district" value="{COUNTY}"' in page
    assert ask(client, district=COUNTY, guide="yibao-001").status_code == 302
    stored = HelpRequest.objects.latest("id")
    assert (stored.area_id, stored.queue_id, stored.guide) == (COUNTY, COUNTY, both[COUNTY].guide)
    assert ask(client, district="640988000000").status_code == 302  # no such district: the installation's own
    assert HelpRequest.objects.latest("id").area_id == DISTRICT


def test_a_complaint_of_the_second_district_stays_there(client, both):
    form = {
        "subject": "other", "text": "有个主意", "phone": "13800138001", "consent": "on", "district": COUNTY, "number": both[DISTRICT].request.reference,
        "submission_key": "4f6a3a70-8f52-4c06-9a57-3f4b5a0f0a13",
    }  # fmt: skip
    answer = client.post("/help/complain/", form)
    assert answer.status_code == 302, answer.content.decode()
    stored = HelpRequest.objects.latest("id")
    assert (stored.area_id, stored.queue_id, stored.about) == (COUNTY, COUNTY, None)


# loading


def test_a_content_pack_goes_where_it_is_told(tmp_path):
    start()
    pack = tmp_path / "yibao.yaml"
    from guides.transfer import export_domain

    guide = make_guide("yibao-001")
    pack.write_text(export_domain(guide.domain), encoding="utf-8")
    call_command("load_guides", pack, district=COUNTY, verbosity=0)
    assert sorted(Guide.objects.values_list("district", "slug", "plain_title")) == [(DISTRICT, "yibao-001", guide.plain_title), (COUNTY, "yibao-001", guide.plain_title)]
