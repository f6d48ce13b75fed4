"""Guides in and out as reviewable YAML (fixtures/README.md describes the form).

Everything is written inside one transaction and rolled back when anything is wrong or when it was a dry run, so that
a dry run tells exactly what an import does. An unchanged guide is not touched.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction

from guides import documents, editing
from guides.actions import NotPossible, record_change
from guides.departments import guides_of, may_write
from guides.document_shape import check_keys, is_plain
from guides.models import Domain, Guide, Status, own_district

DEEPEST = 12  # a guide nests half as deep
TOO_DEEP = "括号一层套一层太多了，看看是不是忘了关上"


@dataclass(frozen=True)
class Problem:
    """Where in the file something is wrong, and a sentence that says what to do."""

    where: str
    message: str

    def __str__(self):
        return f"{self.where}：{self.message}"


@dataclass
class Report:
    """What an import did, or would do. Nothing was written when there are problems."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)  # slug -> readable difference
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # there already, and only new guides were asked for
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


class _Loader(yaml.CSafeLoader):
    """YAML by libyaml, ten times faster than the pure Python loader, without the trap of a key written twice (one vanishes)."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"“{key.value}”写了两遍", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refuse_traps(text: str) -> None:
    """Anchors (a small file unfolds to gigabytes) and brackets without end (they fill the stack), before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, "不要用 & 和 * 引用，照样再写一遍", event.start_mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, TOO_DEEP, event.start_mark)


def parse(text: str) -> Any:
    """YAML from a stranger: no anchors, no depth, no key twice. Raises ValidationError with the line."""
    try:
        _refuse_traps(text)
        return yaml.load(text, _Loader)  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第{mark.line + 1}行" if mark else "文件"
        own = getattr(error, "problem", "") or ""
        hint = own if not own.isascii() else TOO_DEEP if "nesting" in own else "看看这一行的冒号、引号和缩进"
        raise ValidationError(f"{line}写得不对，读不出来：{hint}。") from error
    except (ValueError, RecursionError) as error:  # 2026-13-01; brackets without end
        raise ValidationError("文件读不出来：看看日期是不是写错了（例如 2026-11-23），括号是不是没有关上。") from error


def read(text: str) -> dict[str, Any]:
    """Parse one file. Raises ValidationError with the line when it is not YAML of the right shape."""
    document = parse(text)
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("guides"), list)
        or not isinstance(document.get("domain"), dict)
    ):
        raise ValidationError(
            "文件开头要有 domain（主题），下面要有 guides（事项列表）。照 fixtures/guides/ 里的样子写。"
        )
    return document


def import_guides(
    texts: Iterable[str],
    *,
    by: str,
    dry_run: bool,
    only_new: bool = False,
    publish: bool = False,
    may_verify: bool = True,
    district: str = "",
    author=None,
) -> Report:
    """Import files into a district (its 12-digit code; by default the installation's own). `by` is the name kept in each guide's history. New guides arrive as drafts unless `publish`.

    Without `may_verify` what the files call verified comes in as 待核实 unless it was verified already, word for word.
    With `author` (a user at the admin) only guides of theirs are written, and what residents read is not: a public guide gets its next version,
    or what is written there is overwritten. An operator's command has no author and writes directly.
    """
    report, documents_read = Report(), []
    for number, text in enumerate(texts, start=1):
        try:
            documents_read.append((number, read(text)))
        except ValidationError as error:
            report.problems += [Problem(f"第{number}个文件", message) for message in error.messages]
    with transaction.atomic():
        pending, seen = [], set()
        for number, document in documents_read:
            try:
                domain = find_topic(document["domain"])
            except ValidationError as error:
                report.problems += _problems(f"第{number}个文件 · domain", error)
                continue
            own = {"district": district or own_district(), "author": author}
            pending += _upsert_heads(document["guides"], domain, report, seen, only_new=only_new, publish=publish, **own)
        for entry, guide, is_new in pending:
            _write_parts(entry, guide, is_new, report, by=by, may_verify=may_verify, author=author)
        if dry_run or report.problems:
            transaction.set_rollback(True)
    return report


def find_topic(entry: dict) -> Domain:
    """The topic of a file, made if it is new. Raises ValidationError."""
    if set(entry) - {"slug", "name", "order"} or not all(
        isinstance(entry.get(k), str) and is_plain(entry[k]) for k in ("slug", "name")
    ):
        raise ValidationError("写成 {slug: yibao, name: 医疗保障}，可以加 order。")
    found = Domain.objects.filter(slug=entry["slug"]).first()
    if found:
        return found
    domain = Domain(slug=entry["slug"], name=entry["name"], order=entry.get("order", 100))
    domain.full_clean()
    domain.save()
    return domain


