from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("menpai", "0002_excel"),
    ]

    operations = [
        migrations.CreateModel(
            name="BackupTaken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="备份时间")),
                ("size", models.BigIntegerField(verbose_name="大小")),
            ],
            options={
                "verbose_name": "最近一次备份",
                "verbose_name_plural": "最近一次备份",
            },
        ),
    ]
