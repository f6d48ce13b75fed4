"""常用回复: what the words in 【】 stand for, of one request and the guide for its own case. Pure; nothing is looked up here.

The rule of the guide's page holds in a message too: what nobody vouches for is said to be 待核实, and what nobody knows sends to the hotline.
"""

import re
from collections.abc import Mapping
from datetime import date

from guides.hours import timetable
from guides.models import FactField, Sourced
from guides.reading import FactLine, Reading, material_detail
from guides.where import Place

WORDS = ("称呼", "事项", "材料", "地点", "时间", "费用", "多久", "电话", "帮办员", "编号")
SOME_MATTER = "您要办的事"
_WORD = re.compile(r"【([^【】]*)】")


def unknown_words(text: str) -> list[str]:
    """The words in 【】 that nothing can fill in, each once, in their order."""
    return list(dict.fromkeys(word for word in _WORD.findall(text) if word not in WORDS))


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with each known 【word】 replaced; one that is not in `words` stays as it was, to be seen and mended by hand."""
    return _WORD.sub(lambda found: words.get(found[1], found[0]), text)


def words_for(
    *, name: str, matter: str, reading: Reading | None, places: list[Place], today: date, helper: str, number: str, hotline: str
) -> dict[str, str]:
    """What each of WORDS stands for. `name` is "" where there is none to say; `reading` is None without a published guide."""
    ask = f"请拨打{hotline}问"
    return {
        "称呼": name,
        "事项": matter or SOME_MATTER,
        "材料": _papers(reading, ask),
        "地点": _place(places, ask),
        "时间": _hours(places, today, ask),
        "费用": _fact(reading, FactField.FEE, ask),
        "多久": _how_long(reading, ask),
        "电话": _hotline(reading, hotline),
        "帮办员": helper,
        "编号": number,
    }


def _vouched(text: str, rows: list[Sourced | None], ask: str) -> str:
    """The text, and in brackets what is to be said of it when not everything in it is vouched for, or is of an earlier year."""
    if any(row is None or not row.is_verified for row in rows):
        return f"{text}（待核实，出门前{ask}一下）"
    if old := [row.valid_for_year for row in rows if row.is_of_past_year]:
        return f"{text}（这是{min(old)}年的，今年的{ask}一下）"
    return text


def _fact(reading: Reading | None, field: FactField, ask: str) -> str:
    line: FactLine | None = reading.facts[field] if reading else None
    return _vouched(line.text, [line.fact], ask) if line and line.text else f"还不确定，{ask}"


def _how_long(reading: Reading | None, ask: str) -> str:
    """The promised time, else the legal one, which is the longest and says so."""
    if reading and not reading.facts[FactField.PROMISED_LIMIT].text and (legal := reading.facts[FactField.LEGAL_LIMIT]).text:
        return _vouched(f"法律规定最长{legal.text}", [legal.fact], ask)
    return _fact(reading, FactField.PROMISED_LIMIT, ask)


def _papers(reading: Reading | None, ask: str) -> str:
    if reading is None or not reading.materials:
        return f"还不确定，{ask}"
    named = [f"{m.name}（{material_detail(m)}{f'，{condition}时才要' if condition else ''}）" for m, condition in reading.materials]
    return _vouched("、".join(named), [material for material, _ in reading.materials], ask)


def _place(places: list[Place], ask: str) -> str:
    """The nearest place. An address that is not known is never left out silently."""
    if not places:
        return f"还不确定，{ask}"
    place, office = places[0], places[0].office
    if office is None or not office.address:
        return _vouched(f"{place.name}，详细地址{ask}", [place.counter], ask) if place.counter.is_verified else f"{place.name}，去之前{ask}清楚在哪"
    where = f"{place.name}（{office.address}{f'，{office.floor}' if office.floor else ''}）"
    return _vouched(where, [place.counter, office], ask)


def _hours(places: list[Place], today: date, ask: str) -> str:
    office = places[0].office if places else None
    hours = list(office.hours.all()) if office else []
    if not hours or office.hours_are_sample:
        return f"还没核实，{ask}"
    return timetable(hours, today)


def _hotline(reading: Reading | None, hotline: str) -> str:
    line = reading.facts[FactField.HOTLINE] if reading else None
    if line is None or not line.text or line.text == hotline:
        return hotline
    return line.text if line.fact and line.fact.is_verified else f"{line.text}（待核实，也可以打{hotline}）"
