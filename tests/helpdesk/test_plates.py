"""门牌 at the desk: who may mark which plate, a tap and its undoing, the list to walk, entrances without a plate."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from doorplates.actions import issue_plates, record_check, replace, report_plate, revoke
from doorplates.models import Doorplate, PlateCheck
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_absence, make_area, make_building, make_plate

pytestmark = pytest.mark.django_db


@pytest.fixture
def plate():
    return make_plate()


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(person, address: str, status: int = 200) -> str:
    response = signed_in(person).get(address)
    assert response.status_code == status, address
    return response.content.decode()


def tap(person, plate, kind: str, **data):
    return signed_in(person).post(f"/desk/plates/{plate.code}/", {"kind": kind, **data}, follow=True)


def kinds(plate) -> list[str]:
    return list(plate.checks.order_by("pk").values_list("kind", flat=True))


# ---- who


def test_a_helper_marks_plates_of_their_own_community_and_no_other(plate):
    assert "水韵名都社区" in page(people.zhuli(), f"/desk/plates/{plate.code}/")
    tap(people.zhuli(), plate, "installed")
    assert kinds(plate) == ["installed"]
    body = page(people.zhuli2(), f"/desk/plates/{plate.code}/", 404)
    assert "不归您这里管" in body
    assert plate.place not in body
    assert tap(people.zhuli2(), plate, "gone").status_code == 404
    assert kinds(plate) == ["installed"]


def test_a_supervisor_marks_what_lies_below_and_not_beside(plate):
    far = make_plate(make_building(make_area(XIAZHUANGZI)))
    tap(people.zhuguan(), plate, "checked")
    assert tap(people.zhuguan(), far, "checked").status_code == 404
    assert (kinds(plate), kinds(far)) == (["checked"], [])
    tap(people.quzhuguan(), far, "checked")
    assert kinds(far) == ["checked"]


def test_who_covers_a_village_marks_its_plates_while_its_own_people_are_away(plate):
    zhuli, limei, today = people.zhuli(), people.limei(), timezone.localdate()
    page(limei, f"/desk/plates/{plate.code}/", 404)
    make_absence(zhuli, today, today + timedelta(days=20))
    assert "您看到的是" in page(limei, f"/desk/plates/{plate.code}/")
    tap(limei, plate, "checked")
    assert kinds(plate) == ["checked"]


def test_a_project_steward_has_enterprises_and_no_plates(plate):
    people.zhuli()
    assert "不归您这里管" in page(people.guanjia(), f"/desk/plates/{plate.code}/", 404)
    assert "没有要去看的" in page(people.guanjia(), "/desk/plates/")


@pytest.mark.parametrize("person", [people.bianji, people.shenhe, people.guanli])
def test_the_back_office_has_its_own_pages(plate, person):
    for address in ("/desk/plates/", f"/desk/plates/{plate.code}/", "/desk/plates/entrances/"):
        page(person(), address, 403)
    assert tap(person(), plate, "gone").status_code == 403
    assert kinds(plate) == []


def test_without_signing_in_one_is_asked_to_and_comes_back(client, plate):
    response = client.get(f"/desk/plates/{plate.code}/")
    assert response["Location"] == f"/desk/login/?next=/desk/plates/{plate.code}/"
    client.post(f"/desk/plates/{plate.code}/", {"kind": "gone"})
    assert kinds(plate) == []


@pytest.mark.parametrize("code", ["7K3M9Q2X", "%00", "你好", "x" * 300])
def test_what_is_no_plate_is_not_found(code):
    assert "不归您这里管" in page(people.zhuli(), f"/desk/plates/{code}/", 404)


# ---- a tap


@pytest.mark.parametrize("kind", ["installed", "checked", "damaged", "moved", "gone"])
def test_a_tap_is_told_and_the_page_says_what_to_do_next(plate, kind):
    body = tap(people.zhuli(), plate, kind).content.decode()
    assert "记下了：" in body
    next_words = {"damaged": "新的贴上了，扫一下", "moved": f"能挪就挪回<b>{plate.place}</b>", "gone": "这里要补一块"}
    assert [words in body for words in next_words.values()] == [key == kind for key in next_words]


def test_a_double_tap_is_one_mark(plate):
    for _ in range(2):
        tap(people.zhuli(), plate, "damaged")
    assert kinds(plate) == ["damaged"]


def test_a_mis_tap_is_taken_back_on_the_same_page(plate):
    body = tap(people.zhuli(), plate, "gone").content.decode()
    check = re.search(r'name="check" value="(\d+)"', body)[1]
    assert "撤回了" in tap(people.zhuli(), plate, "undo", check=check).content.decode()
    plate.refresh_from_db()
    assert (kinds(plate), plate.condition) == ([], "")


def test_nobody_takes_back_a_colleagues_mark_or_one_that_is_not_the_last(plate):
    tap(people.zhuli(), plate, "damaged")
    check = plate.checks.get().pk
    assert "撤回刚才" not in page(people.xiaozhao(), f"/desk/plates/{plate.code}/")
    assert "撤不回了" in tap(people.xiaozhao(), plate, "undo", check=check).content.decode()
    tap(people.xiaozhao(), plate, "gone")
    assert "没有记上" in tap(people.zhuli(), plate, "undo", check=check).content.decode()
    assert kinds(plate) == ["damaged", "gone"]


def test_yesterdays_mark_offers_no_undoing(plate):
    with time_machine.travel(timezone.now() - timedelta(days=1)):
        record_check(plate=plate, kind="gone", by="朱丽")
    assert "撤回刚才" not in page(people.zhuli(), f"/desk/plates/{plate.code}/")


@pytest.mark.parametrize("kind", ["", "nonsense", "undo"])
def test_a_tap_that_says_nothing_changes_nothing(plate, kind):
    assert "没有记上" in tap(people.zhuli(), plate, kind).content.decode()
    assert PlateCheck.objects.count() == 0


def test_a_replaced_plate_leads_to_the_new_one_and_the_new_one_says_to_take_the_old_down(plate):
    successor = replace(plate, by="沈禾", reason="破了")
    body = tap(people.zhuli(), plate, "installed").content.decode()
    assert successor.spoken_code in body
    assert f'href="/desk/plates/{successor.code}/"' in body
    assert 'name="kind"' not in body
    assert kinds(plate) == []
    assert f"这块接替 <b class=\"number\">{plate.spoken_code}</b>" in page(people.zhuli(), f"/desk/plates/{successor.code}/")
    tap(people.zhuli(), successor, "installed")
    assert "这块接替" not in page(people.zhuli(), f"/desk/plates/{successor.code}/")


def test_a_revoked_plate_is_only_to_be_taken_down(plate):
    revoke(plate, by="沈禾", reason="楼拆了")
    body = page(people.zhuli(), f"/desk/plates/{plate.code}/")
    assert "取下来就行" in body
    assert 'name="kind"' not in body


def test_no_page_of_the_desk_names_who_marked_a_plate_or_tells_a_time(plate):
    record_check(plate=plate, kind="damaged", by="小赵")
    report_plate(plate=plate, kind="damaged")
    for address in (f"/desk/plates/{plate.code}/", "/desk/plates/", "/desk/plates/entrances/"):
        body = re.sub(r"<header.*?</header>", "", page(people.zhuguan(), address), flags=re.DOTALL)
        assert "小赵" not in body
        assert re.search(r"\d{1,2}:\d{2}", body) is None


def test_few_residents_are_not_counted_out(plate):
    for count in (1, 3, 1):
        for _ in range(count):
            report_plate(plate=plate, kind="damaged")
        few = plate.reports.get().count < 5
        for address in (f"/desk/plates/{plate.code}/", "/desk/plates/"):
            assert ("次）" in page(people.zhuli(), address)) is not few


# ---- the list


def test_the_list_holds_what_is_below_the_person_and_nothing_else():
    here, far = make_plate(), make_plate(make_building(make_area(XIAZHUANGZI), estate="下庄子", name="村委会"))
    for plate in (here, far):
        report_plate(plate=plate, kind="damaged")
    seen = {person.username: [plate.spoken_code in page(person, "/desk/plates/") for plate in (here, far)] for person in
            (people.zhuli(), people.zhuli2(), people.zhuguan(), people.quzhuguan())}  # fmt: skip
    assert seen == {"zhuli": [True, False], "zhuli2": [False, True], "zhuguan": [True, False], "quzhuguan": [True, True]}
    assert far.spoken_code not in page(people.zhuli(), f"/desk/plates/?area={XIAZHUANGZI}")
    assert here.spoken_code not in page(people.quzhuguan(), f"/desk/plates/?area={XIAZHUANGZI}")


def test_one_tap_settles_what_residents_said_and_comes_back_to_the_same_list(plate):
    report_plate(plate=plate, kind="suspicious")
    body = page(people.zhuguan(), f"/desk/plates/?area={SHUIYUN}")
    assert "居民说：看着可疑" in body
    assert re.findall(r'<button class="btn" name="kind" value="(\w+)">', body) == ["checked", "installed", "gone"]
    response = tap(people.zhuguan(), plate, "checked", list=SHUIYUN)
    assert response.redirect_chain == [(f"/desk/plates/?area={SHUIYUN}", 302)]
    assert "没有要去看的" in response.content.decode()
    assert f'href="/desk/plates/{plate.code}/#undo"' in response.content.decode()
    assert plate.reports.get().settled_by == "周主任"


@pytest.mark.parametrize("area", ["//evil.example", "https://evil.example", "x&y=1"])
def test_the_way_back_stays_here(plate, area):
    response = signed_in(people.zhuli()).post(f"/desk/plates/{plate.code}/", {"kind": "checked", "list": area})
    assert response["Location"].startswith("/desk/plates/?area=")
    assert "evil.example/" not in response["Location"]


@pytest.mark.nothing_kept
def test_the_list_costs_the_same_with_one_plate_and_with_three(plate):
    client, counts = signed_in(people.zhuli()), []
    for entrance in ("3单元", "4单元", "5单元"):
        report_plate(plate=make_plate(plate.building, entrance=entrance), kind="damaged")
        with CaptureQueriesContext(connection) as seen:
            client.get("/desk/plates/")
        counts.append(len(seen))
    assert len(set(counts)) == 1


# ---- entrances


def test_a_supervisor_sees_which_entrances_have_no_plate_village_by_village_in_order_of_the_codes():
    people.zhuli2()
    issue_plates([make_building(entrances=("1单元",))], by="沈禾")
    make_building(make_area(YUANYI), estate="园艺村", name="文化站", entrances=("南门", "北门"))
    make_building(make_area(XIAZHUANGZI), estate="下庄子", name="村委会", entrances=("西门",))
    body = page(people.zhuguan(), "/desk/plates/entrances/")
    assert re.findall(r'\?area=(\d+)">', body) == [SHUIYUN, YUANYI, YUANYI]  # each village, and the one that lacks some again
    assert "2 个" in body
    assert "下庄子" not in body
    named = page(people.zhuguan(), f"/desk/plates/entrances/?area={YUANYI}")
    assert "园艺村文化站" in named
    assert "南门、北门" in named
    assert "下庄子" not in page(people.zhuguan(), f"/desk/plates/entrances/?area={XIAZHUANGZI}")
    assert "每个入口都有门牌" in page(people.zhuguan(), f"/desk/plates/entrances/?area={SHUIYUN}")
    assert 'href="/desk/plates/entrances/"' in page(people.zhuguan(), "/desk/overview/")
    page(people.zhuli(), "/desk/plates/entrances/", 403)


def test_the_counts_cost_the_same_with_one_village_and_with_three():
    client, counts = signed_in(people.quzhuguan()), []
    for code in (SHUIYUN, XIAZHUANGZI, YUANYI):
        make_building(make_area(code), name=code)
        with CaptureQueriesContext(connection) as seen:
            client.get("/desk/plates/entrances/")
        counts.append(len(seen))
    assert len(set(counts)) == 1
    assert Doorplate.objects.count() == 0
