"""Content packs in and out: the guides of one district as one file, and what becomes of them in another.

All or nothing, and a dry run is the real thing rolled back: so its report is exactly what an import does. Importing the same pack again changes nothing.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from guides import documents, editing, transfer
from guides.departments import may_write
from guides.document_shape import check_keys, is_plain
from guides.models import Area, Domain, Guide, Office, PackEntry, Status
from guides.packs import Conflict, arriving, merge, portable
from guides.site_words import words_of

FORMAT = 1
MAX_BYTES = 8 * 1024 * 1024
MOST = 5000  # guides in one pack
NO_PACK = "这不是内容包。内容包是另一个区（县）在后台“内容包”里下载的，开头写着 pack。"


# Out


def export_pack(district: Area, *, topics: Iterable[Domain] | None = None, with_local: bool = False, with_drafts: bool = False) -> str:
    """The published guides of a district, of all topics or these, as one YAML file. Drafts only if asked; next versions and withdrawn ones never."""
    guides = Guide.objects.whole().filter(district=district.pk, status__in=[Status.PUBLISHED, *([Status.DRAFT, *editing.IN_REVIEW] if with_drafts else [])])
    if topics is not None:
        guides = guides.filter(domain__in=topics)
    guides = list(guides.annotate(revision=Max("revisions__number")).order_by("domain__order", "domain__slug", "slug"))
    offices = dict(Office.objects.filter(area__code__startswith=district.code[:6]).values_list("code", "name"))
    by_topic: dict[Domain, list[dict]] = {}
    for guide in guides:
        leaving = portable(documents.export(guide), district_name=district.name, with_local=with_local, office_names=offices)
        by_topic.setdefault(guide.domain, []).append(leaving)
    head = {
        "format": FORMAT, "district": district.code, "name": district.name, "site": words_of(district.code).name, "at": f"{timezone.localtime():%Y-%m-%d %H:%M}",
        "with_local": with_local, "revisions": {guide.slug: guide.revision or 0 for guide in guides},
    }  # fmt: skip
    said = f"# {district.name}的办事指南，{len(guides)}份。到另一个区（县）的后台，“办事指南”里点“内容包”，选这个文件，先看报告再导入。\n"
    return said + transfer.dump({"pack": head}) + "\ntopics:\n" + "".join(_topic(*pair) for pair in by_topic.items())


def _topic(domain: Domain, entries: list[dict]) -> str:
    head = transfer.dump({"domain": {"slug": domain.slug, "name": domain.name, "order": domain.order}}).strip()
    rows = "\n".join(_indented(transfer.dump([entry])) for entry in entries)
    return f"- {head}\n  guides:\n{rows}\n"


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


# In


@dataclass(frozen=True)
class Line:
    """What happened, or would happen, to one guide; `texts` say it in words."""

    slug: str
    title: str
    texts: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


@dataclass
class Report:
    """What an import did or would do. Nothing was written when there are problems."""

    origin: str = ""  # the name of the district the pack is from
    added: list[Line] = field(default_factory=list)
    updated: list[Line] = field(default_factory=list)  # texts: the parts taken
    kept: list[Line] = field(default_factory=list)  # they changed nothing that holds here: ours stays
    unchanged: list[Line] = field(default_factory=list)
    skipped: list[Line] = field(default_factory=list)  # texts: why
    gone: list[Line] = field(default_factory=list)  # came last time, no longer in the pack
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def conflicts(self) -> list[tuple[Line, Conflict]]:
        """Where both sides changed the same; ours is kept unless chosen otherwise."""
        return [(line, conflict) for line in (*self.updated, *self.kept) for conflict in line.conflicts]

    @property
    def summary(self) -> str:
        counted = [("新增草稿", self.added), ("更新", self.updated), ("留着我们的", self.kept), ("没变", self.unchanged), ("没有动", self.skipped)]
        return "，".join(f"{name}{len(lines)}份" for name, lines in counted) + f"；两边都改了{len(self.conflicts)}处。"


@dataclass(frozen=True)
class Pack:
    district: str
    name: str
    topics: list[dict]


def read_pack(text: str) -> Pack:
    """The file, its shape checked down to the guides, whose own keys are checked one by one later. Raises ValidationError."""
    found = transfer.parse(text)
    head = found.get("pack") if isinstance(found, dict) else None
    if not isinstance(head, dict) or not isinstance(found.get("topics"), list):
        raise ValidationError(NO_PACK)
    if head.get("format") != FORMAT:
        raise ValidationError("这个内容包是别的版本做的，读不了。请对方升级以后重新下载，或者先升级我们的系统。")
    district, name = head.get("district"), head.get("name")
    if not isinstance(district, str) or len(district) != 12 or not district.isdecimal() or not isinstance(name, str) or not 0 < len(name) <= 60 or not is_plain(name):
        raise ValidationError("内容包开头没写清是哪个区（县）的。请对方重新下载一份。")
    if any(not isinstance(topic, dict) or not isinstance(topic.get("domain"), dict) or not isinstance(topic.get("guides"), list) for topic in found["topics"]):
        raise ValidationError("内容包里的每个主题，都要有 domain（主题）和 guides（事项列表）。")
    if sum(len(topic["guides"]) for topic in found["topics"]) > MOST:
        raise ValidationError(f"一个内容包最多{MOST}份指南。请对方按主题分几次下载。")
    return Pack(district, name, found["topics"])


def import_pack(text: str, *, district: Area, by, dry_run: bool, take_theirs: Collection[str] = ()) -> Report:
    """Bring a pack into a district for the user `by`. New guides are drafts, of a public guide it becomes the next version; nothing arrives verified.

    `take_theirs`: conflicts ("yibao-001#steps:2") in which their text is to hold instead of ours.
    """
    try:
        pack = read_pack(text)
    except ValidationError as error:
        return Report(problems=error.messages)
    with transaction.atomic():
        Area.objects.filter(pk=district.pk).update(name=F("name"))  # held to the commit: two imports into one district go one after the other
        work = _Import(pack, district, by, take_theirs)
        work.run()
        if dry_run or work.report.problems:
            transaction.set_rollback(True)
    return work.report


class _Import:
    """One import under way: what is known of the district, and the report."""

    def __init__(self, pack: Pack, district: Area, by, take_theirs: Collection[str]):
        self.pack, self.district, self.by, self.take_theirs = pack, district, by, take_theirs
        self.report = Report(origin=pack.name)
        self.offices = set(Office.objects.filter(area__code__startswith=district.code[:6]).values_list("code", flat=True))
        self.known = {guide.slug: guide for guide in Guide.objects.filter(district=district.pk).select_related("next_version")}
        self.bases = {row.slug: row for row in PackEntry.objects.filter(district=district.pk, origin=pack.district)}

    def run(self) -> None:
        entries = [pair for topic in self.pack.topics for pair in self._entries(topic)]
        if self.report.problems:
            return
        self._without_unknown_issuers([entry for _, entry in entries])
        new = {entry["slug"]: self._begin(entry, domain) for domain, entry in entries if entry["slug"] not in self.known}
        for _, entry in entries:
            slug = entry["slug"]
            if new.get(slug):
                self._fill(new[slug], entry)
            elif slug in self.known:
                self._compare(self.known[slug], entry)
        self._tell_of_the_rest({entry["slug"] for _, entry in entries}, {domain.slug for domain, _ in entries})

    def _entries(self, topic: dict) -> list[tuple[Domain, dict]]:
        """The guides of a topic that may be written, as they arrive; what is wrong with the others is in the report."""
        try:
            domain = transfer.find_topic(topic["domain"])
        except ValidationError as error:
            self.report.problems += [f"主题 {str(topic['domain'].get('slug'))[:20]}：{message}" for message in error.messages]
            return []
        found = []
        for number, entry in enumerate(topic["guides"], start=1):
            try:
                check_keys(entry)
            except ValidationError as error:
                slug = entry.get("slug") if isinstance(entry, dict) else None
                self.report.problems += [f"{slug if isinstance(slug, str) else f'{domain.name} 第{number}个事项'}：{message}" for message in error.messages]
                continue
            found.append((domain, self._without_unknown_offices(arriving(entry))))
        seen = [entry["slug"] for _, entry in found]
        self.report.problems += [f"{slug}：这个代号出现了两次，只能留一个。" for slug in dict.fromkeys(seen) if seen.count(slug) > 1]
        return [pair for pair in found if self._is_ours(pair[1])]

    def _is_ours(self, entry: dict) -> bool:
        guide = self.known.get(entry["slug"])
        departments = {str(entry["department"]), *([guide.department] if guide else [])}
        if all(may_write(self.by, district=self.district.pk, department=department) for department in departments):
            return True
        self.report.skipped.append(Line(entry["slug"], str(entry["plain_title"]), ("主管部门不归您管，请管这个部门的编辑来导入。",)))
        return False

    def _without_unknown_offices(self, entry: dict) -> dict:
        for counter in entry.get("counters") or []:
            if counter.get("office") and counter["office"] not in self.offices:
                self.report.warnings.append(f"{entry['slug']}：没有代号是 {counter['office']} 的办理地点，先按最近的一处写。")
                del counter["office"]
        return entry

    def _without_unknown_issuers(self, entries: list[dict]) -> None:
        """What a material points at and is not here is left out, so that it is no difference of ours later on; once it is here it is one of theirs."""
        here = {*self.known, *(entry["slug"] for entry in entries)}
        for entry in entries:
            for material in entry.get("materials") or []:
                if material.get("issued_by") and material["issued_by"] not in here:
                    self.report.warnings.append(f"{entry['slug']}：材料“{material['name']}”指向的事项 {material['issued_by']} 还没有，先不连。")
                    del material["issued_by"]

    def _begin(self, entry: dict, domain: Domain) -> Guide | None:
        """All new guides first: a material may name the one that issues it."""
        guide = Guide(slug=entry["slug"], domain=domain, district=self.district.pk, status=Status.DRAFT, authors=[self.by.pk])
        try:
            documents.fill_head(guide, entry)
            guide.full_clean()
        except ValidationError as error:
            self.report.problems += documents.labelled(guide, error, entry["slug"])
            return None
        guide.save()
        return guide

    def _fill(self, guide: Guide, entry: dict) -> None:
        if self._write(guide, entry, is_new=True):
            self.report.added.append(Line(guide.slug, guide.plain_title))
            self._remember(entry)
            if self.pack.district != self.district.pk and self.pack.name in _said(entry):
                self.report.warnings.append(f"{guide.slug}：里面写着“{self.pack.name}”，看看是不是要改成自己的。")

    def _compare(self, guide: Guide, entry: dict) -> None:
        base = self.bases.get(guide.slug)
        line = Line(guide.slug, guide.plain_title)
        if base and base.document == entry:
            self.report.unchanged.append(line)
            return
        written = getattr(guide, "next_version", None) or guide
        Guide.everything.filter(pk=written.pk).update(priority=F("priority"))  # nobody saves it between our reading and our writing
        ours = _plain(documents.export(Guide.everything.whole().get(pk=written.pk)))
        chosen = {key.partition("#")[2] for key in self.take_theirs if key.partition("#")[0] == guide.slug}
        merged = merge(base.document if base else None, ours, entry, take_theirs=chosen)
        if merged.document == ours:
            line = Line(guide.slug, guide.plain_title, merged.kept, merged.conflicts)
            (self.report.kept if merged.kept or merged.conflicts else self.report.unchanged).append(line)
            self._remember(entry)
        elif written.status in editing.IN_REVIEW:
            self.report.skipped.append(Line(guide.slug, guide.plain_title, ("正在等审核，先打开它“收回来改”，再导入一次。",)))
        else:
            target = editing.start_next(guide=guide, by=self.by) if written.status in editing.PUBLIC else written
            if self._write(target, merged.document):
                self.report.updated.append(Line(guide.slug, guide.plain_title, merged.taken, merged.conflicts))
                self._remember(entry)

    def _write(self, guide: Guide, document: dict, *, is_new: bool = False) -> bool:
        """False when it cannot stand: in a new guide that is the file's mistake; where it is two texts that do not fit together, ours stays."""
        try:
            with transaction.atomic():
                said = documents.write(guide, document, may_verify=is_new)  # nobody vouches for what arrives; what is here may be vouched for
                editing.record_saved(guide=guide, by=self.by)
        except ValidationError as error:
            if is_new:
                self.report.problems += [f"{guide.slug}：{message}" for message in error.messages]
            else:
                why = f"两边的改动合不到一起（{error.messages[0]}），没有动，请照着手工改。"
                self.report.skipped.append(Line(guide.slug, guide.plain_title, (why,)))
            return False
        self.report.warnings += [f"{guide.slug}：{text}" for text in said if "已核实" not in text]
        return True

    def _remember(self, entry: dict) -> None:
        text = json.dumps(entry, cls=DjangoJSONEncoder, ensure_ascii=False)
        values = {"text": text, "imported_at": timezone.now()}
        PackEntry.objects.update_or_create(district=self.district.pk, slug=entry["slug"], origin=self.pack.district, defaults=values)

    def _tell_of_the_rest(self, slugs: set[str], topics: set[str]) -> None:
        missing = [self.known[slug] for slug in self.bases if slug not in slugs and slug in self.known]
        self.report.gone = [Line(guide.slug, guide.plain_title) for guide in missing if guide.slug.partition("-")[0] in topics]


def _plain(document: dict) -> dict:
    return json.loads(json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False))


def _said(value: Any) -> str:
    """All words of a document that residents read; where it came from may name the district."""
    if isinstance(value, dict):
        return "\n".join(_said(part) for key, part in value.items() if key not in ("source", "phrasings"))
    return "\n".join(map(_said, value)) if isinstance(value, list) else str(value)
