"""A page cut into what every plate shares and what is this plate's own, and put together again: as text, and compressed without compressing anew.

What is shared is compressed once. In a deflate stream a plate's own texts stand between as stored blocks, so nothing behind one of them may point back
across it, unless it always has the same length. An area's code, which stands in every link, does: after its first place it is pointed at like
any other text.
"""

import re
import struct
import zlib
from collections.abc import Mapping, Sequence

AREA = "area"
LENGTHS = {AREA: 12, "code": 8, "spoken": 9}  # of slots that always have the same
MARK = bytes((0xC0, 0xC1, *range(0xF5, 0xFF)))  # stands for an area's code while compressing: 12 different bytes that UTF-8 never uses
UNKNOWN = b"\xff"
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # gzip, no name, no time
CHUNK = 2000  # bytes: for larger ones Python hands the processor to another thread, which costs more than the work itself


class Parts:
    """The text of a page with a gap for each place where one of `tokens` (slot: the bytes that stand for it) stood."""

    def __init__(self, page: bytes, tokens: Mapping[str, bytes]):
        slots = {token: slot for slot, token in tokens.items()}
        cut = re.split(b"(" + b"|".join(map(re.escape, slots)) + b")", page)
        self._text, self._gaps = cut, [(at, slots[cut[at]]) for at in range(1, len(cut), 2)]
        self._packed, self._packed_gaps = _pack(cut, dict(self._gaps))
        self.is_packed = self._unpacks()

    def text(self, values: Mapping[str, bytes]) -> bytes:
        """The page with these values in its gaps. They are put in as they are: the caller has escaped them."""
        pieces = self._text.copy()
        for at, slot in self._gaps:
            pieces[at] = values[slot]
        return b"".join(pieces)

    def gzip(self, values: Mapping[str, bytes], text: bytes) -> bytes:
        """`text`, which is `self.text(values)`, as gzip. Values of the slots in LENGTHS have that length, none has 64 KB."""
        if not self.is_packed:
            return zlib.compress(text, 6, 31)
        pieces = self._packed.copy()
        for at, slot in self._packed_gaps:
            pieces[at] = _stored(values[slot])
        check = 0
        for start in range(0, len(text), CHUNK):
            check = zlib.crc32(text[start : start + CHUNK], check)
        pieces.append(struct.pack("<LL", check, len(text) & 0xFFFFFFFF))
        return b"".join(pieces)

    def _unpacks(self) -> bool:
        """Whether the compressed parts hold together: a mark of an area's code that was written out instead of pointed at would show here."""
        values = {slot: b"7" * LENGTHS.get(slot, 3) for slot in {slot for _, slot in self._gaps}}
        text = self.text(values)
        self.is_packed = True
        try:
            return zlib.decompress(self.gzip(values, text), 31) == text
        except zlib.error:
            return False


def _stored(value: bytes) -> bytes:
    return struct.pack("<BHH", 0, len(value), len(value) ^ 0xFFFF) + value


def _pack(cut: Sequence[bytes], gaps: Mapping[int, str]) -> tuple[list[bytes], list[tuple[int, str]]]:
    """The compressed pieces, with an empty one at each of the gaps that are returned beside them."""
    pieces, packed_gaps, shared, window = [HEADER], [], b"", b""
    for at, piece in enumerate(cut):
        slot = gaps.get(at)
        if slot is None:
            shared += piece
        elif slot == AREA and MARK in window:
            shared += MARK
        else:
            pieces += [_deflated(shared, window, zlib.Z_SYNC_FLUSH), b""]
            packed_gaps.append((len(pieces) - 1, slot))
            written = MARK if slot == AREA else UNKNOWN * LENGTHS.get(slot, 0)
            window, shared = (window + shared + written if written else b""), b""
    return [*pieces, _deflated(shared, window, zlib.Z_FINISH)], packed_gaps


def _deflated(text: bytes, window: bytes, flush: int) -> bytes:
    """`text` as a piece of a raw stream in which `window` stands right before it."""
    more = (window,) if window else ()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, *more)
    return packer.compress(text) + packer.flush(flush)
