"""A whole district at once: a run killed at any point is run again and nothing is missing or double; two runs share the work; memory stays."""

import os
import signal
import subprocess
import sys
from collections import Counter
from io import StringIO
from threading import Barrier, Thread
from zipfile import ZipFile

import pypdfium2 as pdfium
import pytest
from django.core.management import call_command
from django.db import connection

from doorplates import actions, codes
from doorplates.models import Building, Doorplate
from tests.conftest import ROOT
from tests.factories import DISTRICT, TOWNSHIP, XIAZHUANGZI, YUANYI, make_area, make_building, make_plate
from tests.helpdesk.test_outbox_killed import database_url

pytestmark = pytest.mark.django_db(transaction=True)
START = """
import os, signal, django
django.setup()
from io import BytesIO
from pathlib import Path
from django.core.management import call_command
from doorplates import actions
"""
# Each wraps a step of the work and ends the process for good at its second turn.
AFTER_THE_ROWS_BEFORE_THE_COMMIT = """
actions.AT_ONCE, real, turns = 2, actions._issue_missing, []
def killed(buildings):
    plates = real(buildings)
    turns.append(plates)
    if len(turns) == 2: os.kill(os.getpid(), signal.SIGKILL)
    return plates
actions._issue_missing = killed
"""
BETWEEN_TWO_BATCHES = AFTER_THE_ROWS_BEFORE_THE_COMMIT.replace("_issue_missing", "_issue")
BEFORE_THE_ROWS = AFTER_THE_ROWS_BEFORE_THE_COMMIT.replace("    plates = real(buildings)\n", "    plates = real(buildings) if not turns else []\n")
WHILE_A_FILE_IS_WRITTEN = """
from doorplates.management.commands import {command} as module
real, turns = module.{write}, []
def killed(file, plates, **how):
    turns.append(plates)
    if len(turns) < 2: return real(file, plates, **how)
    whole = BytesIO()
    real(whole, plates, **how)
    file.write(whole.getvalue()[:{bytes}])
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
module.{write} = killed
"""


def in_a_process(code: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "menpai.settings"}
    return subprocess.run([sys.executable, "-c", START + code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def killed(code: str) -> None:
    done = in_a_process(code)
    assert done.returncode == -signal.SIGKILL, done.stderr


def run(command, **options):
    out = StringIO()
    call_command(command, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def each_entrance_has_one_plate(buildings: int, entrances: int) -> None:
    plates = list(Doorplate.objects.values_list("building", "entrance", "code"))
    assert len(plates) == buildings * entrances
    assert set(Counter((building, entrance) for building, entrance, _ in plates).values()) == {1}
    assert len({code for _, _, code in plates}) == len(plates)
    assert all(codes.is_valid(code) for _, _, code in plates)


@pytest.mark.parametrize(
    ("point", "left"), [(BEFORE_THE_ROWS, 4), (AFTER_THE_ROWS_BEFORE_THE_COMMIT, 4), (BETWEEN_TWO_BATCHES, 8)], ids=["before", "during", "between"]
)
def test_killed_while_it_issues_a_run_is_run_again_and_no_entrance_is_without_or_with_two(point, left):
    for number in range(1, 8):
        make_building(name=f"{number}号楼", entrances=("1单元", "2单元"))
    killed(f"{point}\ncall_command('generate_doorplates', area='{DISTRICT}')")
    kept = set(Doorplate.objects.values_list("code", flat=True))
    assert len(kept) == left
    assert f"新发门牌 {14 - left} 块" in run("generate_doorplates", area=DISTRICT)
    each_entrance_has_one_plate(7, 2)
    assert kept < set(Doorplate.objects.values_list("code", flat=True))


@pytest.mark.parametrize(
    ("command", "write", "suffix", "written"),
    [("print_doorplates", "write_sheet", "pdf", 0), ("print_doorplates", "write_sheet", "pdf", -1), ("export_doorplates", "write_zip", "zip", -1)],
    ids=["print, nothing yet", "print, all but the end", "export, all but the end"],
)
def test_killed_while_it_writes_the_whole_files_stay_and_the_rest_is_written(command, write, suffix, written, tmp_path):
    building = make_building(entrances=("1单元", "2单元", "3单元"))
    for entrance in building.entrances:
        make_plate(building, entrance=entrance)
    point = WHILE_A_FILE_IS_WRITTEN.format(command=command, write=write, bytes=written)
    killed(f"{point}\ncall_command('{command}', area='{DISTRICT}', size=120, per_file=1, out=Path('{tmp_path}'))")
    whole = [path for path in tmp_path.iterdir() if path.suffix == f".{suffix}"]
    assert [path.name[-8:] for path in whole] == [f"0001.{suffix}"]
    before = whole[0].read_bytes()
    assert "3 个文件（有 1 个早就写好，没有动）" in run(command, area=DISTRICT, size=120, per_file=1, out=tmp_path)
    files = sorted(path for path in tmp_path.iterdir() if path.suffix == f".{suffix}")
    assert files[0].read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
    if suffix == "zip":
        found = [name[-12:-4] for path in files for name in ZipFile(path).namelist() if name.endswith(".svg")]
    else:
        found = [text for path in files for text in [pdfium.PdfDocument(path)[0].get_textpage().get_text_range()]]
    plates = Doorplate.objects.order_by("entrance")
    assert all(plate.code in text or plate.spoken_code in text for plate, text in zip(plates, found, strict=True))


def test_two_runs_at_once_share_the_work(monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 3)
    for number in range(1, 31):
        make_building(name=f"{number}号楼", entrances=("1单元", "2单元"))
    start, issued, failures = Barrier(3), [], []

    def work():
        start.wait()
        try:
            issued.extend(new for _, new in actions.issue_everywhere(Building.objects.all(), by="guanli"))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(issued) == 60
    each_entrance_has_one_plate(30, 2)


def test_memory_does_not_grow_with_the_number_of_plates(tmp_path):
    """Issued, printed and exported in a process of its own, 600 plates and 2,400: unsplit, the second takes 15 MB more."""
    for community, count in ((XIAZHUANGZI, 150), (YUANYI, 600)):
        area = make_area(community)
        entrances = ["1单元", "2单元", "3单元", "4单元"]
        Building.objects.bulk_create(Building(community=area, estate="安置小区", name=f"{number}号楼", entrances=entrances) for number in range(count))
    peaks = []
    for area, out in ((XIAZHUANGZI, tmp_path / "few"), (TOWNSHIP, tmp_path / "many")):
        done = in_a_process(
            f"actions.AT_ONCE, area, out = 50, '{area}', Path('{out}')\n"
            "call_command('generate_doorplates', area=area)\n"
            "call_command('print_doorplates', area=area, size=40, per_file=10, out=out)\n"
            "call_command('export_doorplates', area=area, size=40, per_file=100, out=out)\n"
            "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
        )
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout.split()[-1]))
        assert len(list(out.glob("*.pdf"))) == {"few": 10, "many": 40}[out.name]
    assert peaks[1] - peaks[0] < 8_000, peaks  # kilobytes
