"""What is different between two versions of a guide for one case, in plain words.

Pure: two documents (guides.documents.export) and the answers come as arguments.
Only what a printed page says counts. Who has verified a statement, for which year and from which source, is no change of what it says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from guides import documents
from guides.models import OFFICIAL_CHECKER, Audience, FactField, Form, Guide, Level, Mark, Material, OfficeKind, Stage
from guides.reading import ALL, fact_texts, holds, in_words, material_detail


@dataclass(frozen=True)
class Change:
    """Under `topic` something was added (`before` is ""), taken away (`now` is "") or changed. `name` says what, where the topic does not."""

    topic: str
    name: str
    before: str
    now: str


FACTS = {
    FactField.FEE: "要不要钱",
    FactField.PROMISED_LIMIT: "多久办好",
    FactField.LEGAL_LIMIT: "法律规定最长",
    FactField.VISITS: "要跑几次",
    FactField.RESULT: "办完拿到什么",
    FactField.SEASON: "每年什么时候办",
    FactField.HOTLINE: "问谁",
    FactField.ONLINE: "网上怎么办",
    FactField.AGENCY: "能不能代办",
    FactField.CROSS_PROVINCE: "能不能跨省办",
    FactField.VIDEO: "能不能视频办",
}
SENTENCES = ("conditions", "steps", "notes")


def chosen_in(document: dict, params: Mapping[str, str]) -> dict[str, str]:
    """The case as reading.Reading takes it from an address: a question without a known answer takes its first, unless all are listed."""
    chosen = {}
    for situation in document.get("situations") or []:
        keys = [str(answer["key"]) for answer in situation["answers"]]
        if params.get(situation["key"]) in keys:
            chosen[situation["key"]] = params[situation["key"]]
        elif keys and ALL not in params:
            chosen[situation["key"]] = keys[0]
    return chosen


def case_label(document: dict, params: Mapping[str, str]) -> str:
    """本人去 · 第一次办: the answers of the case."""
    return " · ".join(in_words(question["question"], answer["label"]) for question, answer in _chosen_answers(document, params))


def compare(old: dict, new: dict, params: Mapping[str, str], *, offices: Mapping[str, str] | None = None) -> list[Change]:
    """Every difference that a reader with these answers would see, in the order of the page. `offices` names offices by their code."""
    was, now = chosen_in(old, params), chosen_in(new, params)
    found = [*_head(old, new), *_case(old, new, params)]
    found += _texts("谁能办", _rows(old, "conditions", was), _rows(new, "conditions", now))
    found += _materials(_rows(old, "materials", was), _rows(new, "materials", now))
    found += _texts("去哪办", _places(old, offices or {}), _places(new, offices or {}))
    found += _texts("怎么办", _rows(old, "steps", was), _rows(new, "steps", now), in_order=True)
    found += _texts("注意", _rows(old, "notes", was), _rows(new, "notes", now))
    return [*found, *_facts(old, new)]


def compare_whole(old: dict, new: dict, *, offices: Mapping[str, str] | None = None) -> list[Change]:
    """Every difference of all cases together, as an editor has to know it: also what search hears, which answers a line is for, where it comes
    from and who vouches for it. Two documents (guides.documents.export), or two revisions'."""
    found = [*_head(old, new), *_filed(old, new)]
    found += _texts("谁能办", _lines(old, "conditions"), _lines(new, "conditions"))
    found += _texts("情形", _questions(old), _questions(new))
    found += _materials(_papers(old), _papers(new))
    found += _texts("去哪办", _places(old, offices or {}), _places(new, offices or {}))
    found += _texts("怎么办", _lines(old, "steps"), _lines(new, "steps"), in_order=True)
    found += _texts("注意", _lines(old, "notes"), _lines(new, "notes"))
    found += _facts(old, new)
    found += _texts("依据", _lines(old, "legal_basis"), _lines(new, "legal_basis"))
    return [*found, *_origins(old, new, offices or {})]


def newly_verified(old: dict, new: dict, params: Mapping[str, str]) -> int:
    """How many statements of the case, the same word for word, somebody has vouched for since."""
    before = {said for said, verified in _statements(old, params) if not verified}
    return sum(1 for said, verified in _statements(new, params) if verified and said in before)


# ---- the parts of a page


def _head(old: dict, new: dict) -> Iterator[Change]:
    for key, name in (("plain_title", "名称"), ("title", "正式名称"), ("answer", "一句话回答")):
        if _said(old.get(key)) != _said(new.get(key)):
            yield Change("这是什么事", name, old.get(key) or "", new.get(key) or "")


def _chosen_answers(document: dict, params: Mapping[str, str]) -> list[tuple[dict, dict]]:
    chosen = chosen_in(document, params)
    return [(s, a) for s in document.get("situations") or [] for a in s["answers"] if chosen.get(s["key"]) == str(a["key"])]


