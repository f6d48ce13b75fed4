from django.core.exceptions import ValidationError

from guides.document_shape import ORDER_STEP
from guides.life_events import wrong_answers
from guides.loading import LoadCommand, district_named
from guides.models import ContentStamp, Guide, LifeEvent, LifeEventStep, Status, own_district

EVENT_KEYS = {"slug", "title", "answer", "aliases", "audience", "order", "steps"}
STEP_KEYS = {"guide", "case", "note", "optional"}


class Command(LoadCommand):
    help = "导入一件事（YAML，样子见 fixtures/life_events.yaml）。只补没有的，工作人员改过的不动；有一处不对，整个文件都不写。"
    what = "一件事"
    shape = "文件里写 events，照 fixtures/life_events.yaml 的样子。"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--district", default="", metavar="代码", help="哪个区（县），12位代码；不写就是本系统自己的")

    def handle(self, *, district: str, **options):
        self.district = district_named(district)
        super().handle(**options)

    def load(self, document):
        return load(document, self.district)


def load(document: dict, district: str = "") -> tuple[int, int]:
    """Create and publish the events that a district (by default the installation's own) does not have yet; how many are new and how many were there. Raises ValidationError."""
    entries = document.get("events") if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) - {"events"}:
        raise ValidationError("文件里写 events，下面每条以 - slug: 开头。")
    district = district or own_district()
    there = set(LifeEvent.objects.filter(district=district).values_list("slug", flat=True))
    fresh = [entry for entry in entries if not (isinstance(entry, dict) and entry.get("slug") in there)]
    guides = _guides_of(fresh, district)
    for entry in fresh:
        _create(entry, guides, district)
    if fresh:
        ContentStamp.advance()
    return len(fresh), len(entries) - len(fresh)


def _guides_of(entries: list, district: str) -> dict[str, Guide]:
    """Every guide these events name, whole. Raises ValidationError that names the missing ones."""
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("steps"), list) or not all(isinstance(s, dict) for s in entry["steps"]):
            raise ValidationError(f"第{number}件事写成 slug、title、answer 和 steps（每步以 - guide: 开头）。")
    wanted = {str(step.get("guide")) for entry in entries for step in entry["steps"]}
    found = {guide.slug: guide for guide in Guide.objects.whole().filter(district=district, slug__in=wanted)}
    if missing := sorted(wanted - set(found)):
        raise ValidationError(f"没有这些事项，先用 load_guides 导入：{'、'.join(missing)}。")
    return found


def _create(entry: dict, guides: dict[str, Guide], district: str) -> None:
    where = f"{entry.get('slug') or entry.get('title') or '没有代号的一件事'}："
    if unknown := {str(key) for key in entry} - EVENT_KEYS:
        raise ValidationError(f"{where}不认识 {'、'.join(sorted(unknown))}。")
    event = LifeEvent(district=district, status=Status.PUBLISHED, **{key: value for key, value in entry.items() if key != "steps"})
    _checked(event, where)
    for number, row in enumerate(entry["steps"], start=1):
        place = f"{where}第{number}步 {row.get('guide')}，"
        if unknown := {str(key) for key in row} - STEP_KEYS:
            raise ValidationError(f"{place}不认识 {'、'.join(sorted(unknown))}。")
        guide = guides[str(row["guide"])]
        if wrong := wrong_answers(guide, str(row.get("case", ""))):
            raise ValidationError(f"{place}没有这样的情形：{'、'.join(wrong)}。")
        _checked(LifeEventStep(event=event, order=number * ORDER_STEP, **{**row, "guide": guide}), place)


def _checked(row, where: str) -> None:
    """Saves it, or says where and why not."""
    try:
        row.full_clean()
    except ValidationError as error:
        labels = {field.name: f"{field.verbose_name}，" for field in row._meta.concrete_fields}
        told = [labels.get(name, "") + message for name, messages in error.message_dict.items() for message in messages]
        raise ValidationError(f"{where}{'；'.join(told)}") from error
    row.save()
