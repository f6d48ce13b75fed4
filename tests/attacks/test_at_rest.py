"""What lies on the disk tells nobody's name, phone, address or words: all of it is entered through the forms, then every table, the database's own
file, every kept file and every line of the log are searched for each value in each spelling a dump might hold it in.

What stands there in clear, and why: IN_CLEAR of helpdesk/field_classes.py, the names of staff (an office says them on its own wall), and whatever
somebody types into the search box or as a wish that nobody can tell from an ordinary word (a bare name without digits): the last test shows it.
"""

import base64
import json
import logging
import re
import uuid
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from guides.models import Correction, SearchMiss
from helpdesk.forms_me import AT_ONCE
from helpdesk.models import HelpRequest, StaffSession
from helpdesk.views.follow import let_follow
from tests import people
from tests.factories import SHUIYUN, make_area, make_guide, make_plate, workday_at
from tests.helpdesk.desk import press
from tests.helpdesk.photos import upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept_files(tmp_path, settings):
    folders = {}
    for name, disk in (("private", settings.PRIVATE_DISK), ("imports", settings.IMPORTS_DISK)):
        folders[name] = disk | {"OPTIONS": disk["OPTIONS"] | {"location": tmp_path / name}}
    settings.STORAGES = settings.STORAGES | folders
    return tmp_path


