import re
import unicodedata

from django.core.exceptions import ValidationError

MOBILE = re.compile(r"1[3-9]\d{9}")
LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}")


def normalise_phone(text: str) -> str:
    """A Chinese mobile or landline number as digits (landline with its area code).

    Full-width digits, blanks, dashes and +86 are tolerated. Raises ValidationError with what to do.
    """
    plain = re.sub(r"[\s()]", "", unicodedata.normalize("NFKC", text)).replace("—", "-")
    plain = re.sub(r"^(\+86|0086)-?", "", plain)
    digits = plain.replace("-", "")
    if MOBILE.fullmatch(digits):
        return digits
    if LANDLINE.fullmatch(plain) or re.fullmatch(r"0\d{9,11}", digits):
        return digits
    raise ValidationError("电话好像不对。手机是11位数字；座机请带上区号，比如 0952 开头。", code="phone")


# 110, 12366, 95598, 968198: short numbers that anybody may call; 400 and 800 numbers.
SERVICE = re.compile(r"1[0-2]\d{1,4}|9[56]\d{3,4}|[48]00\d{7}")


def normalise_hotline(text: str) -> str:
    """Like normalise_phone, and short service numbers such as 12366 besides. Raises ValidationError with what to do."""
    digits = re.sub(r"[\s()—-]", "", unicodedata.normalize("NFKC", text))
    if SERVICE.fullmatch(digits):
        return digits
    try:
        return normalise_phone(text)
    except ValidationError as error:
        raise ValidationError("电话好像不对。写一个能打通的号，比如 12366、0952 开头的座机；不知道就空着，居民会看到 12345。", code="phone") from error


def mask_phone(phone: str) -> str:
    """138****8000: enough to recognise, not enough to call."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def mask_name(name: str) -> str:
    """王**: the first character only."""
    return f"{name[:1]}**" if name else ""


def without_identity_number(text: str) -> str:
    """The text itself. Nothing here needs an identity or bank number: raises ValidationError for a run of 15 digits or more."""
    digits = 0
    for character in text:
        digits = digits + 1 if character.isdigit() else 0
        if digits >= 15:
            raise ValidationError("不要写身份证号、银行卡号，我们用不着。请删掉再提交。")
    return text
