"""Another community's rows: for every staff address and every role it is as if they were not there.

Two properties, each driven through every address the resolver knows. First, with another community's requests in the database and without
them one sees the same bytes after the same number of queries: nothing shows by content, by count, by page numbers, by search, by export or by
where one is led. Second, a number that exists elsewhere is answered exactly as one that never was.
"""

import io
import re
import uuid
import zipfile
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import actions
from helpdesk.models import (
    Attachment,
    AuditEntry,
    Event,
    HelpRequest,
    Mandate,
    Message,
    Notification,
    Paper,
    Principal,
    Rating,
    SecondFactor,
    StaffSession,
    Visit,
    is_reference,
    new_reference,
)
from menpai.encryption import blind_index
from menpai.roles import Role
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, make_area, make_guide, make_posting, make_request, make_user
from tests.helpdesk.staff_addresses import MISSING, NOBODY, Rows, filled, names_a_request, staff_routes

pytestmark = pytest.mark.django_db

NEIGHBOUR, ELSEWHERE = "640205102001", "640205101000"  # another community of 园艺镇; 尾闸镇
NOW = "2026-11-25 10:00+08:00"  # a Wednesday morning: somebody is on duty everywhere
MARK = "标下庄子"
MANY = 30  # more than a page of the desk


def neighbour():
    user = make_user("linju", name="林菊", role=Role.ASSISTANT)
    make_posting(user, NEIGHBOUR)
    return user


def elsewhere():
    user = make_user("yuanzhuguan", name="袁主任", role=Role.SUPERVISOR)
    make_posting(user, ELSEWHERE)
    return user


def stopped():
    user = make_user("tingyong", name="停用", role=Role.ASSISTANT)
    make_posting(user, SHUIYUN)
    user.is_active = False
    user.save()
    return user


@dataclass(frozen=True)
class Viewer:
    """Somebody with the communities whose rows are nothing to them, and the addresses where a role of the bureau may see them, masked."""

    who: str
    others: tuple[str, ...]
    sees: tuple[str, ...] = ()


VILLAGES = {SHUIYUN: "zhuli", XIAZHUANGZI: "zhuli2", NEIGHBOUR: "linju"}
VIEWERS = [
    Viewer("zhuli", (XIAZHUANGZI, NEIGHBOUR)),
    Viewer("zhuli2", (SHUIYUN, NEIGHBOUR)),
    Viewer("zhuguan", (XIAZHUANGZI,)),
    Viewer("yuanzhuguan", (SHUIYUN, NEIGHBOUR)),
    Viewer("guanjia", (XIAZHUANGZI, NEIGHBOUR)),  # a steward: only what enterprises ask
    Viewer("bianji", (XIAZHUANGZI, SHUIYUN)),
    Viewer("shenhe", (XIAZHUANGZI, SHUIYUN)),
    Viewer("guanli", (XIAZHUANGZI, SHUIYUN), sees=("/admin/helpdesk/", "/admin/guides/dayfigure/")),
    Viewer("tingyong", (XIAZHUANGZI, SHUIYUN)),
    Viewer("", (XIAZHUANGZI, SHUIYUN)),
]
BACK_OFFICE = ("bianji", "shenhe", "guanli")


@pytest.fixture
def staff():
    """Everybody, and a working morning in each village: what one sees without the others' rows is not nothing."""
    make_area(NEIGHBOUR)
    found = {
        person.username: person
        for person in (
            people.zhuli(), people.xiaozhao(), people.zhuli2(), neighbour(), people.zhuguan(), elsewhere(), people.guanjia(), people.bianji(),
            people.shenhe(), people.guanli(), stopped(),
        )
    }  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        yield found


def is_at(viewer: Viewer) -> str:
    """The community that a viewer's own rows are put in."""
    return next(code for code in VILLAGES if code not in viewer.others)


def fill_own(code: str, staff) -> HelpRequest:
    make_request(make_area(code), name="自己人", note="自己的")
    mine = make_request(make_area(code), name="自己人", claimed_by=staff[VILLAGES[code]])
    actions.write_message(request=mine, by=mine.owner, text="您好")
    AuditEntry.objects.create(by=mine.owner, by_name=mine.owner.first_name, act="roster", detail="自己的")
    return mine


