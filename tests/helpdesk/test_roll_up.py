"""Openings, scans and requests add up to figures of a day: each once, however late it came and however many machines add up."""

from datetime import date, datetime
from io import StringIO
from threading import Barrier, Thread

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from doorplates.models import Scan, ScanDay
from doorplates.rollup import roll_up_scans
from guides import rollup
from guides.models import DayFigure, RolledUp, View, What
from guides.rollup import roll_up_views
from helpdesk import actions
from helpdesk.models import CloseReason, Event, EventKind
from helpdesk.request_figures import roll_up_requests
from helpdesk.retention import drop_batch, kinds
from helpdesk.sla import LOCAL
from tests import people
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_plate, make_request

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def opened(count: int = 1, *, kind: str = "guide", key: str = "yibao-001", area: str = SHUIYUN, day: date = MONDAY, entry: bool = False) -> None:
    View.objects.bulk_create(View(day=day, area=area, kind=kind, key=key, entry=entry) for _ in range(count))


def figures(area: str = SHUIYUN) -> dict[tuple, int]:
    return {(what, key, day): n for what, key, day, n in DayFigure.objects.filter(area=area).values_list("what", "key", "day", "number")}


def run() -> str:
    out = StringIO()
    call_command("roll_up", stdout=out)
    return out.getvalue()


def test_openings_add_up_for_the_village_its_township_and_its_district():
    opened(3), opened(2, entry=True), opened(1, area=XIAZHUANGZI), opened(4, kind="page", key="", entry=True, area=DISTRICT)
    run()
    assert figures(SHUIYUN) == {("guide", "yibao-001", MONDAY): 5, ("open", "", MONDAY): 2}
    assert figures(TOWNSHIP) == figures(SHUIYUN)
    assert figures(DISTRICT) == {("guide", "yibao-001", MONDAY): 6, ("open", "", MONDAY): 6}


def test_running_again_changes_nothing():
    opened(3)
    run()
    before = figures(DISTRICT)
    assert "打开页面 0 次" in run()
    assert figures(DISTRICT) == before


def test_what_comes_in_late_is_added_to_its_own_day():
    opened(3)
    run()
    opened(2), opened(1, day=TUESDAY)
    run()
    assert figures() == {("guide", "yibao-001", MONDAY): 5, ("guide", "yibao-001", TUESDAY): 1}


