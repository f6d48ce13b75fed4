"""常用回复: written by the bureau, put into the box by a tap, sent only by the helper."""

import re
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from helpdesk import actions
from helpdesk.models import Channel, Message, ReplyTemplate
from helpdesk.reply_words import unknown_words
from tests import people
from tests.factories import make_guide, make_request, make_submission
from tests.helpdesk.desk import checked, detail, kinds, page, press, told

pytestmark = pytest.mark.django_db
FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "reply_templates.yaml"


@pytest.fixture
def hello() -> ReplyTemplate:
    return ReplyTemplate.objects.create(name="接了", text="【称呼】您好，我是【帮办员】，“【事项】”我接了。要不要钱：【费用】。")


def box(text: str, act: str = "message") -> str:
    return unescape(re.search(rf'<textarea[^>]*id="{act}_text"[^>]*>\n?(.*?)</textarea>', text, re.S)[1])


FILLED = "您好，我是朱丽，“交医保”我接了。要不要钱：还不确定，请拨打12345问。"


def test_a_template_stands_in_the_box_and_nothing_is_sent(client, zhuli, hello):
    stored = make_request(guide=make_guide(plain_title="交医保"), claimed_by=zhuli)
    assert 'value="1">接了</button>'.replace("1", str(hello.pk)) in page(client, detail(stored))
    assert box(page(client, detail(stored) + f"?reply={hello.pk}")) == FILLED
    text = checked(press(client, stored, "message", text="", reply=hello.pk))
    assert box(text) == FILLED
    assert "还没发" in text
    assert (stored.messages.count(), kinds(stored)) == (0, ["submitted", "claimed"])
    told(client, press(client, stored, "message", text=box(text) + "明天见。"))
    assert stored.messages.get().text == FILLED + "明天见。"


def test_what_is_half_written_stays_above_the_template(client, zhuli, hello):
    stored = make_request(guide=make_guide(plain_title="交医保"), claimed_by=zhuli)
    assert box(checked(press(client, stored, "message", text="我刚才说的：", reply=hello.pk))) == f"我刚才说的：\n{FILLED}"
    text = checked(press(client, stored, "talk", medium="person", heard="问要不要钱", text="答了", reply=hello.pk))
    assert box(text, "talk") == f"答了\n{FILLED}"
    assert box(text, "talk").count("答了") == 1
    assert re.search(r'value="person"[^>]*checked', text)
    assert "问要不要钱</textarea>" in text
    assert box(text) == ""


def test_a_template_that_is_gone_takes_no_words_with_it(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    for wrong in ("99", "x", "9" * 30):
        assert box(checked(press(client, stored, "message", text="写了一半", reply=wrong))) == "写了一半"
        assert box(page(client, detail(stored) + f"?reply={wrong}")) == ""


def test_the_name_is_filled_in_only_for_who_has_seen_it(client, zhuli, hello):
    """王秀英's name is revealed by an act in the trail; a template is no way around it."""
    stored = make_request(name="王秀英", guide=make_guide(plain_title="交医保"), claimed_by=zhuli)
    assert "王秀英" not in page(client, detail(stored) + f"?reply={hello.pk}")
    press(client, stored, "reveal")
    assert box(page(client, detail(stored) + f"?reply={hello.pk}")).startswith("王秀英您好")
    logged = actions.submit(make_submission(name="李大爷", channel=Channel.PHONE), by=zhuli)
    actions.claim(request=logged, by=zhuli)
    assert box(page(client, detail(logged) + f"?reply={hello.pk}")).startswith("李大爷您好")


def test_only_the_owner_gets_a_template(client, zhuli, hello):
    stored = make_request(claimed_by=people.xiaozhao())
    text = page(client, detail(stored) + f"?reply={hello.pk}")
    assert "接了" not in text.split("<main")[1]


def test_facts_of_a_withdrawn_guide_are_not_told(client, zhuli, hello):
    stored = make_request(guide=make_guide(plain_title="交医保", fee="每人一元", status="withdrawn"), claimed_by=zhuli)
    text = box(page(client, detail(stored) + f"?reply={hello.pk}"))
    assert "每人一元" not in text
    assert "请拨打12345问" in text


@pytest.mark.parametrize("person", [people.shenhe, people.guanli])
def test_reviewers_and_administrators_write_templates(client, person):
    client.force_login(person())
    add = reverse("admin:helpdesk_replytemplate_add")
    refused = client.post(add, {"name": "新的", "text": "【姓名】您好", "order": 1}).content.decode()
    assert "【姓名】填不了。能填的是：【称呼】【事项】【材料】【地点】【时间】【费用】【多久】【电话】【帮办员】【编号】。" in refused
    assert not ReplyTemplate.objects.exists()
    assert client.post(add, {"name": "新的", "text": "【称呼】您好", "order": 1}).status_code == 302
    assert "【称呼】您好" in client.get(reverse("admin:helpdesk_replytemplate_changelist")).content.decode()


@pytest.mark.parametrize("person", [people.bianji, people.zhuli, people.zhuguan])
def test_others_do_not(client, person, hello):
    client.force_login(person())
    response = client.post(reverse("admin:helpdesk_replytemplate_change", args=[hello.pk]), {"name": "改", "text": "改", "order": 1})
    assert response.status_code in (302, 403)
    hello.refresh_from_db()
    assert hello.name == "接了"


def load(path, **options) -> str:
    out = StringIO()
    call_command("load_reply_templates", path, stdout=out, **options)
    return out.getvalue().strip()


def test_the_fixture_loads_once_can_be_tried_first_and_leaves_what_was_changed():
    assert load(FIXTURE, dry_run=True).splitlines()[0] == "常用回复：新增 11，已有的 0 个没有动。"
    assert not ReplyTemplate.objects.exists()
    load(FIXTURE)
    assert [t.name for t in ReplyTemplate.objects.all() if unknown_words(t.text)] == []
    ReplyTemplate.objects.filter(name="要带什么").update(text="我们自己的话")
    assert load(FIXTURE) == "常用回复：新增 0，已有的 11 个没有动。"
    assert ReplyTemplate.objects.get(name="要带什么").text == "我们自己的话"


@pytest.mark.parametrize(("text", "sentence"), [
    ("reply_templates: [{name: 好, text: 好}, {name: 坏, text: 【姓名】您好}]", "第2条：【姓名】填不了"),
    ("reply_templates: [{name: 好, text: 好}, {name: 好, text: 好}]", "同名"),
    ("reply_templates: [{name: 好, text: 好, by: 我}]", "不认识 by"),
    ("templates: []", "文件里写 reply_templates"),
])  # fmt: skip
def test_of_a_file_with_one_mistake_nothing_is_written(tmp_path, text, sentence):
    path = tmp_path / "templates.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=sentence):
        load(path)
    assert not ReplyTemplate.objects.exists()


def test_long_words_of_a_template_still_fit(client, zhuli):
    """Eight papers with their forms: a message may be twice as long as a note."""
    stored = make_request(claimed_by=zhuli)
    told(client, press(client, stored, "message", text="长" * 1000))
    assert len(Message.objects.get(request=stored).text) == 1000
