from django.db import migrations

from menpai.migrating import RemoveIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('doorplates', '0005_scan'),
    ]

    operations = [
        RemoveIndex(
            model_name='scan',
            name='doorplates__day_c8c434_idx',
        ),
    ]
