"""办事指南 in and out of Excel: a workbook becomes the documents that guides.transfer imports, so all its checks and rules hold for both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from guides import documents
from guides.departments import guides_of
from guides.districts import chosen_by, works_somewhere
from guides.document_shape import FACT_KEYS, OPTIONAL_HEAD
from guides.models import Domain, Guide, Unit
from guides.sheets_guides import COUNTERS, FACTS, GUIDES, MATERIALS, SENTENCES, SHEETS, SITUATIONS, STEPS, full_origin, origin, read_fact
from guides.transfer import dump_document, import_guides, marked, read
from menpai.exchange import EXAMPLE, Kind, Problem, Report, SheetShape, Task, read_line, register
from menpai.spreadsheets import Book, Bounds

MOST = 30_000  # rows of one sheet
BOUNDS = Bounds(file=10 * 1024**2, unpacked=64 * 1024**2, texts=32 * 1024**2, tags=6_000_000)
MISSING = "文件里少了这张表。先“全部导出”，在导出的表里改：一份指南的内容分在七张表里，少一张就会丢。"
FOREIGN = "这份指南不归您管。删掉这一行，也删掉别的表里它的行。"
WHERE = re.compile(r"(\w+) 第(\d+)条(?:第(\d+)个回答)?(?:的([^：]+))?：?(.*)", re.DOTALL)
FACT_WHERE = re.compile(r"facts\.(\w+)(?:的([^：]+))?[：的 ]*(.*)", re.DOTALL)


@dataclass
class Prepared:
    """The texts to import, and where in the workbook each part of each guide stands."""

    texts: list[str]
    unchanged: int = 0
    titles: dict[str, str] = field(default_factory=dict)  # by slug, as the file has them
    rows: dict[tuple, tuple[str, int]] = field(default_factory=dict)  # (slug,) or (slug, part, number) to sheet and row

    def place(self, *key) -> tuple[str, int]:
        return self.rows.get(key) or self.rows.get(key[:1]) or ("", 0)


def district_for(user) -> str:
    """The district whose guides a user takes out and brings in: the installation's own if it is theirs, else their first."""
    return chosen_by(user, "")


def public_guides_of(user) -> QuerySet[Guide]:
    """The guides whose content a user may take out and bring in. What is being written of them is not among them."""
    return guides_of(user).filter(next_of=None, district=district_for(user))


def read_guides(book: Book, task: Task, report: Report) -> Prepared:
    titles = book.titles()
    for shape in SHEETS:
        if shape.title not in titles:
            report.problem(0, "", MISSING, shape.title)
    if report.problems:
        return Prepared([])
    prepared, bad = Prepared([]), set()
    parts = {shape.title: list(_rows(book, shape, report, bad)) for shape in SHEETS}
    heads = _heads(parts[GUIDES.title], task, prepared, report)
    for shape in SHEETS[1:]:
        for number, row in parts[shape.title]:
            if row["slug"] not in heads and row["slug"] not in bad:
                report.problem(number, "代号", f"“{GUIDES.title}”表里没有 {row['slug']}。先在那里写上，或者删掉这一行。", shape.title)
    entries = {slug: _entry(slug, head, parts, prepared, report) for slug, head in heads.items() if slug not in bad}
    _keep_changed(entries, heads, prepared, district_for(task.by))
    return prepared


def read_topic(text: str, task: Task, report: Report) -> Prepared:
    """A YAML file of one topic; what is wrong with it the import itself says."""
    try:
        entries = read(text)["guides"]
    except ValidationError:
        entries = []
    return Prepared([text], titles={str(entry.get("slug")): str(entry.get("plain_title")) for entry in entries if isinstance(entry, dict)})


def _rows(book: Book, shape: SheetShape, report: Report, bad: set[str]) -> Iterator[tuple[int, dict]]:
    """The rows of a sheet; the slugs of guides with a wrong row go to `bad`: half a guide is not compared."""
    topics = dict(Domain.objects.values_list("name", "slug"))
    for line in book.lines(title=shape.title, columns=shape.names, needed=shape.required, most=MOST, may_be_empty=shape is not GUIDES):
        if line.values["代号"].startswith(EXAMPLE):
            report.problem(line.number, "", "这一行是样子。删掉它，再导入。", shape.title)
            continue
        row = read_line(shape.columns, line, topics, report, shape.title)
        if row is None:
            bad.add(line.values["代号"])
        else:
            yield line.number, row


