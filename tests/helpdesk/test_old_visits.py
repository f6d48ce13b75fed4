"""Appointments from before there were rows for them."""

from importlib import import_module

import pytest
from django.apps import apps

from helpdesk.models import HelpRequest, Visit
from tests import people
from tests.factories import make_request, workday_at

pytestmark = pytest.mark.django_db


def test_each_gets_one_row_with_a_code_and_what_has_no_owner_is_over():
    at = workday_at(10)
    home = make_request(claimed_by=people.zhuli(), kind="home", row={"visit_at": at})
    other = make_request(claimed_by=people.zhuli(), row={"visit_at": at})
    make_request(row={"visit_at": at})
    make_request(claimed_by=people.zhuli())
    for _ in range(2):
        import_module("helpdesk.migrations.0005_visits").rows_for_visits(apps, None)
    assert [(v.request, v.helper, v.at, v.place, len(v.code)) for v in Visit.objects.all()] == [
        (home, people.zhuli(), at, "home", 4), (other, people.zhuli(), at, "station", 4),
    ]  # fmt: skip
    assert HelpRequest.objects.filter(visit_at=at).count() == 2
