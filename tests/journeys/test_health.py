"""内容体检 in a browser: an editor reads what is wrong, goes to the place, and is told beside the field while writing it better."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from guides.editing import start_next
from guides.models import Guide
from tests.journeys.scene import DESKTOP_SIZE
from tests.people import PASSWORD, bianji, can_sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
HARD = "申请人须凭本人居民身份证及户口簿原件，于每年9月25日至12月31日期间前往户籍所在地乡镇人民政府提出申请，逾期不予受理。"


def test_a_hard_sentence_is_found_and_rewritten_with_the_measure_beside_it(town, person):
    guide = Guide.objects.get(slug="minzheng-005")
    following = start_next(guide=guide, by=bianji())
    guide.steps.filter(pk=guide.steps.first().pk).update(text=HARD)
    following.steps.filter(pk=following.steps.first().pk).update(text=HARD)
    can_sign_in(bianji())
    editor = person(size=DESKTOP_SIZE)
    editor.goto("/admin/")
    editor.get_by_label("用户名").fill("bianji")
    editor.get_by_label("密码").fill(PASSWORD)
    editor.get_by_role("button", name="登录").click()
    editor.get_by_role("link", name="内容体检").click()
    row = editor.locator(".health tbody tr", has_text="minzheng-005")
    expect(row).to_contain_text("读着太难")
    row.get_by_role("link", name="去改").first.click()
    assert editor.url.endswith(f"{reverse('admin:guides_guide_change', args=[following.pk])}#steps-group")

    editor.locator("#steps-group summary").first.click()
    field = editor.locator("#id_steps-0-text")
    said = editor.locator("#id_steps-0-text-readability")
    field.fill("逾期要补交。")
    expect(said).to_contain_text("“逾期”是公文话，改成：过了期")
    field.fill("过了期要补交。")
    expect(said).to_have_text("读着：好懂（100分）")
    field.fill(HARD)
    expect(said).to_contain_text("太难（0分）")
    field.fill("")
    expect(said).to_have_text("")
