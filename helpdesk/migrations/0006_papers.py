from django.db import migrations


def ready_is_ok(apps, schema_editor):
    """What a helper had ticked as 备齐 was looked at and found good; when, nobody wrote down."""
    apps.get_model("helpdesk", "Paper").objects.filter(ready=True, state="unchecked").update(state="ok")


def ok_is_ready(apps, schema_editor):
    apps.get_model("helpdesk", "Paper").objects.filter(state="ok").update(ready=True)


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0005_visits")]

    operations = [
        migrations.RunPython(ready_is_ok, ok_is_ready),
        migrations.RemoveField("paper", "ready"),
    ]
