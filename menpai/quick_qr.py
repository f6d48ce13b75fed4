"""One QR symbol of an address, module for module the one that segno makes, in a twenty-fifth of the time: a printed guide
has another one for each village.

segno lays out and judges module by module. Here the layout of a version is asked of segno once (where each bit of the message goes, what each mask
turns over), and a symbol is then arrays. tests/menpai/test_quick_qr.py holds it against segno.
"""

import re
from functools import lru_cache

import numpy as np
from segno import consts, encoder

from menpai.penalty import penalty

LARGEST = 9  # version; from 10 on the length is written in 16 bits
LEVEL = consts.ERROR_LEVEL_M
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]*")  # segno writes such a text in another mode
LOG = np.array([512, *consts.GALIOS_LOG[1:]])  # of 0: an exponent whose power is 0
EXP = np.concatenate([np.resize(np.array(consts.GALIOS_EXP[:255]), 512), np.zeros(512, dtype=int)]).astype(np.uint8)
MOST = 64  # modules a side, with room
WITHIN = [[f"m{gap} 0h{run}" for run in range(MOST)] for gap in range(MOST)]  # from one run of a row to the next


class _Layout:
    """What all symbols of one version have in common."""

    def __init__(self, version: int):
        self.side = side = encoder.calc_matrix_size(version)
        kinds = [(info.num_blocks, info.num_data, info.num_total - info.num_data) for info in consts.ECC[version][LEVEL]]
        self.blocks = [(length, _remainders(length, errors)) for count, length, errors in kinds for _ in range(count)]
        self.capacity = sum(length for length, _ in self.blocks)
        patterns = encoder.make_matrix(side, side)
        encoder.add_finder_patterns(patterns, side, side)
        encoder.add_alignment_patterns(patterns, side, side)
        numbered, free = [list(row) for row in patterns], sum(row.count(2) for row in patterns)
        encoder.add_codewords(numbered, range(3, free + 3), version)
        where = np.array(numbered)
        order = np.argsort(where, axis=None)[-free:]
        self.bits = free
        self.rows, self.columns = np.unravel_index(order, where.shape)
        self.fixed = np.where(where > 2, 0, where).astype(np.uint64)
        self.powers = np.uint64(1) << np.arange(side, dtype=np.uint64)[::-1]
        self.masks = np.array([self._lines(self._mask(turns)) for turns in encoder.get_data_mask_functions(False)])
        self.formats = [self._format(version, mask) for mask in range(8)]

    def _lines(self, modules: np.ndarray) -> np.ndarray:
        """The rows and then the columns, each an integer whose highest bit is its first module."""
        return np.concatenate([modules @ self.powers, modules.T @ self.powers])

    def _mask(self, turns) -> np.ndarray:
        modules = np.zeros((self.side, self.side), dtype=np.uint64)
        for row, column in zip(self.rows.tolist(), self.columns.tolist(), strict=True):
            modules[row, column] = bool(turns(row, column))
        return modules

    def _format(self, version: int, mask: int) -> np.ndarray:
        modules = [bytearray(self.side) for _ in range(self.side)]
        encoder.add_format_info(modules, version, LEVEL, mask)
        encoder.add_version_info(modules, version)
        return np.array([list(row) for row in modules], dtype=np.uint64) @ self.powers

    def symbol(self, text: bytes) -> list[int]:
        message = np.zeros(self.bits, dtype=np.uint64)
        words = np.unpackbits(self._codewords(text))
        message[: len(words)] = words
        modules = self.fixed.copy()
        modules[self.rows, self.columns] = message
        candidates = self._lines(modules) ^ self.masks
        best = int(penalty(candidates, self.side).argmin())
        return (candidates[best, : self.side] | self.formats[best]).tolist()

    def _codewords(self, text: bytes) -> np.ndarray:
        """Mode, length, text, end and padding in blocks, each with its error correction, interleaved (7.4 to 7.6 of the standard)."""
        head = (0b0100 << 8 | len(text)) << 8 * len(text) | int.from_bytes(text, "big")
        # segno fills up with a whole byte of zeros where nothing is missing to one
        padded = (head << 4).to_bytes(len(text) + 2, "big") + b"\0" + b"\xec\x11" * self.capacity
        data, parts, at = np.frombuffer(padded[: self.capacity], dtype=np.uint8), [], 0
        for length, remainders in self.blocks:
            block = data[at : at + length]
            parts.append((block, np.bitwise_xor.reduce(EXP[LOG[block][:, None] + remainders], axis=0)))
            at += length
        return np.concatenate([_interleaved([block for block, _ in parts]), _interleaved([error for _, error in parts])])


def _interleaved(blocks: list[np.ndarray]) -> np.ndarray:
    """The first of each, the second of each …; some blocks are one longer than the others, and those come last."""
    shortest = min(map(len, blocks))
    longer = [block[shortest:] for block in blocks if len(block) > shortest]
    return np.concatenate([np.stack([block[:shortest] for block in blocks], axis=1).ravel(), *longer])


def _remainders(length: int, count: int) -> np.ndarray:
    """For each byte of a block the logarithms of what a 1 there adds to the error correction: division by the generator polynomial."""
    generator = EXP[np.array(list(consts.GEN_POLY[count]))]
    value = [0] * (count - 1) + [1]
    for _ in range(count):  # x^count modulo the generator: what the last byte adds
        value = _shifted(value, generator)
    found = []
    for _ in range(length):
        found.append([int(LOG[v]) for v in value])
        value = _shifted(value, generator)
    return np.array(found[::-1])


def _shifted(value: list[int], generator: np.ndarray) -> list[int]:
    """Times x, modulo the generator."""
    first, *others = value
    turned = [*others, 0]
    return turned if not first else [v ^ int(EXP[LOG[first] + LOG[g]]) for v, g in zip(turned, generator, strict=True)]


_layout = lru_cache(maxsize=LARGEST)(_Layout)


@lru_cache(maxsize=256)
def _version(length: int) -> int | None:
    """The smallest that holds so many bytes; None where that is too large for this way."""
    for version in range(1, LARGEST + 1):
        if length + 2 <= sum(info.num_data * info.num_blocks for info in consts.ECC[version][LEVEL]):
            return version
    return None


def rows_of(text: str) -> list[int] | None:
    """The symbol at level M as its rows, integers whose highest bit is the first module; None for a text that this way does not treat."""
    if not text.isascii() or ALPHANUMERIC.fullmatch(text):
        return None
    version = _version(len(text))
    return _layout(version).symbol(text.encode()) if version else None


def svg(rows: list[int], *, border: int) -> str:
    """As segno's svg_inline(omitsize=True) draws it: one path, a line for each run of dark modules."""
    side = len(rows)
    modules = np.zeros((side, side + 2), dtype=np.int8)
    modules[:, 1:-1] = np.array(rows, dtype=np.uint64)[:, None] >> np.arange(side, dtype=np.uint64)[::-1] & np.uint64(1)
    row, starts = np.nonzero(np.diff(modules) == 1)
    ends = np.nonzero(np.diff(modules) == -1)[1]
    across, down = starts[1:] - ends[:-1], np.diff(row)
    lines = zip(across.tolist(), down.tolist(), (ends - starts)[1:].tolist(), strict=True)
    drawn = [WITHIN[x][run] if y == 0 else f"m{x} {y}h{run}" for x, y, run in lines]
    whole = side + 2 * border
    start = f"M{border + starts[0]} {border + row[0]}.5h{ends[0] - starts[0]}"
    return f'<svg viewBox="0 0 {whole} {whole}"><path stroke="#000" d="{start}{"".join(drawn)}"/></svg>'