def _upsert_heads(
    entries: list, domain: Domain, report: Report, seen: set[str], *, only_new: bool, publish: bool, district: str, author
) -> list[tuple[dict, Guide, bool]]:
    """Create missing guides first: a material may name the guide that issues it, whatever the order of the files."""
    pending = []
    for number, entry in enumerate(entries, start=1):
        slug = entry.get("slug") if isinstance(entry, dict) else None
        where = slug if isinstance(slug, str) else f"{domain.name} 第{number}个事项"
        try:
            check_keys(entry)
        except ValidationError as error:
            report.problems += [Problem(where, message) for message in error.messages]
            continue
        if where in seen:
            report.problems.append(Problem(where, "这个代号出现了两次，只能留一个。"))
            continue
        seen.add(where)
        guide = Guide.objects.filter(district=district, slug=where).select_related("domain").first()
        if guide and only_new:
            report.kept.append(guide.slug)
            continue
        if guide and guide.domain_id != domain.pk:
            report.problems.append(
                Problem(where, f"它现在在“{guide.domain}”主题里，不能放进“{domain}”的文件。先在后台改主题。")
            )
            continue
        is_new = guide is None
        if author and not _is_theirs(author, guide, entry, district):
            report.problems.append(Problem(where, "这一份的主管部门不归您管，不能导入。请管这个部门的编辑来导入。"))
            continue
        if is_new:
            status, authors = Status.PUBLISHED if publish else Status.DRAFT, [author.pk] if author else []
            guide = Guide(district=district, slug=entry["slug"], domain=domain, status=status, authors=authors)
            try:
                documents.fill_head(guide, entry)
                guide.full_clean()
            except ValidationError as error:
                report.problems += _problems(where, error)
                continue
            guide.save()
        pending.append((entry, guide, is_new))
    return pending


def _is_theirs(author, guide: Guide | None, entry: dict, district: str) -> bool:
    department = str(entry.get("department") or "")
    if guide is None:
        return may_write(author, district=district, department=department)
    return guides_of(author).filter(pk=guide.pk).exists() and may_write(author, district=guide.district, department=department)


def _written_by(author, guide: Guide) -> Guide:
    """The row that a user's file may write: a draft itself, of a public guide its next version. Raises NotPossible while it is in review."""
    target = editing.start_next(guide=guide, by=author) if guide.status in editing.PUBLIC else guide
    if target.status in editing.IN_REVIEW:
        raise NotPossible("正在等审核，先打开它“收回来改”，再导入。")
    return target


def _write_parts(entry: dict, guide: Guide, is_new: bool, report: Report, *, by: str, may_verify: bool, author) -> None:
    with transaction.atomic():
        try:
            guide = guide if author is None or is_new else _written_by(author, guide)
            before = "" if is_new else dump([documents.export(guide)])
            report.warnings += [
                Problem(guide.slug, text) for text in documents.write(guide, entry, may_verify=may_verify)
            ]
        except NotPossible as refusal:
            report.problems.append(Problem(guide.slug, str(refusal)))
            transaction.set_rollback(True)
            return
        except ValidationError as error:
            report.problems += _problems(guide.slug, error)
            transaction.set_rollback(True)
            return
        whole = Guide.everything.whole().get(pk=guide.pk)
        after = dump([documents.export(whole)])
        if after == before:
            transaction.set_rollback(True)
            report.unchanged.append(guide.slug)
            return
        record_change(guide=guide, by=by, whole=whole)
        if author:
            editing.record_saved(guide=guide, by=author)
    if is_new:
        report.added.append(guide.slug)
    else:
        report.changed[guide.slug] = "\n".join(
            line
            for line in difflib.unified_diff(
                before.splitlines(), after.splitlines(), "现在", "导入后", n=1, lineterm=""
            )
        )


def _problems(where: str, error: ValidationError) -> list[Problem]:
    if not hasattr(error, "error_dict"):
        return [Problem(where, message) for message in error.messages]
    names = {field.name: str(field.verbose_name) for model in (Guide, Domain) for field in model._meta.concrete_fields}
    return [
        Problem(f"{where} · {names[name]}" if name in names else where, message)
        for name, messages in error.message_dict.items()
        for message in messages
    ]


class _Dumper(yaml.CSafeDumper):
    """Short leaves on one line, no aliases, Chinese as it is."""

    def ignore_aliases(self, data):
        return True


def _represent_date(dumper, value: date):
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())


_Dumper.add_representer(date, _represent_date)


def dump(entries: list[dict]) -> str:
    return yaml.dump(entries, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=160, default_flow_style=None)


def export_domain(domain: Domain, district: str = "", *, reader=None) -> str:
    """All guides of a topic and a district (by default the installation's own), or those of them a user (`reader`) works on, as one file that
    import_guides reads back without a change."""
    guides = Guide.objects.whole().filter(district=district or own_district(), domain=domain).order_by("slug")
    if reader is not None:
        guides = guides.filter(pk__in=guides_of(reader).values("pk"))
    head = {"domain": {"slug": domain.slug, "name": domain.name, "order": domain.order}}
    return dump_document(head, [documents.export(guide) for guide in guides])


def dump_document(head: dict, entries: list[dict]) -> str:
    return dump(head) + ("guides:\n" + "\n".join(dump([entry]) for entry in entries) if entries else "guides: []\n")


def marked(text: str) -> list[tuple[str, str]]:
    """The lines of a unified difference after its head, each with what it is."""
    marks = {"+": "added", "-": "removed", "@": "place"}
    return [(marks.get(line[:1], "same"), line) for line in text.splitlines()[2:]]