def fill_others(codes: tuple[str, ...], staff, *, guide=None) -> HelpRequest:
    """The other communities' morning: everything that can hang on a request, and more waiting than a page holds. Returns the fullest one."""
    for code in codes:
        owner, area = staff[VILLAGES[code]], make_area(code)
        full = make_request(area, name=f"{MARK}名", note=f"{MARK}话", phone="13977778888", guide=guide, claimed_by=owner)
        Message.objects.create(request=full, sender="resident", text=f"{MARK}言")
        Message.objects.create(request=full, sender="note", by=owner, text=f"{MARK}记")
        Visit.objects.create(request=full, helper=owner, at=timezone.now() + timedelta(hours=2), where=f"{MARK}处")
        paper = Paper.objects.create(request=full, name=f"{MARK}证", state="bad", reason="other", remark=f"{MARK}注")
        Attachment.objects.create(request=full, paper=paper, kind="image", size=1, purpose="仅供", delete_on="2027-01-01")
        Principal.objects.create(request=full, name=f"{MARK}亲", phone="13966669999", phone_index=blind_index("13966669999"))
        Mandate.objects.create(request=full, principal_name=f"{MARK}委", scope=f"{MARK}托", starts_on="2026-11-01", ends_on="2026-12-01", agent=owner)
        Notification.objects.create(kind="new", to_user=owner, request=full, not_before=timezone.now())
        AuditEntry.objects.create(by=owner, by_name=owner.first_name, act="export", detail=f"{MARK}出")
        Event.objects.create(request=full, kind="revealed", by=owner, by_name=owner.first_name)
        done = make_request(area, name=f"{MARK}完", guide=guide, claimed_by=owner)
        actions.close(request=done, by=owner, reason="done", text=f"{MARK}好")
        Rating.objects.create(request=done, level=1, text=f"{MARK}评")
        HelpRequest.objects.bulk_create([_late_copy(full) for _ in range(MANY)])
    return full


def _late_copy(stored: HelpRequest) -> HelpRequest:
    copy = HelpRequest.objects.get(pk=stored.pk)
    copy.pk, copy.reference, copy.submission_key = None, new_reference(), uuid.uuid4()
    copy.state, copy.owner, copy.claimed_at = "waiting", None, None
    copy.promised_at = timezone.now() - timedelta(hours=3)
    return copy


def signed_in(staff, viewer: Viewer) -> Client:
    """Signed in here and nowhere else, with no second factor begun: these pages show one's own random keys, and how often one came."""
    StaffSession.objects.all().delete()
    SecondFactor.objects.all().delete()
    client = Client()
    if viewer.who:
        client.force_login(staff[viewer.who])
    return client


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    kind: str
    queries: int
    body: str


OWN_KEY = r'class="scan"><svg.*?</svg>|otpauth:[^"]+|class="key">[^<]+|'
RANDOM = re.compile(OWN_KEY + r'name="csrfmiddlewaretoken" value="\w+"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b')


def look(client: Client, address: str, data: dict | None = None, *, named: str = "", method: str = "get") -> Answer:
    """What comes back, but for tokens, and for the number that was asked for."""
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(address, data or {})
    content = response.getvalue() if response.streaming else response.content
    body = RANDOM.sub("", _text_of(content))
    heads = f"{response.get('Content-Type', '')} {response.get('Content-Disposition', '')} {response.get('Cache-Control', '')}"
    return Answer(response.status_code, _without(response.get("Location", ""), named), heads, len(queries), _without(body, named))


