"""Symbols made by the hundred are, module for module, the ones that segno makes: version, level, mask of least penalty and all."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segno import encoder

from doorplates import codes, symbols
from doorplates.symbols import CHARACTERS, make_symbols
from menpai.qr import make_symbol

HOST = "HTTPS://MP.HUINONG.GOV.CN/D/"


def segno_rows(text: str, error: str = "h") -> list[int]:
    return [int("".join(map(str, row)), 2) for row in make_symbol(text, error=error, mode="alphanumeric").matrix]


def test_five_hundred_plates_of_a_district():
    lottery = random.Random(20261127)
    texts = [HOST + "".join(lottery.choices(codes.ALPHABET, k=codes.LENGTH)) for _ in range(500)]
    assert make_symbols(texts, stem=HOST, error="h") == [segno_rows(text) for text in texts]


@settings(max_examples=25)  # hosts; each with a few plates
@given(
    host=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:", min_size=1, max_size=62),
    tails=st.integers(1, 12).flatmap(lambda length: st.lists(st.text(CHARACTERS, min_size=length, max_size=length), min_size=1, max_size=4)),
    error=st.sampled_from("mqh"),
)
def test_any_host_and_any_end(host, tails, error):
    stem = f"HTTPS://{host}/D/"
    assert make_symbols([stem + tail for tail in tails], stem=stem, error=error) == [segno_rows(stem + tail, error) for tail in tails]


@settings(max_examples=25)
@given(data=st.data(), side=st.sampled_from([21, 25, 29, 33, 37, 41]))
def test_the_penalty_is_segnos_own_on_any_modules(data, side):
    """Long runs and finder-like stretches are commoner here than in real symbols, and so are those that overlap."""
    stretch = st.sampled_from([[1, 0, 1, 1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 0, 1, 1, 1], [1], [0], [1, 1, 1, 1, 1, 1]])
    row = st.lists(stretch, min_size=side, max_size=side).map(lambda parts: bytearray(sum(parts, [])[:side]))
    matrix = data.draw(st.lists(row, min_size=side, max_size=side))
    powers = [1 << (side - 1 - at) for at in range(side)]
    lines = [sum(p for p, dark in zip(powers, line, strict=True) if dark) for line in [*matrix, *zip(*matrix, strict=True)]]
    assert symbols.penalty(np.array([lines], dtype=np.uint64), side).tolist() == [encoder.evaluate_mask(matrix, side, side)]


def test_a_host_too_long_for_the_fast_way_takes_the_slow_one():
    stem = f"HTTPS://{'A' * 90}.CN/D/"
    text = stem + codes.generate()
    assert len(segno_rows(text)) > symbols.LARGEST
    assert make_symbols([text], stem=stem, error="h") == [segno_rows(text)]


def test_a_character_that_the_mode_lacks_is_refused():
    with pytest.raises(ValueError, match="_"):
        make_symbols(["HTTPS://A_B.CN/D/00000000"], stem="HTTPS://A_B.CN/D/", error="h")


def test_nothing_asked_nothing_made():
    assert make_symbols([], stem=HOST, error="h") == []
