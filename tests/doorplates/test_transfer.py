"""Buildings by Excel: what a row means, and a hundred thousand of them in bounded memory by a worker that may be killed."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from doorplates.models import Building
from menpai import exchange as machinery
from menpai import imports
from menpai.models import ImportJob, ImportState
from tests.conftest import ROOT
from tests.exchange import address, book_of, confirm, problems, run, upload
from tests.factories import SHUIYUN
from tests.people import bianji, guanli

pytestmark = pytest.mark.django_db
ROW = {"村社区代码": SHUIYUN, "小区自然村": "示例小区", "楼栋": "8号楼"}


def many(count: int, **cells):
    return book_of("buildings", *[ROW | {"楼栋": f"{number}号楼"} | cells for number in range(count)])


@pytest.fixture
def client_of_many(client, district, roles, monkeypatch):
    """The bureau's administrator, where everything beyond two rows is done in the background."""
    monkeypatch.setattr(imports, "IN_REQUEST", 2)
    monkeypatch.setattr(machinery, "BATCH", 2)
    client.force_login(guanli())
    return client


def test_a_building_comes_in_and_a_change_finds_it_again(district):
    report = run("buildings", book_of("buildings", ROW | {"入口": "1单元，2单元", "标准地址编码": "0064020500012"}), guanli())
    assert (report.added, list(report.problems)) == (1, [])
    building = Building.objects.get()
    assert (building.entrances, building.standard_address_code, building.is_sample) == (["1单元", "2单元"], "0064020500012", False)
    report = run("buildings", book_of("buildings", ROW | {"村社区代码": "水韵名都社区", "入口": "1单元、2单元、3单元", "标准地址编码": "0064020500012"}), guanli())
    assert report.shown[0]["changes"] == [["入口", "1单元、2单元", "1单元、2单元、3单元"]]
    assert Building.objects.get().entrances == ["1单元", "2单元", "3单元"]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"村社区代码": None}, "第2行 · 村社区代码：写村（社区）的12位代码，或者名字，例如 水韵名都社区。"),
        ({"村社区代码": "园艺镇"}, "第2行 · 村社区代码：这不是村（社区）。写村（社区）的12位代码，或者名字。"),
        ({"楼栋": None}, "第2行 · 楼栋：写哪一栋，例如 8号楼。"),
        ({"入口": "1单元、301室"}, "第2行 · 入口：“301室”像是哪一户。只写到单元，不写门户号。"),
        ({"入口": "长" * 21}, "第2行 · 入口：每个入口不超过20个字，中间用顿号，例如 1单元、2单元。"),
        ({"标准地址编码": 6.4020510200600012e19}, "第2行 · 标准地址编码：Excel 把它当成数改掉了。把这一格设成“文本”，重新填一遍。"),
    ],
)
def test_what_is_wrong_with_a_building_is_told_at_its_cell(district, cells, sentence):
    assert problems("buildings", book_of("buildings", ROW | cells), guanli()) == [sentence]


def test_a_long_file_waits_for_the_worker_shows_how_far_it_is_and_for_its_sender(client_of_many, monkeypatch):
    shown = upload(client_of_many, "buildings", many(5))
    job = ImportJob.objects.get()
    assert (job.state, job.rows_total) == (ImportState.CHECK, 5)
    assert 'http-equiv="refresh"' in shown.content.decode()
    seen = []
    monkeypatch.setattr(imports, "_tell", lambda job, done, told=imports._tell: (told(job, done), seen.append(client_of_many.get(shown.request["PATH_INFO"]).content.decode())))
    call_command("work_imports", stdout=StringIO())
    assert ["读到第2行，共5行。" in body for body in seen] == [True, False]
    assert "读到第4行，共5行。" in seen[1]
    assert not Building.objects.exists()
    shown = client_of_many.get(shown.request["PATH_INFO"])
    assert "新增<b>5</b>栋楼" in shown.content.decode()
    assert f'href="{shown.request["PATH_INFO"]}"' in client_of_many.get(address("buildings")).content.decode()  # who went away finds it again
    confirm(client_of_many, shown)
    assert not Building.objects.exists()
    call_command("work_imports", stdout=StringIO())
    assert Building.objects.count() == 5
    assert "导入好了" in client_of_many.get(shown.request["PATH_INFO"]).content.decode()
    assert ImportJob.objects.get().file == ""


def test_a_long_file_with_a_mistake_is_not_written(client_of_many):
    shown = upload(client_of_many, "buildings", many(5, 入口="301室"))
    call_command("work_imports", stdout=StringIO())
    shown = client_of_many.get(shown.request["PATH_INFO"])
    assert "还不能导入，有5处要改" in shown.content.decode()
    confirm(client_of_many, shown)
    call_command("work_imports", stdout=StringIO())
    assert (Building.objects.exists(), ImportJob.objects.get().state) == (False, ImportState.CHECKED)


class Killed(BaseException):
    """Nothing in between catches it, as nothing catches a kill."""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_half_done_and_the_next_does_it(transactional_db, client_of_many, monkeypatch):
    shown = upload(client_of_many, "buildings", many(6))
    call_command("work_imports", stdout=StringIO())
    confirm(client_of_many, client_of_many.get(shown.request["PATH_INFO"]))
    written, calls = models.Manager.bulk_create, []

    def dies(manager, rows, *args, **kwargs):
        if manager.model is Building:
            calls.append(len(rows))
            if len(calls) == 2:
                raise Killed
        return written(manager, rows, *args, **kwargs)

    monkeypatch.setattr(models.Manager, "bulk_create", dies)
    with pytest.raises(Killed):
        imports.work(timezone.now())
    assert calls == [2, 2]  # a first batch was written
    assert Building.objects.count() == 0
    assert ImportJob.objects.get().state == ImportState.WRITE
    assert imports.work(timezone.now()) == ""  # it is still leased
    assert imports.work(timezone.now() + imports.LEASE + timedelta(seconds=1))
    assert (Building.objects.count(), ImportJob.objects.get().state) == (6, ImportState.DONE)
    assert LogEntry.objects.count() == 6


