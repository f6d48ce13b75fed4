"""The article's people: 张霞 finds a job behind the plate of her building, 邵先生 finds what the planning permit takes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from guides.models import Guide, JobPosting
from helpdesk.models import HelpRequest
from tests.factories import DISTRICT, SHUIYUN, XIAZHUANGZI
from tests.journeys.scene import DESKTOP_SIZE, load_guides, title_of
from tests.people import guanjia, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def put_up_jobs() -> None:
    today, sample = timezone.localdate(), {"source": "示例", "is_sample": True}
    for number in range(4):
        JobPosting.objects.create(title=f"操作工{number}", kind="full", employer="示例厂", **sample)
    JobPosting.objects.create(
        title="社区食堂帮厨", kind="part", employer="示例餐饮", place="水韵名都", pay="每月2000元", phone="0952-3311111", text="退休的也可以来。",
        area_id=SHUIYUN, published_on=today - timedelta(5), expires_on=today + timedelta(20), **sample,
    )  # fmt: skip
    JobPosting.objects.create(title="村里保洁员", kind="part", employer="示例村", area_id=XIAZHUANGZI, **sample)
    JobPosting.objects.create(title="过期的帮厨", kind="part", employer="示例餐饮", published_on=today - timedelta(40), expires_on=today - timedelta(1), **sample)


def test_zhang_xia_50_and_retired_finds_a_job_through_the_plate_of_her_building(town, person):
    put_up_jobs()
    page = person(javascript=False)
    page.goto(f"/D/{town[0].code}")
    page.get_by_role("link", name="看全部招聘").click()
    expect(page.get_by_text("先交钱的、要押身份证的，都不要信。")).to_be_visible()
    page.get_by_role("link", name="兼职、零工", exact=True).click()
    expect(page.get_by_role("link", name="社区食堂帮厨")).to_be_visible()
    for absent in ("操作工", "村里保洁员", "过期的帮厨"):
        expect(page.get_by_text(absent)).to_have_count(0)
    page.get_by_label("想找什么活").fill("退休 帮厨")
    page.get_by_role("button", name="查一查").click()
    page.get_by_role("link", name="社区食堂帮厨").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("社区食堂帮厨")
    for words in ("每月2000元", "水韵名都", "退休的也可以来。", "先交钱的、要押身份证的，都不要信。"):
        expect(page.locator("main")).to_contain_text(words)
    assert page.get_by_role("link", name="打电话 0952-3311111").get_attribute("href") == "tel:09523311111"
    assert f"/c/{SHUIYUN}/jobs/" in page.url
    expect(page.locator("form")).to_have_count(0)  # nothing is asked of her


def test_mr_shao_types_what_his_project_needs_and_reaches_papers_place_and_steward(town, person):
    load_guides("touzi-001", "touzi-004")
    Guide.objects.filter(slug="touzi-001").update(stage="design")
    Guide.objects.filter(slug="touzi-004").update(stage="build")
    zhuli()
    guanjia()
    page = person(size=DESKTOP_SIZE)
    page.goto(f"/D/{town[0].code}")
    page.get_by_label("想办什么事").fill("建设工程规划")
    page.get_by_role("button", name="查一查").click()
    page.get_by_role("link", name=title_of("touzi-001")).first.click()
    page.get_by_role("link", name="单位派经办人去").click()
    expect(page.locator("#bring")).to_contain_text("单位的授权委托书")
    expect(page.locator("#where")).to_contain_text("政务服务中心")
    expect(page.locator("main")).to_contain_text("盖房建厂，这是第2步")
    expect(page.get_by_role("link", name="第3步 开工前")).to_be_visible()
    page.get_by_role("link", name="请项目管家帮我").click()
    expect(page.locator("main")).to_contain_text("前给您打电话")
    page.get_by_label("怎么称呼您").fill("邵先生")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").first.click()
    page.wait_for_url("**/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.guide.slug, asked.for_steward, asked.queue_id) == ("touzi-001", True, DISTRICT)
    assert "单位的授权委托书" in asked.papers.values_list("name", flat=True)


def test_the_entrance_of_enterprises_leads_to_a_stage_and_to_the_steward(town, person):
    load_guides("touzi-001", "touzi-004")
    Guide.objects.filter(slug="touzi-001").update(stage="design")
    zhuli()
    guanjia()
    page = person(javascript=False)
    page.goto(f"/c/{SHUIYUN}/")
    page.get_by_role("link", name="企业办事").click()
    expect(page.get_by_role("heading", name="第2步 定方案")).to_be_visible()
    page.get_by_role("link", name="请项目管家联系我").click()
    page.get_by_label("怎么称呼您").fill("邵先生")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").first.click()
    page.wait_for_url("**/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.guide, asked.for_steward, asked.queue_id, asked.area_id) == (None, True, DISTRICT, SHUIYUN)


def test_a_video_appointment_from_the_guide(town, person):
    Guide.objects.filter(slug="huji-006").update(video=True)
    zhuli()
    page = person(javascript=False)
    page.goto("/guides/")
    page.get_by_role("link", name="能视频办的").click()
    page.get_by_role("link", name=title_of("huji-006")).click()
    page.get_by_role("link", name="约个时间视频办").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("约个时间视频办")
    page.get_by_label("怎么称呼您").fill("王阿姨")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("什么时候给您打电话").select_option(label="下午")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").first.click()
    page.wait_for_url("**/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.kind, asked.call_time, asked.guide.slug) == ("video", "afternoon", "huji-006")
