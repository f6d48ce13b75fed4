"""Appointments agreed on before there were rows for them: each gets its row with a code, so that the resident sees who must say it."""

from django.db import migrations


def rows_for_visits(apps, schema_editor):
    HelpRequest, Visit = apps.get_model("helpdesk", "HelpRequest"), apps.get_model("helpdesk", "Visit")
    for request in list(HelpRequest.objects.filter(visit_at__isnull=False, state="claimed").exclude(visits__state="planned").order_by("pk")):
        place = "home" if request.kind == "home" else "station"
        Visit.objects.create(request=request, helper_id=request.owner_id, at=request.visit_at, place=place)
    HelpRequest.objects.filter(visit_at__isnull=False).exclude(state="claimed").update(visit_at=None)


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0004_promises")]
    operations = [migrations.RunPython(rows_for_visits, migrations.RunPython.noop)]
