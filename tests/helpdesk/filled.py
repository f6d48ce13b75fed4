"""One row of every model with a marked text in every text column, so that a test can look for each mark afterwards."""

import re
from datetime import timedelta

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone

from guides.models import Area, Correction, Guide, Refusal, SearchMiss
from helpdesk.models import Cover, HelpRequest, Notification, Paper, Robot, SecondFactor, State
from menpai.encryption import blind_index, decrypt
from tests.factories import XIAZHUANGZI, make_area, make_guide, make_plate, make_request, make_user

# What a column must hold for its model's own rules; every other text column of the models below gets a mark.
GIVEN = {
    "helpdesk.HelpRequest": {"state": State.CLOSED, "close_reason": "done"},
    "helpdesk.Principal": {"consent": "asked"},
    "helpdesk.Paper": {"state": "bad", "reason": "other"},
    "helpdesk.Rating": {"level": 3},
    "helpdesk.Posting": {"weekdays": "12345"},
    "helpdesk.MarketDay": {"digits": "38"},
    "guides.Correction": {"state": "fixed"},
    "guides.Area": {},
    "auth.User": {"is_active": False},
}
APPS = ("helpdesk",)
ALSO = (Correction, Refusal, SearchMiss, LogEntry)
NOT_TEXT = (models.ForeignKey, models.UUIDField, models.DateTimeField, models.DateField, models.TimeField)
LONG_AGO = timedelta(days=1)  # before now: everything that is filled ended yesterday


def also() -> tuple:
    axes = [model for model in apps.get_models() if model._meta.app_label == "axes" and model.__name__ != "AccessAttemptExpiration"]
    return (*ALSO, *axes, apps.get_model("sessions.Session"), apps.get_model("menpai.Attempt"), apps.get_model("auth.User"))


def fill() -> dict[str, tuple[type[models.Model], str]]:
    """Put the rows there; returns each mark with the model and field that it was written to. A model with columns that nobody told how to fill fails."""
    marks: dict[str, tuple[type[models.Model], str]] = {}
    user = make_user("stopped")
    request = make_request(guide=make_guide(), doorplate=make_plate(), wish="遛狗证")
    given = {
        HelpRequest: request, Guide: request.guide, Area: request.area, type(user): user, ContentType: ContentType.objects.get_for_model(Guide),
        SearchMiss: request.wish,
    }  # fmt: skip
    given[Paper] = Paper.objects.create(request=request, name="材料")
    given[SecondFactor] = SecondFactor.objects.create(user=user, confirmed=False)
    given[Robot] = Robot.objects.create(name="群", area=request.area, kind="wecom", address="x")
    wanted = [m for m in apps.get_models() if m._meta.app_label in APPS] + list(also())
    for model in wanted:
        row = {HelpRequest: request, SearchMiss: request.wish, Paper: given[Paper], Robot: given[Robot], type(user): user}.get(model) or model()
        _mark(model, row, given, marks)
        row.save(force_insert=row._state.adding)
        _move_back(model, row)
    return marks


def _mark(model, row, given, marks) -> None:
    told = GIVEN.get(model._meta.label, {})
    for field in model._meta.concrete_fields:
        name = field.name
        if name in told:
            setattr(row, name, told[name])
        elif field.is_relation and not field.null and getattr(row, field.attname) is None:
            setattr(row, name, make_area(XIAZHUANGZI) if model is Cover and name == "neighbour" else given[field.related_model])
        elif isinstance(field, models.CharField | models.TextField) and not field.choices and not field.is_relation:
            if name == "phone_index":
                setattr(row, name, blind_index(f"1380013{len(marks):04d}"))
                marks[row.phone_index] = (model, name)
                continue
            mark = f"M{len(marks):03d}"
            setattr(row, name, mark if field.max_length and field.max_length < 8 else f"标{mark}记"[: field.max_length])
            marks[mark] = (model, name)
        elif field.choices and not getattr(row, name, None) and not field.blank:
            setattr(row, name, field.choices[0][0])
        elif isinstance(field, models.GenericIPAddressField):
            setattr(row, name, "203.0.113.9")
        elif not field.null and not field.has_default() and getattr(row, name, None) is None and not field.primary_key:
            setattr(row, name, _moment(field))
    if model is Notification:
        row.to_user, row.request = given[[m for m in given if m.__name__ == "User"][0]], None
    if model is HelpRequest:
        row.closed_at = timezone.now() - LONG_AGO
    if model is Correction:
        row.handled_at = timezone.now() - LONG_AGO


def _moment(field):
    if isinstance(field, models.DateTimeField):
        return timezone.now() - LONG_AGO
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.TimeField):
        return timezone.localtime().time()
    return 1


def _move_back(model, row) -> None:
    """Nothing here is younger than yesterday, whatever auto_now_add says."""
    moments = [f.name for f in model._meta.concrete_fields if isinstance(f, models.DateTimeField) and f.auto_now_add]
    if moments:
        model._base_manager.filter(pk=row.pk).update(**{name: timezone.now() - LONG_AGO for name in moments})


def readable(tables: str = "") -> str:
    """Every column of every table (whose name begins so), as the database holds it and, where it is ciphertext, as it reads."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(tables):
                cursor.execute(f'SELECT * FROM {connection.ops.quote_name(table)}')
                found.append(str(cursor.fetchall()))
    text = "\n".join(found)
    return text + "\n".join(decrypt(token) for token in set(re.findall(r"gAAAA[\w=-]+", text)))
