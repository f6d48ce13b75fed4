"""What a guide page costs in processor time where no cache of pages has it: prints, keeps, and exits 1 where a page takes more than 2.5 ms.

    python -m benchmarks.cold [sqlite|postgres]      both, one after the other, without a name

Every page is a GET by a browser of a phone, through all of the production's middleware, counted and gzipped as for a resident. Process time, not
the clock: of this process, so PostgreSQL's own is not in it. Beside it, in turns, the naive view: the same guide by the ORM with all its parts,
through the very same templates, nothing kept. A machine of another speed has other milliseconds: the empty view through the same middleware is the
measure that travels.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import cycle
from unittest.mock import patch

from benchmarks.measure import figure, report
from benchmarks.site import prepare, say
from menpai.qr import inline_svg

LIMIT = 2.5  # ms of processor time
BROWSER = {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_USER_AGENT": "Mozilla/5.0 (Linux; Android 10; MAR-AL00) AppleWebKit/537.36 Mobile"}
PACKAGES = ("django", "psycopg", "numpy", "segno")


class Site:
    """The site in this process, warmed as gunicorn warms it before it forks."""

    def __init__(self):
        from django.core.handlers.wsgi import WSGIHandler
        from django.test import RequestFactory

        from guides import freshness, warming
        from guides.models import Area, Guide

        self.handler, self.factory = WSGIHandler(), RequestFactory()
        started = time.process_time()
        self.guides_warmed = warming.warm()
        self.warming = time.process_time() - started
        freshness.follow()  # as a web process does
        self.villages = list(Area.objects.filter(level="community").values_list("code", flat=True))
        self.guides = list(Guide.objects.published().prefetch_related("situations__answers"))

    def get(self, path: str) -> float:
        """Milliseconds of processor time for one page."""
        request = self.factory.get(path, **BROWSER)
        started = time.process_time()
        response = self.handler.get_response(request)
        spent = time.process_time() - started
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")
        return spent * 1000

    def naive(self, path: str) -> float:
        """The same page as a plain Django view makes it."""
        inline_svg.cache_clear()
        unknown = lambda *_: None  # noqa: E731
        with patch("guides.shelf.generation", unknown), patch("guides.gazetteer.generation", unknown), patch("menpai.quick_qr.rows_of", unknown):
            return self.get(path)


def from_new_villages(site: Site, mode: str) -> Callable[[], str]:
    """A guide that was seen, each time from a village from which this process has not shown it."""
    site.get(f"{mode}/c/{site.villages[0]}/guides/yibao-001/")
    unseen = iter(site.villages[1:])
    return lambda: f"{mode}/c/{next(unseen)}/guides/yibao-001/"


def never_opened(site: Site, mode: str) -> Callable[[], str]:
    """Each time another guide, which nobody has opened in this process, from another village."""
    guides, villages = iter(site.guides), cycle(site.villages[5:])
    return lambda: f"{mode}/c/{next(villages)}/guides/{next(guides).slug}/"


def another_case(site: Site, mode: str) -> Callable[[], str]:
    """Each time a guide in a case that nobody has asked this process for: its mould has to be made."""
    found = ((g.slug, s.key, answers[-1].key) for g in reversed(site.guides) for s in g.situations.all() if len(answers := list(s.answers.all())) > 1)
    seen, villages = set(), cycle(site.villages)

    def following() -> str:
        slug, key, answer = next(one for one in found if one[0] not in seen)
        seen.add(slug)
        return f"{mode}/c/{next(villages)}/guides/{slug}/?{key}={answer}"

    return following


KINDS = [("a guide seen, from a new village", from_new_villages), ("a guide never opened here", never_opened)]
PAGES, ROUNDS = 60, 6


def measure(name: str) -> int:
    prepare(on_postgres=name == "postgres")
    first_process()
    site, notes = Site(), {}
    for _ in range(20):
        site.get("/empty/")
    say(f"\n{name}: warmed {site.guides_warmed} guides in {site.warming:.1f} s of processor time\n")
    figures = []
    for title, kind in KINDS:
        for mode, version in (("", "plain"), ("/elder", "长辈版")):
            path, spent, against, empties = kind(site, mode), [], [], []
            for _ in range(ROUNDS):  # some of each in turn: a busy machine slows all three, and a page is measured among pages
                addresses = [path() for _ in range(PAGES // ROUNDS)]
                took = [site.get(address) for address in addresses]
                empties += [site.get("/empty/") for _ in addresses]
                against += [site.naive(address) / statistics.median(took) for address in addresses[:2]]
                spent += took
            multiple = statistics.median(spent) / statistics.median(empties)
            tail = sorted(spent)[int(PAGES * 0.95)]
            note = f"ms; 95 of 100 under {tail:.2f}; {multiple:.1f} empty views ({statistics.median(empties):.2f} ms); {queries(site, path())} queries"
            figures.append(figure(f"{name}: {title}, {version}", spent, limit=LIMIT, at_most=True, note=note))
            figures.append(figure(f"{name}: the naive view costs … times as much, {version}", against, limit=3))
    for mode, version in (("", "plain"), ("/elder", "长辈版")):
        path = another_case(site, mode)
        spent = [site.get(path()) for _ in range(40)]
        notes[f"a case never asked for, {version}, ms"] = round(statistics.median(spent), 2)
    notes |= after_a_publication(site) | where_it_goes(site)
    for what, value in notes.items():
        say(f"  {what:64} {value}\n")
    ms = {"ms": {"cold page": round(max(figures[0].median, figures[4].median), 2)}} if name == "postgres" else {}  # for benchmarks.peak
    return report(f"cold pages ({name})", figures, packages=PACKAGES, notes=notes | ms)


def queries(site: Site, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        site.get(path)
    return len(asked)


def after_a_publication(site: Site) -> dict[str, float]:
    """Milliseconds of the first page after one guide was published (the rows are read again), and of other guides' first pages after that."""
    from guides import actions
    from guides.models import Guide

    firsts, others = [], []
    for number in range(5):
        guide = site.guides[number]
        Guide.objects.filter(pk=guide.pk).update(visits=1 + number % 2)
        actions.record_change(guide=guide, by="benchmark")
        Guide.objects.filter(pk=guide.pk).update(visits=3 + number % 2)
        actions.record_change(guide=guide, by="benchmark")
        firsts.append(site.get(f"/c/{site.villages[number]}/guides/{guide.slug}/"))
        others += [site.get(f"/c/{site.villages[number]}/guides/{other.slug}/") for other in site.guides[20:30]]
    return {
        "the first page after a publication, ms": round(statistics.median(firsts), 1),
        "other guides' first pages after it, ms": round(statistics.median(others), 2),
    }


