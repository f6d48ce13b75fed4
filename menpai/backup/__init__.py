"""The whole site in one folder, and back: `manage.py backup FOLDER` and `manage.py restore BACKUP`.

    FOLDER/menpai-20261127-030000/       whole, or not there: it gets this name when its last byte is on the disk
        manifest.json                    sizes, SHA-256, rows and a checksum of every table, migrations, fingerprints of the keys, a seal over it all
        database.dump | database.sqlite3
        attachments/                     the photos that live at the moment of the dump, encrypted as they lie in their store
    FOLDER/menpai-20261127-030000.keys   the three keys as lines of .env, 0600: for a safe, apart from the folder above

`taking` writes it, `restoring` reads it, `databases` knows the two databases, `keys` the keys.
"""

from datetime import datetime
from pathlib import Path

PREFIX, STAMP = "menpai-", "%Y%m%d-%H%M%S"
MANIFEST, ATTACHMENTS, KEYS = "manifest.json", "attachments", ".keys"
FORMAT = 1
CHUNK = 1024 * 1024


class Refused(Exception):
    """Not done. The text says, in Chinese, why and what to do."""


def last_backup() -> datetime | None:
    """When the last backup that succeeded was begun: what it holds is of that moment. None: there was none yet."""
    from menpai.models import BackupTaken  # this package is imported before the models are

    return BackupTaken.objects.filter(pk=1).values_list("at", flat=True).first()


def moment_of(path: Path) -> datetime | None:
    """When the backup (or file of keys) of this name was begun, in local time without a zone; None: no name of ours."""
    name = path.name.removesuffix(KEYS)
    if not name.startswith(PREFIX):
        return None
    try:
        return datetime.strptime(name.removeprefix(PREFIX), STAMP)  # noqa: DTZ007 the names are in local time
    except ValueError:
        return None
