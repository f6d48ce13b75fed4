import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('doorplates', '0004_walls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='scan',
            name='doorplate',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='scans', to='doorplates.doorplate', verbose_name='门牌'),
        ),
    ]
