"""How a QR symbol's mask is chosen: the penalty of ISO/IEC 18004 for many symbols at once, lines of modules as 64-bit integers."""

import numpy as np


def penalty(lines: np.ndarray, side: int) -> np.ndarray:
    """Points by ISO/IEC 18004:2015, 7.8.3.1. The last axis of `lines` is rows and then columns of one symbol; it is used up."""
    rows, inner = lines[..., :side], np.uint64((1 << side - 1) - 1)
    count, u = np.bitwise_count, np.uint64
    same = ~(lines ^ (lines >> u(1))) & inner  # a module is as its neighbour
    five = same & (same >> u(1))
    five &= five >> u(2)  # a run of five starts here
    runs = count(five).sum(axis=-1, dtype=int) + 2 * count(five & ~(five >> u(1))).sum(axis=-1, dtype=int)
    across = same[..., :side]
    blocks = count(across[..., 1:] & across[..., :-1] & ~(rows[..., 1:] ^ rows[..., :-1])).sum(axis=-1, dtype=int)
    share = count(rows).sum(axis=-1, dtype=int) / side**2 * 100  # per cent of dark modules, in segno's order of rounding
    return runs + 3 * blocks + 40 * _finders(lines) + 10 * (np.abs(share - 50) / 5).astype(int)


def _finders(lines: np.ndarray) -> np.ndarray:
    """How often 1:1:3:1:1 stands in the lines with four light modules before or after; outside the symbol is light."""
    u = np.uint64
    dark, light = lines & (lines >> u(2)) & (lines >> u(3)), ~lines
    found = dark & (lines >> u(4)) & (lines >> u(6)) & (light >> u(1)) & (light >> u(5))
    after = lines << u(1) | lines << u(2) | lines << u(3) | lines << u(4)
    before = lines >> u(7) | lines >> u(8) | lines >> u(9) | lines >> u(10)
    found &= ~(after & before)
    counted = found
    while True:  # read from the left, one that is counted uses up its modules: the next may begin 4 or 6 later, but not in it
        again = found & ~(counted >> u(4) | counted >> u(6))
        if (again == counted).all():
            return np.bitwise_count(counted).sum(axis=-1, dtype=int)
        counted = again
