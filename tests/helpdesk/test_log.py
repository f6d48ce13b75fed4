"""Writing down a walk-in or a call for somebody."""

import re
import uuid

import pytest

from guides.models import Audience
from helpdesk.models import HelpRequest
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, make_area, make_guide
from tests.helpdesk.desk import LOG, QUEUE, checked, detail, kinds, page, told

pytestmark = pytest.mark.django_db


def walk_in(**changes) -> dict:
    return {
        "name": "王阿姨", "phone": "１３８ ００１３ ８０００", "channel": "walk_in", "area": SHUIYUN, "guide": "", "kind": "advice",
        "note": "", "consent": "on", "submission_key": str(uuid.uuid4()), **changes,
    }


def test_logging_a_walk_in(client, zhuli):
    make_guide("yibao-001", plain_title="交医保", papers=("身份证", "户口簿"))
    make_guide("yibao-002", plain_title="还没发布", status="draft")
    form = page(client, LOG)
    assert "交医保" in form
    assert "还没发布" not in form
    assert re.search(rf'value="{SHUIYUN}" selected', form)
    response = client.post(LOG, walk_in(guide="yibao-001", kind="agent", note="腿脚不好"))
    stored = HelpRequest.objects.get()
    assert response.url == detail(stored)
    assert stored.spoken_reference in told(client, response)
    assert (stored.name, stored.phone, stored.channel, stored.kind, stored.note) == ("王阿姨", "13800138000", "walk_in", "agent", "腿脚不好")
    assert [paper.name for paper in stored.papers.all()] == ["身份证", "户口簿"]
    assert [(e.kind, e.by) for e in stored.events.all()] == [("logged", zhuli)]


def test_a_double_click_logs_one_request(client, zhuli):
    data = walk_in()
    first, second = client.post(LOG, data), client.post(LOG, data)
    assert first.url == second.url
    assert HelpRequest.objects.count() == 1
    assert kinds(HelpRequest.objects.get()) == ["logged"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "写个称呼就行"),
        ({"phone": ""}, "问一个电话"),
        ({"phone": "12345"}, "电话好像不对"),
        ({"channel": ""}, "上门来问，还是打电话来"),
        ({"channel": "web"}, "上门来问，还是打电话来"),
        ({"area": ""}, "选他住的村"),
        ({"area": XIAZHUANGZI}, "不归您管的村"),
        ({"guide": "nothing-001"}, "这个事项现在没有"),
        ({"kind": ""}, "选一种帮助"),
        ({"note": "身份证 640205194001011234"}, "不要写身份证号"),
        ({"consent": ""}, "先问一句"),
        ({"submission_key": ""}, "这一页不完整"),
    ],
)
def test_a_form_with_a_mistake_says_so_and_keeps_the_rest(client, zhuli, changes, sentence):
    make_area(XIAZHUANGZI)
    typed = walk_in(note="腿脚不好，想交医保") | changes
    text = checked(client.post(LOG, typed))
    assert sentence in text
    assert HelpRequest.objects.count() == 0
    assert "name" in changes or 'value="王阿姨"' in text
    assert "note" in changes or "腿脚不好，想交医保</textarea>" in text
    assert "submission_key" in changes or typed["submission_key"] in text


def test_what_goes_elsewhere_is_still_told_with_its_number(client, zhuli):
    """朱丽 writes down an enterprise matter: the district's steward gets it, and she no longer sees it."""
    people.guanjia()
    make_guide("touzi-004", audience=Audience.ENTERPRISE, plain_title="办企业的事")
    response = client.post(LOG, walk_in(guide="touzi-004"))
    stored = HelpRequest.objects.get()
    assert (stored.for_steward, response.url) == (True, QUEUE)
    said = told(client, response)
    assert stored.spoken_reference in said
    assert "惠农区的项目管家" in said