def _text_of(content: bytes) -> str:
    """A page, or what stands in the cells of a workbook, which is packed differently each time."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in sorted(book.namelist()) if name.startswith("xl/"))


def _without(text: str, named: str) -> str:
    for form in (named, "-".join(re.findall("...", named))):
        text = text.replace(form, "…") if form else text
    return text


def variants(route: str, foreign: HelpRequest | None) -> list[str]:
    """The ways to ask an address for more than it would show."""
    number = foreign.reference if foreign else MISSING
    found = [""]
    if route.startswith("desk/") and "<" not in route:
        found += ["?page=2", "?show=closed", f"?number={number}", f"?number={number[:3]}-{number[3:6]}-{number[6:]}", f"?area={XIAZHUANGZI}", f"?q={MARK}", "?format=xlsx"]
    elif "<" not in route and route.count("/") == 3:  # a list of the admin
        found += [f"?q={number}", f"?q={MARK}"]
    return found


def everything(client: Client, viewer: Viewer, own: HelpRequest, foreign: HelpRequest | None) -> dict[str, Answer]:
    seen = {}
    ContentType.objects.clear_cache()  # kept by the process: the second time would ask less
    for route in staff_routes():
        if not _worth(route, viewer):
            continue
        for address in filled(route, Rows.of(own)):
            if address.startswith(viewer.sees) and viewer.sees or address.endswith("/logout/"):
                continue
            for number, query in enumerate(variants(route, foreign)):
                named = foreign.reference if foreign else MISSING
                seen[f"{address} {query.partition('=')[0]} {number}"] = look(client, address + query, named=named)
    return seen


def _worth(route: str, viewer: Viewer) -> bool:
    """Who has no part in the back office is led to its door by each address of it alike: a few are enough. An editor may do less than a reviewer."""
    if route.startswith("admin/") and viewer.who in ("shenhe", "guanli"):
        return "<" not in route or route.endswith("/change/") or "helpdesk" in route
    return route.startswith("desk/") or route in ("admin/", "admin/helpdesk/helprequest/", "admin/helpdesk/event/<path:object_id>/")


@pytest.mark.nothing_kept
@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda v: v.who or "anonymous")
def test_another_communitys_rows_change_nothing_that_one_sees(viewer, staff):
    guide = make_guide(papers=("身份证",))
    own = fill_own(is_at(viewer), staff)
    before = everything(signed_in(staff, viewer), viewer, own, None)
    foreign = fill_others(viewer.others, staff, guide=None if viewer.who in BACK_OFFICE else guide)
    after = everything(signed_in(staff, viewer), viewer, own, foreign)
    assert len(before) == len(after) > 10
    for address, answer in after.items():
        assert answer == before[address], address


POSTED = {
    "text": "您好", "reason": "done", "at": "2026-11-26T09:00", "asked": "asker", "verified": "on", "sure": "on", "name": "王", "kind": "advice",
    "whose": "税务局", "how": "phone", "state": "ok",
}  # fmt: skip


@pytest.mark.nothing_kept
@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda v: v.who or "anonymous")
def test_a_foreign_number_is_answered_as_one_that_never_was(viewer, staff):
    fill_own(is_at(viewer), staff)
    foreign = fill_others(viewer.others, staff)
    before = rows_of(foreign)
    client = signed_in(staff, viewer)
    routes = [route for route in staff_routes() if names_a_request(route)]
    assert len(routes) > 8
    tried = 0
    for route in routes:
        for there, nowhere in zip(filled(route, Rows.of(foreign)), filled(route, NOBODY), strict=True):
            if there.startswith(viewer.sees) and viewer.sees:
                continue
            for method in ("get", "post"):
                data = POSTED | {"to": staff[viewer.who or "zhuli"].pk} if method == "post" else {}
                first, second = (look(client, address, data, named=named, method=method) for address, named in ((there, foreign.reference), (nowhere, MISSING)))
                first, second = (_without_key(answer, address) for answer, address in ((first, there), (second, nowhere)))
                assert first == second, f"{method} {there}"
                tried += 1
    assert tried > 30 or viewer.sees
    assert rows_of(foreign) == before


def _without_key(answer: Answer, address: str) -> Answer:
    """Without the address itself, which the page of a missing one may repeat."""
    last = [part for part in address.split("/") if part.isdecimal() or len(part) == 36]
    body, location = answer.body, answer.location
    for part in last:  # only as a part of an address: a row's number may be as short as 1
        whole = re.compile(rf"(?<=/){re.escape(part)}\b")
        body, location = whole.sub("…", body), whole.sub("…", location)
    return Answer(answer.status, location, answer.kind, answer.queries, body)


def rows_of(stored: HelpRequest) -> list:
    """The request and all that hangs on it, as it stands."""
    found = [HelpRequest.objects.filter(pk=stored.pk).values().get()]
    for model in (Event, Message, Visit, Paper, Attachment, Principal, Mandate, Notification):
        found += list(model.objects.filter(request=stored).order_by("pk").values())
    return found


FIELD = re.compile(r'<(?:input|select)\b[^>]*?\bname="(\w+)"[^>]*>')
FORM = re.compile(r'<form[^>]*method="post"[^>]*>.*?</form>', re.S)


def forms_of(text: str, address: str):
    """(address, {field: value}) of each form of a page, choices with the first of their values."""
    for form in FORM.findall(text):
        target = re.search(r'<form[^>]*\baction="([^"#]*)', form)
        fields = {}
        for tag in FIELD.finditer(form):
            value = re.search(r'\bvalue="([^"]*)"', tag.group(0))
            fields.setdefault(tag.group(1), value.group(1) if value else "您好")
        fields.pop("csrfmiddlewaretoken", None)
        yield (target.group(1) if target else "") or address, fields


@pytest.mark.parametrize("viewer", [v for v in VIEWERS if v.who in ("zhuli", "zhuguan")], ids=lambda v: v.who)
def test_a_forged_field_reaches_no_foreign_row(viewer, staff):
    """Every form of the desk, each of its fields in turn made to name a foreign request, posting or person."""
    own = fill_own(is_at(viewer), staff)
    foreign = fill_others(viewer.others, staff)
    before, client, sent = rows_of(foreign), signed_in(staff, viewer), 0
    posting = foreign.owner.postings.get().pk
    for route in staff_routes():
        if not route.startswith("desk/") or "act" in route or "logout" in route:
            continue
        for address in filled(route, Rows.of(own)):
            page = client.get(address)
            if page.status_code != 200 or "html" not in page["Content-Type"]:
                continue
            for target, fields in forms_of(page.content.decode(), address):
                if "logout" in target:
                    continue
                for name in fields:
                    for forged in (foreign.reference, foreign.pk, posting):
                        assert_untouched(client, target, {**fields, name: str(forged)}, foreign, before)
                        sent += 1
    assert sent > 50


def assert_untouched(client: Client, address: str, data: dict, foreign: HelpRequest, before: list) -> None:
    """One post shows nothing of the foreign rows and changes nothing of them; what else it did is undone."""
    point = transaction.savepoint()
    response = client.post(address, data)
    assert MARK not in response.content.decode(), f"{address} {data}"
    assert rows_of(foreign) == before, f"{address} {data}"
    transaction.savepoint_rollback(point)


def test_nobody_is_given_a_request_who_may_not_have_it(staff):
    """`to` names a posting of another township, or one that is gone: the request stays where it was."""
    mine = fill_own(SHUIYUN, staff)
    client = signed_in(staff, VIEWERS[0])
    left = staff["xiaozhao"]
    for posting in (staff["zhuli2"].postings.get(), staff["linju"].postings.get(), staff["tingyong"].postings.get(), _stopped_now(left)):
        response = client.post(f"/desk/{mine.reference}/hand_over/", {"to": posting.pk, "reason": "下午请假"})
        assert response.status_code == 200
        mine.refresh_from_db()
        assert mine.owner == staff["zhuli"]


def _stopped_now(user):
    user.is_active = False
    user.save()
    return user.postings.get()


def test_the_missing_number_is_one_that_the_desk_would_look_for():
    assert is_reference(MISSING)
    assert not HelpRequest.objects.filter(reference=MISSING).exists()


def test_an_address_that_nobody_explained_fails():
    with pytest.raises(AssertionError, match="say in staff_addresses"):
        filled("desk/<str:village>/", NOBODY)


def test_the_walk_finds_the_desk_and_the_admin():
    routes = staff_routes()
    assert {"desk/", "desk/new/", "desk/<str:reference>/", "desk/<str:reference>/<slug:act>/", "admin/helpdesk/helprequest/"} <= set(routes)
    assert len(routes) > 100
