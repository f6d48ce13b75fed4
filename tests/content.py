"""The real content, as `make run` loads it: for tests that read every page. Import the fixture and use it by name."""

from pathlib import Path

import pytest
from django.core.management import call_command

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
PLATES_OF = "640205102006"  # 水韵名都社区


@pytest.fixture(scope="module")
def all_content(django_db_setup, django_db_blocker):
    """Areas, offices, 179 guides, the life events, the board, one building with a plate. Loaded once a module: each test's own changes are rolled back."""
    from doorplates.actions import issue_plates
    from doorplates.models import Building

    with django_db_blocker.unblock():
        call_command("load_areas", FIXTURES / "areas-640205.csv", verbosity=0)
        call_command("load_offices", FIXTURES / "offices.yaml", verbosity=0)
        call_command("load_guides", *sorted((FIXTURES / "guides").glob("*.yaml")), verbosity=0)
        call_command("load_life_events", FIXTURES / "life_events.yaml", verbosity=0)
        call_command("load_board", FIXTURES / "board.yaml", verbosity=0)
        building = Building.objects.create(community_id=PLATES_OF, estate="水韵名都", name="8号楼", entrances=["1单元"], is_sample=True)
        issue_plates([building], by="tests")
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
