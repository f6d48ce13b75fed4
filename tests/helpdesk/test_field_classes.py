"""One table says what every stored field is and how long it stays; here it is held against the models, the database and the clock."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.utils import timezone

from helpdesk.field_classes import IN_CLEAR, TABLE, Level, class_of, classes_of, is_owed, may_leave
from helpdesk.models import HelpRequest, Visit
from menpai.encryption import EncryptedTextField
from tests.helpdesk.filled import fill, readable

MODELS = apps.get_models(include_auto_created=True)


def columns(model) -> set[str]:
    return {field.name for field in model._meta.concrete_fields}


def test_every_stored_field_of_every_model_is_classed_once_and_none_that_is_gone():
    assert {model._meta.label for model in MODELS} == set(TABLE)
    for model in MODELS:
        names = [name for _, _, group in TABLE[model._meta.label] for name in group.split()]
        assert sorted(names) == sorted(columns(model)), model._meta.label


def test_a_field_that_somebody_adds_is_missed(monkeypatch):
    monkeypatch.setitem(TABLE, "helpdesk.Visit", tuple(group for group in TABLE["helpdesk.Visit"] if "code" not in group[2]))
    with pytest.raises(AssertionError, match=r"helpdesk\.Visit"):
        test_every_stored_field_of_every_model_is_classed_once_and_none_that_is_gone()


def test_personal_text_is_encrypted_or_says_why_not():
    in_clear = set()
    for model in MODELS:
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField) and not isinstance(field, EncryptedTextField)
            if is_text and class_of(model, field.name).level in (Level.PERSONAL, Level.SENSITIVE):
                in_clear.add(f"{model._meta.label}.{field.name}")
    assert in_clear == set(IN_CLEAR)


def test_what_is_encrypted_is_classed_as_somebodys():
    for model in MODELS:
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                assert class_of(model, field.name).level in (Level.PERSONAL, Level.SENSITIVE), f"{model._meta.label}.{field.name}"


def test_the_classes_say_what_may_leave_and_what_is_the_residents_own():
    assert may_leave(HelpRequest, "reference")
    assert not may_leave(HelpRequest, "phone")
    assert not may_leave(HelpRequest, "phone_index")
    assert not may_leave(Visit, "code")
    assert is_owed(HelpRequest, "note")
    assert not is_owed(HelpRequest, "queue")
    with pytest.raises(KeyError):
        may_leave(HelpRequest, "no_such_field")


def goes(model, name: str) -> bool:
    return classes_of(model._meta.label)[name].fate.act != "keep"


def lost(marks: dict) -> set[str]:
    """The fields whose mark stands nowhere in the database any more."""
    text = readable()
    return {f"{model._meta.label}.{name}" for mark, (model, name) in marks.items() if mark not in text}


def run(*arguments) -> str:
    out = StringIO()
    call_command("scrub_requests", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def marks(db):
    found = fill()
    assert len(found) > 70
    assert lost(found) == set(), "a mark that was never there proves nothing"
    return found


def test_time_takes_exactly_what_the_table_says(marks):
    run()
    assert lost(marks) & {"helpdesk.HelpRequest.name", "helpdesk.Message.text", "helpdesk.ContactCard.email"} == set(), "nothing goes before its time"
    with time_machine.travel(timezone.now() + timedelta(days=4 * 365)):
        run()
    assert lost(marks) == {f"{model._meta.label}.{name}" for model, name in marks.values() if goes(model, name)}


def test_after_the_days_of_the_setting_the_person_is_gone_and_the_logs_are_not(marks, settings):
    with time_machine.travel(timezone.now() + timedelta(days=settings.RETENTION_DAYS + 1)):
        run()
    gone = lost(marks)
    assert {"helpdesk.HelpRequest.phone", "helpdesk.HelpRequest.phone_index", "helpdesk.Principal.name", "helpdesk.Principal.phone_index"} <= gone
    assert {"helpdesk.Mandate.scope", "helpdesk.Visit.code", "helpdesk.Visit.where", "helpdesk.Paper.remark"} <= gone
    assert not [label for label in gone if label.startswith(("axes.", "admin.", "helpdesk.AuditEntry", "helpdesk.Absence"))]


def test_a_dry_run_names_each_kind_and_takes_nothing(marks):
    with time_machine.travel(timezone.now() + timedelta(days=4 * 365)):
        said = run("--dry-run")
    for kind in ("诉求", "留言", "居民纠错", "通知方式", "不在岗", "工作台记录"):
        assert f"{kind}：到期待删 1 条，没有删。" in said
    assert lost(marks) == set()
