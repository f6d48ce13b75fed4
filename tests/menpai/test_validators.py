import pytest
from django.core.exceptions import ValidationError

from menpai.validators import mask_name, mask_phone, normalise_phone


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


def test_masks_show_enough_to_recognise_and_not_enough_to_use():
    assert mask_phone("13800138000") == "138****8000"
    assert mask_phone("09523012345") == "095****2345"
    assert mask_phone("12345") == "****"
    assert mask_name("王阿姨") == "王**"
    assert mask_name("") == ""
