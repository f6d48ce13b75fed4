"""常用回复 that the bureau writes: what may stand in one, and the file of those that a new site begins with."""

from django.core.exceptions import ValidationError

from helpdesk.models import ReplyTemplate
from helpdesk.reply_words import WORDS, unknown_words
from menpai.validators import without_identity_number

FIELDS = {"name", "text", "order"}


def clean_text(text: str) -> str:
    """The text itself. Raises ValidationError that lists what can be filled in, for a word in 【】 that nothing fills."""
    without_identity_number(text)
    if unknown := unknown_words(text):
        known = "".join(f"【{word}】" for word in WORDS)
        raise ValidationError(f"{'、'.join(f'【{word}】' for word in unknown)}填不了。能填的是：{known}。")
    return text


def load(document: dict) -> tuple[int, int]:
    """Add the templates whose name is not there yet; how many are new and how many were there. Raises ValidationError; writes all or nothing
    when the caller holds a transaction."""
    templates = [_build(number, entry) for number, entry in enumerate(document["reply_templates"], start=1)]
    there = set(ReplyTemplate.objects.values_list("name", flat=True))
    new = [template for template in templates if template.name not in there]
    if len({template.name for template in new}) < len(new):
        raise ValidationError("有两条常用回复同名。")
    ReplyTemplate.objects.bulk_create(new)
    return len(new), len(templates) - len(new)


def _build(number: int, entry: dict) -> ReplyTemplate:
    if unknown := set(entry) - FIELDS:
        raise ValidationError(f"第{number}条：不认识 {'、'.join(sorted(unknown))}。")
    template = ReplyTemplate(**entry)
    try:
        template.full_clean(validate_unique=False)
        clean_text(template.text)
    except ValidationError as error:
        raise ValidationError([f"第{number}条：{message}" for message in error.messages]) from error
    return template
