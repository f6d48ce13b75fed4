"""Several districts in one installation, as their staff see them: nothing of another district on any page, by no guessed number, in no box to choose from.

Both districts hold one of everything (tests/second_district.py). Every staff address is driven for each member of either, with the keys of all rows
of all tables, and none may answer with a word of the other.
"""

import re
from dataclasses import dataclass
from io import StringIO

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from guides.area_names import FOREIGN
from guides.districts import districts_of
from guides.models import Area, Correction, District, EditorPosting, Guide, JobPosting, LifeEvent, Notice, Office, SearchMiss
from guides.transfer_jobs import import_jobs
from helpdesk import actions
from helpdesk.access import visible_requests
from helpdesk.models import AuditEntry, HelpRequest, Notification, NotificationKind, Posting, StaffAccount
from menpai.roles import Role
from menpai.spreadsheets import Line
from tests import people, second_district
from tests.factories import DISTRICT, SHUIYUN, make_area, make_posting, make_user
from tests.helpdesk.staff_addresses import FILL, PARAMETER, UNKNOWN, staff_routes
from tests.helpdesk.staff_addresses import _admin_model as model_of
from tests.second_district import AREAS, COUNTY, MARKS, SAID, TOWN, VILLAGE, Filled, fill, helper_of, member, start

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Bureau:
    """Both districts with their staff, by role and district."""

    filled: dict[str, Filled]
    staff: dict[tuple[str, str], object]

    def client(self, role: str, district: str) -> Client:
        client = Client()
        client.force_login(self.staff[role, district])
        return client


@pytest.fixture
def bureau(settings) -> Bureau:
    second_district.speak(settings)
    make_area(SHUIYUN)
    first = fill(DISTRICT, SHUIYUN)
    before = {("admin", DISTRICT): people.guanli(), ("editor", DISTRICT): people.bianji(), ("reviewer", DISTRICT): people.shenhe()}
    start(admin="linyi")
    second = fill(COUNTY, VILLAGE)
    linyi = get_user_model().objects.get(username="linyi")
    linyi.first_name = "乙标林"
    linyi.save()
    StaffAccount.objects.update(must_change_password=False)  # she did, at her first sign-in
    there = {
        ("admin", COUNTY): linyi,
        ("editor", COUNTY): member("bianyi", Role.EDITOR, COUNTY),
        ("reviewer", COUNTY): member("shenyi", Role.REVIEWER, COUNTY),
        ("supervisor", DISTRICT): member("zhujia", Role.SUPERVISOR, DISTRICT, desk=DISTRICT),
        ("supervisor", COUNTY): member("zhuyi", Role.SUPERVISOR, COUNTY, desk=COUNTY),
        ("helper", DISTRICT): helper_of(SHUIYUN),
        ("helper", COUNTY): helper_of(VILLAGE),
    }
    return Bureau({DISTRICT: first, COUNTY: second}, before | there)


def addresses(route: str) -> list[str]:
    """The addresses of a route with the keys of every row there is, whoever's it is."""
    found = [route]
    for name in PARAMETER.findall(route):
        model = model_of(route)
        if name == "reference":
            values = HelpRequest.objects.values_list("reference", flat=True)
        elif name in ("object_id", "pk", "id") and model:
            values = model._base_manager.values_list("pk", flat=True)
        elif name in FILL:
            values = [FILL[name](route)]
        elif name == "act":
            values = ["hand_over"]
        elif "uuid" in route:
            values = [UNKNOWN["key"]]
        else:
            values = ["1"]
        found = [PARAMETER.sub(lambda _, value=value: str(value), address, count=1) for address in found for value in list(values)]
    return [f"/{address}" for address in found]


def variants(route: str) -> list[str]:
    """The ways to ask a list for more than it shows."""
    if "<" in route or not route.startswith(("admin/", "desk/")):
        return [""]
    other = "".join(f"&in_district={code}" for code in (DISTRICT,))
    return ["", "?q=标", f"?{other[1:]}", "?all=", f"?township={SHUIYUN[:9]}000", f"?township={TOWN}", "?show=closed"]


