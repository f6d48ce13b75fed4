"""内容体检: what is wrong with guides today, in words an editor can act on. The rules are pure; `Surroundings.load` brings what they compare with."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import QuerySet, TextChoices
from django.urls import reverse

from guides import links, passages, phones, placeholders, readability
from guides.models import District, FactField, Guide, Link, LinkState, Office, Sourced, Status
from guides.models.district import district_code_of

SOON = 30  # days before a yearly window opens
A_YEAR = 365
NOTHING_TO_BRING = ("不用带", "不要材料")


class Kind(TextChoices):
    """What may be wrong, the most urgent first."""

    PLACEHOLDER = "placeholder", "有没填的地方"
    PHONE = "phone", "电话对不上"
    LINK = "link", "网址打不开"
    SEASON = "season", "每年的日子到了"
    STALE = "stale", "该核对了"
    HARD = "hard", "读着太难"
    INCOMPLETE = "incomplete", "没写全"


Texts = list[passages.Passage]
URGENCY = {kind: number for number, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one guide: where, and a sentence of what to do. `anchor` is its place in the guide's admin page."""

    guide: Guide
    kind: Kind
    part: str
    todo: str
    anchor: str = ""
    is_minor: bool = False  # what residents can live with: an unknown fee, a guide that is still brief

    @property
    def address(self) -> str:
        """Where it is put right: in the next version, if somebody is writing one."""
        written = getattr(self.guide, "next_version", None) or self.guide
        page = reverse("admin:guides_guide_change", args=[written.pk])
        return f"{page}#{self.anchor}" if self.anchor else page

    @property
    def urgency(self) -> tuple[bool, int]:
        return self.is_minor, URGENCY[self.kind]


@dataclass(frozen=True)
class Surroundings:
    """What lies around the guides: today, the offices that have a phone, by district and kind, and the addresses that are known broken."""

    today: date
    offices: dict[tuple[str, str], list[Office]] = field(default_factory=dict)
    known: dict[str, set[str]] = field(default_factory=dict)  # guides.phones.keys of every office and of the hotline, by district
    broken: dict[str, Link] = field(default_factory=dict)

    @classmethod
    def load(cls, today: date) -> "Surroundings":
        """Three queries, however many guides, offices and addresses there are."""
        offices, known = defaultdict(list), defaultdict(set)
        for office in Office.objects.exclude(phone="").only("name", "kind", "area_id", "phone"):
            district = district_code_of(office.area_id)
            offices[district, office.kind].append(office)
            known[district] |= phones.keys(office.phone)
        for district, hotline in District.objects.exclude(hotline="").values_list("area_id", "hotline"):
            known[district] |= phones.keys(hotline)
        return cls(today, dict(offices), dict(known), {link.url: link for link in Link.objects.filter(state=LinkState.BROKEN)})


def findings(guide: Guide, around: Surroundings) -> list[Finding]:
    """All that is wrong with one guide, the most urgent first. Pass a guide from `whole()`: then no query."""
    rules = (_gaps, _phones, _links, _season, _stale, _hard, _incomplete)
    texts = passages.of(guide)
    return sorted((found for rule in rules for found in rule(guide, texts, around)), key=lambda found: found.urgency)


Examined = list[tuple[Guide, list[Finding]]]


def examine(guides: Iterable[Guide], around: Surroundings) -> Examined:
    """The guides with something wrong and what it is, the most urgent first."""
    return _ranked((guide, findings(guide, around)) for guide in guides)


def only(found: Examined, kind: str | None) -> Examined:
    """Those with something of this kind, and of theirs only that; without a kind all."""
    return _ranked((guide, [f for f in wrong if f.kind == kind]) for guide, wrong in found) if kind else found


def _ranked(found: Iterable[tuple[Guide, list[Finding]]]) -> Examined:
    return sorted((pair for pair in found if pair[1]), key=lambda pair: (pair[1][0].urgency, -len(pair[1]), pair[0].slug))


def tally(found: Examined) -> dict[Kind, int]:
    """How many guides have each kind of trouble, zeros too."""
    return {kind: sum(any(f.kind == kind for f in wrong) for _, wrong in found) for kind in Kind}


def counts(guides: QuerySet, *, today: date) -> dict[Kind, int]:
    """`tally` of these guides, for dashboards. A constant number of queries."""
    return tally(examine(guides.whole(), Surroundings.load(today)))


# The rules


