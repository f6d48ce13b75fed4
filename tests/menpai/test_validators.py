import pytest
from django.core.exceptions import ValidationError

from menpai.validators import mask_name, mask_phone, normalise_hotline, normalise_phone


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13800138000", "13800138000"),
        (" 138 0013 8000 ", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 13800138000", "13800138000"),
        ("+86-13800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0952-3012345", "09523012345"),
        ("（0952）3012345", "09523012345"),
        ("010—12345678", "01012345678"),
    ],
)
def test_a_phone_is_kept_as_digits(typed, stored):
    assert normalise_phone(typed) == stored


@pytest.mark.parametrize("typed", ["", "1380013800", "138001380000", "12800138000", "3012345", "一三八零零一三八零零零", "13800138000a", "12345"])
def test_a_number_that_nobody_could_call_is_refused_with_what_to_do(typed):
    with pytest.raises(ValidationError, match="手机是11位数字"):
        normalise_phone(typed)


@pytest.mark.parametrize(("typed", "stored"), [
    ("12366", "12366"), ("１２３４５", "12345"), ("110", "110"), ("95598", "95598"), ("968198", "968198"), ("400-810-0000", "4008100000"),
    ("0952-3311111", "09523311111"), ("138 0013 8000", "13800138000"),
])  # fmt: skip
def test_a_service_number_may_be_short(typed, stored):
    assert normalise_hotline(typed) == stored


@pytest.mark.parametrize("typed", ["", "3311111", "13800", "19", "1380013800", "123456789", "区法院", "12366转2"])
def test_half_a_number_is_no_service_number(typed):
    with pytest.raises(ValidationError, match="写一个能打通的号"):
        normalise_hotline(typed)


def test_masks_show_enough_to_recognise_and_not_enough_to_use():
    assert mask_phone("13800138000") == "138****8000"
    assert mask_phone("09523012345") == "095****2345"
    assert mask_phone("12345") == "****"
    assert mask_name("王阿姨") == "王**"
    assert mask_name("") == ""
