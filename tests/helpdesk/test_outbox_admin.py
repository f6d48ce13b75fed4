"""The operator sees what does not go out, tries again or lets it be; robots are written down without being shown again."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from helpdesk.models import ContactCard, Notification, NotificationKind, Robot
from tests import people
from tests.factories import SHUIYUN, make_area, make_request, make_user
from tests.guides.admin_pages import form_data
from tests.helpdesk.outside import DING_SECRET, DING_TOKEN, Outside, as_dingtalk

pytestmark = pytest.mark.django_db
LIST, ROBOTS = reverse("admin:helpdesk_notification_changelist"), reverse("admin:helpdesk_robot_changelist")
KEY = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"


@pytest.fixture
def bureau(client):
    client.force_login(people.guanli())
    return client


def row(state="pending", *, minutes=0, **fields) -> Notification:
    """A row that was due some minutes ago."""
    moment = timezone.now() - timedelta(minutes=minutes)
    return Notification.objects.create(**{"kind": NotificationKind.OVERDUE, "to_user": people.zhuli(), "state": state, "not_before": moment, **fields})


def press(client, act: str, *rows):
    data = {"action": act, "_selected_action": [row.pk for row in rows]}
    return client.post(LIST if act != "send_test" else ROBOTS, data, follow=True).content.decode()


def monitor() -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("notifications_status", stdout=out, stderr=err)
    except SystemExit as end:
        return end.code, out.getvalue() + err.getvalue()
    return 0, out.getvalue() + err.getvalue()


def test_all_is_well(bureau):
    row("sent", channel="email", sent_at=timezone.now())
    row(minutes=20)
    assert monitor()[0] == 0
    text = bureau.get(LIST).content.decode()
    assert "发得好好的" in text
    assert "没有配置" in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "failed", "channel": "sms", "answer": "状态401"}, "24小时里有1条没发出去"),
        ({"minutes": 31}, "send_notifications"),
        ({"state": "sending", "minutes": 50, "leased_until": "2026-01-01T00:00Z"}, "send_notifications"),
        ({"minutes": -60, "attempts": 4}, "有1条试了4次还没发出去"),
    ],
)
def test_what_is_wrong_is_said_in_red_and_to_the_monitoring(bureau, fields, sentence):
    row(**fields)
    code, said = monitor()
    assert (code, sentence in said) == (1, True)
    text = bureau.get(LIST).content.decode()
    assert sentence in text
    assert "发得好好的" not in text


def test_what_rests_till_the_morning_is_no_alarm(bureau):
    row(minutes=-600)
    code, said = monitor()
    assert code == 0
    assert "等着发的 1 条" in said


def test_the_summary_shows_no_secret_and_nobodys_number(bureau, settings):
    settings.SMS_URL, settings.SMS_HEADERS = "https://sms.example/send?key=s3cret", {"Authorization": "Bearer s3cret"}
    settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD, settings.DEFAULT_FROM_EMAIL = "mail.example", "s3cret", "menpai@example.cn"
    Robot.objects.create(name="社区群", area=make_area(), kind="dingtalk", address="https://oapi.dingtalk.com/robot/send?access_token=s3cret", secret="SECs3cret")
    ContactCard.objects.create(user=people.zhuli(), mobile="13900000001", email="zhuli@example.cn")
    row(channel="sms"), row(to_user=None, to_resident=True, request=make_request(name="王秀英", phone="13812348000", note="腿脚不好"))
    text = bureau.get(LIST).content.decode() + monitor()[1] + bureau.get(ROBOTS).content.decode()
    text += bureau.get(reverse("admin:helpdesk_robot_change", args=[Robot.objects.get().pk])).content.decode()
    assert "接好了" in text
    assert "1个群机器人" in text
    assert [secret for secret in ("s3cret", "13900000001", "zhuli@example.cn", "王秀英", "13812348000", "腿脚不好") if secret in text] == []


def test_a_failed_one_is_tried_again_and_that_is_written_down(bureau):
    failed, sent = row("failed", attempts=7, answer="状态503"), row("sent")
    assert "1条，马上再试" in press(bureau, "try_again", failed, sent)
    failed.refresh_from_db(), sent.refresh_from_db()
    assert (failed.state, failed.attempts, sent.state) == ("pending", 0, "sent")
    assert Notification.objects.filter(state="pending", not_before__lte=timezone.now(), lease=None).get() == failed
    assert LogEntry.objects.get().object_id == str(failed.pk)


def test_what_need_not_go_is_dropped(bureau):
    waiting, failed, sending = row(), row("failed"), row("sending", leased_until=timezone.now() + timedelta(minutes=5))
    press(bureau, "drop", waiting, failed, sending)
    assert sorted(Notification.objects.values_list("state", flat=True)) == ["sending", "skipped", "skipped"]
    assert monitor()[0] == 0


def test_the_list_is_only_looked_at(client):
    stored = row()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert client.get(reverse("admin:helpdesk_notification_add")).status_code == 403
    assert client.post(reverse("admin:helpdesk_notification_delete", args=[stored.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:helpdesk_notification_change", args=[stored.pk]), {"state": "sent"}).status_code == 403


def test_editors_see_neither(client):
    client.force_login(people.bianji())
    assert [client.get(address).status_code for address in (LIST, ROBOTS)] == [403, 403]


@pytest.mark.nothing_kept
@pytest.mark.parametrize("address", [LIST, ROBOTS])
def test_lists_cost_the_same_for_one_row_and_for_three(bureau, address):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bureau.get(address).status_code == 200
        return len(queries)

    def more(number: int):
        robot = Robot.objects.create(name=f"群{number}", area=make_area(), kind="wecom", address="https://qyapi.weixin.qq.com/x")
        row(to_user=None, to_robot=robot, request=make_request()), row(to_user=make_user(f"u{number}"))

    more(0), cost()
    one = cost()
    more(1), more(2)
    assert cost() == one


def new_robot(client, **fields):
    address = reverse("admin:helpdesk_robot_add")
    data = form_data(client.get(address), "robot_form") | {"name": "社区群", "area": make_area(SHUIYUN).pk, "kind": "dingtalk", "is_active": "on", **fields}
    return client.post(address, data)


def test_a_robot_is_written_down_and_its_address_never_shown_again(bureau):
    address = f"https://oapi.dingtalk.com/robot/send?access_token={KEY}"
    assert new_robot(bureau, new_address=f" {address} ", new_secret="SECx").status_code == 302
    robot = Robot.objects.get()
    assert (robot.address, robot.secret) == (address, "SECx")
    change = reverse("admin:helpdesk_robot_change", args=[robot.pk])
    page = bureau.get(change)
    assert KEY not in page.content.decode()
    bureau.post(change, form_data(page, "robot_form") | {"name": "改了名"})
    robot.refresh_from_db()
    assert (robot.name, robot.address, robot.secret) == ("改了名", address, "SECx")
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, secret FROM helpdesk_robot")
        assert KEY not in str(cursor.fetchall())


@pytest.mark.parametrize("address", ["", "https://169.254.169.254/latest", "http://qyapi.weixin.qq.com/x", "http://127.0.0.1:8000/"])
def test_an_address_inside_is_refused_beside_its_field(bureau, address):
    response = new_robot(bureau, new_address=address)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["new_address"]
    assert Robot.objects.count() == 0


def test_a_robot_is_tried_a_few_times(bureau, settings):
    with Outside(answer=as_dingtalk) as server:
        settings.ROBOT_HOSTS = [server.host]
        robot = Robot.objects.create(
            name="社区群", area=make_area(), kind="dingtalk", address=f"{server.url}/robot/send?access_token={DING_TOKEN}", secret=DING_SECRET
        )
        assert "发出去了，到群里看看" in press(bureau, "send_test", robot)
        Robot.objects.update(secret="SECwrong")
        assert "没发出去：310000 sign not match" in press(bureau, "send_test", Robot.objects.get())
        for _ in range(4):
            said = press(bureau, "send_test", robot)
        assert "试得太勤了" in said
        assert len(server.sent) == 5