def autocompletes() -> list[str]:
    """The boxes of the back office in which one types: of every admin class and of its inlines."""
    found = set()
    for registered in admin.site._registry.values():
        for options in [registered, *(inline(registered.model, admin.site) for inline in registered.inlines)]:
            found |= {(options.model._meta.app_label, options.model._meta.model_name, name) for name in options.autocomplete_fields}
    return [f"/admin/autocomplete/?app_label={app}&model_name={model}&field_name={name}&term=" for app, model, name in sorted(found)]


WORKERS = [(role, code) for role in ("admin", "editor", "reviewer", "supervisor", "helper") for code in (DISTRICT, COUNTY)]


@pytest.mark.parametrize(("role", "code"), WORKERS)
def test_no_staff_address_says_a_word_of_another_district(bureau, role, code):
    other = COUNTY if code == DISTRICT else DISTRICT
    client, told, looked = bureau.client(role, code), 0, 0
    asked = [address + query for route in staff_routes() if "logout" not in route for address in addresses(route) for query in variants(route)]
    for address in [*asked, *autocompletes()]:
        response = client.get(address)
        text = (response.getvalue() if response.streaming else response.content).decode("utf-8", "replace")
        said = [word for word in SAID[other] if word in re.sub(r"例如[^。，；<]*", "", text)]  # an example in a hint names no row
        assert not said, f"{address} {response.status_code}: {said}"
        told += MARKS[code] in text
        looked += 1
    assert looked > 100
    assert told > (5 if role in ("supervisor", "helper") else 20)


def test_an_action_on_guessed_numbers_does_nothing(bureau):
    theirs = bureau.filled[DISTRICT]
    client = bureau.client("admin", COUNTY)
    miss = SearchMiss.objects.get(district=DISTRICT, text="甲标没搜到")
    for model, action, key in (
        ("guides_guide", "withdraw_selected", theirs.guide.pk), ("guides_searchmiss", "drop_selected", miss.pk), ("doorplates_building", "generate", theirs.plate.building_id),
        ("guides_notice", "delete_selected", theirs.notice.pk), ("doorplates_doorplate", "revoke", theirs.plate.pk),
    ):  # fmt: skip
        client.post(reverse(f"admin:{model}_changelist"), {"action": action, ACTION_CHECKBOX_NAME: key, "confirmed": "1", "reason": "拆了", "post": "yes"})
    for row in (theirs.guide, theirs.plate):
        row.refresh_from_db()
    miss.refresh_from_db()
    assert (theirs.guide.status, theirs.plate.state, miss.state, Notice.objects.filter(pk=theirs.notice.pk).exists()) == ("published", "active", "open", True)


def test_a_changed_form_cannot_put_a_row_into_another_district(bureau):
    client = bureau.client("admin", COUNTY)
    form = {"community": SHUIYUN, "estate": "", "name": "1号楼", "entrances": "", "doorplates-TOTAL_FORMS": 0, "doorplates-INITIAL_FORMS": 0}
    assert client.post(reverse("admin:doorplates_building_add"), form).status_code == 200
    assert client.post(reverse("admin:doorplates_building_add"), form | {"community": VILLAGE}).status_code == 302
    posting = {"user": bureau.staff["helper", COUNTY].pk, "area": SHUIYUN, "weekdays": "12345"}
    assert client.post(reverse("admin:helpdesk_posting_add"), posting).status_code == 200
    assert client.post(reverse("admin:helpdesk_posting_add"), posting | {"user": bureau.staff["helper", DISTRICT].pk, "area": VILLAGE}).status_code == 200
    assert not Posting.objects.filter(user=bureau.staff["helper", COUNTY], area=SHUIYUN).exists()
    assert not Posting.objects.filter(user=bureau.staff["helper", DISTRICT], area=VILLAGE).exists()


def notice_form(**given) -> dict:
    return {"title": "通知", "kind": "other", "text": "内容", "source": "某科", "published_on": "2026-11-01", **given}


def test_only_the_installations_own_may_leave_the_area_of_a_notice_empty(bureau):
    address = reverse("admin:guides_notice_add")
    assert bureau.client("editor", DISTRICT).post(address, notice_form()).status_code == 302
    client = bureau.client("editor", COUNTY)
    assert client.post(address, notice_form(title="乙通知")).status_code == 200
    assert client.post(address, notice_form(title="乙通知", area=COUNTY)).status_code == 302
    assert Notice.objects.get(title="乙通知").area_id == COUNTY