def _heads(rows: list[tuple[int, dict]], task: Task, prepared: Prepared, report: Report) -> dict[str, dict]:
    heads: dict[str, dict] = {}
    slugs = {row["slug"] for _, row in rows}
    district = district_for(task.by)
    there, theirs = Guide.objects.filter(district=district, slug__in=slugs), public_guides_of(task.by).filter(slug__in=slugs)
    foreign = set(there.values_list("slug", flat=True)) - set(theirs.values_list("slug", flat=True))
    for number, row in rows:
        slug = row["slug"]
        if slug in heads:
            report.problem(number, "代号", f"和第{prepared.place(slug)[1]}行是同一份指南，只能留一行。", GUIDES.title)
        elif slug in foreign:
            report.problem(number, "代号", FOREIGN, GUIDES.title)
        else:
            heads[slug] = row
            prepared.rows[(slug,)] = (GUIDES.title, number)
            prepared.titles[slug] = row["plain_title"]
    return heads


def _entry(slug: str, head: dict, parts: dict, prepared: Prepared, report: Report) -> dict[str, Any]:
    """A guide's document, equal to what documents.export makes of the same guide."""
    checked, own = head["checked_on"], {title: [found for found in rows if found[1]["slug"] == slug] for title, rows in parts.items()}
    entry: dict[str, Any] = {"slug": slug, "audience": str(head["audience"]), "counter_level": str(head["counter_level"])}
    entry |= {name: head[name] for name in ("title", "plain_title", "department", "aliases", "priority", "answer")}
    entry |= _known(**{name: head[name] for name in OPTIONAL_HEAD})
    entry["facts"] = _facts(slug, own[FACTS.title], checked, prepared, report)
    sentences = {part: [found for found in own[SENTENCES.title] if found[1]["part"] == part] for part in ("conditions", "notes", "legal_basis")}
    entry["conditions"] = _list(slug, "conditions", SENTENCES, sentences["conditions"], _sentence, checked, prepared)
    entry["situations"] = _situations(slug, own[SITUATIONS.title], prepared, report)
    entry["materials"] = _list(slug, "materials", MATERIALS, own[MATERIALS.title], _material, checked, prepared)
    entry["steps"] = _list(slug, "steps", STEPS, own[STEPS.title], _sentence, checked, prepared)
    for part in ("notes", "legal_basis"):
        entry[part] = _list(slug, part, SENTENCES, sentences[part], _sentence, checked, prepared)
    entry["counters"] = _list(slug, "counters", COUNTERS, own[COUNTERS.title], _counter, checked, prepared)
    return {key: value for key, value in entry.items() if value not in ([], {})}


def _known(**values) -> dict:
    return {key: str(value) if key == "stage" else value for key, value in values.items() if value not in (None, "", [], False)}


def _list(slug, part: str, shape: SheetShape, rows, write, checked, prepared: Prepared) -> list[dict]:
    for place, (number, _) in enumerate(rows, start=1):
        prepared.rows[slug, part, place] = (shape.title, number)
    return [write(row) | origin(row, checked) for _, row in rows]


def _sentence(row: dict) -> dict:
    return {"text": row["text"]} | _known(only_for=row["only_for"])


def _material(row: dict) -> dict:
    found = {"name": row["name"]} | _known(identity=row["identity"]) | {"form": str(row["form"]), "copies": row["copies"]}
    found |= _known(issuer=row["issuer"], how=row["how"], issued_by=row["issued_by"])
    if row["later"] is not None:
        found["later"] = row["later"]
    return found | _known(only_for=row["only_for"])


def _counter(row: dict) -> dict:
    return {"kind": str(row["kind"])} | _known(office=row["office"], note=row["note"])


