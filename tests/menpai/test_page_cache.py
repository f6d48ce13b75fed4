"""Pages kept in front of Django: the same page that Django would have made, to the byte, or Django's own; nobody's page to somebody else."""

import threading
from itertools import count

import pytest

from menpai.page_cache import A_DAY, OPENED, OVERHEAD, SHARE, PageCache
from tests.lane import by_the_loop

PUBLIC = ("Cache-Control", "public, max-age=60, stale-while-revalidate=30")
ROOM = 1024 * 1024


class Site:
    """A site of one page that counts how often it was asked; what it answers is the test's to change."""

    def __init__(self):
        self.asked, self.status, self.headers, self.error = [], "200 OK", [PUBLIC], None
        self.text = lambda environ, number: f"{environ['PATH_INFO']} {number}"
        self.during = lambda: None
        self.closed = 0

    def __call__(self, environ, start_response):
        self.asked.append(environ["PATH_INFO"])
        self.during()
        if self.error:
            raise self.error
        text = self.text(environ, len(self.asked)).encode()
        start_response(self.status, [*self.headers, ("Content-Length", str(len(text))), ("X-Request-ID", f"made-{len(self.asked)}")])
        return Answer(text, self)


class Answer(list):
    def __init__(self, text, site):
        super().__init__([text])
        self.site = site

    def close(self):
        self.site.closed += 1


class World:
    """The site with its cache, a clock and a number of the content in the test's hands."""

    def __init__(self, limit: int = ROOM):
        self.site, self.now, self.number, self.counted, self.ids = Site(), 1000.0, 1, [], count(1)
        self.is_settled, self.told = True, []
        self.cache = PageCache(
            self.site, generation=lambda: self.number, request_id=lambda environ: f"id-{next(self.ids)}", session_cookie="sessionid", limit=limit,
            settled=lambda number: self.is_settled, count=lambda environ, opened: self.counted.append(opened), clock=lambda: self.now,
            tell=self.told.append,
        )  # fmt: skip

    def get(self, path: str = "/guides/", query: str = "", method: str = "GET", **headers) -> tuple[str, dict, str]:
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "wsgi.url_scheme": "http", "HTTP_HOST": "site", **headers}
        said = []
        answer = self.cache({name: value for name, value in environ.items() if value is not None}, lambda *what: said.append(what))
        body = b"".join(answer).decode()
        if hasattr(answer, "close"):
            answer.close()
        [(status, told, *_)] = said
        names = [name.lower() for name, _ in told]
        assert len(names) == len(set(names)), told  # no header twice
        return status, dict(told), body


@pytest.fixture(autouse=True, params=["called", "by the loop"])
def door(request, monkeypatch):
    """Everything holds for a cache that is called by a thread, and for one that is asked by the loop."""
    if request.param == "by the loop":
        monkeypatch.setattr(PageCache, "__call__", by_the_loop(PageCache))


@pytest.fixture
def world():
    return World()


def made(world: World) -> int:
    return len(world.site.asked)


def test_a_page_is_made_once_and_answered_from_memory_with_an_id_of_its_own(world):
    first, second, third = world.get(), world.get(), world.get()
    assert first[2] == second[2] == third[2] == "/guides/ 1"
    assert made(world) == 1
    assert [answer[1]["X-Request-ID"] for answer in (first, second, third)] == ["made-1", "id-1", "id-2"]
    assert world.told == ["kept", "kept"]
    assert world.site.closed == 1


def test_what_is_left_of_its_minute_is_said(world):
    world.get()
    world.now += 45
    assert world.get()[1]["Cache-Control"] == "public, max-age=15, stale-while-revalidate=30"
    world.now += 15
    assert world.get()[2] == "/guides/ 2"


def test_a_publish_empties_it_at_once(world):
    world.get()
    world.number += 1
    assert world.get()[2] == "/guides/ 2"
    assert world.get()[2] == "/guides/ 2"


