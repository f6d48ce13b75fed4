"""The real guides: the rules of 内容体检 raise no false alarm on what was written with care."""

from datetime import date

import pytest

from guides import health
from guides.health import Kind, Surroundings
from guides.models import Area, Guide, Level, Office, Status
from guides.pack_files import export_pack, import_pack, read_pack
from tests.content import all_content  # noqa: F401
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]


def test_of_179_guides_only_what_is_true_is_told():
    examined = health.examine(Guide.objects.whole(), Surroundings.load(date(2026, 11, 27)))
    told = {kind: {guide.slug for guide, wrong in examined for f in wrong if f.kind == kind} for kind in Kind}
    assert Guide.objects.count() == 179
    assert told[Kind.PLACEHOLDER] | told[Kind.PHONE] | told[Kind.HARD] | told[Kind.LINK] | told[Kind.STALE] == set()
    assert told[Kind.SEASON] == {"yibao-002", "shebao-003"}  # both run now, with figures of earlier years
    assert all(f.is_minor for _, wrong in examined for f in wrong if f.kind == Kind.INCOMPLETE)


def test_national_lines_never_differ_from_an_office():
    Office.objects.update(phone="0952-3012233")
    examined = health.examine(Guide.objects.whole(), Surroundings.load(date(2026, 11, 27)))
    assert [f for _, wrong in examined for f in wrong if f.kind == Kind.PHONE] == []


def test_all_179_leave_and_arrive_elsewhere_as_they_left():
    home, away = Area.objects.get(pk="640205000000"), Area.objects.create(code="640221000000", name="平罗县", level=Level.DISTRICT)
    user = make_user("maping", is_superuser=True)
    text = export_pack(home)
    report = import_pack(text, district=away, by=user, dry_run=False)
    assert (report.problems, len(report.added)) == ([], 179)
    assert Guide.objects.filter(district=away.pk, status=Status.DRAFT).count() == 179
    assert read_pack(export_pack(away, with_drafts=True)).topics == read_pack(text).topics
    again = import_pack(text, district=away, by=user, dry_run=False)
    assert (len(again.unchanged), again.added, again.updated, again.kept) == (179, [], [], [])
    rows = [row for guide in Guide.objects.whole().filter(district=away.pk) for part in (guide.facts, guide.statements, guide.materials, guide.steps, guide.counters) for row in part.all()]
    assert len(rows) > 4000
    assert not any(row.is_verified for row in rows)