def test_the_whole_district_in_a_workbook_is_ones_own(bureau):
    values = {"岗位": "乙保安", "类别": "全职", "用人单位": "乙厂", "来源": "乙局", "范围": "全区"}
    blank = dict.fromkeys(("上班地点", "工资", "人数", "要求和说明", "联系电话", "发布日期", "到期日期", "示例"), "")
    report = import_jobs([Line(2, blank | values, frozenset())], by=bureau.staff["editor", COUNTY], today=Notice.objects.first().published_on, dry_run=False)
    assert not report.problems
    assert JobPosting.objects.get(title="乙保安").area_id == COUNTY
    report = import_jobs([Line(2, blank | values | {"范围": "水韵名都社区"}, frozenset())], by=bureau.staff["editor", COUNTY], today=Notice.objects.first().published_on, dry_run=True)
    assert FOREIGN in str(next(iter(report.problems)))


def event_form(**given) -> dict:
    steps = {f"steps-{name}_FORMS": number for name, number in (("TOTAL", 0), ("INITIAL", 0))}
    return {"title": "办结婚", "answer": "接着办。", "aliases": "", "audience": "personal", "slug": "marry", "order": "100", **steps, **given}


def test_what_an_editor_begins_belongs_to_their_district(bureau):
    address = reverse("admin:guides_lifeevent_add")
    assert bureau.client("editor", COUNTY).post(address, event_form()).status_code == 302
    assert bureau.client("editor", DISTRICT).post(address, event_form()).status_code == 302  # the same slug there is another row
    assert sorted(LifeEvent.objects.filter(slug="marry").values_list("district", flat=True)) == [DISTRICT, COUNTY]
    assert "这个代号用过了" in bureau.client("editor", COUNTY).post(address, event_form()).content.decode()


def test_who_works_for_two_districts_is_asked_which(bureau):
    user = bureau.staff["editor", COUNTY]
    EditorPosting.objects.create(user=user, district_id=DISTRICT)
    address = reverse("admin:guides_lifeevent_add")
    client = bureau.client("editor", COUNTY)
    assert "给哪个区（县）" in client.get(address).content.decode()
    assert client.post(address, event_form()).status_code == 200
    assert client.post(address, event_form(for_district=COUNTY)).status_code == 302
    assert "给哪个区（县）" in client.get(reverse("admin:guides_guide_add")).content.decode()
    assert LifeEvent.objects.get(slug="marry").district == COUNTY


def test_a_draft_from_a_miss_is_of_the_misss_district(bureau):
    miss = SearchMiss.objects.get(district=COUNTY, text="乙标没搜到")
    page = reverse("admin:guides_searchmiss_change", args=[miss.pk])
    answer = bureau.client("editor", COUNTY).post(page, {"act": "draft", "domain": bureau.filled[COUNTY].guide.domain_id, "plain_title": "养狗"})
    assert answer.status_code == 302
    guide = Guide.objects.get(plain_title="养狗")
    assert (guide.district, guide.slug) == (COUNTY, "yibao-003")
    other = SearchMiss.objects.get(district=DISTRICT, text="甲标没搜到")
    theirs = bureau.client("editor", DISTRICT).post(reverse("admin:guides_searchmiss_change", args=[other.pk]), {"act": "alias", "guide": guide.pk})
    assert theirs.status_code == 200  # no guide of theirs


def test_a_file_is_imported_into_ones_own_district_and_exported_from_it(bureau):
    client = bureau.client("reviewer", COUNTY)
    text = client.get(reverse("admin:guides_guide_export", args=["yibao"]) + f"?district={DISTRICT}").content.decode()
    assert "乙标交医保" in text and "甲标" not in text


def test_readers_corrections_are_told_to_the_editors_of_the_guides_district(bureau):
    Notification.objects.all().delete()
    actions.tell_editors()
    told = {row.to_user.username: row for row in Notification.objects.filter(kind=NotificationKind.CORRECTION).exclude(to_user=None)}
    assert set(told) == {"bianji", "shenhe", "bianyi", "shenyi"}
    assert Notification.objects.filter(to_user=bureau.staff["editor", COUNTY]).count() == Correction.objects.filter(guide__district=COUNTY).count()


# accounts


