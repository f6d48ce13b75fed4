"""Whatever changes on a page that a cache may keep moves one number, and every process sees it move."""

import re
import sqlite3
import threading
from datetime import date, time

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from doorplates import actions as plate_actions
from doorplates.management.commands import load_buildings
from guides import actions, editing, freshness
from guides.management.commands import load_areas, load_board, load_life_events, load_offices, load_synonyms
from guides.models import (
    ContentStamp,
    Counter,
    District,
    Domain,
    GuideRevision,
    JobPosting,
    LifeEvent,
    Notice,
    Office,
    OfficeHours,
    RefusalReason,
    RefusedAt,
    SpecialDay,
    Statement,
    StatementKind,
    Step,
    Synonym,
)
from menpai.api import api
from menpai.exchange import Report, Task, log_import
from menpai.spreadsheets import open_book
from tests.exchange import KINDS, exported
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    TOWNSHIP,
    make_area,
    make_building,
    make_event,
    make_guide,
    make_paper,
    make_plate,
    make_situation,
)
from tests.guides.admin_pages import form_data
from tests.people import bianji, guanli, shenhe


@pytest.fixture
def content(db):
    """One row at least of everything that a page may show."""
    village = make_area(SHUIYUN)
    office = Office.objects.create(code="hall-1", name="示例大厅", kind="hall", area_id=DISTRICT, note="样子")
    OfficeHours.objects.create(office=office, weekdays="12345", opens=time(9), closes=time(17), season_from="01-01", season_to="12-31")
    SpecialDay.objects.create(date=date(2027, 1, 1), name="元旦", is_open=False)
    issuer = make_guide("yibao-002", plain_title="开证明")
    guide = make_guide("yibao-001", papers=("身份证",), stage="land", audience="enterprise", fee="不收钱")
    make_paper(guide, "证明", issued_by=issuer)
    make_situation(guide, "who", "self:本人", "agent:别人代办")
    Statement.objects.create(guide=guide, kind=StatementKind.NOTE, text="先打电话", mark="K")
    Step.objects.create(guide=guide, text="到窗口", mark="K")
    Counter.objects.create(guide=guide, kind="hall", office=office, mark="K")
    guide.facts.create(field="fee", mark="K")
    actions.record_change(guide=guide, by="甲")
    Synonym.objects.create(words=["医保", "合疗"])
    make_event("newborn", guide)
    make_plate(make_building(village), entrance="1单元")
    Notice.objects.create(title="通知", text="内容", source="区里")
    JobPosting.objects.create(title="保洁员", employer="示例单位", source="区里")
    District.objects.create(area_id=DISTRICT, site_name="惠农")
    return guide


# ---- what is read


def addresses() -> dict[str, list[str]]:
    """For each name of guides.urls and doorplates.urls the addresses that read as much as they can."""
    notice, job, plate = Notice.objects.get().pk, JobPosting.objects.get().pk, apps.get_model("doorplates.Doorplate").objects.get().code
    return {
        "home": [""], "list": ["guides/", "guides/?topic=yibao", "guides/?can=cross", "guides/?q=医保", "guides/?for=enterprise"],
        "guide": ["guides/yibao-001/", "guides/yibao-001/?who=agent", "guides/yibao-001/?all=1"],
        "ready": ["guides/yibao-001/ready/"], "wrong": ["guides/yibao-001/wrong/"], "wrong-answer": ["guides/wrong/1234567890/"],
        "sheet": ["sheet/yibao-001/1/"], "events": ["events/"], "event": ["events/newborn/"], "notices": ["notices/", "notices/?q=通知"],
        "notice": [f"notices/{notice}/"], "jobs": ["jobs/", "jobs/?kind=full"], "job": [f"jobs/{job}/"], "enterprise": ["enterprise/"], "ask": ["ask/?q=医保"],
        "areas": ["areas/", f"areas/?in={TOWNSHIP}&guide=yibao-001"], "plate": [f"D/{plate}"], "report": [f"D/{plate}/report/"],
        "verify": ["verify/", f"verify/?code={plate}"],
    }  # fmt: skip


