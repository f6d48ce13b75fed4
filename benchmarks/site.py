"""A throw-away site with the content of fixtures/, for one benchmark process. Call `prepare()` before importing anything of Django."""

import atexit
import base64
import logging
import os
import secrets
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from tests import server

ROOT = Path(__file__).resolve().parent.parent
say = sys.stdout.write


def prepare(*, on_postgres: bool = False, with_content: bool = True) -> None:
    """SQLite (or a throw-away PostgreSQL) in a temporary folder, all guides, offices, notices and sample plates loaded. Gone when the process ends."""
    home = Path(tempfile.mkdtemp(prefix="menpai-bench-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    home.chmod(0o755)  # the server runs as somebody else when this runs as root
    (home / "static").mkdir()
    url = server.start(home, connections=200).replace("/menpai", "/postgres") if on_postgres else f"sqlite:///{home}/bench.sqlite3"
    os.environ.update(
        DJANGO_SETTINGS_MODULE="menpai.settings", DATABASE_URL=url, MENPAI_VAR=str(home),
        MENPAI_SECRET_KEY=secrets.token_urlsafe(48), MENPAI_PII_INDEX_KEY=secrets.token_urlsafe(48),
        MENPAI_PII_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), MENPAI_HTTPS="0", MENPAI_HOSTS="testserver",
    )
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # nothing collected here
    settings.ROOT_URLCONF = "benchmarks.urls"
    django.setup()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    _load(with_content=with_content)


def _load(*, with_content: bool) -> None:
    from django.core.management import call_command

    from doorplates.actions import issue_plates
    from doorplates.models import Building

    fixtures = ROOT / "fixtures"
    with Path(os.devnull).open("w") as nowhere:
        quiet = {"verbosity": 0, "stdout": nowhere, "stderr": nowhere}
        call_command("migrate", **quiet)
        call_command("load_areas", fixtures / "areas-640205.csv", **quiet)
        if not with_content:
            return
        call_command("load_offices", fixtures / "offices.yaml", **quiet)
        call_command("load_guides", *sorted((fixtures / "guides").glob("*.yaml")), **quiet)
        call_command("load_synonyms", fixtures / "synonyms.yaml", **quiet)
        call_command("load_board", fixtures / "board.yaml", **quiet)
        call_command("load_buildings", fixtures / "buildings.yaml", **quiet)
    issue_plates(Building.objects.all(), by="benchmark")