def test_a_run_that_was_killed_has_counted_whole_batches_and_the_next_goes_on(monkeypatch):
    opened(5)
    roll_up_views(batch=2)
    monkeypatch.setattr(rollup, "add", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        roll_up_views(batch=2)
    assert View.objects.filter(rolled=True).count() == 2
    monkeypatch.undo()
    run()
    assert figures() == {("guide", "yibao-001", MONDAY): 5}


def test_scans_add_up_by_plate_and_by_area():
    one = make_plate()
    other = make_plate(one.building, entrance="1单元")
    Scan.objects.bulk_create([*(Scan(doorplate=one, day=MONDAY) for _ in range(3)), Scan(doorplate=other, day=MONDAY), Scan(doorplate=one, day=TUESDAY)])
    run(), run()
    assert sorted(ScanDay.objects.values_list("doorplate", "day", "count")) == [(one.pk, MONDAY, 3), (one.pk, TUESDAY, 1), (other.pk, MONDAY, 1)]
    assert [figures(code) for code in (SHUIYUN, TOWNSHIP, DISTRICT)] == [{("scan", "", MONDAY): 4, ("scan", "", TUESDAY): 1}] * 3


@pytest.mark.django_db(transaction=True)
def test_two_machines_at_once_count_each_row_once():
    plate = make_plate()
    opened(40, entry=True), opened(20, area=XIAZHUANGZI)
    Scan.objects.bulk_create(Scan(doorplate=plate, day=MONDAY) for _ in range(30))
    start, failures = Barrier(4), []

    def work():
        start.wait()
        try:
            while roll_up_views(batch=7) + roll_up_scans(batch=7):
                pass
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run()  # what a machine passed over because another held it
    assert failures == []
    assert figures(SHUIYUN) == {("guide", "yibao-001", MONDAY): 40, ("open", "", MONDAY): 40, ("scan", "", MONDAY): 30}
    assert figures(DISTRICT) == {("guide", "yibao-001", MONDAY): 60, ("open", "", MONDAY): 40, ("scan", "", MONDAY): 30}
    assert list(ScanDay.objects.values_list("count", flat=True)) == [30]


def scrub_all(now: datetime) -> None:
    for kind in kinds():
        while drop_batch(kind, now):
            pass


def test_single_rows_go_after_90_days_and_only_when_they_are_counted():
    plate = make_plate()
    opened(2), Scan.objects.create(doorplate=plate, day=MONDAY)
    run()
    opened(1), Scan.objects.create(doorplate=plate, day=MONDAY)  # not counted yet, for whatever reason
    scrub_all(datetime(2026, 5, 31, 12, tzinfo=LOCAL))
    assert (View.objects.count(), Scan.objects.count()) == (3, 2)
    scrub_all(datetime(2026, 6, 1, 12, tzinfo=LOCAL))
    assert (View.objects.count(), Scan.objects.count()) == (1, 1)
    run()
    assert (figures()["guide", "yibao-001", MONDAY], ScanDay.objects.get().count) == (3, 2)


def test_figures_stay_as_long_as_the_page_looks_back():
    opened(1), opened(1, day=TUESDAY)
    run()
    scrub_all(datetime(2029, 4, 3, 12, tzinfo=LOCAL))
    assert figures() == {("guide", "yibao-001", TUESDAY): 1}


# --- requests -------------------------------------------------------------------------------------------------------------------------


def at(day: int, hour: int = 10):
    return time_machine.travel(datetime(2026, 3, day, hour, tzinfo=LOCAL), tick=False)


def come_and_go() -> None:
    """On Monday one comes and is ended in time, one goes past its promise and is ended on Tuesday, one is logged and stays."""
    helper = people.zhuli()
    with at(2):
        quick, slow = make_request(claimed_by=helper), make_request(claimed_by=helper)
        make_request(channel="phone")
        actions.close(request=quick, by=helper, reason=CloseReason.EXPLAINED, text="讲清楚了")
    with at(2, 16):
        for _ in range(2):  # two steps upwards on one day are one request
            Event.objects.create(request=slow, kind=EventKind.ESCALATED, by_name="系统")
    with at(3):
        actions.close(request=slow, by=helper, reason=CloseReason.EXPLAINED, text="讲清楚了")


EXPECTED = {
    (str(What.ASKED), "", MONDAY): 3, (str(What.KEPT), "", MONDAY): 1, (str(What.LATE), "", MONDAY): 1, (str(What.BROKEN), "", TUESDAY): 1,
}  # fmt: skip


def test_requests_add_up_by_what_became_of_their_promises():
    come_and_go()
    with at(4, 3):
        assert roll_up_requests(timezone.now()) == 2
        assert roll_up_requests(timezone.now()) == 0
    assert [figures(code) for code in (SHUIYUN, TOWNSHIP, DISTRICT)] == [EXPECTED] * 3


def test_a_day_is_added_up_three_hours_after_its_end_with_what_was_stored_late():
    come_and_go()
    with at(3, 2):
        assert roll_up_requests(timezone.now()) == 0
    with at(2, 23):
        make_request()  # begun before midnight, seen by nobody until now
    with at(3, 3):
        assert roll_up_requests(timezone.now()) == 1
    assert figures()[str(What.ASKED), "", MONDAY] == 4


def test_days_added_up_while_the_clock_was_ahead_are_added_up_again_when_they_are_over():
    with at(2):
        make_request()
    with at(3):
        make_request()
    with at(5):  # the clock is two days ahead, and the third is half over
        assert roll_up_requests(timezone.now()) == 3
    with at(3, 11):
        make_request()
        assert roll_up_requests(timezone.now()) == 0
        assert figures() == {(str(What.ASKED), "", MONDAY): 1}
    with at(4):
        assert roll_up_requests(timezone.now()) == 1
    assert figures() == {(str(What.ASKED), "", MONDAY): 1, (str(What.ASKED), "", TUESDAY): 2}


@pytest.mark.django_db(transaction=True)
def test_machines_at_the_same_moment_add_a_day_once():
    come_and_go()
    start, done, failures = Barrier(4), [], []
    now = datetime(2026, 3, 4, 3, tzinfo=LOCAL)

    def work():
        start.wait()
        try:
            done.append(roll_up_requests(now))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, sum(done)) == ([], 2)
    assert figures() == EXPECTED


def test_complaints_are_no_figures():
    """In a village with two helpers they would be about one of them."""
    with at(2):
        said = {"subject": actions.Subject.HELPER, "text": "没人接电话。", "area": make_area(), "phone": "13909528888"}
        actions.complain(complaint=actions.Complaint(submission_key="5e4b1a52-0f5d-4b9a-9f0e-000000000001", about=None, **said))
    with at(4, 3):
        roll_up_requests(timezone.now())
    assert Event.objects.filter(kind=EventKind.SUBMITTED).count() == 1
    assert figures(DISTRICT) == {}


def test_without_any_request_there_is_nothing_to_do():
    assert roll_up_requests(timezone.now()) == 0
    assert RolledUp.objects.count() == 0