def test_a_file_that_stops_every_worker_is_given_up(client_of_many, monkeypatch):
    shown = upload(client_of_many, "buildings", many(5))
    monkeypatch.setattr(imports, "_tried", lambda *args: 1 / 0)
    for _ in range(imports.ATTEMPTS + 1):
        imports.work(timezone.now())
    assert ImportJob.objects.get().state == ImportState.FAILED
    assert imports.STOPPED in client_of_many.get(shown.request["PATH_INFO"]).content.decode()


def test_two_workers_do_not_take_one_job(client_of_many):
    upload(client_of_many, "buildings", many(5))
    now = timezone.now()
    ImportJob.objects.update(leased_until=now + timedelta(minutes=1))
    assert imports.work(now) == ""
    assert ImportJob.objects.get().state == ImportState.CHECK


def test_who_may_import_no_more_imports_nothing(client_of_many):
    upload(client_of_many, "buildings", many(5))
    guanli().groups.clear()
    imports.work(timezone.now())
    assert ImportJob.objects.get().state == ImportState.FAILED


def test_what_nobody_confirmed_is_forgotten_after_a_week(client_of_many):
    upload(client_of_many, "buildings", many(5))
    file = ImportJob.objects.get().file
    imports.work(timezone.now() + imports.KEPT - timedelta(minutes=1))
    assert storages["imports"].exists(file)
    imports.work(timezone.now() + imports.KEPT + timedelta(minutes=1))
    assert (storages["imports"].exists(file), ImportJob.objects.exists()) == (False, False)


def test_many_rows_leave_one_line_in_the_log(client, district, roles, monkeypatch):
    monkeypatch.setattr(machinery, "LOGGED", 2)
    client.force_login(guanli())
    confirm(client, upload(client, "buildings", many(5)))
    assert LogEntry.objects.get().change_message == "从 Excel 导入：新增5，更新0，没变0"


def test_the_command_writes_all_or_nothing_and_says_so(district, roles, tmp_path):
    file, out, err = tmp_path / "楼栋.xlsx", StringIO(), StringIO()
    guanli()
    file.write_bytes(many(3).getvalue())
    call_command("import_buildings", file, by="guanli", dry_run=True, stdout=out, stderr=err)
    assert not Building.objects.exists()
    call_command("import_buildings", file, by="guanli", stdout=out, stderr=err)
    assert Building.objects.count() == 3
    assert "新增 3，更新 0，没变 0" in out.getvalue()
    file.write_bytes(book_of("buildings", ROW | {"楼栋": "9号楼"}, ROW | {"楼栋": None}).getvalue())
    with pytest.raises(CommandError, match="什么都没有写入。有1处要改：\n第3行 · 楼栋"):
        call_command("import_buildings", file, by="guanli", stdout=out, stderr=err)
    assert Building.objects.count() == 3
    with pytest.raises(CommandError, match="不能导入"):
        call_command("import_buildings", file, by=bianji().username)


GROWTH = """
import json, resource, sys, tempfile
import django
django.setup()
from menpai.cells import number_text, text, words
from menpai.exchange import Column, Report, SheetShape, Table, Task, apply_rows, parse, spooled
from menpai.spreadsheets import LARGE, Sheet, open_book, write_book

NAMES = ("社区", "小区", "楼栋", "入口", "编码")
SHAPE = SheetShape("楼栋", tuple(Column(name, f"f{n}", 10, text(60)) for n, name in enumerate(NAMES)))


class Thing:
    pass


TABLE = Table(shape=SHAPE, key=lambda v: (v["f1"], v["f2"]), find=lambda keys, task: {}, make=lambda v: Thing(), check=lambda *a: (), save=None, name=lambda t: t.f2)


def peak():
    # not ru_maxrss: that begins with what the process that started this one holds
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024


def go(count):
    with tempfile.TemporaryFile() as file:
        rows = (["640205102006", f"小区{n // 200}", f"{n % 200}号楼", "1单元、2单元、3单元", f"00{n:018d}" + "长" * 40] for n in range(count))
        write_book(file, [Sheet("楼栋", SHAPE.widths, rows)])
        report, task = Report(), Task(by=None, today=None, dry_run=True)
        lines = open_book(file, LARGE).lines(columns=NAMES, needed=NAMES, most=200_000)
        apply_rows(TABLE, spooled(parse(TABLE, lines, task, report)), task, report)
        return report.added


go(500)
before = peak()
added = go(int(sys.argv[1]))
print(json.dumps({"added": added, "before": before, "after": peak()}))
"""


def test_a_long_table_goes_out_and_in_without_being_kept(tmp_path):
    """Measured in a process of its own. Of a row that was read only a hash stays; 20,000 rows kept would be 20 MB."""
    code = tmp_path / "growth.py"
    code.write_text(GROWTH, encoding="utf-8")
    count = 20_000
    done = subprocess.run([sys.executable, code, str(count)], cwd=ROOT, env=process_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["added"] == count
    assert found["after"] - found["before"] < 16, found  # MB
    assert found["after"] < 300


def process_environment() -> dict:


    return os.environ | {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "menpai.settings"}
