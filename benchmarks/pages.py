"""What a resident page costs: the server, as a ratio to an empty view through the same middleware, and the reader, as bytes of the first view."""

import gzip
import re
import statistics
import time
from pathlib import Path

from benchmarks.site import prepare, say

LIMIT = 14_600  # ten TCP segments: what arrives in the first round trip of a new connection
ROUNDS, VIEWS = 9, 40
COMMUNITY = "640205102006"
STYLESHEET = re.compile(r'<link[^>]+rel="stylesheet"[^>]*>')


def processor_seconds(handler, factory, path: str) -> float:
    started = time.process_time()
    for _ in range(VIEWS):
        response = handler.get_response(factory.get(path))
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")
    return (time.process_time() - started) / VIEWS


def speed() -> None:
    """Both are measured in turns, so that a busy machine slows both."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    handler, factory = WSGIHandler(), RequestFactory()
    pages = ["/guides/yibao-001/", f"/c/{COMMUNITY}/guides/yibao-001/", "/", "/guides/?q=医保"]
    for path in [*pages, "/empty/"]:
        processor_seconds(handler, factory, path)  # templates compiled, index built
    say(f"\npages: views a second of one processor, beside an empty view (median of {ROUNDS} turns of {VIEWS})\n")
    for path in pages:
        turns = [(processor_seconds(handler, factory, path), processor_seconds(handler, factory, "/empty/")) for _ in range(ROUNDS)]
        page, empty = (statistics.median(column) for column in zip(*turns, strict=True))
        ratio = statistics.median(p / e for p, e in turns)
        say(f"  {path:42} {1 / page:7.0f}/s   empty {1 / empty:7.0f}/s   one page costs {ratio:.1f} empty views\n")


def first_view(client, path: str) -> int:
    """Compressed bytes of the page and its style sheets."""
    from django.contrib.staticfiles import finders

    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    total = len(gzip.compress(response.content, 6))
    for link in STYLESHEET.findall(response.content.decode()):
        if 'media="print"' in link:
            continue
        address = re.search(r'href="/static/([^"?]+)"', link).group(1)
        total += len(gzip.compress(Path(finders.find(address)).read_bytes(), 6))
    return total


def resident_pages() -> list[str]:
    from doorplates.models import Doorplate
    from guides.models import Domain, Guide, Notice

    plate = Doorplate.objects.filter(building__community_id=COMMUNITY).first()
    notice = Notice.objects.current().first()
    plain = ["/", "/guides/", "/guides/?q=医保", "/areas/", "/notices/", "/jobs/", "/ask/", "/ask/?q=低保要带什么", "/ask/?q=养老保险咋交"]
    plain += [f"/notices/{notice.pk}/"] if notice else []
    plain += [f"/guides/?topic={slug}" for slug in Domain.objects.values_list("slug", flat=True)]
    plain += [f"/guides/{slug}/" for slug in Guide.objects.published().values_list("slug", flat=True)]
    whole = plain + [f"/c/{COMMUNITY}{path}" for path in plain]
    whole += [f"/D/{plate.code}", "/verify/", "/help/", "/help/new/", "/help/complain/"]
    return whole + ["/elder" + path for path in whole]


def weight() -> int:
    """Prints the heaviest pages; returns how many are over the limit."""
    from django.test import Client

    client, paths = Client(), resident_pages()
    sizes = sorted(((first_view(client, path), path) for path in paths), reverse=True)
    over = [size for size in sizes if size[0] > LIMIT]
    say(f"\nfirst view (HTML and CSS, gzip): {len(paths)} resident pages, limit {LIMIT:,} bytes, {len(over)} over\n")
    for size, path in [*over[:20], *sizes[:5], sizes[len(sizes) // 2], sizes[-1]]:
        say(f"  {size:7,}  {size / LIMIT:4.0%}  {path}\n")
    return len(over)


if __name__ == "__main__":
    prepare()
    speed()
    raise SystemExit(1 if weight() else 0)