PARTS = {
    "the view and its moulds": "guides.views.render_guide",
    "of that: the places and whether they are open": "guides.views.places_for",
    "of that: the village's QR symbol": "guides.printed.inline_svg",
    "finding the guide": "guides.views.get_public_volume",
    "counting the opening (the one write)": "guides.views.note",
    "gzip": "django.middleware.gzip.compress_string",
}


def where_it_goes(site: Site) -> dict[str, float]:
    """Milliseconds of a plain page from a new village, part by part: each part timed alone, in its own sixty pages."""
    found: dict[str, float] = {"where it goes: the middleware (an empty view), ms": round(statistics.median(site.get("/empty/") for _ in range(60)), 3)}
    for name, target in PARTS.items():
        module, _, attribute = target.rpartition(".")
        spent: list[float] = []
        with patch(target, timed(getattr(import_module(module), attribute), spent)):
            for village in site.villages[:60]:
                inline_svg.cache_clear()
                site.get(f"/c/{village}/guides/{site.guides[3].slug}/")
        found[f"where it goes: {name}, ms"] = round(statistics.median(spent), 3)
    return found


def timed(function: Callable, spent: list[float]) -> Callable:
    def run(*args, **more):
        started = time.process_time()
        try:
            return function(*args, **more)
        finally:
            spent.append((time.process_time() - started) * 1000)

    return run


def first_process() -> None:
    """What the very first page costs where nothing was warmed: imports are done, nothing is compiled or read."""
    script = "import benchmarks.cold as c; c.first_page()"
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ)


def first_page() -> None:
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.ROOT_URLCONF = "benchmarks.urls"
    django.setup()
    site = Site.__new__(Site)
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    site.handler, site.factory = WSGIHandler(), RequestFactory()
    pages = [site.get("/c/640205102006/guides/yibao-001/"), site.get("/c/640205102006/guides/yibao-002/")]
    say(f"  a process that was not warmed: its first page {pages[0]:.0f} ms, the next guide's {pages[1]:.1f} ms\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(1 if measure(sys.argv[1]) else 0)
    failed = [name for name in ("sqlite", "postgres") if subprocess.run([sys.executable, "-m", "benchmarks.cold", name], check=False).returncode]
    raise SystemExit(1 if failed else 0)
