"""What `make run` does between installing and serving: schema, roles, content, sample plates, demo staff, static files.

One process instead of ten, because each start of Django costs half a second. Everything may run again: content only fills gaps, and
samples arrive only on a site that has no buildings yet, so that a sample which staff deleted stays deleted.
"""

import hashlib
import logging
import os
import socket
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
# Never asked for by a browser: the print fonts. Compressing them takes longer than everything else together.
NOT_SERVED = ["fonts"]
say = sys.stdout.write


def main() -> None:
    port = int(os.environ["PORT"])
    require_free(port)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "menpai.settings")
    import django

    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
    fill_database()
    collect_static()
    show_tour()


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does; else a site stopped just now blocks its port
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(f"Port {port} is in use (is the site running already?). Another one: PORT={port + 1} make run")


@contextmanager
def step(name: str):
    say(f"  {name} … ")
    sys.stdout.flush()
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s\n")


def fill_database() -> None:
    from django.core.management import call_command
    from django.db import transaction

    from doorplates.actions import issue_plates
    from doorplates.models import Building
    from guides.models import Area

    def run(command: str, *arguments) -> None:
        with Path(os.devnull).open("w") as nowhere:
            call_command(command, *arguments, verbosity=0, stdout=nowhere, stderr=nowhere)

    with step("database"):
        run("migrate")
        run("setup_roles")
    with step("areas, offices, guides"):
        if not Area.objects.exists():  # a name that staff corrected stays
            run("load_areas", FIXTURES / "areas-640205.csv")
        run("load_offices", FIXTURES / "offices.yaml")
        run("load_synonyms", FIXTURES / "synonyms.yaml")
        run("load_guides", *sorted((FIXTURES / "guides").glob("*.yaml")))
        run("load_life_events", FIXTURES / "life_events.yaml")
    run("load_reply_templates", FIXTURES / "reply_templates.yaml")
    if not Building.objects.exists():
        with step("sample notices, buildings and plates"), transaction.atomic():
            run("load_board", FIXTURES / "board.yaml")
            run("load_buildings", FIXTURES / "buildings.yaml")
            issue_plates(Building.objects.filter(is_sample=True), by="make run")
    with step("demo staff"):
        run("setup_demo")


def collect_static() -> None:
    """Hash and compress static files, unless they are the same as the last time: the slowest step otherwise."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list(NOT_SERVED), key=lambda found: found[0]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    stamp = settings.VAR_DIR / "static.stamp"
    if stamp.exists() and stamp.read_text() == digest.hexdigest() and (settings.STATIC_ROOT / "staticfiles.json").exists():
        return
    with step("static files"):
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=NOT_SERVED)
        stamp.write_text(digest.hexdigest())


def show_tour() -> None:
    from django.conf import settings

    from doorplates.models import Doorplate
    from helpdesk.demo import ESTATE

    plates = Doorplate.objects.active().select_related("building")
    plate = plates.filter(building__community_id=ESTATE).first() or plates.first()
    site, accounts = settings.SITE_URL, settings.VAR_DIR / "demo-accounts.txt"
    say(f"\n  Home page        {site}/\n")
    if plate:
        say(f"  A plate's scan   {site}/D/{plate.code}   ({plate.place})\n")
    say(f"  Desk 工作台      {site}/desk/\n  Admin 后台       {site}/admin/\n\n")
    say(f"  Demo accounts (also in {os.path.relpath(accounts)}):\n")
    say("".join(f"    {line}\n" for line in accounts.read_text(encoding="utf-8").splitlines()[1:]))
    if not settings.SECOND_FACTOR:
        say("\n  A real site asks staff for six digits of their phone after the password; MENPAI_SECOND_FACTOR=1 make run shows it.\n")
    say("\n  Ctrl-C stops the site; data stays in var/.\n\n")


if __name__ == "__main__":
    main()