def _case(old: dict, new: dict, params: Mapping[str, str]) -> Iterator[Change]:
    """A question or an answer that is there no longer, a new question, another remark of the same answer."""
    was = {s["key"]: (s, a) for s, a in _chosen_answers(old, params)}
    now = {s["key"]: (s, a) for s, a in _chosen_answers(new, params)}
    for key in dict.fromkeys([*was, *now]):
        (question, before), (asked, answer) = was.get(key, ({}, {})), now.get(key, ({}, {}))
        name = asked.get("question") or question.get("question") or ""
        if before.get("key") != answer.get("key") or _said(before.get("label")) != _said(answer.get("label")):
            yield Change("您是哪种情况", name, before.get("label", ""), answer.get("label", ""))
        elif _said(before.get("note")) != _said(answer.get("note")):
            yield Change("您是哪种情况", answer["label"], before.get("note") or "", answer.get("note") or "")


def _rows(document: dict, part: str, chosen: Mapping[str, str]) -> list[dict]:
    return [row for row in document.get(part) or [] if holds(row.get("only_for") or [], chosen)]


def _materials(old: list[dict], new: list[dict]) -> Iterator[Change]:
    """Papers are the same when they have the same name; two of one name are told apart by their order."""
    before, now = _by_name(old), _by_name(new)
    for key in dict.fromkeys([*before, *now]):
        was, is_ = _paper(before.get(key)), _paper(now.get(key))
        if was != is_:
            yield Change("要带什么", key[0], was, is_)


def _by_name(rows: list[dict]) -> dict[tuple[str, int], dict]:
    found: dict[tuple[str, int], dict] = {}
    for row in rows:
        name = _said(row["name"])
        found[name, sum(1 for seen, _ in found if seen == name)] = row
    return found


def _paper(row: dict | None) -> str:
    """What a page says of a paper besides its name."""
    if row is None:
        return ""
    need = material_detail(Material(form=row.get("form", Form.ORIGINAL), copies=row.get("copies", 1)))
    later = {True: "可以后补", False: "不能后补"}.get(row.get("later"), "")
    issuer = f"谁出的：{row['issuer']}" if row.get("issuer") else ""
    return "；".join(filter(None, (need, later, issuer, _said(row.get("how")).rstrip("。"))))


def _places(document: dict, offices: Mapping[str, str]) -> list[dict]:
    """Each counter as one line of text."""
    lines = []
    for row in document.get("counters") or []:
        code = row.get("office") or ""
        name = offices.get(code, code) if code else OfficeKind(row["kind"]).label
        lines.append({"text": name + (f"（{_said(row['note']).rstrip('。')}）" if row.get("note") else "")})
    return lines


def _texts(topic: str, old: list[dict], new: list[dict], *, in_order: bool = False) -> Iterator[Change]:
    """Sentences: what was replaced by as many others is paired, the rest is taken away or added. What only moved is told as one change
    where the order matters, and nowhere else."""
    before, now = [_said(row["text"]) for row in old], [_said(row["text"]) for row in new]
    pairs = list(_paired(before, now))
    moved = Counter(was for was, _ in pairs if was) & Counter(is_ for _, is_ in pairs if is_)
    for was, is_ in pairs:
        if was in moved or is_ in moved:
            was, is_ = "" if was in moved else was, "" if is_ in moved else is_
        if was or is_:
            yield Change(topic, "", was, is_)
    if moved and in_order:
        yield Change(topic, "先后顺序", "→".join(before), "→".join(now))


def _paired(before: list[str], now: list[str]) -> Iterator[tuple[str, str]]:
    for kind, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            yield from zip(before[a:b], now[c:d], strict=True)
        elif kind != "equal":
            yield from ((was, "") for was in before[a:b])
            yield from (("", is_) for is_ in now[c:d])


def _facts(old: dict, new: dict) -> Iterator[Change]:
    before, now = _fact_lines(old), _fact_lines(new)
    for field, name in FACTS.items():
        if before[field] != now[field]:
            yield Change("多久、多少钱、问谁", name, before[field], now[field])


def _fact_lines(document: dict) -> dict[str, str]:
    """Each fact in the words of a page, its remark in brackets."""
    guide = Guide()
    documents.fill_head(guide, document)
    texts = fact_texts(guide)
    texts[FactField.ONLINE] = " ".join(filter(None, (texts[FactField.ONLINE], guide.online_url)))
    notes = {name: _said(fact.get("note")).rstrip("。") for name, fact in (document.get("facts") or {}).items()}
    return {field: _said(text) + (f"（{notes[field]}）" if text and notes.get(field) else "") for field, text in texts.items()}


def _said(text: str | None) -> str:
    """Blanks do not speak."""
    return "".join((text or "").split())


# ---- what only editors see


CHOICES = {"audience": Audience, "counter_level": Level, "stage": Stage}
LISTS = {"aliases": "别的叫法", "phrasings": "居民怎么问"}
FILED = (*CHOICES, "department", "checked_on", "brief", "priority", "featured", "national_code", "implementation_code")
FILED_AS = {"brief": "is_brief"}  # the model's word for it