def _facts(slug: str, rows, checked, prepared: Prepared, report: Report) -> dict[str, dict]:
    facts: dict[str, dict] = {}
    for number, row in rows:
        name = row["field"]
        if name in facts:
            report.problem(number, "内容", "这份指南的这一项写了两遍，只能留一行。", FACTS.title)
            continue
        prepared.rows[slug, "facts", name] = (FACTS.title, number)
        try:
            values = read_fact(name, row["value"])
        except ValidationError as error:
            report.problem(number, "写什么", "".join(error.messages), FACTS.title)
            continue
        if "days" in values:
            values["unit"] = str(row["unit"] or Unit.WORKDAY)
        elif name == "online" and row["url"]:
            values["url"] = row["url"]
        values = {key: str(value) if isinstance(value, str) else value for key, value in values.items()}
        facts[name] = values | _known(note=row["note"]) | origin(row, checked)
    return {name: facts[name] for name in FACT_KEYS if name in facts}


def _situations(slug: str, rows, prepared: Prepared, report: Report) -> list[dict]:
    found: dict[str, dict] = {}
    for number, row in rows:
        situation = found.setdefault(row["key"], {"key": row["key"], "question": row["question"], "answers": []})
        if row["question"] not in ("", situation["question"]):
            report.problem(number, "问题", f"同一个情形的问题要一样：“{situation['question']}”。", SITUATIONS.title)
        situation["answers"].append({"key": row["answer_key"], "label": row["label"]} | _known(note=row["note"]))
        place = list(found).index(row["key"]) + 1
        prepared.rows.setdefault((slug, "situations", place), (SITUATIONS.title, number))
        prepared.rows[slug, "situations", place, len(situation["answers"])] = (SITUATIONS.title, number)
    return list(found.values())


def _keep_changed(entries: dict[str, dict], heads: dict[str, dict], prepared: Prepared, district: str) -> None:
    """Guides that are in the file as they are stored are not touched at all; of the others a text for each topic."""
    here = Guide.objects.filter(district=district, slug__in=entries)
    stored = {guide.slug: documents.export(guide) for guide in here.whole()}
    topics = {domain.slug: domain for domain in Domain.objects.all()}
    places = dict(here.values_list("slug", "domain__slug"))
    changed: dict[str, list[dict]] = {}
    for slug, entry in entries.items():
        if entry == stored.get(slug) and places[slug] == heads[slug]["domain"]:
            prepared.unchanged += 1
        else:
            changed.setdefault(heads[slug]["domain"], []).append(entry)
    for slug, rows in changed.items():
        topic = topics[slug]
        prepared.texts.append(dump_document({"domain": {"slug": topic.slug, "name": topic.name, "order": topic.order}}, rows))


def apply_guides(prepared: Prepared, task: Task, report: Report) -> None:
    """By the same way as a YAML file. What the sender may not verify comes in as 待核实."""
    by = task.by.get_full_name() or task.by.get_username()
    dry_run = task.dry_run or bool(report.problems)
    district, may_verify = district_for(task.by), task.by.has_perm("guides.verify_fact")
    done = import_guides(prepared.texts, by=by, dry_run=dry_run, may_verify=may_verify, district=district, author=task.by)
    for problem in done.problems:
        report.problems.add(_at_its_place(problem.where, problem.message, prepared))
    for warning in done.warnings:
        sheet, row = prepared.place(warning.where)
        report.warnings.add(Problem(row, "", f"{warning.where}：{warning.message}", sheet))
    for slug in done.added:
        report.new(prepared.place(slug)[1], f"{prepared.titles[slug]}（{slug}）", {"状态": "先是草稿，审核发布后居民才看到"})
    for slug, text in done.changed.items():
        report.difference(prepared.place(slug)[1], f"{prepared.titles[slug]}（{slug}）", marked(text))
    report.unchanged += prepared.unchanged + len(done.unchanged)
    if not dry_run:
        guides = Guide.objects.filter(district=district, slug__in=[*done.added, *done.changed])
        report.touched = [(guide, guide.slug in done.added) for guide in guides]


