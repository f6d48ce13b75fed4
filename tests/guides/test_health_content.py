"""The real guides: the rules of 内容体检 raise no false alarm on what was written with care."""

from datetime import date

import pytest

from guides import health
from guides.health import Kind, Surroundings
from guides.models import Guide, Office
from tests.content import all_content  # noqa: F401

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
