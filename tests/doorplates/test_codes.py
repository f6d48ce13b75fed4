"""A code that somebody reads from the wall and types must be right, or be known to be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorplates import codes

CODES = st.text(codes.ALPHABET, min_size=codes.LENGTH - 1, max_size=codes.LENGTH - 1).map(lambda b: b + codes._check(b))
PLACES = st.integers(0, codes.LENGTH - 1)


def test_a_fresh_code_is_complete_and_valid():
    for _ in range(200):
        code = codes.generate()
        assert len(code) == codes.LENGTH
        assert codes.is_valid(code)
        assert codes.normalise(code) == code


def test_no_character_of_the_alphabet_looks_like_another():
    assert set("OILZSBU") & set(codes.ALPHABET) == set()
    assert len(set(codes.ALPHABET)) == 29


@given(CODES, PLACES, st.sampled_from(codes.ALPHABET))
def test_every_single_wrong_character_is_caught(code, place, wrong):
    typed = code[:place] + wrong + code[place + 1 :]
    assert codes.is_valid(typed) == (typed == code)


@given(CODES, PLACES, PLACES)
def test_every_swap_of_two_different_characters_is_caught(code, one, other):
    typed = list(code)
    typed[one], typed[other] = typed[other], typed[one]
    assert codes.is_valid("".join(typed)) == (code[one] == code[other])


@given(CODES, st.data())
def test_lookalikes_small_letters_and_full_width_are_read_as_what_was_meant(code, data):
    lookalikes = {"0": "0OoＯ０", "1": "1IiLl１", "2": "2Zz２", "5": "5Ss５", "8": "8Bb８", "V": "VvUuＶ"}
    typed = "".join(data.draw(st.sampled_from(lookalikes.get(c, c + c.lower()))) for c in code)
    assert codes.normalise(typed) == code


@pytest.mark.parametrize("typed", ["7K3M 9Q2X", "7k3m-9q2x", " 7K3M·9Q2X ", "７Ｋ３Ｍ　９Ｑ２Ｘ", "7K3M—9Q2X"])
def test_blanks_and_dashes_do_not_matter(typed):
    assert codes.normalise(typed) == "7K3M9Q2X"


@given(st.text(max_size=60))
def test_whatever_is_typed_gets_an_answer(typed):
    code = codes.normalise(typed)
    assert codes.is_valid(code) == (
        code in [code[:7] + codes._check(code[:7])] if set(code[:7]) <= set(codes.ALPHABET) else False
    )


@given(CODES)
def test_a_code_too_short_or_too_long_is_not_valid(code):
    assert not codes.is_valid(code[:-1])
    assert not codes.is_valid(code + code[0])


def test_a_code_is_printed_in_two_groups():
    assert codes.spoken("7K3M9Q2X") == "7K3M 9Q2X"
