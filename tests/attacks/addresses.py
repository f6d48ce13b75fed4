"""Every address of residents and machines, found in the resolver, with values for its parameters that are there in `scene()`.

An address with a parameter that nobody explained here fails the tests: whoever adds one says in `known` how it is filled.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from django.core import signing
from django.urls.resolvers import RegexPattern

from guides.models import Correction, JobPosting, LifeEvent, LifeEventStep, Notice
from helpdesk.models import HelpRequest
from helpdesk.views.follow import FOLLOW_COOKIE
from tests.factories import SHUIYUN, make_guide, make_plate, make_request
from tests.helpdesk.staff_addresses import PARAMETER, walk

ROOT = Path(__file__).resolve().parent.parent.parent
STAFF = ("desk/", "admin/")
IN_PATTERN = re.compile(r"\(\?P<(\w+)>[^()]*\)")
READ_FROM = re.compile(r"""(?:GET|POST|data|cleaned_data)(?:\.get(?:list)?\(|\[)["'](\w+)["']|["'](\w+)["'] in request\.(?:GET|POST)""")


@dataclass
class Scene:
    """What there is, by the name of the parameter of an address that leads to it."""

    request: HelpRequest
    values: dict[str, str] = field(default_factory=dict)

    def door(self) -> str:
        """The cookie that opens the request."""
        return signing.dumps(f"{self.request.reference}:asker", salt=FOLLOW_COOKIE)


def scene() -> Scene:
    guide = make_guide(papers=("身份证", "户口簿"))
    plate = make_plate()
    event = LifeEvent.objects.create(slug="sheng-haizi", title="生孩子", answer="先办出生证。", status="published")
    LifeEventStep.objects.create(event=event, guide=guide)
    notice = Notice.objects.create(area_id=SHUIYUN, title="通知", text="放假。", published_on="2026-11-01")
    job = JobPosting.objects.create(area_id=SHUIYUN, title="保洁", employer="物业", text="早班。", published_on="2026-11-01", expires_on="2099-01-01")
    stored = make_request(guide=guide, doorplate=plate, papers=(("身份证", "原件1份"),))
    wrong = Correction.objects.create(guide=guide, part="other", text="电话错了")
    values = {
        "reference": stored.reference, "area_code": SHUIYUN, "slug": guide.slug, "paper": str(stored.papers.get().pk), "key": str(HelpRequest.objects.get().submission_key),
        "code": plate.code, "pk": str(notice.pk), "number": "1", "rest": "v1/guides", "path": "",
    }  # fmt: skip
    by_route = {"events/": {"slug": event.slug}, "jobs/": {"pk": str(job.pk)}, "guides/wrong/": {"code": wrong.code}}
    return Scene(stored, values | {f"{place}{name}": value for place, more in by_route.items() for name, value in more.items()})


def public_routes() -> list[str]:
    """Whatever the resolver knows that is not the staff's; regular expressions as routes."""
    found = []
    for route, pattern in walk():
        if route.startswith(STAFF):
            continue
        if isinstance(pattern.pattern, RegexPattern):
            before = route.removesuffix(str(pattern.pattern))
            route = before + IN_PATTERN.sub(r"<\1>", str(pattern.pattern)).replace("^[Dd]", "D").replace("/?$", "").replace("$", "")
        found.append(route)
    return list(dict.fromkeys(found))


def known(route: str, name: str, place: Scene) -> str:
    """The value of a parameter that leads to something that is there. Raises AssertionError for one that nobody explained."""
    plain = route.removeprefix("elder/").removeprefix("c/<str:area_code>/")
    for key in (f"{plain.partition('<')[0]}{name}", name):
        if key in place.values:
            return place.values[key]
    raise AssertionError(f"{route}: say in tests/attacks/addresses.py what “{name}” is filled with")


def filled(route: str, place: Scene, **changes: str) -> str:
    """The address of a route; `changes` replace single parameters and have to be percent-encoded."""
    for name in PARAMETER.findall(route):
        value = changes.get(name, known(route, name, place))
        route = PARAMETER.sub(lambda _, value=value: value, route, count=1)
    return f"/{route}"


def names_read() -> list[str]:
    """Every name that a view reads from an address or a form, found in the source, so that a new one is tried by itself."""
    found = set()
    for room in ("guides", "doorplates", "helpdesk"):
        for file in [*(ROOT / room).glob("*.py"), *(ROOT / room / "views").glob("*.py")]:
            found |= {first or second for first, second in READ_FROM.findall(file.read_text(encoding="utf-8"))}
    for file in (ROOT / "templates").rglob("*.html"):
        found |= set(re.findall(r'\bname="(\w+)"', file.read_text(encoding="utf-8")))
    return sorted(found)
