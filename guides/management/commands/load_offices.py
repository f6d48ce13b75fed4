from django.core.exceptions import ValidationError

from guides.loading import LoadCommand, district_named
from guides.models import Area, ContentStamp, Level, Office, OfficeHours

OFFICE_KEYS = {"code", "name", "kind", "note", "hours"}
EACH = {"each_township": Level.TOWNSHIP, "each_community": Level.COMMUNITY}


class Command(LoadCommand):
    help = "导入办理地点（YAML，样子见 fixtures/offices.yaml）。只补没有的，工作人员改过的不动；有一处不对，整个文件都不写。"
    what = "办理地点"
    shape = "文件里写 district、hours 和 halls，照 fixtures/offices.yaml 的样子。"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--district", default="", metavar="代码", help="哪个区（县），12位代码；不写就照文件里的 district")

    def handle(self, *, district: str, **options):
        self.district = district_named(district) if district else ""
        super().handle(**options)

    def load(self, document):
        return load(document | {"district": self.district} if self.district else document)


def load(document: dict) -> tuple[int, int]:
    """Create the offices that do not exist yet; how many are new and how many were there. Raises ValidationError."""
    district = _district(document)
    wanted = [(entry, district) for entry in document.get("halls", [])]
    for key, level in EACH.items():
        template = document.get(key)
        for area in Area.objects.within(district).filter(level=level) if template else []:
            wanted.append((_for_area(template, area), area))
    there = set(Office.objects.values_list("code", flat=True))
    for entry, area in wanted:
        if entry.get("code") not in there:
            _create(entry, area, document.get("hours") or {})
    fresh = sum(1 for entry, _ in wanted if entry["code"] not in there)
    if fresh:
        ContentStamp.advance()
    return fresh, len(wanted) - fresh


def _district(document) -> Area:
    code = document.get("district") if isinstance(document, dict) else None
    district = Area.objects.filter(pk=str(code), level=Level.DISTRICT).first()
    if district is None:
        raise ValidationError("开头写 district: 区的12位代码，加引号；这个区要先用 load_areas 导入。")
    return district


def _for_area(template: dict, area: Area) -> dict:
    return template | {"code": f"{template.get('kind')}-{area.code}", "name": str(template.get("name")).format(area=area.short_name)}


def _create(entry: dict, area: Area, timetables: dict) -> None:
    where = f"{entry.get('code') or '没有代号的地点'}："
    if unknown := set(entry) - OFFICE_KEYS:
        raise ValidationError(f"{where}不认识 {'、'.join(sorted(unknown))}。")
    slots = timetables.get(entry.get("hours"))
    if slots is None:
        raise ValidationError(f"{where}hours 写 hours 里有的名字，例如 hall。")
    office = Office(area=area, hours_are_sample=True, **{key: value for key, value in entry.items() if key != "hours"})
    rows = [OfficeHours(**slot) for slot in slots]
    try:
        office.full_clean()
        office.save()
        for row in rows:
            row.office = office
            row.full_clean()
    except ValidationError as error:
        raise ValidationError([where + message for message in error.messages]) from error
    OfficeHours.objects.bulk_create(rows)
