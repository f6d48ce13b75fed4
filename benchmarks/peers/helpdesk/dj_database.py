"""DATABASE_URL read as our own settings read it, with the same kept connections, without another package."""

from urllib.parse import urlsplit


def parse(url: str) -> dict:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username, "HOST": parts.hostname, "PORT": parts.port,
        "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True,
    }  # fmt: skip