def account_form(username: str, role: Role, **given) -> dict:
    inlines = {f"{prefix}-{name}_FORMS": 0 for prefix in ("postings", "editor_postings") for name in ("TOTAL", "INITIAL")}
    group = Group.objects.get(name=role)
    return {"username": username, "first_name": "新人", "groups": [group.pk], "password1": people.PASSWORD, "password2": people.PASSWORD, **inlines, **given}


def test_an_account_made_in_a_district_is_that_districts(bureau):
    assert bureau.client("admin", COUNTY).post(reverse("admin:auth_user_add"), account_form("xinren", Role.EDITOR)).status_code == 302
    made = get_user_model().objects.get(username="xinren")
    assert districts_of(made) == {COUNTY} and made.is_staff
    page = reverse("admin:auth_user_change", args=[made.pk])
    assert bureau.client("admin", COUNTY).get(page).status_code == 200
    assert bureau.client("admin", DISTRICT).get(page).status_code == 302


def test_who_works_in_two_districts_is_nobodys_to_reset(bureau):
    both = member("liang", Role.ASSISTANT, COUNTY, desk=VILLAGE)
    make_posting(both, SHUIYUN)
    for code in (DISTRICT, COUNTY):
        assert bureau.client("admin", code).get(reverse("admin:auth_user_change", args=[both.pk])).status_code == 302
        assert bureau.client("admin", code).get(reverse("admin:auth_user_password_change", args=[both.pk])).status_code in (302, 404)


def rows_in(text: str) -> list[str]:
    """The marks of either district, but for the name of the installation in the header."""
    return [mark for mark in MARKS.values() if mark in text.replace("甲标办事门牌", "")]


def test_an_account_bound_to_nothing_sees_nothing(bureau):
    user = make_user("wuzhu", role=Role.ADMIN, is_staff=True)
    client = Client()
    client.force_login(user)
    for name in ("guides_guide", "guides_area", "guides_office", "helpdesk_helprequest", "auth_user", "helpdesk_auditentry", "doorplates_building"):
        text = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert not rows_in(text), name
    assert client.get(reverse("admin:guides_guide_add")).status_code == 403
    assert client.get(reverse("admin:guides_guide_import")).status_code == 403


def test_a_superuser_sees_all_and_may_look_at_one(bureau):
    client = Client()
    client.force_login(make_user("root", is_superuser=True, is_staff=True))
    page = reverse("admin:guides_guide_changelist")
    text = client.get(page).content.decode()
    assert "甲标交医保" in text and "乙标交医保" in text and "乙示例县" in text
    text = client.get(f"{page}?in_district={COUNTY}").content.decode()
    assert "甲标交医保" not in text and "乙标交医保" in text


def test_the_desk_of_somebody_posted_nowhere_shows_no_roster(bureau):
    user = make_user("wuchu", role=Role.SUPERVISOR)
    client = Client()
    client.force_login(user)
    assert list(visible_requests(user)) == []
    for page in ("/desk/", "/desk/roster/", "/desk/overview/", "/desk/new/"):
        text = client.get(page).content.decode()
        assert not rows_in(text), page


# the command


def init(tmp_path, text: str = AREAS, **given) -> str:
    file, out = tmp_path / "areas.csv", StringIO()
    file.write_text(text, encoding="utf-8")
    call_command("init_district", stdout=out, stderr=StringIO(), **{"name": "乙标办事门牌", "code": COUNTY, "areas": file, **given})
    return out.getvalue()


@pytest.fixture
def first(roles):
    """The first district with its people, some of them posted nowhere."""
    make_area(SHUIYUN)
    return people.guanli(), people.bianji(), people.zhuli(), make_user("xin", role=Role.ASSISTANT)


def test_a_second_district_stands_after_one_command(first, tmp_path):
    said = init(tmp_path, hotline="12366", organiser="乙县某局", admin="linyi")
    assert "乙示例县（640299000000）开好了" in said
    assert "区划 6 行：新增 6，改名 0" in said
    assert "热线 12366，主办 乙县某局" in said
    assert "load_guides --district 640299000000" in said
    user = get_user_model().objects.get(username="linyi")
    password = re.search(r"密码 ([a-z0-9-]{19})。", said)[1]
    assert user.check_password(password) and user.is_staff and not user.is_superuser
    assert districts_of(user) == {COUNTY}
    assert District.objects.get(pk=COUNTY).organiser == "乙县某局"


