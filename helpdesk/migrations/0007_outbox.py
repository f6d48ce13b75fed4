from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0006_papers")]
    operations = [
        migrations.AlterField(
            model_name="notification",
            name="state",
            field=models.CharField(
                choices=[("pending", "等着发"), ("sending", "正在发"), ("sent", "发出去了"), ("failed", "没发出去"), ("skipped", "不用发了")],
                default="pending", max_length=8, verbose_name="状态",
            ),
        ),
    ]
