"""Every guide of the real content, from what a process keeps and made anew: the same to the byte, whichever village and answers."""

import random

import pytest
import time_machine

from guides.models import Area, Guide
from tests.content import all_content  # noqa: F401  a fixture
from tests.guides.kept_pages import anew


@pytest.mark.usefixtures("all_content")
@time_machine.travel("2026-11-24 10:00+08:00", tick=False)
@pytest.mark.parametrize("elder", [False, True])
def test_every_guide_from_another_village_is_to_the_byte_the_page_made_anew(client, db, monkeypatch, elder):
    lottery = random.Random(f"20261127-{elder}")
    villages = list(Area.objects.filter(level="community").values_list("code", flat=True))
    mode, compared = "/elder" if elder else "", 0
    for guide in Guide.objects.published().prefetch_related("situations__answers"):
        first, second = lottery.sample(villages, 2)
        query = "&".join(f"{s.key}={lottery.choice([*s.answers.all()]).key}" for s in guide.situations.all() if lottery.random() < 0.5)
        query = "all=1" if lottery.random() < 0.1 else query
        if elder and lottery.random() < 0.8:
            query += f"&step={lottery.choice(['who', 'bring', 'where', 'how', 'time', 'nonsense'])}"
        from_district = lottery.random() < 0.15
        for area in (first, second):
            path = f"{mode}/guides/{guide.slug}/?{query}" if from_district else f"{mode}/c/{area}/guides/{guide.slug}/?{query}"
            kept = client.get(path)
            assert kept.status_code == 200
        assert kept.content == anew(client, path, monkeypatch), path
        assert b"\0" not in kept.content
        compared += 1
    assert compared == 179
