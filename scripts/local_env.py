"""Print the random keys of a trial site; scripts/run keeps them in var/local.env. Only the standard library, so it runs before anything is installed."""

import base64
import secrets
import sys

sys.stdout.write(
    "# Keys of this trial site, made by `make run`. Without MENPAI_PII_KEYS the personal data in the database can never be read again.\n"
    f"MENPAI_SECRET_KEY={secrets.token_urlsafe(48)}\n"
    f"MENPAI_PII_KEYS={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}\n"
    f"MENPAI_PII_INDEX_KEY={secrets.token_urlsafe(48)}\n"
)