def test_who_was_there_before_stays_with_the_first_district(first, tmp_path):
    assert "原来的工作人员 3 人" in init(tmp_path)  # the administrator, the editor, and the one posted nowhere
    guanli, bianji, zhuli, xin = first
    assert [districts_of(get_user_model().objects.get(pk=user.pk)) for user in (guanli, bianji, xin)] == [{DISTRICT}] * 3
    assert not EditorPosting.objects.filter(user=zhuli).exists()  # the desk goes by where one is posted
    late = make_user("late", role=Role.EDITOR, is_staff=True)
    assert "原来的工作人员" not in init(tmp_path)
    assert districts_of(late) == set()  # made later and bound to nothing: not ours to guess


def test_again_it_changes_only_what_is_given(first, tmp_path):
    init(tmp_path, hotline="12366", admin="linyi")
    Area.objects.filter(pk=VILLAGE).update(contact_name="王姐")
    said = init(tmp_path, AREAS.replace("乙东村", "乙新村"), organiser="乙县某局", admin="linyi")
    assert "新增 0，改名 1" in said and "linyi 已经有了，密码没有动" in said
    row = District.objects.get(pk=COUNTY)
    assert (row.hotline, row.organiser, Area.objects.get(pk=VILLAGE).contact_name) == ("12366", "乙县某局", "王姐")


@pytest.mark.parametrize(
    ("text", "given", "sentence"),
    [
        (AREAS, {"code": "640299101000"}, "以后都是0"),
        (AREAS + "640205000000,惠农区,district,\n", {}, "不在 640299000000 里"),
        (AREAS.replace(f"{COUNTY},乙示例县,district,\n", ""), {}, "没有区（县）自己的那一行"),
        (AREAS.replace("village", "x").replace(",community,", ",village,"), {}, "一个村（社区）也没有"),
        (AREAS.replace(f"{VILLAGE},乙东村村民委员会", f"{VILLAGE},"), {}, "缺少名称"),
        (AREAS, {"hotline": "12"}, "电话好像不对"),
        (AREAS, {"admin": "guanli"}, "不是这个区（县）的"),
        (AREAS, {"admin": "林 一"}, ""),
        (AREAS, {"name": "名" * 41}, "40"),
    ],
)
def test_whatever_is_wrong_nothing_is_written(first, tmp_path, text, given, sentence):
    with pytest.raises(CommandError) as refusal:
        init(tmp_path, text, **given)
    assert sentence in str(refusal.value) and str(refusal.value).startswith("什么都没有写入")
    assert not Area.objects.filter(pk__startswith="640299").exists()
    assert not District.objects.exists() and not EditorPosting.objects.exists()
    assert not get_user_model().objects.filter(username="林 一").exists()


def test_offices_and_notices_load_into_it(first, tmp_path):
    init(tmp_path)
    offices = tmp_path / "offices.yaml"
    offices.write_text(
        f'district: "{DISTRICT}"\nhours: {{hall: [{{weekdays: "12345", opens: "09:00", closes: "17:00"}}]}}\n'
        "halls: [{code: hall-yi, name: 乙县大厅, kind: hall, hours: hall}]\n", encoding="utf-8",
    )  # fmt: skip
    call_command("load_offices", offices, district=COUNTY, stdout=StringIO())
    assert Office.objects.get().area_id == COUNTY
    board = tmp_path / "board.yaml"
    board.write_text("notices: [{title: 乙县通知, text: 内容, source: 某科}]\n", encoding="utf-8")
    call_command("load_board", board, district=COUNTY, stdout=StringIO())
    assert Notice.objects.get().area_id == COUNTY
    with pytest.raises(CommandError, match="init_district"):
        call_command("load_board", board, district="640298000000", stdout=StringIO())


def test_the_audit_and_the_outbox_are_the_districts_own(bureau):
    for code, other in ((DISTRICT, COUNTY), (COUNTY, DISTRICT)):
        client = bureau.client("admin", code)
        assert MARKS[code] in client.get(reverse("admin:helpdesk_auditentry_changelist")).content.decode()
        outbox = client.get(reverse("admin:helpdesk_notification_changelist")).content.decode()
        assert bureau.filled[code].request.spoken_reference in outbox
        assert bureau.filled[other].request.spoken_reference not in outbox
    assert AuditEntry.objects.count() >= 2
