"""The quick symbol of a printed guide is the one that segno makes: version, mask of least penalty, drawing and all."""

import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from menpai import qr, quick_qr

ADDRESS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=%"


def segno_rows(text: str) -> list[int]:
    return [int("".join(map(str, row)), 2) for row in qr.make_symbol(text, error="m").matrix]


def test_every_length_that_the_quick_way_holds():
    lottery = random.Random(20261127)
    for length in range(1, 181):
        text = "a" + "".join(lottery.choices(ADDRESS, k=length - 1))
        assert quick_qr.rows_of(text) == segno_rows(text), text


@settings(max_examples=40)
@given(st.text(ADDRESS, min_size=1, max_size=120))
def test_any_address_is_drawn_as_segno_draws_it(end):
    text = "https://mp.huinong.gov.cn/sheet/" + end
    assert qr.inline_svg(text) == qr.secret_svg(text)


def test_what_it_does_not_treat_is_left_to_segno():
    for text in ("HTTPS://MP.HUINONG.GOV.CN/D/XN4QPQR8", "https://mp.huinong.gov.cn/" + "a" * 170, "医保"):
        assert quick_qr.rows_of(text) is None
        assert qr.inline_svg(text) == qr.secret_svg(text)


def test_it_is_the_quick_way_that_draws_a_printed_guide(monkeypatch):
    monkeypatch.setattr(qr, "secret_svg", lambda text: "")
    assert re.match(r'<svg viewBox="0 0 \d+ \d+"><path stroke="#000" d="M4 4\.5h7', qr.inline_svg("https://mp.huinong.gov.cn/c/640205102006/sheet/yibao-001/1"))