def open_data() -> list[str]:
    plate = apps.get_model("doorplates.Doorplate").objects.get().code
    known = {"/guides": "", "/guides/{slug}": "", "/search": "?q=医保", "/areas": "", "/doorplates/{code}": ""}
    paths = {path.removeprefix("/api/v1").replace("{slug:slug}", "{slug}") for path in api.get_openapi_schema()["paths"]}
    assert paths == set(known), "a new address of the open data: read it here, too"
    return ["/api/v1" + path.replace("{slug}", "yibao-001").replace("{code}", plate) + query for path, query in known.items()]


def pages() -> list[str]:
    """Every address, from the district, from a village and in the 长辈版."""
    named = addresses()
    from doorplates.urls import urlpatterns as of_plates
    from guides.urls import urlpatterns as of_guides

    assert {pattern.name for pattern in (*of_guides, *of_plates)} == set(named), "a new page: read it here, too"
    plain = [address for some in named.values() for address in some]
    guides_only = [address for pattern in of_guides for address in named[pattern.name]]
    return [
        *(f"/{address}" for address in plain), *(f"/elder/{address}" for address in plain),
        *(f"/c/{SHUIYUN}/{address}" for address in guides_only), *(f"/elder/c/{SHUIYUN}/{address}" for address in guides_only), *open_data(),
    ]  # fmt: skip


def test_what_a_page_that_may_be_kept_reads_is_content(content, client):
    """And the other way round: what is called content stands on some page, or in search, which an uncached page shows."""
    tables, read, kept = {model._meta.db_table: model._meta.label for model in apps.get_models() if not model._meta.proxy}, {}, 0
    for address in pages():
        District.kept = None
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code in (200, 404), (address, answer.status_code)
        if "public" not in answer.get("Cache-Control", ""):
            continue
        kept += 1
        for query in queries:
            if query["sql"].lstrip("(").startswith("SELECT"):
                for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"]):
                    read.setdefault(tables[table], address)
    assert kept > 50
    of_searches = {"guides.SearchMiss", "menpai.Attempt", "guides.ContentStamp"}  # a search in vain is counted while its page is made
    assert {name: read[name] for name in set(read) - of_searches - set(freshness.CONTENT)} == {}
    assert set(freshness.CONTENT) - set(read) == set()


# ---- what is written


def saved_at_the_admin(client, row, form: str = "", **changes) -> None:
    """Open the form of a row, change something, save."""
    label = row._meta.label_lower.replace(".", "_")
    address = reverse(f"admin:{label}_change", args=[row.pk])
    data = form_data(client.get(address), form or f"{row._meta.model_name}_form")
    answer = client.post(address, data | changes | {"_save": ["保存"]})
    assert answer.status_code == 302, re.findall(r'errorlist.*?</ul>', answer.content.decode(), re.S)


