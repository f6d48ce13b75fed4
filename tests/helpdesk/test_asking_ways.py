"""A video appointment, and an enterprise's request without a guide: what the form says, and who gets it."""

import pytest

from helpdesk.models import HelpRequest
from tests.factories import DISTRICT, SHUIYUN, make_area, make_guide
from tests.people import guanjia, zhuli

pytestmark = pytest.mark.django_db


def ask(client, address: str, **fields):
    """Open the form, fill in the two fields and what else is given, send it as a browser would."""
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    return client.post("/help/new/", data | {"name": "邵先生", "phone": "13800138000", "consent": "on"} | fields)


def test_a_video_appointment_says_what_will_happen_and_asks_when(client):
    make_area(SHUIYUN)
    make_guide(video=True)
    for prefix in ("", "/elder"):
        body = client.get(f"{prefix}/help/new/?guide=yibao-001&help=video&area={SHUIYUN}").content.decode()
        assert "约个时间视频办</h1>" in body
        assert "前打电话来，跟您约好哪天几点" in body
        assert body.index('name="call_time"') < body.index("我看了，同意")
        assert body.count('name="call_time"') == 1
        assert 'value="video" required id="id_kind_4" checked' in body or 'value="video" id="id_kind_4" checked' in body


def test_another_kind_asks_nothing_about_video(client):
    body = client.get("/help/new/?help=advice").content.decode()
    assert "约好哪天几点" not in body
    assert body.index("我看了，同意") < body.index('name="call_time"')
    assert body.count('name="call_time"') == 1


def test_the_appointment_arrives_with_kind_and_time(client):
    make_area(SHUIYUN)
    make_guide(video=True)
    zhuli()
    assert ask(client, f"/help/new/?guide=yibao-001&help=video&area={SHUIYUN}", call_time="afternoon").status_code == 302
    stored = HelpRequest.objects.get()
    assert (stored.kind, stored.call_time, stored.guide.slug, stored.queue_id) == ("video", "afternoon", "yibao-001", SHUIYUN)


def test_a_mistake_keeps_the_video_form_as_it_was(client):
    make_area(SHUIYUN)
    make_guide(video=True)
    body = ask(client, f"/help/new/?guide=yibao-001&help=video&area={SHUIYUN}", phone="1", call_time="morning").content.decode()
    assert "约个时间视频办</h1>" in body
    assert '<option value="morning" selected>' in body
    assert body.count('name="call_time"') == 1


def test_an_enterprise_without_a_guide_reaches_the_steward(client):
    make_area(SHUIYUN)
    zhuli()
    guanjia()
    address = f"/help/new/?enterprise=1&area={SHUIYUN}"
    body = client.get(address).content.decode()
    assert ("请项目管家帮我</h1>" in body, "项目管家最晚 " in body) == (True, True)
    assert ask(client, address).status_code == 302
    stored = HelpRequest.objects.get()
    assert (stored.for_steward, stored.queue_id, stored.guide) == (True, DISTRICT, None)


def test_a_mistake_does_not_forget_the_enterprise(client):
    make_area(SHUIYUN)
    guanjia()
    body = ask(client, f"/help/new/?enterprise=1&area={SHUIYUN}", phone="1").content.decode()
    assert "请项目管家帮我</h1>" in body
    assert '<input type="hidden" name="enterprise" value="True"' in body


def test_a_chosen_guide_decides_whatever_the_entrance_was(client):
    make_area(SHUIYUN)
    make_guide("yibao-001")
    zhuli()
    guanjia()
    ask(client, f"/help/new/?enterprise=1&area={SHUIYUN}", guide="yibao-001")
    assert (HelpRequest.objects.get().for_steward, HelpRequest.objects.get().queue_id) == (False, SHUIYUN)


@pytest.mark.parametrize("value", ["0", "", "x", "%00", "2"])
def test_the_entrance_is_named_exactly(client, value):
    answer = client.get(f"/help/new/?enterprise={value}")
    assert answer.status_code in (200, 400)
    assert "项目管家" not in answer.content.decode()


def test_everybody_else_is_called_by_an_assistant(client):
    make_guide("shangshi-001", audience="enterprise")
    assert "帮办员最晚 " in client.get("/help/new/").content.decode()
    assert "项目管家最晚 " in client.get("/help/new/?guide=shangshi-001").content.decode()