def _gaps(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    for passage in texts:
        if gap := placeholders.gap(passage.text):
            yield Finding(guide, Kind.PLACEHOLDER, passage.where, f"写着“{gap}”，像是还没填。填好，不知道就删掉这一处。", passage.anchor)


def _phones(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    """Only where an office it sends people to has a phone. In texts the phone of any office of the district may stand, in 咨询电话 only theirs."""
    offices = [office for counter in guide.counters.all() for office in _offices_of(guide, counter, around)]
    if not offices:
        return
    theirs = set().union(*(phones.keys(office.phone) for office in offices))
    others = theirs | around.known.get(guide.district, set()) | phones.keys(guide.hotline)
    shown = f"{offices[0].name}登记的是{offices[0].phone}"
    if phones.keys(guide.hotline) and not phones.is_known(guide.hotline, theirs):
        anchor = passages.fact_anchor(guide, FactField.HOTLINE)
        yield Finding(guide, Kind.PHONE, "咨询电话", f"这里写的是{guide.hotline}，{shown}。打一遍，留对的那个。", anchor)
    for passage in texts:
        for phone in phones.phones_in(passage.text) if passage.is_prose else []:
            if not phones.is_known(phone, others):
                yield Finding(guide, Kind.PHONE, passage.where, f"这里写的是{phone}，{shown}。打一遍，留对的那个。", passage.anchor)


def _offices_of(guide: Guide, counter, around: Surroundings) -> list[Office]:
    if counter.office is None:
        return around.offices.get((guide.district, counter.kind), [])
    return [counter.office] if counter.office.phone else []


def _links(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    for address, where in links.addresses(guide).items() if around.broken else ():
        if link := around.broken.get(address):
            part, _, anchor = where.rpartition("#")
            since = f"{link.broken_since:%Y-%m-%d}起" if link.broken_since else ""
            yield Finding(guide, Kind.LINK, part, f"{address} {since}打不开：{link.detail}。换成能用的，没有就删掉。", anchor)


def _season(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    if not guide.season_from:
        return
    starts, ends = window(guide.season_from, guide.season_to, around.today)
    anchor, begun = passages.fact_anchor(guide, FactField.SEASON), starts <= around.today
    when = f"{starts.month}月{starts.day}日"
    old = _of_past_years(guide, starts.year) if starts - around.today <= timedelta(days=SOON) else []
    if old:
        year, parts = max(old)[0], "".join(dict.fromkeys(f"“{part}”" for _, part in old[:4]))
        todo = f"今年的从{when}{'起已经开始办了' if begun else '开始办'}，{parts}写的还是{year}年的。看今年的通知改过来，适用年份也改。"
        yield Finding(guide, Kind.SEASON, "每年什么时候办", todo, anchor)
    checked = max([day for day in (guide.checked_on, *(f.verified_on for f in guide.facts.all() if f.field == FactField.SEASON)) if day], default=None)
    if begun and (checked is None or checked < starts):
        yield Finding(guide, Kind.SEASON, "每年什么时候办", f"今年的从{when}起已经开始办了，还没有重新核对。核对一遍，改“最近核对日期”。", anchor)


def window(season_from: str, season_to: str, today: date) -> tuple[date, date]:
    """The first and the last day of a yearly window (MM-DD each, may go over New Year): the one that runs, else the next."""
    for year in (today.year - 1, today.year):
        starts, ends = _day(year, season_from), _day(year + (season_to < season_from), season_to)
        if ends >= today:
            return starts, ends
    return _day(today.year + 1, season_from), _day(today.year + 1 + (season_to < season_from), season_to)


def _day(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:  # 02-29
        return date(year, 2, 28)


def _of_past_years(guide: Guide, year: int) -> list[tuple[int, str]]:
    """(year, place) of what is written for a year before this one."""
    return [(row.valid_for_year, place) for place, row in _sourced(guide) if row.valid_for_year and row.valid_for_year < year]


def _sourced(guide: Guide) -> Iterator[tuple[str, Sourced]]:
    for fact in guide.facts.all():
        yield fact.get_field_display(), fact
    for row in guide.statements.all():
        yield passages.STATEMENT_GROUPS[row.kind][0], row
    for title, rows in (("要带什么", guide.materials), ("怎么办", guide.steps), ("去哪办", guide.counters)):
        for row in rows.all():
            yield title, row


def _stale(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    checked, review = guide.checked_on, guide.review_on
    todo = ""
    if review and review <= around.today:
        todo = f"定好{review:%Y-%m-%d}核对，到日子了。"
    elif checked is None:
        todo = "从来没有核对过。"
    elif not review and around.today - checked > timedelta(days=A_YEAR):
        todo = f"上次核对是{checked:%Y-%m-%d}，过了一年。"
    if todo:
        done = "没变的，点“仍然有效”" if guide.status == Status.PUBLISHED else "对完填上“最近核对日期”"
        yield Finding(guide, Kind.STALE, "最近核对日期", f"{todo}一条条对一遍；{done}。", "id_checked_on")


def _hard(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    for passage in texts:
        if passage.is_prose and (found := readability.measure(passage.text)).is_hard:
            yield Finding(guide, Kind.HARD, passage.where, f"{found.score}分，太难：{'；'.join(found.reasons[:3])}。", passage.anchor)


def _incomplete(guide: Guide, texts: Texts, around: Surroundings) -> Iterator[Finding]:
    nothing_needed = any(words in passage.text for passage in texts if passage.is_prose for words in NOTHING_TO_BRING)
    missing = [
        (not guide.materials.all() and not nothing_needed, "要带什么", "一样材料也没写。真的什么都不用带，就在“一句话回答”里写“不用带材料”。", "materials-group"),
        (not guide.steps.all(), "怎么办", "一步也没写。", "steps-group"),
        (not guide.counters.all(), "去哪办", "没写去哪里办。", "counters-group"),
    ]
    yield from (Finding(guide, Kind.INCOMPLETE, part, todo, anchor) for is_missing, part, todo, anchor in missing if is_missing)
    unknown = [
        (not guide.fee, FactField.FEE, "要不要钱还不知道，页面请居民打12345。问清楚补上。"),
        (guide.promised_limit is None and guide.legal_limit is None, FactField.PROMISED_LIMIT, "多久办好还不知道，页面请居民打12345。问清楚补上。"),
    ]
    for is_unknown, fact, todo in unknown:
        if is_unknown:
            yield Finding(guide, Kind.INCOMPLETE, FactField(fact).label, todo, passages.fact_anchor(guide, fact), is_minor=True)
    if guide.is_brief:
        yield Finding(guide, Kind.INCOMPLETE, "简版", "还是简版。写全了，取消勾选“简版”。", "id_is_brief", is_minor=True)
