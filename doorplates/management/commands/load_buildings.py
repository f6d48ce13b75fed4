from django.core.exceptions import ValidationError

from doorplates.models import Building
from guides.loading import LoadCommand
from guides.models import Area, ContentStamp, Level

SHAPE = "文件里写 is_sample 和 communities，照 fixtures/buildings.yaml 的样子。"


class Command(LoadCommand):
    help = "导入楼栋和入口（YAML，样子见 fixtures/buildings.yaml）。已有的楼栋不动；有一处不对，整个文件都不写。"
    what = "楼栋"
    shape = SHAPE

    def load(self, document):
        return load(document)


def load(document: dict) -> tuple[int, int]:
    """Create the buildings that do not exist yet; how many are new and how many were there. Raises ValidationError."""
    added = kept = 0
    for part in document["communities"]:
        community = Area.objects.filter(pk=str(part["community"]), level=Level.COMMUNITY).first()
        if community is None:
            raise ValidationError(f"没有代码是 {part['community']} 的村（社区），先用 load_areas 导入。")
        for building in _buildings(part, community, is_sample=document["is_sample"]):
            if Building.objects.filter(community=community, estate=building.estate, name=building.name).exists():
                kept += 1
                continue
            building.full_clean()
            building.save()
            added += 1
    if added:
        ContentStamp.advance()
    return added, kept


def _buildings(part: dict, community: Area, *, is_sample: bool):
    for estate in part["estates"]:
        for group in estate["buildings"]:
            for name in group["names"]:
                yield Building(
                    community=community,
                    estate=estate.get("estate", ""),
                    name=name,
                    entrances=group.get("entrances", []),
                    is_sample=is_sample,
                )