def test_while_the_number_is_unknown_nothing_kept_is_used(world):
    world.get()
    world.number = None
    assert [world.get()[2], world.get()[2]] == ["/guides/ 2", "/guides/ 3"]
    world.number = 1
    assert world.get()[2] == "/guides/ 4"  # what was made meanwhile is as old as nobody knows


def test_a_page_made_while_the_content_moved_is_not_kept(world):
    world.site.during = lambda: setattr(world, "number", world.number + 1)
    world.get()
    world.site.during = lambda: None
    assert world.get()[2] == "/guides/ 2"


def test_a_page_made_from_a_replica_that_lags_is_not_fresh(world):
    world.is_settled = False
    world.get()
    world.is_settled = True
    assert world.get()[2] == "/guides/ 2"


@pytest.mark.parametrize("headers", [
    [], [("Cache-Control", "private, max-age=60")], [("Cache-Control", "max-age=60")], [("Cache-Control", "public, max-age=60, no-cache")],
    [("Cache-Control", "public, no-store, max-age=60")], [("Cache-Control", "public")], [("Cache-Control", "public, max-age=0")],
    [PUBLIC, ("Set-Cookie", "a=1")], [PUBLIC, ("Vary", "Accept-Encoding, Cookie")], [PUBLIC, ("Vary", "Accept-Language")], [PUBLIC, ("Vary", "*")],
])  # fmt: skip
def test_what_does_not_say_that_anybody_may_keep_it_is_not_kept(world, headers):
    world.site.headers = headers
    assert [world.get()[2], world.get()[2]] == ["/guides/ 1", "/guides/ 2"]


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "301 Moved Permanently", "206 Partial Content", "304 Not Modified"])
def test_only_whole_pages_are_kept(world, status):
    world.site.status = status
    world.get(), world.get()
    assert made(world) == 2


def test_the_sooner_of_two_ages_holds(world):
    world.site.headers = [("Cache-Control", "public, max-age=60, s-maxage=10")]
    world.get()
    world.now += 11
    world.get()
    assert made(world) == 2


@pytest.mark.parametrize("special", [
    {"HTTP_COOKIE": "a=1; sessionid=x"}, {"HTTP_AUTHORIZATION": "Basic x"}, {"HTTP_RANGE": "bytes=0-1"}, {"CONTENT_LENGTH": "4"},
    {"HTTP_TRANSFER_ENCODING": "chunked"}, {"HTTP_IF_MATCH": '"x"'}, {"method": "POST"}, {"HTTP_X_FORWARDED_PROTO": "gopher"}, {"HTTP_HOST": None},
    {"SCRIPT_NAME": "/other"},
])  # fmt: skip
def test_a_request_that_is_about_somebody_or_something_else_passes_by_both_ways(world, special):
    world.get(**special)
    assert world.get()[2] == "/guides/ 2"  # nothing was kept
    assert world.get(**special)[2] == "/guides/ 3"  # and nothing kept is shown


def test_another_cookie_changes_nothing(world):
    world.get(HTTP_COOKIE="plate=7K3M9Q2X")
    assert world.get()[2] == world.get(HTTP_COOKIE="csrftoken=abc")[2] == "/guides/ 1"


@pytest.mark.parametrize("query", ["q=医保", "code=7K3M9Q2X", "topic=a&q=b", "%71=x", "q", "q="])
def test_what_people_type_is_not_kept(world, query):
    world.get(query=query), world.get(query=query)
    assert made(world) == 2


def test_files_are_not_kept(world):
    world.get("/static/css/site.css"), world.get("/static/css/site.css")
    assert made(world) == 2


