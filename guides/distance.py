"""跨省通办 and 视频办 of one guide: what each means for this very item, in one sentence. Pure."""

from dataclasses import dataclass

from guides.models import Fact, FactField, Guide

CROSS, VIDEO = "cross", "video"  # as in ?can=

# yes, no, nobody knows. What else is known of the item stands in the fact's note.
SENTENCES: dict[str, dict[bool | None, str]] = {
    CROSS: {
        True: "能跨省办：人在外省也能办，不用专门跑回来。",
        False: "不能跨省办：在外省的窗口办不了。",
        None: "能不能跨省办，还不清楚。人在外地的，先打电话问。",
    },
    VIDEO: {
        True: "能视频办：工作人员在手机视频里带着您办，不用跑窗口。",
        False: "不能视频办：这件事隔着手机办不了。",
        None: "能不能视频办，还不清楚。",
    },
}


@dataclass(frozen=True)
class Way:
    """One way of not coming. `value` is None where nobody knows; then there is no fact to show."""

    key: str
    value: bool | None
    fact: Fact | None

    @property
    def sentence(self) -> str:
        return SENTENCES[self.key][self.value]


def ways_of(guide: Guide) -> list[Way]:
    """Both ways, always. Pass a guide from Guide.objects.whole(), so that its facts cost no query."""
    known = {fact.field: fact for fact in guide.facts.all()}
    return [
        Way(CROSS, guide.cross_province, known.get(FactField.CROSS_PROVINCE)),
        Way(VIDEO, guide.video, known.get(FactField.VIDEO)),
    ]
