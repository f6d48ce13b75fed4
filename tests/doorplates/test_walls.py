"""A plate on the wall: what staff mark, what residents report, and what becomes of it when two do it at once or the plate ends meanwhile."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection, models
from django.utils import timezone

from doorplates.actions import NotPossible, record_check, replace, report_plate, revoke, undo_check
from doorplates.models import CheckKind, Condition, Doorplate, PlateCheck, PlateReport, ReportKind
from tests.factories import make_plate

pytestmark = pytest.mark.django_db


@pytest.fixture
def plate():
    return make_plate()


def mark(plate, kind, by="朱丽"):
    return record_check(plate=plate, kind=kind, by=by)


def standing(plate) -> tuple:
    plate.refresh_from_db()
    return plate.condition, plate.installed_on, plate.checked_on


def kinds(plate) -> list[str]:
    return list(plate.checks.order_by("pk").values_list("kind", flat=True))


def open_reports(plate) -> dict[str, int]:
    return dict(plate.reports.filter(settled_on=None).values_list("kind", "count"))


@pytest.mark.parametrize("kind, condition", [("installed", "fine"), ("checked", "fine"), ("damaged", "damaged"), ("moved", "moved"), ("gone", "gone")])
def test_what_was_seen_stands_on_the_plate_with_its_day(plate, kind, condition):
    mark(plate, kind)
    today = timezone.localdate()
    assert standing(plate) == (condition, today if kind == "installed" else None, today)
    assert (plate.checks.get().kind, plate.checks.get().on, plate.checks.get().by) == (kind, today, "朱丽")


def test_a_double_tap_on_the_same_day_is_one_mark_and_on_another_day_a_new_one(plate):
    assert mark(plate, "checked") == mark(plate, "checked", by="小赵")
    assert kinds(plate) == ["checked"]
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        mark(plate, "checked")
    assert kinds(plate) == ["checked", "checked"]


def test_damaged_again_after_it_was_put_up_is_a_mark_of_its_own(plate):
    for kind in ("damaged", "installed", "damaged"):
        mark(plate, kind)
    assert kinds(plate) == ["damaged", "installed", "damaged"]


def test_a_plate_that_was_replaced_meanwhile_names_the_new_one(plate):
    seen = Doorplate.objects.get(pk=plate.pk)
    successor = replace(plate, by="沈禾", reason="破了")
    with pytest.raises(NotPossible, match=successor.spoken_code):
        mark(seen, "installed")
    assert (PlateCheck.objects.count(), standing(seen)[0]) == (0, Condition.UNKNOWN)
    mark(successor, "installed")
    assert standing(successor)[0] == "fine"


def test_a_plate_that_was_revoked_meanwhile_says_so(plate):
    seen = Doorplate.objects.get(pk=plate.pk)
    revoke(plate, by="沈禾", reason="")
    with pytest.raises(NotPossible, match="已经作废"):
        mark(seen, "checked")


def test_no_time_of_day_no_place_and_no_device_is_stored_of_marks_and_reports():
    for model in (PlateCheck, PlateReport):
        fields = model._meta.concrete_fields
        assert [field.name for field in fields if isinstance(field, models.DateTimeField | models.TimeField | models.FileField)] == []
    assert {field.name for field in PlateReport._meta.concrete_fields} == {"id", "doorplate", "kind", "count", "first_on", "last_on", "settled_by", "settled_on"}
    assert {field.name for field in PlateCheck._meta.concrete_fields} == {"id", "doorplate", "kind", "on", "by"}


def test_marks_and_reports_leave_nothing_in_the_log_whose_lines_have_a_clock(plate, caplog):
    caplog.set_level("DEBUG", logger="doorplates")
    mark(plate, "checked")
    report_plate(plate=plate, kind="damaged")
    assert caplog.records == []
    revoke(plate, by="沈禾", reason="")  # what the bureau does is written down
    assert [plate.code in record.getMessage() for record in caplog.records] == [True]


# ---- a mis-tap


def test_a_mark_taken_back_leaves_the_plate_as_it_was(plate):
    with time_machine.travel(timezone.now() - timedelta(days=9)):
        mark(plate, "installed")
        before = standing(plate)
    undo_check(check=mark(plate, "gone"), by="朱丽")
    assert standing(plate) == before
    assert kinds(plate) == ["installed"]


def test_the_first_mark_taken_back_leaves_nothing(plate):
    undo_check(check=mark(plate, "installed"), by="朱丽")
    assert standing(plate) == (Condition.UNKNOWN, None, None)


def test_only_the_last_mark_of_today_and_ones_own_is_taken_back(plate):
    first = mark(plate, "damaged")
    mark(plate, "gone", by="小赵")
    for check, by in ((first, "朱丽"), (plate.checks.first(), "朱丽")):
        with pytest.raises(NotPossible, match="撤不回了"):
            undo_check(check=check, by=by)
    with time_machine.travel(timezone.now() + timedelta(days=1)), pytest.raises(NotPossible, match="撤不回了"):
        undo_check(check=plate.checks.first(), by="小赵")
    assert standing(plate)[0] == "gone"


def test_what_residents_had_reported_is_open_again_after_a_mis_tap(plate):
    report_plate(plate=plate, kind="damaged")
    report_plate(plate=plate, kind="damaged")
    check = mark(plate, "checked")
    assert open_reports(plate) == {}
    report_plate(plate=plate, kind="damaged")  # somebody says it again before it is taken back
    undo_check(check=check, by="朱丽")
    assert open_reports(plate) == {"damaged": 3}
    assert PlateReport.objects.count() == 1


def test_what_somebody_else_settled_before_stays_settled(plate):
    report_plate(plate=plate, kind="not_mine")
    mark(plate, "checked", by="小赵")
    report_plate(plate=plate, kind="damaged")
    undo_check(check=mark(plate, "damaged"), by="朱丽")
    assert open_reports(plate) == {"damaged": 1}


# ---- what residents say


def test_the_same_again_is_counted_up_and_another_kind_is_a_row_of_its_own(plate):
    for kind in ("damaged", "damaged", "suspicious", "damaged"):
        report_plate(plate=plate, kind=kind)
    assert open_reports(plate) == {"damaged": 3, "suspicious": 1}


@pytest.mark.parametrize("kind", CheckKind.values)
def test_whoever_looked_settles_what_residents_said_whatever_they_saw(plate, kind):
    report_plate(plate=plate, kind="damaged")
    report_plate(plate=plate, kind="suspicious")
    mark(plate, kind)
    assert open_reports(plate) == {}
    assert set(plate.reports.values_list("settled_by", "settled_on")) == {("朱丽", timezone.localdate())}
    report_plate(plate=plate, kind="damaged")
    assert open_reports(plate) == {"damaged": 1}


@pytest.mark.parametrize("end", [revoke, replace])
def test_a_plate_that_ends_takes_its_reports_along_and_gets_no_new_ones(plate, end):
    seen = Doorplate.objects.get(pk=plate.pk)
    report_plate(plate=plate, kind="damaged")
    end(plate, by="沈禾", reason="破了")
    assert open_reports(plate) == {}
    with pytest.raises(NotPossible):
        report_plate(plate=seen, kind="damaged")
    assert PlateReport.objects.count() == 1


# ---- two at once


def at_once(*jobs) -> list:
    """Run the jobs in threads from one starting line; the exceptions they ended with."""
    failures, line = [], Barrier(len(jobs))

    def run(job):
        try:
            line.wait()
            job()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.mark.django_db(transaction=True)
def test_eight_residents_at_once_are_one_row_with_the_count_of_eight():
    plate = make_plate()
    assert at_once(*[lambda: report_plate(plate=plate, kind=ReportKind.DAMAGED)] * 8) == []
    assert open_reports(plate) == {"damaged": 8}


@pytest.mark.django_db(transaction=True)
def test_reports_that_come_while_somebody_settles_are_counted_once_each():
    plate = make_plate()
    report_plate(plate=plate, kind="damaged")
    jobs = [lambda: report_plate(plate=plate, kind="damaged")] * 5 + [lambda: mark(plate, "checked")]
    assert at_once(*jobs) == []
    assert sum(plate.reports.values_list("count", flat=True)) == 6
    assert plate.reports.filter(settled_on=None).count() <= 1


@pytest.mark.django_db(transaction=True)
def test_a_double_tap_at_once_is_one_mark():
    plate = make_plate()
    assert at_once(*[lambda: mark(plate, "installed")] * 4) == []
    assert kinds(plate) == ["installed"]


@pytest.mark.django_db(transaction=True)
def test_a_mark_and_a_replacement_at_once_leave_no_mark_on_an_ended_plate_unless_it_came_first():
    plate = make_plate()
    failures = at_once(lambda: mark(plate, "damaged"), lambda: replace(Doorplate.objects.get(pk=plate.pk), by="沈禾", reason="破了"))
    plate.refresh_from_db()
    assert plate.state == "replaced"
    assert kinds(plate) == ([] if failures else ["damaged"])
    assert all(isinstance(failure, NotPossible) for failure in failures)