def _at_its_place(where: str, message: str, prepared: Prepared) -> Problem:
    """A problem that the import found in the document, told with the sheet, row and column it came from."""
    slug, _, name = where.partition(" · ")
    if (slug,) not in prepared.rows:
        return Problem(0, "", f"{where}：{message}")
    if match := FACT_WHERE.fullmatch(message):
        sheet, row = prepared.place(slug, "facts", match[1])
        return Problem(row, match[2] or "", match[3], sheet)
    if match := WHERE.fullmatch(message):
        key = (slug, match[1], int(match[2]), *([int(match[3])] if match[3] else []))
        sheet, row = prepared.place(*key)
        return Problem(row, match[4] or "", match[5], sheet)
    sheet, row = prepared.place(slug)
    return Problem(row, name, message, sheet)


def export_rows(user) -> list[Iterator]:
    """The rows of the seven sheets."""
    guides = list(public_guides_of(user).whole().order_by("slug"))
    entries = [documents.export(guide) | {"domain": guide.domain.name} for guide in guides]
    return [
        map(GUIDES.row, entries),
        _part_rows(entries, "materials", MATERIALS),
        _part_rows(entries, "steps", STEPS),
        (row for entry in entries for part in ("conditions", "notes", "legal_basis") for row in _part_rows([entry], part, SENTENCES)),
        (SITUATIONS.row(row) for entry in entries for row in _answers(entry)),
        _part_rows(entries, "counters", COUNTERS),
        (FACTS.row(_whole(fact | {"field": name}, entry)) for entry in entries for name, fact in entry.get("facts", {}).items()),
    ]


def _whole(row: dict, entry: dict) -> dict:
    return full_origin(row, entry.get("checked_on")) | {"slug": entry["slug"]}


def _part_rows(entries: list[dict], part: str, shape: SheetShape) -> Iterator[list]:
    return (shape.row(_whole(row, entry) | {"part": part}) for entry in entries for row in entry.get(part, []))


def _answers(entry: dict) -> Iterator[dict]:
    for situation in entry.get("situations", []):
        for answer in situation["answers"]:
            yield {"slug": entry["slug"], "key": situation["key"], "question": situation["question"], "answer_key": answer["key"],
                   "label": answer["label"], "note": answer.get("note", "")}  # fmt: skip


def _samples() -> list[list[list]]:
    common = ["一般了解", "", "", "", ""]
    slug = f"{EXAMPLE}yibao-001"
    head = [slug, "交医保", "城乡居民基本医疗保险参保登记", "带身份证到社区就能登记。", "医疗保障", "个人", "区医疗保障局", "村（社区）", "交合疗\n新农合", "",
            "", "", "", "", "", "", ""]  # fmt: skip
    return [
        [head],
        [[slug, "居民身份证", "是", "原件", "1", "", "", "", "", "", *common], [slug, "委托书", "", "原件", "1", "", "自己写", "", "", "who=agent", *common]],
        [[slug, "到社区登记。", "", *common]],
        [[slug, "谁能办", "户口在本区的居民。", "", *common]],
        [[slug, "who", "谁去办？", "self", "本人去", ""], [slug, "who", "", "agent", "别人替办", "带上双方身份证。"]],
        [[slug, "村（社区）便民服务站", "", "", *common]],
        [[slug, "费用", "", "", "", "", *common], [slug, "承诺时限", "1", "个工作日", "", "", *common]],
    ]


GUIDES_KIND = register(Kind(
    name="guides", title="办事指南", unit="份指南", model="guides.Guide", only=works_somewhere, sheets=SHEETS, read=read_guides, apply=apply_guides, export=export_rows,
    samples=_samples, most=MOST, bounds=BOUNDS, in_background=True, read_text=read_topic,
    after="居民还看不到：打开每一份，提交审核。",
    hints=(
        "一份指南的内容分在七张表里，靠代号对上。文件里有的指南，整份照文件写；文件里没有的指南不动。只改几份，就只留那几份的行。",
        "新的指南先是草稿。您的账号不能核实的，写了核实人也先记成待核实。",
    ),
))  # fmt: skip
