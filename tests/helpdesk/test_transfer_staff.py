"""Accounts by Excel: who gets which role and place, and a password that is seen once and stored nowhere."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import override_settings

from guides.models import Area, EditorPosting
from helpdesk.models import Posting
from helpdesk.transfer_staff import new_password
from menpai.exchange import KINDS
from menpai.models import ImportJob
from tests.exchange import book_of, confirm, exported, problems, run, upload
from tests.factories import DISTRICT, SHUIYUN, XIAZHUANGZI, make_user
from tests.people import bianji, guanjia, guanli, zhuli

pytestmark = pytest.mark.django_db
ROW = {"账号": "wangfang", "姓名": "王芳", "角色": "帮办员", "负责哪里": "水韵名都社区"}


def test_a_new_account_gets_a_password_that_is_shown_once_and_stored_nowhere(client, district, roles):
    client.force_login(guanli())
    shown = upload(client, "staff", book_of("staff", ROW, ROW | {"账号": "shen", "姓名": "沈平", "角色": "编辑、审核", "负责哪里": None}))
    assert "密码" not in json.dumps(ImportJob.objects.get().report, ensure_ascii=False)
    answer = confirm(client, shown)
    assert answer["Cache-Control"].startswith("max-age=0")
    [(name, account, password), _] = answer.context["once"]
    assert (name, account, password in answer.content.decode()) == ("王芳", "wangfang", True)
    user = get_user_model().objects.get(username="wangfang")
    assert (user.first_name, user.is_staff, [group.name for group in user.groups.all()]) == ("王芳", False, ["帮办员"])
    assert [(post.area_id, post.is_steward, post.weekdays) for post in user.postings.all()] == [(SHUIYUN, False, "12345")]
    assert get_user_model().objects.get(username="shen").is_staff
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        assert user.check_password(password)
        user.refresh_from_db()
        assert user.password.split("$")[1] == str(PBKDF2PasswordHasher.iterations)  # as strong as any other from then on
    assert password not in everything()
    assert password not in client.get(shown.request["PATH_INFO"], follow=True).content.decode()


def everything() -> str:
    """All text in the database."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_passwords_are_random_and_can_be_read_off_paper():
    passwords = {new_password() for _ in range(200)}
    assert len(passwords) == 200
    assert not set("".join(passwords)) & set("01iloIO")
    assert {len(password) for password in passwords} == {14}


def test_an_account_that_is_there_keeps_its_password_and_never_shows_it(client, district, roles):
    zhuli()
    hashed = get_user_model().objects.get(username="zhuli").password
    client.force_login(guanli())
    shown = upload(client, "staff", book_of("staff", {"账号": "zhuli", "姓名": "朱丽", "角色": "帮办员、主管", "负责哪里": f"{SHUIYUN}、下庄子村", "星期几在岗": "12345、135"}))
    assert confirm(client, shown).status_code == 302
    user = get_user_model().objects.get(username="zhuli")
    assert user.password == hashed
    assert set(Posting.objects.filter(user=user).values_list("area_id", "weekdays")) == {(SHUIYUN, "12345"), (XIAZHUANGZI, "135")}
    assert hashed not in str([list(sheet) for sheet in KINDS["staff"].export(guanli())])


def test_places_that_differ_come_back_as_they_were(district, roles):
    steward = guanjia()
    Posting.objects.create(user=steward, area_id=SHUIYUN, weekdays="135")
    report = run("staff", exported("staff", guanli()), guanli())
    assert (list(map(str, report.problems)), report.changed) == ([], 0)
    assert "是、否" in str([list(sheet) for sheet in KINDS["staff"].export(guanli())])


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"账号": "王 芳!"}, "第2行 · 账号：账号里只能有字母、数字和 @ . + - _。"),
        ({"姓名": None}, "第2行 · 姓名：写姓名。"),
        ({"角色": "厅长"}, "第2行 · 角色：写这几种里的一种，几种中间用顿号：编辑、审核、帮办员、主管、管理员。"),
        ({"负责哪里": "火星"}, "第2行 · 负责哪里：没有“火星”。写村（社区）的名字，例如 水韵名都社区，或者12位代码。"),
        ({"项目管家": "也许"}, "第2行 · 项目管家：是项目管家写“是”，不是就空着。管几个地方、不都是的，照“负责哪里”的顺序写，例如 是、否。"),
        ({"星期几在岗": "一三五"}, "第2行 · 星期几在岗：用数字写，1是星期一，7是星期日，例如 12345；空着就是12345。几个地方不一样的，照“负责哪里”的顺序写，例如 12345、135。"),
        ({"星期几在岗": "12345、135、1"}, "第2行 · 星期几在岗：写一个，或者照“负责哪里”写1个。"),
    ],
)
def test_what_is_wrong_with_a_person_is_told_at_its_cell(district, roles, cells, sentence):
    assert problems("staff", book_of("staff", ROW | cells), guanli()) == [sentence]


def test_a_table_reaches_neither_a_superuser_nor_who_left_nor_another_districts_people(district, roles):
    make_user("root", name="根", is_superuser=True)
    make_user("left", name="走了的", is_active=False)
    there = Area.objects.create(code="640221000000", name="平罗县", level="district")
    EditorPosting.objects.create(user=make_user("there", name="那边的"), district=there)
    EditorPosting.objects.create(user=guanli(), district_id=DISTRICT)
    bianji()
    rows = [{"账号": name, "姓名": "改名", "角色": "编辑"} for name in ("root", "left", "there")] + [ROW | {"负责哪里": "平罗县"}]
    assert [line.partition("：")[0] for line in problems("staff", book_of("staff", *rows), guanli())] == ["第5行 · 负责哪里", "第2行 · 账号", "第3行 · 账号", "第4行 · 账号"]
    listed = str([list(sheet) for sheet in KINDS["staff"].export(guanli())])
    assert [name in listed for name in ("根", "走了的", "那边的", "边吉")] == [False, False, False, True]
