"""Plate codes: what the QR holds after /D/ and what a person types from the wall.

29 characters, none of which is mistaken for another: O, I, L, Z, S, B and U are read as 0, 1, 1, 2, 5, 8 and V. 29 is prime, so a
weighted sum catches every single wrong character and every swap of two characters. Seven random characters and one check character:
29^7 = 17,249,876,309 codes.
"""

import secrets
import unicodedata

ALPHABET = "0123456789ACDEFGHJKMNPQRTVWXY"
FOLD = str.maketrans("OILZSBU", "011258V")
LENGTH = 8
VALUES = {character: value for value, character in enumerate(ALPHABET)}


def _check(body: str) -> str:
    return ALPHABET[sum(weight * VALUES[c] for weight, c in enumerate(body, start=2)) % len(ALPHABET)]


def generate() -> str:
    """A fresh code; whether it was given out before is for the database to say."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check(body)


def normalise(typed: str) -> str:
    """The code as it is stored: upper case, half width, lookalikes folded, blanks and dashes dropped. Never raises."""
    plain = unicodedata.normalize("NFKC", typed).upper().translate(FOLD)
    return "".join(c for c in plain if c not in " -_.·—")


def is_valid(code: str) -> bool:
    """Whether a normalised code is complete and its check character fits. A mistyped one is not."""
    return len(code) == LENGTH and all(c in VALUES for c in code) and _check(code[:-1]) == code[-1]


def spoken(code: str) -> str:
    """7K3M 9Q2X: in two groups, as it is printed and read out."""
    return f"{code[:4]} {code[4:]}"
