from django.core.exceptions import ValidationError

from guides.loading import LoadCommand, district_named
from guides.models import Area, ContentStamp, JobPosting, Notice, own_district

MODELS = {"notices": (Notice, ("title", "published_on")), "jobs": (JobPosting, ("title", "employer", "published_on"))}


class Command(LoadCommand):
    help = "导入政策通知和招聘信息（YAML，样子见 fixtures/board.yaml）。已经有的不动；有一条不对，整个文件都不写。"
    what = "政策和招聘"
    shape = "文件里写 notices（政策通知）和 jobs（招聘信息）。"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--district", default="", metavar="代码", help="哪个区（县），12位代码；不写就是本系统自己的")

    def handle(self, *, district: str, **options):
        self.district = district_named(district)
        super().handle(**options)

    def load(self, document):
        return load(document, self.district)


def load(document: dict, district: str = "") -> tuple[int, int]:
    """For a district (by default the installation's own) create what is not there yet; how many are new and how many were there. Raises ValidationError."""
    if not isinstance(document, dict) or set(document) - set(MODELS):
        raise ValidationError("文件里写 notices（政策通知）和 jobs（招聘信息）。")
    added = kept = 0
    for part, (model, identity) in MODELS.items():
        for number, entry in enumerate(document.get(part) or [], start=1):
            where = f"{part} 第{number}条："
            item = _build(model, entry, where, district or own_district())
            if model.objects.of_district(district or own_district()).filter(**{name: getattr(item, name) for name in identity}).exists():
                kept += 1
                continue
            item.save()
            added += 1
    if added:
        ContentStamp.advance()
    return added, kept


def _build(model, entry, where: str, district: str):
    names = {field.name for field in model._meta.fields} - {"id"}
    if not isinstance(entry, dict) or (unknown := set(entry) - names):
        raise ValidationError(f"{where}不认识 {'、'.join(sorted(map(str, unknown))) if isinstance(entry, dict) else entry}。")
    values = dict(entry)
    if code := values.pop("area", None) or (district if district != own_district() else None):
        values["area"] = Area.objects.filter(pk=str(code), code__startswith=district[:6]).first()
        if values["area"] is None:
            raise ValidationError(f"{where}没有代码是 {code} 的区划。")
    item = model(**values)
    try:
        item.full_clean()
    except ValidationError as error:
        raise ValidationError([where + message for message in error.messages]) from error
    return item