class Entered:
    """Makes a value nobody else has and remembers it."""

    def __init__(self):
        self.values: dict[str, str] = {}

    def phone(self, what: str) -> str:
        return self._keep(what, f"1{38 + len(self.values) % 2}57{71_31_00 + 37 * len(self.values):06d}9"[:11].ljust(11, "3"))

    def words(self, what: str, pattern: str) -> str:
        return self._keep(what, pattern.format("甲乙丙丁戊己庚辛壬癸"[len(self.values) % 10] + "魑魅魍魉饕餮貔貅麒麟"[len(self.values) // 10]))

    def _keep(self, what: str, value: str) -> str:
        assert value not in self.values.values()
        self.values[what] = value
        return value


def taken(response) -> None:
    """The form was taken: otherwise nothing was stored that could be found."""
    said = re.findall(r'class="(?:error|refused|caution|problem)[^>]*>(.*?)<', response.content.decode()) if response.status_code == 200 else ""
    assert response.status_code == 302, f"{response.status_code} {said}"


def inside(stored: HelpRequest) -> Client:
    client = Client()
    client.cookies["follow"] = let_follow(HttpResponse(), stored).cookies["follow"].value
    return client


def residents_enter(entered: Entered) -> HelpRequest:
    make_guide(papers=("身份证",))
    plate = make_plate()
    form = {
        "name": entered.words("name", "欧阳{}娟"), "phone": entered.phone("phone"), "consent": "on", "kind": "home", "area": SHUIYUN, "guide": "yibao-001", "plate": plate.code,
        "for_someone": "on", "relation": entered.words("relation", "表姑{}"), "note": entered.words("note", "住在{}楼东户腿脚不便"),
    }  # fmt: skip
    taken(Client().post("/help/new/", form | {"submission_key": str(uuid.uuid4())}))
    stored = HelpRequest.objects.get()
    taken(Client().post("/help/callback/", {"phone": entered.phone("callback"), "consent": "on", "area": SHUIYUN, "submission_key": str(uuid.uuid4())}))
    parent = {
        "name": entered.words("child", "司马{}强"), "phone": entered.phone("child's phone"), "relation": "女儿", "principal_name": entered.words("parent", "诸葛{}英"),
        "principal_phone": entered.phone("parent's phone"), "plate": plate.code, "note": entered.words("child's note", "妈妈耳背{}要大声"), "consent": "on",
    }  # fmt: skip
    taken(Client().post("/help/for-parent/", parent | {"submission_key": str(uuid.uuid4())}))
    complaint = {
        "subject": "other", "text": entered.words("complaint", "那天{}态度不好"), "phone": entered.phone("complaint's phone"), "name": entered.words("complainer", "夏侯{}刚"), "consent": "on",
        "area": SHUIYUN, "submission_key": str(uuid.uuid4()),
    }  # fmt: skip
    taken(Client().post("/help/complain/", complaint))
    taken(Client().post("/guides/yibao-001/wrong/", {"part": "other", "text": entered.words("correction", "我家{}那次去了不对")}))
    resident = inside(stored)
    taken(resident.post(f"/help/{stored.reference}/", {"act": "reply", "text": entered.words("reply", "我在{}巷口等")}))
    taken(resident.post(f"/help/{stored.reference}/mine/", {"act": "correct", "name": entered.words("new name", "上官{}月"), "call_time": "any", "note": entered.words("new note", "改到{}门牌后面")}))
    paper = stored.papers.get()
    taken(resident.post(f"/help/{stored.reference}/paper/{paper.pk}/", {"consent": "on", "album": upload(name=f"{entered.words('file name', '宇文{}身份证')}.jpg")}))
    return stored


def helpers_enter(entered: Entered, stored: HelpRequest) -> None:
    client = Client()
    client.force_login(people.zhuli())
    walk_in = {
        "channel": "walk_in", "name": entered.words("walk-in", "尉迟{}芳"), "phone": entered.phone("walk-in's phone"), "area": SHUIYUN, "kind": "advice", "consent": "on",
        "note": entered.words("walk-in's note", "低保户{}三口人"), "submission_key": str(uuid.uuid4()),
    }  # fmt: skip
    taken(client.post("/desk/new/", walk_in))
    entered.values["staff e-mail"] = "zhuli.xq7@example.com"
    card = {"email": entered.values["staff e-mail"], "mobile": entered.phone("staff mobile"), "when": AT_ONCE, "digest_at": "8", "quiet_from": "21", "quiet_to": "8"}
    taken(client.post("/desk/me/", card))
    taken(press(client, stored, "claim"))
    taken(press(client, stored, "note", text=entered.words("staff note", "隔壁{}说他听不清")))
    taken(press(client, stored, "message", text=entered.words("message", "请{}带上证件")))
    taken(press(client, stored, "talk", medium="phone", text=entered.words("said", "跟{}说好了"), heard=entered.words("heard", "老人说{}要来")))
    at = workday_at(10).strftime("%Y-%m-%dT%H:%M")
    taken(press(client, stored, "visit", at=at, place="home", where=entered.words("where", "{}小区东门进"), link=""))
    paper = stored.papers.get().pk
    taken(press(client, stored, "papers", **{f"paper-{paper}": "bad", f"reason-{paper}": "other", f"remark-{paper}": entered.words("remark", "名字{}写错了")}))
    today = timezone.localdate()
    taken(press(client, stored, "set_kind", kind="agent"))
    mandate = {"principal_name": entered.words("mandate", "端木{}花"), "scope": entered.words("scope", "代领{}的卡"), "starts_on": today, "ends_on": today + timedelta(days=9)}
    taken(press(client, stored, "mandate", **mandate))
    colleague = people.xiaozhao().postings.get()
    taken(press(client, stored, "hand_over", to=colleague.pk, reason=entered.words("hand-over", "{}家离您近")))
    client.force_login(people.xiaozhao())
    taken(press(client, stored, "correct", asked="asker", verified="on", name=entered.words("corrected", "南宫{}兰"), phone=(new := entered.phone("corrected phone")), phone_again=new))
    assert press(client, stored, "reveal").status_code == 200
    taken(press(client, stored, "set_kind", kind="advice"))  # what is done for somebody needs the signed paper
    taken(press(client, stored, "close", reason="done", text=entered.words("closing", "给{}办好了")))
    taken(inside(stored).post(f"/help/{stored.reference}/", {"act": "rate", "level": "3", "text": entered.words("rating", "{}办得慢")}))


def spellings(value: str) -> dict[str, bytes]:
    """How a value may stand in a dump: as it is, in another coding, spelled by another layer."""
    found = {
        "clear": value.encode(), "reversed": value[::-1].encode(), "utf-16-le": value.encode("utf-16-le"), "utf-16-be": value.encode("utf-16-be"), "gb18030": value.encode("gb18030"),
        "utf-32": value.encode("utf-32-le"), "percent": quote(value).encode(), "plus": quote_plus(value).encode(), "json": json.dumps(value)[1:-1].encode(), "hex": value.encode().hex().encode(),
    }  # fmt: skip
    for shift in range(3):  # a base64 text may begin one or two bytes earlier
        core = base64.b64encode(b"\0" * shift + value.encode())[2 * (shift > 0) + 2 * (shift > 1):]
        found[f"base64 {shift}"] = core.rstrip(b"=")[:-1]
        found[f"urlsafe {shift}"] = found[f"base64 {shift}"].translate(bytes.maketrans(b"+/", b"-_"))
    if value.isdigit():
        found |= {"groups": f"{value[:3]} {value[3:7]} {value[7:]}".encode(), "dashes": f"{value[:3]}-{value[3:7]}-{value[7:]}".encode(), "short": value[2:].encode()}
    return found


def everything_kept(folder) -> dict[str, bytes]:
    """Every column of every table as text, what the sessions hold, the database's own file where it is one, and every kept file."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = cursor.fetchall()
            found[f"table {table}"] = "\n".join(f"{value!s}\t{value!r}" for row in rows for value in row).encode("utf-8", "surrogatepass")
    found["sessions"] = json.dumps([row.get_decoded() for row in StaffSession.objects.all()], ensure_ascii=False, default=str).encode()
    if connection.vendor == "sqlite":
        found["dump"] = "\n".join(connection.connection.iterdump()).encode()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found["the database's file"] = open(connection.settings_dict["NAME"], "rb").read()  # noqa: SIM115, PTH123
    for path in folder.rglob("*"):
        found[f"file {path.name}"] = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
    return found


def leaks(values: dict[str, str], kept: dict[str, bytes]) -> list[str]:
    return [
        f"{what} ({how}) in {where}"
        for what, value in values.items() for how, spelled in spellings(value).items() for where, content in kept.items() if spelled in content
    ]  # fmt: skip


def test_nothing_that_people_entered_can_be_read_on_the_disk_or_in_the_log(kept_files, caplog):
    caplog.set_level(logging.INFO)
    people.zhuguan(), people.zhuli(), people.xiaozhao()
    entered = Entered()
    stored = residents_enter(entered)
    helpers_enter(entered, stored)
    assert len(entered.values) > 30
    kept = everything_kept(kept_files)
    kept["log"] = "\n".join(f"{record.getMessage()} {record.exc_text or ''} {record.args}" for record in caplog.records).encode()
    assert len([name for name in kept if name.startswith("table")]) > 60
    assert storages["private"].listdir("")[1], "a photo lies there"
    assert leaks(entered.values, kept) == []


def test_the_search_finds_each_spelling():
    """A search that finds nothing anywhere proves nothing."""
    value, phone = "欧阳甲魑娟", "13857713009"
    for text, word in ((value, "欧阳"), (phone, "138")):
        assert word in text
        for how, spelled in spellings(text).items():
            assert leaks({"x": text}, {"y": b"before" + spelled + b"after"}), how
    for shift in ("", "a", "ab", "abc"):
        whole = base64.b64encode((shift + value + "zz").encode())
        assert leaks({"x": value}, {"y": whole}), shift


def test_what_a_correction_and_a_name_as_a_wish_leave_in_clear():
    """The honest exception: words that somebody searches for are counted in clear, because editors read them. Digits keep them out; a bare name does not."""
    make_guide(), make_area()
    form = {"name": "王阿姨", "phone": "13800138000", "consent": "on", "area": SHUIYUN, "kind": "advice"}
    taken(Client().post("/help/new/", form | {"wish": "欧阳甲魑娟的低保", "submission_key": str(uuid.uuid4())}))
    taken(Client().post("/help/new/", form | {"wish": "身份证尾号12345的低保", "phone": "13800138001", "submission_key": str(uuid.uuid4())}))
    assert list(SearchMiss.objects.values_list("text", flat=True)) == ["欧阳甲魑娟的低保"]
    assert not Correction.objects.exists()
    assert django_settings.RETENTION_DAYS <= 180
