"""In the back office requests are looked at, masked; accounts follow their roles and nobody lifts themselves above them."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guides.models import EditorPosting
from helpdesk.models import AuditEntry, Cover, MarketDay, Posting
from menpai.roles import Role
from tests.factories import DISTRICT, SHUIYUN, YUANYI, make_absence, make_area, make_request, make_user
from tests.guides.admin_pages import form_data
from tests.people import PASSWORD, bianji, guanli, shenhe, zhuguan, zhuli

pytestmark = pytest.mark.django_db
REQUESTS, USERS = reverse("admin:helpdesk_helprequest_changelist"), reverse("admin:auth_user_changelist")


def change(model, row):
    return reverse(f"admin:{model}_change", args=[row.pk])


@pytest.fixture
def bureau(client):
    client.force_login(guanli())
    return client


@pytest.fixture
def request_of_wang():
    """王秀英 asks, with everything personal filled in; 朱丽 has claimed it."""
    personal = {"name": "王秀英", "phone": "13812348000", "relation": "女儿", "note": "腿脚不好，住三楼"}
    return make_request(make_area(SHUIYUN), claimed_by=zhuli(), for_someone=True, **personal)


@pytest.mark.parametrize("person", [bianji, shenhe])
def test_who_writes_guides_reads_no_request(client, request_of_wang, person):
    client.force_login(person())
    events = reverse("admin:helpdesk_event_changelist")
    addresses = [REQUESTS, change("helpdesk_helprequest", request_of_wang), events, USERS]
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403, 403]


@pytest.mark.parametrize("person", [zhuli, zhuguan])
def test_who_works_at_the_desk_does_not_enter(client, person):
    client.force_login(person())
    for address in ("/admin/", REQUESTS):
        assert client.get(address).url == f"/admin/login/?next={address}"


def test_requests_are_masked_and_free_text_is_not_there(bureau, request_of_wang):
    shown = bureau.get(REQUESTS).content.decode() + bureau.get(change("helpdesk_helprequest", request_of_wang)).content.decode()
    assert ("王**" in shown, "138****8000" in shown) == (True, True)
    assert [secret for secret in ("王秀英", "13812348000", "女儿", "腿脚不好", request_of_wang.phone_index) if secret in shown] == []


def test_requests_and_their_trail_are_only_looked_at(client, request_of_wang):
    superuser = make_user("root", is_staff=True, is_superuser=True)
    for person in (guanli(), superuser):
        client.force_login(person)
        for model, row in (("helprequest", request_of_wang), ("event", request_of_wang.events.first())):
            address = change(f"helpdesk_{model}", row)
            assert client.get(address).status_code == 200
            assert client.get(reverse(f"admin:helpdesk_{model}_add")).status_code == 403
            assert client.post(address, {"state": "closed"}).status_code == 403
            assert client.post(reverse(f"admin:helpdesk_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    request_of_wang.refresh_from_db()
    assert request_of_wang.state == "claimed"


def test_a_request_is_found_by_its_spoken_number(bureau, request_of_wang):
    make_request(make_area(SHUIYUN))
    found = bureau.get(REQUESTS, {"q": request_of_wang.spoken_reference}).context["cl"].result_list
    assert list(found) == [request_of_wang]


@pytest.mark.nothing_kept
@pytest.mark.parametrize("address", [REQUESTS, reverse("admin:helpdesk_event_changelist"), USERS, reverse("admin:helpdesk_posting_changelist")])
def test_lists_cost_the_same_for_one_row_and_for_three(bureau, address):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert bureau.get(address).status_code == 200
        return len(queries)

    make_request(make_area(SHUIYUN), claimed_by=zhuli())
    cost()
    one = cost()
    for number in range(2):
        make_request(make_area(SHUIYUN), claimed_by=zhuli())
        Posting.objects.create(user=make_user(f"u{number}", role=Role.ASSISTANT), area=make_area(SHUIYUN))
    assert cost() == one


ROSTER = [reverse(f"admin:helpdesk_{model}_changelist") for model in ("cover", "marketday", "absence")]


@pytest.mark.nothing_kept
@pytest.mark.parametrize("address", ROSTER)
def test_lists_of_the_roster_cost_the_same_for_one_row_and_for_three(bureau, address):
    def rows(number: int):
        area, other, user = make_area(f"64020510220{number}"), make_area(SHUIYUN), make_user(f"a{number}", role=Role.ASSISTANT)
        Cover.objects.create(area=other, neighbour=area)
        MarketDay.objects.create(area=area, rule="solar", digits="3")
        make_absence(user, date(2026, 3, 2))

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert bureau.get(address).status_code == 200
        return len(queries)

    rows(1)
    cost()
    one = cost()
    rows(2), rows(3)
    assert cost() == one


@pytest.mark.parametrize("person", [bianji, shenhe])
def test_who_writes_guides_sees_no_roster(client, person):
    client.force_login(person())
    assert [client.get(address).status_code for address in ROSTER] == [403] * 3


def test_the_administrator_agrees_neighbours_of_communities_in_one_district(bureau):
    here, next_door = make_area(SHUIYUN), make_area(YUANYI)
    far = make_area("640221101001")
    for code in (DISTRICT, "640221000000"):
        EditorPosting.objects.create(user=guanli(), district_id=code)
    address = reverse("admin:helpdesk_cover_add")
    form = {"area": here.pk, "neighbour": next_door.pk, "order": "1"}
    assert "只能找同一个区（县）的" in bureau.post(address, form | {"neighbour": far.pk}).content.decode()
    assert "自己不能顶自己" in bureau.post(address, form | {"neighbour": here.pk}).content.decode()
    assert bureau.post(address, form | {"neighbour": here.parent_id}).status_code == 200  # a township is no neighbour
    assert Cover.objects.count() == 0
    assert bureau.post(address, form).status_code == 302
    assert Cover.objects.get().neighbour == next_door


def test_market_days_are_checked_and_leave_says_who_entered_it(bureau):
    area, user = make_area(SHUIYUN), make_user("a1", role=Role.ASSISTANT)
    address, form = reverse("admin:helpdesk_marketday_add"), {"area": area.pk, "rule": "weekday", "digits": "8", "part": "morning"}
    assert "星期几写 1 到 7" in bureau.post(address, form).content.decode()
    assert "写数字" in bureau.post(address, form | {"rule": "solar", "digits": "三"}).content.decode()
    assert bureau.post(address, form | {"rule": "lunar"}).status_code == 302
    form = {"user": user.pk, "starts_on": "2026-03-03", "ends_on": "2026-03-02", "part": "day", "kind": "leave"}
    address = reverse("admin:helpdesk_absence_add")
    assert "到哪天不能早于从哪天" in bureau.post(address, form).content.decode()
    assert bureau.post(address, form | {"ends_on": "2026-03-03"}).status_code == 302
    assert user.absences.get().entered_by == guanli()


def new_account(client, username: str, *roles: Role):
    address = reverse("admin:auth_user_add")
    data = form_data(client.get(address), "user_form") | {
        "username": username, "first_name": "新人", "password1": PASSWORD, "password2": PASSWORD,
        "groups": [str(Group.objects.get(name=role).pk) for role in roles],
    }  # fmt: skip
    answer = client.post(address, data)
    assert answer.status_code == 302
    return get_user_model().objects.get(username=username)


def test_the_role_decides_who_enters_the_back_office(bureau):
    entering = {str(role): new_account(bureau, f"u{number}", role).is_staff for number, role in enumerate(Role)}
    assert entering == {"编辑": True, "审核": True, "帮办员": False, "主管": False, "管理员": True}


def test_a_change_of_role_changes_who_enters(bureau):
    editor = bianji()
    data = form_data(bureau.get(change("auth_user", editor)), "user_form")
    bureau.post(change("auth_user", editor), data | {"groups": [str(Group.objects.get(name=Role.ASSISTANT).pk)], "is_staff": "on"})
    editor.refresh_from_db()
    assert editor.is_staff is False


def test_an_assistant_is_posted_on_their_own_page(bureau):
    person = make_user("xin", role=Role.ASSISTANT)
    data = form_data(bureau.get(change("auth_user", person)), "user_form") | {"postings-0-area": make_area(SHUIYUN).pk}
    assert bureau.post(change("auth_user", person), data).status_code == 302
    assert [posting.area_id for posting in person.postings.all()] == [SHUIYUN]


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("menpai12", "至少 10 个字符"), ("1234567890123", "全都是数字"), ("password123456"[:8] + "12", "常见")],
)
def test_weak_passwords_are_refused_in_words(bureau, password, sentence):
    address = reverse("admin:auth_user_add")
    data = form_data(bureau.get(address), "user_form") | {"username": "xin", "password1": password, "password2": password}
    assert sentence in bureau.post(address, data).content.decode()
    assert not get_user_model().objects.filter(username="xin").exists()


def test_nobody_lifts_themselves_above_their_role(bureau):
    """Who may change accounts must not make a superuser of anybody, nor touch one: Django alone would let them."""
    me = get_user_model().objects.get(username="guanli")
    data = form_data(bureau.get(change("auth_user", me)), "user_form") | {"is_superuser": "on", "user_permissions": ["1"]}
    bureau.post(change("auth_user", me), data)
    me.refresh_from_db()
    assert (me.is_superuser, me.user_permissions.count()) == (False, 0)
    root = make_user("root", is_staff=True, is_superuser=True)
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert bureau.post(password, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403
    assert bureau.post(change("auth_user", root), {"username": "root", "is_active": ""}).status_code == 403
    assert bureau.post(reverse("admin:auth_user_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    assert bureau.post(reverse("admin:auth_user_delete", args=[me.pk]), {"post": "yes"}).status_code == 403


def test_a_role_is_shown_in_words_and_not_changed(bureau):
    editors = Group.objects.get(name=Role.EDITOR)
    assert "办事指南：增加、修改、看" in bureau.get(change("auth_group", editors)).content.decode()
    assert bureau.post(change("auth_group", editors), {"name": "x"}).status_code == 403


def test_what_staff_did_that_is_about_no_request_is_there_to_read_and_not_to_change(client):
    entry = AuditEntry.objects.create(by=zhuguan(), by_name="周主任", act="export", detail="没办完的 3 行")
    client.force_login(guanli())
    assert "没办完的 3 行" in client.get("/admin/helpdesk/auditentry/").content.decode()
    assert client.post(f"/admin/helpdesk/auditentry/{entry.pk}/change/", {"detail": "x"}).status_code == 403
    client.force_login(bianji())
    assert client.get("/admin/helpdesk/auditentry/").status_code == 403