def _filed(old: dict, new: dict) -> Iterator[Change]:
    """How the guide is found and filed. Of a list only the words that came or went."""
    for key, name in LISTS.items():
        was, now = old.get(key) or [], new.get(key) or []
        if gone := [word for word in was if word not in now]:
            yield Change("归在哪里", name, "、".join(gone), "")
        if added := [word for word in now if word not in was]:
            yield Change("归在哪里", name, "", "、".join(added))
    for key in FILED:
        was, now = (_filed_text(key, document.get(key)) for document in (old, new))
        if was != now:
            yield Change("归在哪里", str(Guide._meta.get_field(FILED_AS.get(key, key)).verbose_name), was, now)


def _filed_text(key: str, value) -> str:
    if value in (None, "", False):
        return ""
    return CHOICES[key](value).label if key in CHOICES else "是" if value is True else str(value)


def _limits(document: dict, row: dict) -> str:
    """（只在：家里人代办）, in the words of the guide's own answers."""
    labels = {f"{s['key']}={a['key']}": a["label"] for s in document.get("situations") or [] for a in s["answers"]}
    named = [labels.get(token, token) for token in row.get("only_for") or []]
    return f"（只在：{'、'.join(named)}）" if named else ""


def _lines(document: dict, part: str) -> list[dict]:
    return [{"text": row["text"] + _limits(document, row)} for row in document.get(part) or []]


def _questions(document: dict) -> list[dict]:
    """Each question as one line with its answers and their hints."""
    lines = []
    for question in document.get("situations") or []:
        answers = [answer["label"] + (f"（{answer['note']}）" if answer.get("note") else "") for answer in question["answers"]]
        lines.append({"text": f"{question['question']}　{'／'.join(answers)}"})
    return lines


def _papers(document: dict) -> list[dict]:
    """The papers with what stands in no resident's line of detail, as part of it."""
    rows = []
    for row in document.get("materials") or []:
        more = ["必备证件"] if row.get("identity") else []
        more += [f"由事项 {row['issued_by']} 开"] if row.get("issued_by") else []
        more += [_limits(document, row).strip("（）")] if row.get("only_for") else []
        rows.append(row | {"how": "；".join(filter(None, [(row.get("how") or "").rstrip("。"), *more]))})
    return rows


def _origins(old: dict, new: dict, offices: Mapping[str, str]) -> Iterator[Change]:
    """Of what is said the same on both sides: another source, and who vouches for it now."""
    before, now = dict(_marked(old, offices)), dict(_marked(new, offices))
    for said, (source, voucher) in now.items():
        if said in before:
            was_source, was_voucher = before[said]
            if was_source != source:
                yield Change("出处", said, was_source, source)
            if was_voucher != voucher:
                yield Change("核实", said, was_voucher, voucher)


def _marked(document: dict, offices: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    lines = _fact_lines(document)
    for part in (*SENTENCES, "legal_basis", "materials"):
        for row in document.get(part) or []:
            yield row.get("text") or row["name"], (_origin(row), _voucher(row, document))
    for row, place in zip(document.get("counters") or [], _places(document, offices), strict=True):
        yield place["text"], (_origin(row), _voucher(row, document))
    for name, fact in (document.get("facts") or {}).items():
        if lines.get(name):
            yield f"{FACTS[FactField(name)]}：{lines[name]}", (_origin(fact), _voucher(fact, document))


def _origin(row: dict) -> str:
    year = f"（{row['year']}年）" if row.get("year") else ""
    return "".join(filter(None, (Mark(row.get("mark", Mark.COMMON)).label, f"：{row['source']}" if row.get("source") else "", year)))


def _voucher(row: dict, document: dict) -> str:
    if not _is_verified(row, document):
        return "待核实"
    return f"已核实 · {row.get('verified_by', OFFICIAL_CHECKER)} {row.get('verified_on', document.get('checked_on'))}"


# ---- who stands behind what


def _statements(document: dict, params: Mapping[str, str]) -> list[tuple[tuple[str, str], bool]]:
    """Each statement of the case, and whether somebody stands behind it."""
    chosen, lines = chosen_in(document, params), _fact_lines(document)
    rows = [
        ((part, _said(row.get("text") or row["name"])), row) for part in (*SENTENCES, "materials") for row in _rows(document, part, chosen)
    ]
    facts = [((name, lines[name]), fact) for name, fact in (document.get("facts") or {}).items()]
    return [(said, _is_verified(row, document)) for said, row in (*rows, *facts)]


def _is_verified(row: dict, document: dict) -> bool:
    """As documents.export writes it: an official statement counts as verified on the guide's day unless the row says otherwise."""
    return bool(row.get("verified_by", row.get("mark") == Mark.OFFICIAL and document.get("checked_on")))
