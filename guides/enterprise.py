"""What an enterprise clerk needs, in the order they need it. Pure: the caller brings the guides.

The four stages are those of 国办发〔2019〕11号; each is explained in a sentence that claims no figure and no local rule.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from guides.models import Guide, Stage

STARTING, BUILDING, PAYING, OTHER = "start", "build", "pay", "other"
TITLES = {STARTING: "开店办厂", BUILDING: "投资建设", PAYING: "税务、社保、用工", OTHER: "其他的事"}
# Which topics belong where; a topic that is not here stands under 其他的事.
TOPICS = {"shangshi": STARTING, "touzi": BUILDING, "shuiwu": PAYING, "shebao": PAYING, "jiuye": PAYING, "yibao": PAYING, "gongjijin": PAYING}

STAGE_WORDS = {
    Stage.LAND: ("立项、定地", "先把项目报上去，再把用哪块地、能怎么用定下来。"),
    Stage.DESIGN: ("定方案", "把怎么盖画清楚，方案过了，拿建设工程规划许可证。"),
    Stage.BUILD: ("开工前", "这些在开工前后办。拿到施工许可证，再动工。"),
    Stage.ACCEPT: ("盖好以后", "盖完了来验收，验收合格了再用。"),
}


@dataclass(frozen=True)
class StageLine:
    """One stage of a building project: its place in the line, what people call it, and what is done in it."""

    stage: Stage
    number: int
    guides: tuple[Guide, ...] = ()

    @property
    def title(self) -> str:
        return STAGE_WORDS[self.stage][0]

    @property
    def sentence(self) -> str:
        return STAGE_WORDS[self.stage][1]


@dataclass(frozen=True)
class Group:
    """One part of the enterprises' page. `guides` are those outside the stages."""

    key: str
    title: str
    guides: tuple[Guide, ...]
    stages: tuple[StageLine, ...] = ()


def stages_of(guides: Iterable[Guide]) -> tuple[StageLine, ...]:
    """The stages that have a guide, in the project's order; within one the guides keep the order they came in."""
    rows = list(guides)
    lines = (StageLine(stage, number, tuple(g for g in rows if g.stage == stage)) for number, stage in enumerate(Stage, start=1))
    return tuple(line for line in lines if line.guides)


def groups_of(guides: Iterable[Guide]) -> list[Group]:
    """The parts that have a guide, in the order a clerk needs them. A guide with a stage stands under 投资建设, whatever its topic."""
    parts: dict[str, list[Guide]] = {key: [] for key in TITLES}
    for guide in guides:
        parts[BUILDING if guide.stage else TOPICS.get(guide.domain.slug, OTHER)].append(guide)
    return [
        Group(key, TITLES[key], tuple(g for g in rows if not g.stage), stages_of(rows) if key == BUILDING else ())
        for key, rows in parts.items()
        if rows
    ]


@dataclass(frozen=True)
class Position:
    """Where a guide stands in a building project: its stage with the other guides of it, and the stages before and after."""

    here: StageLine
    before: StageLine | None
    after: StageLine | None
    count: int


def position_of(guide: Guide, staged: Iterable[Guide]) -> Position | None:
    """None for a guide without a stage. `staged` are the published guides that have one.

    Neighbours are stages, not guides: in which order two papers of one stage are got differs from project to project, and we do not know it.
    """
    if not guide.stage:
        return None
    found = {line.stage: line for line in stages_of(g for g in staged if g.pk != guide.pk)}
    order = list(Stage)
    place = order.index(Stage(guide.stage))
    here = found.get(order[place]) or StageLine(order[place], place + 1)
    before = next((found[stage] for stage in reversed(order[:place]) if stage in found), None)
    after = next((found[stage] for stage in order[place + 1 :] if stage in found), None)
    return Position(here, before, after, len(order))
