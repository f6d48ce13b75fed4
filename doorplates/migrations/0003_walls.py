from django.db import migrations


class Migration(migrations.Migration):
    """门牌覆盖: the communities as the back office counts their entrances; a view of guides.Area, no table."""

    dependencies = [
        ("doorplates", "0002_life"),
        ("guides", "0004_editing"),
    ]

    operations = [
        migrations.CreateModel(
            name="Coverage",
            fields=[],
            options={"verbose_name": "门牌覆盖", "verbose_name_plural": "门牌覆盖", "ordering": ["code"], "proxy": True, "indexes": [], "constraints": []},
            bases=("guides.area",),
        ),
    ]
