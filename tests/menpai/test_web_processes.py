"""gunicorn as production starts it, with two processes: each hears of a publish, and what they counted in memory is written before they end."""

import os
import socket
import time
import urllib.error
import urllib.request

import pytest
from django.conf import settings
from django.db import connection

from guides import actions
from guides.models import ContentStamp, Guide, View
from tests.factories import DISTRICT, make_area, make_guide
from tests.guides.test_freshness import until
from tests.running import Stage, site_environment

ADDRESS = "/guides/yibao-001/"
PHONE = "Mozilla/5.0 (Linux; Android 12; V2156A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36"


def database() -> str:
    """The database of this test, as a setting."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings.DATABASES['default']['NAME']}"
    head, _, tail = os.environ["DATABASE_URL"].rpartition("/")
    return f"{head}/{settings.DATABASES['default']['NAME']}{'?' + tail.partition('?')[2] if '?' in tail else ''}"


@pytest.fixture
def content(transactional_db):
    """A guide, under a number that no test before has had: the processes outlive a test, and what they keep goes by that number."""
    make_area(DISTRICT)
    ContentStamp.objects.create(pk=1, version=time.time_ns())
    guide = make_guide("yibao-001", answer="老的说法。")
    actions.record_change(guide=guide, by="甲")
    return guide


@pytest.fixture(scope="module")
def processes(django_db_setup, tmp_path_factory):
    """Two processes of two threads. Debug only so that nothing has to be collected first."""
    with Stage(tmp_path_factory.mktemp("site")) as stage:
        yield started(stage, processes="2")


@pytest.fixture
def alone(content, tmp_path):
    """One process of two threads."""
    with Stage(tmp_path) as stage:
        yield started(stage, processes="1")


def started(stage, *, processes: str):
    env = site_environment(stage.home, database(), MENPAI_DEBUG="1", MENPAI_PAGE_CACHE_MB="8", WEB_WORKERS=processes, WEB_THREADS="2")
    return stage.gunicorn(env=env)


@pytest.fixture
def web(content, processes):
    return processes


def ask(web, address: str = ADDRESS, **headers) -> tuple[dict, str]:
    request = urllib.request.Request(web.url + address, headers={"User-Agent": PHONE} | headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(answer.headers), answer.read().decode()


def both_keep_it(web) -> bool:
    """Ten times in a row, over as many connections, the page comes from memory: less than its whole minute is left, or it was made this second."""
    return all(int(ask(web)[0]["Cache-Control"].split("max-age=")[1].split(",")[0]) < 60 for _ in range(10))


def test_a_publish_empties_every_process_long_before_its_minute_is_over(web, content):
    assert "老的说法。" in ask(web)[1]
    assert until(lambda: both_keep_it(web))
    Guide.objects.update(answer="新的说法。")
    actions.record_change(guide=content, by="甲")
    assert until(lambda: all("新的说法。" in ask(web)[1] for _ in range(20)), seconds=5)


def test_an_opened_page_stays_readable_while_the_tables_are_gone_and_recovers_by_itself(web, content):
    assert until(lambda: both_keep_it(web))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE guides_guide RENAME TO guides_gone")
    try:
        ContentStamp.advance()
        assert until(lambda: all("X-Kept-Seconds" in ask(web)[0] for _ in range(10)))
        assert "老的说法。" in ask(web)[1]
        with pytest.raises(urllib.error.HTTPError) as failed:
            ask(web, "/guides/yibao-001/?who=agent")  # nobody opened it before
        assert failed.value.code >= 500
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE guides_gone RENAME TO guides_guide")
    assert until(lambda: all("X-Kept-Seconds" not in ask(web)[0] for _ in range(10)))


def test_kept_pages_are_answered_while_forms_hold_every_thread(alone):
    assert "老的说法。" in ask(alone)[1]
    unfinished = b"POST /help/new/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nname="
    slow = [socket.create_connection(("127.0.0.1", alone.port)) for _ in range(4)]
    try:
        for line in slow:
            line.sendall(unfinished)
        time.sleep(0.5)
        assert all("老的说法。" in ask(alone)[1] for _ in range(10))
    finally:
        for line in slow:
            line.close()


def test_answers_of_one_page_bear_ids_of_their_own(web):
    given = [ask(web, **{"X-Request-ID": f"given-by-proxy-{number}"})[0]["X-Request-ID"] for number in range(6)]
    assert given == [f"given-by-proxy-{number}" for number in range(6)]
    assert len({ask(web)[0]["X-Request-ID"] for _ in range(6)}) == 6


def test_what_was_counted_in_memory_is_written_before_a_process_ends(web):
    """The last test of this file: nobody answers afterwards."""
    make_guide("yibao-009")
    ContentStamp.advance()
    for _ in range(30):
        ask(web, "/guides/yibao-009/")
    web.stop()
    assert View.objects.filter(key="yibao-009", entry=True).count() == 30
