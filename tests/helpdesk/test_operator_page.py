"""网站运行情况: one look tells the operator whether the site is well, and what to do where it is not. Nobody else sees it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.utils import timezone

from helpdesk import admin_operator, site_state
from helpdesk.management.commands import every_day, every_minute
from helpdesk.models import HelpRequest
from menpai.models import BackupTaken, HourCount, JobRun
from tests import people
from tests.factories import make_request
from tests.running import _certificate

PAGE = "/admin/operator/"


@pytest.fixture
def root(client, db):
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


@pytest.fixture
def all_well(db, monkeypatch):
    now = timezone.now()
    names = [*site_state.LOOPS, *every_minute.JOBS, *(name for name, _ in every_day.JOBS)]
    JobRun.objects.bulk_create(JobRun(name=name, succeeded_at=now, ended_at=now) for name in dict.fromkeys(names))
    BackupTaken.objects.create(pk=1, at=now, size=1)
    monkeypatch.setattr(site_state, "certificate_ends", lambda: now + timedelta(days=80))
    disk = site_state.Disk("data", 50 * 2**30, 100 * 2**30)
    monkeypatch.setattr(site_state, "disks", lambda: [disk])
    return now


def told(client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def line(text: str, name: str) -> str:
    return text.partition(f" {name} ")[2][:60]


def test_only_a_superuser_sees_it_and_its_link(client, root, roles):
    assert f'href="{PAGE}"' in root.get("/admin/").content.decode()
    for person in (people.bianji(), people.shenhe()):
        client.force_login(person)
        assert client.get(PAGE).status_code == 403
        assert PAGE not in client.get("/admin/").content.decode()
    client.logout()
    assert client.get(PAGE).status_code == 302


def test_when_all_is_well_one_sentence_says_so(root, all_well):
    text = told(root)
    assert "都正常 ，不用做什么" in text
    assert "先办这些" not in text


def test_a_program_that_stopped_is_told_once_with_what_to_type(root, all_well):
    JobRun.objects.filter(name__in=[*every_minute.JOBS, "every_minute"]).update(succeeded_at=all_well - timedelta(hours=1))
    text = told(root)
    assert "有1件事要处理" in text
    assert "docker compose up -d minute" in text
    assert "超时的诉求上报 留意 1小时前" in text


def test_a_job_that_fails_is_told_by_the_kind_of_its_fault(root, all_well):
    JobRun.objects.filter(pk="scrub_requests").update(trouble="OperationalError")
    text = told(root)
    assert "到期的个人信息删掉 要处理" in text
    assert "OperationalError" in text
    assert "docker compose logs daily" in text


@pytest.mark.parametrize(("age", "words"), [(None, "还没有"), (timedelta(hours=27), "1天3小时前")])
def test_no_backup_of_last_night_is_told_first(root, all_well, age, words):
    BackupTaken.objects.all().delete() if age is None else BackupTaken.objects.update(at=all_well - age)
    text = told(root)
    assert text.index("最近一次备份") < text.index("等人接")
    assert f"要处理 {words}" in line(text, "最近一次备份")


def test_a_promise_broken_for_days_and_an_outbox_that_stands_are_told(root, all_well, district):
    stored = make_request()
    HelpRequest.objects.update(created_at=all_well - timedelta(days=3), promised_at=all_well - timedelta(days=2, hours=4))
    stored.notifications.update(not_before=all_well - timedelta(minutes=45))
    text = told(root)
    assert "1件，最早的一件过了2天4小时" in line(text, "超过了答应的时间")
    assert "打电话给那个乡镇（街道）的主管" in text
    assert "水韵名都" not in text  # nowhere is told whose


def test_errors_are_told_with_the_id_to_look_for(root, all_well):
    HourCount.objects.create(kind="error", where="help:follow", hour=all_well, count=3, last_at=all_well, last_id="trace-12345678")
    HourCount.objects.create(kind="error", where="help:follow", hour=all_well - timedelta(hours=30), count=9, last_at=all_well - timedelta(hours=30), last_id="trace-00000000")
    HourCount.objects.create(kind="throttled", where="follow", hour=all_well, count=4, last_at=all_well)
    HourCount.objects.create(kind="throttled", where="follow-all", hour=all_well, count=2, last_at=all_well)
    text = told(root)
    assert re.search(r"help:follow 3 今天 \S+ trace-12345678", text)
    assert re.search(r"查诉求 6 今天", text)


@pytest.mark.parametrize(("days", "words"), [(80, "正常"), (20, "留意"), (6, "要处理"), (-1, "已经到期")])
def test_a_certificate_is_told_in_time(root, all_well, monkeypatch, days, words):
    monkeypatch.setattr(site_state, "certificate_ends", lambda: all_well + timedelta(days=days, minutes=5))
    assert words in line(told(root), "网站证书")


@pytest.mark.parametrize(("share", "words"), [(0.2, "正常"), (0.08, "留意"), (0.02, "要处理")])
def test_a_disk_is_told_before_it_is_full(root, all_well, monkeypatch, share, words):
    monkeypatch.setattr(site_state, "disks", lambda: [site_state.Disk("data", int(share * 2**40), 2**40)])
    assert words in line(told(root), "存数据的地方")


def test_without_an_answer_of_the_database_the_page_says_so_part_by_part(root, all_well, monkeypatch):
    def gone(now):
        raise DatabaseError("canceling statement due to statement timeout")

    monkeypatch.setattr(site_state, "queue", gone)
    text = told(root)
    assert "诉求 要处理 读不出来" in text
    assert "等着发的通知" in text


def test_every_job_and_every_limit_has_words():
    names = [*site_state.LOOPS, *every_minute.JOBS, *(name for name, _ in every_day.JOBS)]
    assert [name for name in names if name not in admin_operator.JOB_NAMES] == []


def test_the_certificate_is_read_from_whoever_ends_https(tmp_path, settings, monkeypatch):
    import socket
    import ssl
    from threading import Thread

    _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def answer():
            with context.wrap_socket(listening.accept()[0], server_side=True):
                pass

        Thread(target=answer, daemon=True).start()
        settings.TLS_PROBE = f"127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(site_state, "_certificate", {"asked": -1000, "ends": None})
        ends = site_state.certificate_ends()
    assert timedelta(days=1) < ends - timezone.now() < timedelta(days=3)
    assert site_state.certificate_ends() == ends  # kept for ten minutes: nobody listens any more