def deleted_at_the_admin(client, row) -> None:
    label = row._meta.label_lower.replace(".", "_")
    assert client.post(reverse(f"admin:{label}_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not type(row)._base_manager.filter(pk=row.pk).exists()


def deleted_from_the_list(client, row) -> None:
    label = row._meta.label_lower.replace(".", "_")
    data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(reverse(f"admin:{label}_changelist"), data)
    assert not type(row)._base_manager.filter(pk=row.pk).exists()


def imported(name: str, by, **changes) -> None:
    """The table of a kind out and, with one cell changed, in again, as menpai.imports writes it."""
    from openpyxl import load_workbook

    from tests.exchange import BytesIO

    book = load_workbook(exported(name, by))
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    for column, value in changes.items():
        sheet.cell(2, heads.index(column) + 1).value = value
    file = BytesIO()
    book.save(file)
    file.seek(0)
    kind, report = KINDS[name], Report()
    task = Task(by=by, today=date(2026, 11, 27), dry_run=False)
    kind.apply(kind.read(open_book(file, kind.bounds), task, report), task, report)
    assert report.touched and not report.problems, [str(problem) for problem in report.problems]
    log_import(kind, task, report)


def published_anew(guide, client) -> None:
    following = editing.start_next(guide=guide, by=bianji())
    following.answer = "换了一句话。"
    following.save()
    editing.submit(guide=following, by=bianji())
    editing.approve(guide=following, by=shenhe())


def area():
    return apps.get_model("guides.Area").objects.get(pk=SHUIYUN)


def building():
    return apps.get_model("doorplates.Building").objects.get()


def plate():
    return apps.get_model("doorplates.Doorplate").objects.get(state="active")


GUIDE_PARTS = ["guides.Guide", "guides.GuideRevision", "guides.Fact", "guides.Statement", "guides.Step", "guides.Material", "guides.Situation", "guides.Answer", "guides.Counter"]
CHANGES = [
    (GUIDE_PARTS, "a next version is published", lambda guide, client: published_anew(guide, client)),
    (["guides.Guide"], "withdrawn", lambda guide, client: editing.withdraw(guide=guide, by=shenhe())),
    (["guides.Guide"], "still valid", lambda guide, client: editing.still_valid(guide=guide, by=bianji())),
    (["guides.Material"], "verified", lambda guide, client: actions.verify(rows=list(guide.materials.all()), guide=guide, by="乙")),
    (["guides.Guide"], "refused for the fifth time", lambda guide, client: [
        actions.record_refusal(guide=guide, material="身份证", reason=RefusalReason.COPY, case="", at=RefusedAt.values[0]) for _ in range(5)]),
    (["guides.Domain"], "saved", lambda guide, client: saved_at_the_admin(client, guide.domain, name=["医疗"])),
    (["guides.Domain"], "deleted", lambda guide, client: deleted_at_the_admin(client, Domain.objects.create(slug="kong", name="空的"))),
    (["guides.Area"], "saved", lambda guide, client: saved_at_the_admin(client, area(), contact_name=["王姐"])),
    (["guides.Area"], "deleted", lambda guide, client: deleted_at_the_admin(client, make_area("640205102201"))),
    (["guides.Area"], "imported", lambda guide, client: imported("areas", guanli(), 名称="换了名字的区")),
    (["guides.Area"], "loaded", lambda guide, client: load_areas.save([{"code": "640205102201", "name": "园艺村", "level": "community", "parent": TOWNSHIP}])),
    (["guides.District"], "saved", lambda guide, client: saved_at_the_admin(client, District.objects.get(), hotline=["12345"])),
    (["guides.Office", "guides.OfficeHours"], "saved", lambda guide, client: saved_at_the_admin(client, Office.objects.get(), phone=["0952-1234567"])),
    (["guides.Office"], "deleted", lambda guide, client: deleted_at_the_admin(client, Office.objects.get())),
    (["guides.Office"], "deleted from the list", lambda guide, client: deleted_from_the_list(client, Office.objects.get())),
    (["guides.Office", "guides.OfficeHours"], "imported", lambda guide, client: imported("offices", guanli(), 名称="换了名字的大厅")),
    (["guides.Office", "guides.OfficeHours"], "loaded", lambda guide, client: load_offices.load({"district": DISTRICT, "hours": {"hall": [
        {"weekdays": "12345", "opens": time(9), "closes": time(12), "season_from": "01-01", "season_to": "12-31"}]},
        "halls": [{"code": "hall-2", "name": "二号厅", "kind": "hall", "note": "样子", "hours": "hall"}]})),
    (["guides.SpecialDay"], "saved", lambda guide, client: saved_at_the_admin(client, SpecialDay.objects.get(), name=["新年"])),
    (["guides.SpecialDay"], "deleted", lambda guide, client: deleted_from_the_list(client, SpecialDay.objects.get())),
    (["guides.Notice"], "saved", lambda guide, client: saved_at_the_admin(client, Notice.objects.get(), title=["另一个"])),
    (["guides.Notice"], "deleted", lambda guide, client: deleted_at_the_admin(client, Notice.objects.get())),
    (["guides.Notice", "guides.JobPosting"], "loaded", lambda guide, client: load_board.load({"notices": [{"title": "新的", "text": "字", "source": "区里"}]})),
    (["guides.JobPosting"], "saved", lambda guide, client: saved_at_the_admin(client, JobPosting.objects.get(), title=["门卫"])),
    (["guides.JobPosting"], "deleted", lambda guide, client: deleted_from_the_list(client, JobPosting.objects.get())),
    (["guides.JobPosting"], "imported", lambda guide, client: imported("jobs", bianji(), 岗位="另一个岗位")),
    (["guides.LifeEvent", "guides.LifeEventStep"], "saved", lambda guide, client: saved_at_the_admin(client, LifeEvent.objects.get(), answer=["换了一句。"])),
    (["guides.LifeEvent"], "withdrawn", lambda guide, client: actions.withdraw_event(event=LifeEvent.objects.get(), by=shenhe())),
    (["guides.LifeEvent", "guides.LifeEventStep"], "loaded", lambda guide, client: load_life_events.load({"events": [
        {"slug": "moving", "title": "搬家", "answer": "先办这几样。", "steps": [{"guide": "yibao-001"}]}]})),
    (["guides.Synonym"], "saved", lambda guide, client: saved_at_the_admin(client, Synonym.objects.get(), words=["医保\n社保"])),
    (["guides.Synonym"], "deleted", lambda guide, client: deleted_from_the_list(client, Synonym.objects.get())),
    (["guides.Synonym"], "imported", lambda guide, client: imported("synonyms", guanli(), 一个意思的词="医保、合疗、新农合")),
    (["guides.Synonym"], "loaded", lambda guide, client: (Synonym.objects.all().delete(), load_synonyms.load({"synonyms": [["医保", "合疗"]]}))),
    (["doorplates.Building"], "saved", lambda guide, client: saved_at_the_admin(client, building(), estate=["另一个小区"])),
    (["doorplates.Building"], "imported", lambda guide, client: imported("buildings", guanli(), 标准地址编码="12345")),
    (["doorplates.Building"], "loaded", lambda guide, client: load_buildings.load({"is_sample": True, "communities": [
        {"community": SHUIYUN, "estates": [{"estate": "新小区", "buildings": [{"names": ["1号楼"]}]}]}]})),
    (["doorplates.Doorplate"], "issued", lambda guide, client: plate_actions.issue_plates([building()], by="甲")),
    (["doorplates.Doorplate"], "revoked", lambda guide, client: plate_actions.revoke(plate(), by="甲", reason="拆了")),
    (["doorplates.Doorplate"], "replaced", lambda guide, client: plate_actions.replace(plate(), by="甲", reason="破了")),
]  # fmt: skip


def test_every_kind_of_content_has_its_changes_below():
    assert {label for labels, _, _ in CHANGES for label in labels} == set(freshness.CONTENT)


@pytest.mark.parametrize("change", [pytest.param(do, id=f"{labels[0].partition('.')[2]} {what}") for labels, what, do in CHANGES])
def test_a_change_of_content_moves_the_number(content, admin_client, change, roles):
    before = ContentStamp.current()
    change(content, admin_client)
    assert freshness.generation() > before


def test_a_draft_and_a_next_version_move_nothing_that_residents_read(content):
    before = ContentStamp.current()
    following = editing.start_next(guide=content, by=bianji())
    following.answer = "还没人看到。"
    following.save()
    actions.record_change(guide=following, by="甲")
    assert GuideRevision.objects.filter(guide=following).exists()
    assert ContentStamp.current() == before


def test_a_refusal_that_no_reader_is_told_of_moves_nothing(content):
    """So the row of the number is not locked by each of them."""
    before = ContentStamp.current()
    actions.record_refusal(guide=content, material="身份证", reason=RefusalReason.COPY, case="", at=RefusedAt.values[0])
    assert ContentStamp.current() == before


# ---- who sees it


@pytest.fixture
def followed(transactional_db, monkeypatch):
    """This process follows the number as a web process does; its listener ends with the test."""
    monkeypatch.setattr(freshness, "_is_followed", True)
    monkeypatch.setattr(freshness, "_source", None)
    monkeypatch.setattr(freshness, "AGAIN", 0.01)
    assert until(lambda: freshness.generation() is not None)
    yield
    listener = freshness._source
    if isinstance(listener, freshness._Listener):
        listener.is_ended = True
        cut(listener)
        listener.thread.join()


def until(holds, *, seconds: float = 20) -> bool:
    """Whether it comes to hold; looked at again whenever a moment has passed."""
    passed = threading.Event()
    for _ in range(int(seconds / 0.005)):
        if holds():
            return True
        passed.wait(0.005)
    return False


def cut(listener) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'menpai content stamp' AND datname = current_database()")


def in_another_process(statement: str) -> None:
    """What somebody else commits, over a connection that is not Django's."""
    if connection.vendor == "sqlite":
        with sqlite3.connect(settings.DATABASES["default"]["NAME"]) as other:
            other.execute(statement)
        other.close()
        return
    import psycopg

    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as other:
        other.execute(statement)
        other.execute(f"NOTIFY {freshness.CHANNEL}")


def test_asking_costs_no_query(followed, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert freshness.generation() == freshness.generation() is not None


def test_a_change_of_this_process_is_seen_on_its_commit_and_not_before(followed):
    before = freshness.generation()
    with transaction.atomic():
        ContentStamp.advance()
        assert freshness.generation() == before
    assert freshness.generation() == ContentStamp.current() > before


def test_a_change_that_is_rolled_back_is_no_change(followed):
    before = freshness.generation()
    with transaction.atomic():
        ContentStamp.advance()
        transaction.set_rollback(True)
    assert freshness.generation() == before


def test_a_change_of_another_process_is_seen(followed):
    ContentStamp.advance()
    before = freshness.generation()
    in_another_process("UPDATE guides_contentstamp SET version = version + 7")
    if connection.vendor == "sqlite":
        assert freshness.generation() == before + 7  # at once: nothing needs to arrive
    assert until(lambda: freshness.generation() == before + 7)


def test_every_thread_sees_it(followed):
    seen = []
    ContentStamp.advance()
    thread = threading.Thread(target=lambda: seen.append(freshness.generation()))
    thread.start()
    thread.join()
    assert seen == [freshness.generation()]


def test_whoever_cannot_hear_knows_nothing_until_it_listens_again(followed, monkeypatch):
    """The line to PostgreSQL breaks, the SQLite file cannot be read: unknown, not the number as it was."""
    before = freshness.generation()
    if connection.vendor == "sqlite":
        freshness._source.cursor.connection.close()
        assert freshness.generation() is None
    else:
        monkeypatch.setattr(freshness, "AGAIN", 2)
        cut(freshness._source)
        assert until(lambda: freshness.generation() is None)
    ContentStamp.advance()
    assert until(lambda: freshness.generation() == before + 1)


def test_the_words_of_a_district_follow_the_number(followed):
    make_area(SHUIYUN)
    District.objects.create(area_id=DISTRICT, site_name="老名字")
    ContentStamp.advance()
    assert District.known()[DISTRICT].site_name == "老名字"
    in_another_process("UPDATE guides_district SET site_name = '新名字'")
    in_another_process("UPDATE guides_contentstamp SET version = version + 1")
    assert until(lambda: District.known()[DISTRICT].site_name == "新名字")
