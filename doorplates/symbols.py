"""Many QR symbols at once: the very modules that segno gives, many times as fast, for addresses that differ only at their end.

Two facts of ISO/IEC 18004 carry it. A symbol under one mask is linear over GF(2): data bits, error correction and placement are all
exclusive-or, so a few dozen of segno's own symbols, one for each bit of the changing end, give every other one by exclusive-or. And two
masks differ in the same modules, whatever the text says. So nothing of the encoding is written again here; only the penalty is (7.8.3), on
rows and columns as 64-bit integers, for all eight masks of all symbols in one go. tests/doorplates/test_symbols.py holds it against segno.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import segno

from menpai.penalty import penalty
from menpai.qr import make_symbol

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # alphanumeric mode: two of them are one number of 11 bits, a last one of 6
VALUES = {character: value for value, character in enumerate(CHARACTERS)}
BITS = {1: 6, 2: 11}
LARGEST = 41  # modules a side, version 6: larger symbols carry version information, which is not treated here
AT_ONCE = 64  # fits into the cache of a processor


def _lines(symbol: segno.QRCode) -> np.ndarray:
    """The rows and then the columns, each an integer whose highest bit is its first module."""
    matrix = np.array([list(row) for row in symbol.matrix], dtype=np.uint64)
    powers = np.uint64(1) << np.arange(len(matrix), dtype=np.uint64)[::-1]
    return np.concatenate([matrix @ powers, matrix.T @ powers])


def _value(group: str) -> int:
    return VALUES[group] if len(group) == 1 else VALUES[group[0]] * len(CHARACTERS) + VALUES[group[1]]


def _group(value: int, length: int) -> str:
    high, low = divmod(value, len(CHARACTERS))
    return CHARACTERS[low] if length == 1 else CHARACTERS[high] + CHARACTERS[low]


class _Family:
    """All texts of one length with the same first characters `stem`, an even number of them."""

    def __init__(self, stem: str, tail_length: int, error: str):
        def lines(tail: list[str], mask: int = 0) -> np.ndarray:
            return _lines(make_symbol(stem + "".join(tail), error=error, mode="alphanumeric", mask=mask))

        zero = ["0" * min(2, tail_length - at) for at in range(0, tail_length, 2)]
        self.base = lines(zero)
        self.side = len(self.base) // 2
        self.bits = [(number, bit) for number, group in enumerate(zero) for bit in range(BITS[len(group)])]
        self.basis = np.array(
            [self.base ^ lines([*zero[:number], _group(1 << bit, len(zero[number])), *zero[number + 1 :]]) for number, bit in self.bits]
        )
        self.masks = np.array([self.base ^ lines(zero, mask) for mask in range(8)])
        self.judged = _without_format(self.side)

    def symbols(self, tails: Sequence[str]) -> list[list[int]]:
        groups = np.array([[_value(tail[at : at + 2]) for at in range(0, len(tail), 2)] for tail in tails], dtype=np.uint64)
        number, bit = np.array(self.bits, dtype=np.uint64).T
        is_set = (groups[:, number.astype(int)] >> bit) & np.uint64(1)
        unmasked = self.base ^ np.bitwise_xor.reduce(is_set[:, :, None] * self.basis, axis=1)
        candidates = unmasked[:, None, :] ^ self.masks
        best = penalty(candidates & self.judged, self.side).argmin(axis=1)  # the first of several equal ones, as segno takes it
        return candidates[np.arange(len(tails)), best, : self.side].tolist()


def _without_format(side: int) -> np.ndarray:
    """Ones where a line is judged: format information and the dark module are put in after the mask was chosen."""
    full = (1 << side) - 1
    format_bits = sum(1 << (side - 1 - at) for at in [*range(9), *range(side - 8, side)] if at != 6)  # at 6 the timing pattern crosses
    crossing = 1 << (side - 1 - 8)
    lines = [full & ~(format_bits if at == 8 else crossing if at < 9 and at != 6 or at >= side - 8 else 0) for at in range(side)]
    return np.array(lines * 2, dtype=np.uint64)


_family = lru_cache(maxsize=16)(_Family)  # 50 ms to make


def make_symbols(texts: Sequence[str], *, stem: str, error: str) -> list[list[int]]:
    """The symbol of each text as its rows, integers whose highest bit is the first module. `stem` is what all begin with, and they do not end there.

    All texts have the same length and only characters of alphanumeric mode. The mask is the one of least penalty. Raises ValueError
    for a character that the mode lacks.
    """
    even = len(stem) - len(stem) % 2
    if not texts:
        return []
    if any(character not in VALUES for character in stem):
        raise ValueError(stem)
    family = _family(stem[:even], len(texts[0]) - even, error)
    if family.side > LARGEST:
        return [_lines(make_symbol(text, error=error, mode="alphanumeric"))[: family.side].tolist() for text in texts]
    parts = [texts[at : at + AT_ONCE] for at in range(0, len(texts), AT_ONCE)]
    return [symbol for part in parts for symbol in family.symbols([text[even:] for text in part])]
