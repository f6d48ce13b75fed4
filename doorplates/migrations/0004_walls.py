from django.db import migrations, models


class Migration(migrations.Migration):
    """门牌覆盖: the communities as the back office counts their entrances; a view of guides.Area, no table. And a word: a plate nobody marked may well hang."""

    dependencies = [
        ("doorplates", "0003_figures"),
        ("guides", "0004_editing"),
    ]

    operations = [
        migrations.CreateModel(
            name="Coverage",
            fields=[],
            options={"verbose_name": "门牌覆盖", "verbose_name_plural": "门牌覆盖", "ordering": ["code"], "proxy": True, "indexes": [], "constraints": []},
            bases=("guides.area",),
        ),
        migrations.AlterField(
            model_name="doorplate",
            name="condition",
            field=models.CharField(
                blank=True,
                choices=[("", "没人记过"), ("fine", "好好的"), ("damaged", "破了、看不清"), ("moved", "贴错了地方"), ("gone", "不见了")],
                db_index=True,
                default="",
                max_length=8,
                verbose_name="墙上的情况",
            ),
        ),
    ]
