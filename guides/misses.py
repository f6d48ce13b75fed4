"""What people searched for and did not find, surely: the words, how often and on which days. Never who, from where or at what time of day.

What may say who somebody is (numbers, addresses on the net, car plates) is not kept at all. A person's name cannot be told from other words, so what
was searched only once goes after a month, and everything that nobody searches any more after half a year.
"""

import logging
import re
import unicodedata
from datetime import date, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from guides.language import normalise
from guides.models import MissState, SearchMiss, own_district
from menpai import throttle

MAX_TEXT = 60  # characters; SearchMiss.text holds no more
MAX_READ = 200  # characters; search itself reads no more
MAX_OPEN = 5000  # rows of a district that wait for an editor; beyond it only known ones are counted up
PER_HOUR = 30  # misses that one client adds: many phones share one address of a mobile network
ONCE_DAYS, UNTOUCHED_DAYS = 30, 180

logger = logging.getLogger(__name__)

_DIGIT = r"[\d零〇一二三四五六七八九两幺]"
_PERSONAL = re.compile(
    rf"{_DIGIT}(?:[\s\-—–_.·,，、:/()]*{_DIGIT}){{4}}"  # five digits on end, however spaced or written: a phone, an identity number, a birthday
    r"|@|://|www\.|[a-z0-9][.。][a-z]{2,}"  # an e-mail or a web address
    r"|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][\s·.\-]*[a-z](?=\D{0,6}\d)[\s·.\-]*(?:[a-z0-9][\s·.\-]*){5}"  # a car's plate
)


def kept_text(query: str) -> str:
    """The words of a query as they are kept: normalised, at most MAX_TEXT characters. Empty when they say nothing or may be personal."""
    text = _plain(query[:MAX_READ])
    if _PERSONAL.search(text) or not any(c.isalnum() for c in text):
        return ""
    return text[:MAX_TEXT].strip()


def _plain(text: str) -> str:
    """One spelling for what search takes as the same, with single spaces and nothing invisible."""
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(normalise(seen).split())


def note_miss(query: str, *, client: str, district: str = "") -> None:
    """Count a search in a district (by default the installation's own) that found nothing, or nothing for sure. Never raises for want of a database that can be written.

    `client` is the visitor's address (throttle.client_address); it limits how much one visitor may add and is never stored with the words.
    Result pages may stand in a cache for 60 seconds, and what a cache answers is not counted: the order of the list is what matters, not the sum.
    """
    text = kept_text(query)
    if not text:
        return
    try:
        with transaction.atomic():
            if throttle.allow("miss", client, limit=PER_HOUR, minutes=60):
                _count(text, timezone.localdate(), district or own_district())
    except DatabaseError as error:  # a read-only replica, a locked file: the page matters more. The message may hold the words: not logged.
        logger.warning("a search without a result was not counted: %s", type(error).__name__)


def _count(text: str, today: date, district: str) -> None:
    """One more for these words: insert if they are new and there is room, then add one where they stand. Two at once add two."""
    known = SearchMiss.objects.filter(text=text, district=district)
    one_more = {"count": F("count") + 1, "last_on": today}
    if known.update(**one_more) or _is_full(district):
        return
    SearchMiss.objects.bulk_create([SearchMiss(text=text, district=district, first_on=today, last_on=today)], ignore_conflicts=True)
    known.update(**one_more)


def _is_full(district: str) -> bool:
    return SearchMiss.objects.filter(district=district, state=MissState.OPEN).count() >= MAX_OPEN


def miss_for(query: str, *, district: str = "") -> SearchMiss | None:
    """The row of these words, made when it is not there, for somebody who asks to hear of them. None: may be personal, or no room."""
    text = kept_text(query)
    if not text:
        return None
    district = district or own_district()
    found = SearchMiss.objects.filter(text=text, district=district).first()
    if found or _is_full(district):
        return found
    today = timezone.localdate()
    return SearchMiss.objects.get_or_create(text=text, district=district, defaults={"count": 1, "first_on": today, "last_on": today})[0]


def outdated(today: date, *, keep):
    """Rows whose time is over, but for the primary keys in `keep` (a queryset of one column without nulls)."""
    once = Q(count__lte=1, last_on__lt=today - timedelta(days=ONCE_DAYS))
    untouched = Q(last_on__lt=today - timedelta(days=UNTOUCHED_DAYS))
    return SearchMiss.objects.filter(once | untouched).exclude(pk__in=keep)