@pytest.mark.parametrize("other", [
    {"path": "/guides//"}, {"path": "/guides"}, {"path": "/guides/;a.css"}, {"path": "/guides/a.css"}, {"path": "//guides/"}, {"path": "/guides/%2e"},
    {"query": "who=agent"}, {"query": "a=1&b=2"}, {"query": "b=2&a=1"}, {"HTTP_HOST": "site:81"}, {"HTTP_HOST": "other"},
    {"HTTP_X_FORWARDED_PROTO": "https"}, {"wsgi.url_scheme": "https"}, {"HTTP_ACCEPT_ENCODING": "gzip"}, {"path": "/elder/guides/"},
    {"path": "/c/640205102006/guides/"},
])  # fmt: skip
def test_each_address_is_a_page_of_its_own(world, other):
    world.get()
    assert world.get(**other)[2].endswith(" 2")
    assert world.get(**other)[2].endswith(" 2")
    assert world.get()[2] == "/guides/ 1"


@pytest.mark.parametrize("same", [
    {"HTTP_X_FORWARDED_HOST": "evil"}, {"HTTP_X_ORIGINAL_URL": "/admin/"}, {"HTTP_X_REWRITE_URL": "/admin/"}, {"HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
    {"HTTP_ACCEPT_LANGUAGE": "en"}, {"HTTP_USER_AGENT": "x"}, {"HTTP_ACCEPT_ENCODING": "br, identity"}, {"HTTP_CACHE_CONTROL": "no-cache"},
    {"HTTP_X_FORWARDED_SCHEME": "http"}, {"HTTP_FORWARDED": "host=evil"},
])  # fmt: skip
def test_what_django_does_not_look_at_makes_no_other_page(world, same):
    world.get(**same)
    assert world.get()[2] == world.get(**same)[2] == "/guides/ 1"


def test_head_is_answered_from_the_page_and_keeps_none(world):
    assert world.get(method="HEAD")[0] == "200 OK"
    world.get()
    asked = made(world)
    status, headers, body = world.get(method="HEAD")
    assert (status, headers["Content-Length"], body, made(world)) == ("200 OK", "10", "", asked)


@pytest.mark.parametrize("has", ['"abc"', 'W/"abc"', '"x", W/"abc"', "*"])
def test_who_has_it_already_is_told_so(world, has):
    world.site.headers = [PUBLIC, ("ETag", 'W/"abc"'), ("Vary", "Accept-Encoding"), ("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("X-Frame-Options", "DENY")]
    world.get()
    status, headers, body = world.get(HTTP_IF_NONE_MATCH=has)
    assert (status, body, made(world)) == ("304 Not Modified", "", 1)
    assert headers == {"ETag": 'W/"abc"', "Vary": "Accept-Encoding", "Cache-Control": "public, max-age=60, stale-while-revalidate=30",
                       "X-Frame-Options": "DENY", "X-Request-ID": "id-1"}  # fmt: skip
    assert world.get(HTTP_IF_NONE_MATCH='"other"')[0] == "200 OK"


def test_a_page_that_did_not_change_since_is_fresh_again_without_being_sent(world):
    world.site.headers = [PUBLIC, ("ETag", '"abc"')]
    world.get()
    world.number, world.site.status = 2, "304 Not Modified"
    assert world.get(HTTP_IF_NONE_MATCH='"abc"')[0] == "304 Not Modified"
    assert (world.get()[2], made(world)) == ("/guides/ 1", 2)
    world.number, world.site.headers = 3, [PUBLIC, ("ETag", '"other"')]
    world.get(HTTP_IF_NONE_MATCH='"other"')
    world.site.status = "200 OK"
    assert world.get()[2] == "/guides/ 4"


# ---- room


def test_it_never_holds_more_than_its_room_and_the_oldest_goes_first():
    world = World(limit=100_000)
    for number in range(200):
        world.get(f"/guides/{number}/")
        assert world.cache.plain.bytes <= world.cache.plain.limit
        assert world.cache.plain.bytes == sum(page.size for page in world.cache.plain.pages.values())
    asked = made(world)
    world.get("/guides/199/")
    assert made(world) == asked
    world.get("/guides/0/")
    assert made(world) == asked + 1


def test_what_is_read_stays():
    world = World(limit=100_000)
    world.get("/")
    for number in range(200):
        world.get(f"/guides/{number}/")
        assert world.get("/")[2] == "/ 1"


def test_made_up_queries_do_not_push_out_pages():
    world = World(limit=100_000)
    world.get("/")
    for number in range(500):
        world.get("/", query=f"x={number}")
    assert world.get("/")[2] == "/ 1"
    assert world.cache.asked.bytes <= world.cache.asked.limit
    world.get("/", query="x" * 301), world.get("/", query="x" * 301)
    assert world.site.asked.count("/") == 503


def test_a_huge_page_is_not_kept():
    world = World(limit=SHARE * 10 * OVERHEAD)
    world.site.text = lambda environ, number: "x" * 20 * OVERHEAD
    world.get(), world.get()
    assert made(world) == 2


def test_many_threads_at_once_count_the_bytes_rightly():
    world = World(limit=60_000)

    def read(start: int) -> None:
        for number in range(300):
            world.get(f"/{(start + number) % 90}/")

    threads = [threading.Thread(target=read, args=(start,)) for start in range(0, 90, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shelf = world.cache.plain
    assert shelf.bytes == sum(page.size for page in shelf.pages.values()) <= shelf.limit


# ---- when Django fails


@pytest.fixture
def opened(world):
    """A page somebody opened some time ago, on a site that fails now."""
    world.site.headers = [PUBLIC, ("ETag", '"abc"')]
    world.get()
    world.number, world.now = None, world.now + 7200
    return world


@pytest.mark.parametrize("failure", ["500 Internal Server Error", "503 Service Unavailable", RuntimeError("the database is gone")])
def test_an_opened_page_stays_readable(opened, failure):
    if isinstance(failure, Exception):
        opened.site.error = failure
    else:
        opened.site.status = failure
    status, headers, body = opened.get()
    assert (status, body) == ("200 OK", "/guides/ 1")
    assert headers["Cache-Control"] == "no-cache"  # nobody else keeps what is old
    assert headers["X-Kept-Seconds"] == "7200"
    assert headers["X-Request-ID"] == "id-1"
    assert opened.get(HTTP_IF_NONE_MATCH='"abc"')[0] == "304 Not Modified"
    opened.site.error, opened.site.status, opened.number = None, "200 OK", 2
    assert opened.get()[1]["Cache-Control"].startswith("public")  # and recovers by itself


def test_a_page_nobody_opened_and_a_person_signed_in_get_the_failure_itself(opened):
    opened.site.status = "503 Service Unavailable"
    assert opened.get("/guides/other/")[0] == opened.get(HTTP_COOKIE="sessionid=x")[0] == "503 Service Unavailable"
    opened.site.error = RuntimeError()
    with pytest.raises(RuntimeError):
        opened.get("/guides/other/")


def test_after_a_day_an_old_page_is_no_help(opened):
    opened.site.status, opened.now = "503 Service Unavailable", opened.now + A_DAY
    assert opened.get()[0] == "503 Service Unavailable"


@pytest.mark.parametrize("status", ["410 Gone", "404 Not Found", "302 Found"])
def test_a_page_that_is_gone_is_not_brought_back_by_a_failure(opened, status):
    opened.site.status, opened.number = status, 2
    assert opened.get()[0] == status
    assert opened.cache.plain.bytes == 0
    opened.site.status = "503 Service Unavailable"
    assert opened.get()[0] == "503 Service Unavailable"


# ---- counting


def test_what_a_view_left_is_told_for_each_page_from_memory(world):
    def left(environ, number):
        environ[OPENED] = ("guide", "yibao-001", "640205000000")
        return "page"

    world.site.text = left
    for _ in range(3):
        world.get()
    world.get(method="HEAD")
    assert world.counted == [("guide", "yibao-001", "640205000000")] * 2  # the first was counted by its view
