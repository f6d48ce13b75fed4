"""How often the door of a request may be tried, so that nobody guesses it and nobody can keep its owner out.

The last four digits of a phone are few, so tries with them are counted three ways. None of the three shuts out whoever knows the whole phone number:
that is always taken too (ten million times as hard to guess), and only the tries of one address with one number count against it.
"""

from menpai import throttle

HERE, HERE_MINUTES = 5, 15  # tries of four digits from one address at one number
ADDRESS, ADDRESS_MINUTES = 100, 60  # wrong ones from one address, at all numbers: a village may share one
NUMBER, NUMBER_MINUTES = 30, 7 * 24 * 60  # wrong ones at one number, from everywhere
WHOLE, WHOLE_MINUTES = 20, 15  # tries of a whole phone number from one address at one number

TYPE_WHOLE = "试的次数太多了，后四位先不认了。把留的手机号整个填上就能看；要不过15分钟再来。着急就打 12345。"
WAIT = "试的次数太多了，过15分钟再来。着急就打 12345。"


def _counted(reference: str, address: str) -> tuple[tuple[str, str, int, int], ...]:
    here = f"{reference}:{address}"
    return (
        ("follow", here, HERE, HERE_MINUTES),
        ("follow-from", address, ADDRESS, ADDRESS_MINUTES),
        ("follow-all", reference, NUMBER, NUMBER_MINUTES),
    )


def refusal(reference: str, address: str, typed: str) -> str:
    """Count one try of `typed` (four digits or a whole phone number); a sentence when it is one too many, else empty. The same for numbers nobody has."""
    if len(typed) > 4:
        return "" if throttle.allow("follow-whole", f"{reference}:{address}", limit=WHOLE, minutes=WHOLE_MINUTES) else WAIT
    # In this order, and no further than the first that is full: tries that are refused use up nothing of the others.
    is_free = all(throttle.allow(what, who, limit=limit, minutes=minutes) for what, who, limit, minutes in _counted(reference, address))
    return "" if is_free else TYPE_WHOLE


def opened(reference: str, address: str, typed: str) -> None:
    """It was right: the address starts afresh at this number, and the try counts against nobody."""
    if len(typed) > 4:
        throttle.forget("follow-whole", f"{reference}:{address}")
        return
    (here, *others) = _counted(reference, address)
    throttle.forget(*here[:2])
    for what, who, _, _ in others:
        throttle.take_back(what, who)
