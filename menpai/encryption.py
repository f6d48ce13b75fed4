"""Personal fields at rest: Fernet (AES-128-CBC with HMAC-SHA256), keys in PII_KEYS, newest first."""

import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F


@lru_cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return _cipher(tuple(settings.PII_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Raises cryptography.fernet.InvalidToken when no key fits: a wrong key is loud, never an empty name."""
    return _cipher(tuple(settings.PII_KEYS)).decrypt(token.encode()).decode()


def encrypt_bytes(content: bytes) -> bytes:
    """A file as it may lie on a disk that is not ours."""
    return _cipher(tuple(settings.PII_KEYS)).encrypt(content)


def decrypt_bytes(token: bytes) -> bytes:
    """Raises cryptography.fernet.InvalidToken when no key fits, or when a byte was changed."""
    return _cipher(tuple(settings.PII_KEYS)).decrypt(token)


def key_of(token: str) -> int | None:
    """Which of PII_KEYS reads a token: 0 is the newest, None is none of them."""
    for number, key in enumerate(settings.PII_KEYS):
        try:
            _cipher((key,)).decrypt(token.encode())
        except InvalidToken:
            continue
        return number
    return None


def blind_indexes(text: str) -> list[str]:
    """Keyed hashes by which equal values are found without being readable: one for each of PII_INDEX_KEYS, newest first.

    For lookups (`phone_index__in`): while the keys change, rows of before still stand under the older one.
    """
    return [hmac.digest(key.encode(), text.encode(), "sha256").hex()[:32] for key in settings.PII_INDEX_KEYS]


def blind_index(text: str) -> str:
    """The one to write: by the newest key."""
    return blind_indexes(text)[0]


class EncryptedTextField(models.TextField):
    """Text that is ciphertext in the database. Empty stays empty. Filtering by value is refused: use a blind index."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value, expression, connection):
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name):
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted and cannot be searched; filter by its blind index.")
        return super().get_lookup(lookup_name)


def stored(name: str) -> ExpressionWrapper:
    """An encrypted column as it stands in the database: a token, or empty. For asking whether it holds anything, and for changing keys."""
    return ExpressionWrapper(F(name), output_field=models.TextField())
