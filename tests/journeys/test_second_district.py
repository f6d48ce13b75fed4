"""A second district's first hour: one command, its administrator, a guide, a plate, a resident at the door, and the helper of that village alone."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from doorplates.models import Doorplate
from guides.models import Guide
from guides.transfer import export_domain
from helpdesk.models import HelpRequest
from menpai.roles import Role
from tests import people
from tests.journeys import scene
from tests.journeys.scene import DESKTOP_SIZE, TABLET_SIZE
from tests.people import PASSWORD, can_sign_in
from tests.second_district import AREAS, COUNTY, HOTLINE, VILLAGE, member

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NAME = "乙示例县办事门牌"
OWN = "0952-1234567"  # of the first district, which nobody here may read


def pack(tmp_path):
    """A content pack as the first district's bureau would hand it on, with the words of the second."""
    guide = Guide.objects.get(slug="huji-006")
    text = export_domain(guide.domain).replace(guide.plain_title, "补办身份证（乙示例县）")
    file = tmp_path / "huji.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def begin(tmp_path) -> str:
    """The operator's one command; returns the password it prints."""
    file, out = tmp_path / "areas.csv", StringIO()
    file.write_text(AREAS, encoding="utf-8")
    call_command("init_district", name=NAME, code=COUNTY, areas=file, hotline=HOTLINE, organiser="乙示例县某局", admin="linyi", stdout=out)
    return re.search(r"密码 ([a-z0-9-]+)。", out.getvalue())[1]


def sign_in(page, door: str, username: str, password: str, *, label: str) -> None:
    page.goto(door)
    page.get_by_label(label).fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def test_its_first_hour(town, person, live_server, settings, tmp_path):
    settings.SITE_NAME, settings.HOTLINE = "惠农区办事门牌", OWN
    can_sign_in(people.zhuli())
    password = begin(tmp_path)

    # The administrator: a helper's account, a guide, a building, its plate.
    chief = person(size=DESKTOP_SIZE)
    sign_in(chief, "/admin/", "linyi", password, label="用户名")
    take_own_password(chief, password)
    expect(chief.locator("#site-name")).to_have_text(f"{NAME}后台")
    make_helper(chief)
    bring_guides(chief, pack(tmp_path))
    reviewer = person(size=DESKTOP_SIZE)
    scene.sign_in(reviewer.context, member("shenyi", Role.REVIEWER, COUNTY), live_server.url)
    publish(reviewer)
    put_up_plate(chief)
    plate = Doorplate.objects.get(building__community_id=VILLAGE)

    # The resident: scans, reads the second district's words, asks for help.
    resident = person()
    resident.goto(f"/D/{plate.code}")
    expect(resident.get_by_role("heading", level=1)).to_contain_text("您扫的是 乙东村")
    expect(resident.locator("header.top")).to_contain_text(NAME)
    assert OWN not in resident.content()
    resident.get_by_role("searchbox").fill("身份证丢了")
    resident.get_by_role("button", name="查一查").click()
    resident.get_by_role("link", name="补办身份证（乙示例县）").first.click()
    expect(resident.locator("footer")).to_contain_text(HOTLINE)
    assert f"/c/{VILLAGE}/guides/huji-006/" in resident.url
    resident.locator("nav.bar").get_by_role("link", name="帮我办").click()
    resident.get_by_label("怎么称呼您").fill("李叔")
    resident.get_by_label("您的电话").fill("13800138001")
    resident.get_by_label("我看了，同意").check()
    resident.get_by_role("button", name="提交").first.click()
    expect(resident.get_by_role("heading", level=1)).to_be_visible()
    stored = HelpRequest.objects.get()
    assert (stored.area_id, stored.queue_id, stored.guide.district) == (VILLAGE, VILLAGE, COUNTY)
    expect(resident.locator("header.top")).to_contain_text(NAME)

    # Its helper finds it; the helper of the first district does not.
    helper = person(size=TABLET_SIZE)
    sign_in(helper, "/desk/", "dongcun", PASSWORD, label="账号")
    take_own_password(helper, PASSWORD)
    expect(helper.locator("main")).to_contain_text("补办身份证（乙示例县）")
    expect(helper.locator("header.top")).to_contain_text(NAME)
    other = person(size=TABLET_SIZE, may_get=(404,))
    sign_in(other, "/desk/", "zhuli", PASSWORD, label="账号")
    assert "乙示例" not in other.content()
    other.goto(f"/desk/{stored.reference}/")
    assert "李" not in other.locator("main").inner_text()


def take_own_password(page, given: str) -> None:
    """Whoever got their password from somebody else changes it before anything opens."""
    page.get_by_label("现在的密码").fill(given)
    page.get_by_label("新密码", exact=True).fill("yi-lai-xiang-jiu")
    page.get_by_label("新密码再写一遍").fill("yi-lai-xiang-jiu")
    page.get_by_role("button", name="改好了").click()


def make_helper(chief) -> None:
    chief.goto("/admin/auth/user/add/")
    chief.get_by_label("用户名").fill("dongcun")
    chief.get_by_label("姓名").fill("东村帮办")
    chief.get_by_label("角色").select_option(label="帮办员")
    chief.locator("#id_password1").fill(PASSWORD)
    chief.locator("#id_password2").fill(PASSWORD)
    chief.locator("#postings-group .select2-selection").first.click()
    chief.locator(".select2-search__field").fill("东村")
    chief.locator(".select2-results__option", has_text="乙东村").click()
    chief.get_by_role("button", name="保存", exact=True).click()
    expect(chief.locator(".messagelist")).to_contain_text("成功")


def bring_guides(chief, file) -> None:
    """First tried, then written as drafts; then one is handed to somebody else for review."""
    chief.goto("/admin/guides/guide/import/")
    chief.locator("input[type=file]").set_input_files(file)
    chief.get_by_role("button", name="先试一遍").click()
    chief.get_by_role("button", name="确认导入").click()
    expect(chief.locator(".messagelist")).to_contain_text("已导入")
    chief.locator("#result_list").get_by_role("link", name="补办身份证（乙示例县）").click()
    chief.get_by_role("button", name="保存，提交审核").click()
    expect(chief.locator(".messagelist")).to_contain_text("提交")


def publish(reviewer) -> None:
    reviewer.goto("/admin/")
    reviewer.get_by_role("link", name="1份指南等您审").click()
    reviewer.locator("#result_list").get_by_role("link", name="补办身份证（乙示例县）").click()
    reviewer.get_by_role("button", name="发布", exact=True).click()
    expect(reviewer.locator(".messagelist")).to_contain_text("发布")


def put_up_plate(chief) -> None:
    chief.goto("/admin/doorplates/building/add/")
    chief.locator("#id_community").select_option(VILLAGE)
    assert chief.locator("#id_community option").count() == 4  # its own three villages and the empty one
    chief.locator("#id_name").fill("1号院")
    chief.get_by_role("button", name="保存", exact=True).click()
    chief.locator("#result_list tbody input[type=checkbox]").first.check()
    chief.locator("select[name=action]").select_option(label="给选中的楼栋生成门牌")
    chief.get_by_role("button", name="执行").click()
    expect(chief.locator(".messagelist")).to_contain_text("新发了 1 块门牌")
