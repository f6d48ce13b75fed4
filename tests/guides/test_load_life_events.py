"""The life events of the fixtures: loaded whole or not at all, and true to the guides they are made of."""

import re
from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from guides.access import issuers_of
from guides.life_events import EventReading
from guides.models import Audience, ContentStamp, LifeEvent, Stage
from tests.content import FIXTURES, all_content  # noqa: F401
from tests.factories import make_guide, make_situation

pytestmark = pytest.mark.django_db

GOOD = """events:
- slug: newborn
  title: 家里添了孩子
  answer: 几样手续接着办。
  aliases: [生孩子]
  order: 10
  steps:
  - {guide: weijian-002, note: 先开这个。}
  - {guide: huji-002, case: paper=none, optional: true}
"""


@pytest.fixture
def guides():
    household = make_guide("huji-002")
    make_situation(household, "paper", "have:有证明", "none:没有证明")
    return make_guide("weijian-002"), household


@pytest.fixture
def load(tmp_path):
    def run(text: str) -> str:
        out, path = StringIO(), tmp_path / "events.yaml"
        path.write_text(text, encoding="utf-8")
        call_command("load_life_events", path, stdout=out, stderr=StringIO())
        return out.getvalue().strip()

    return run


def test_what_is_new_is_published_and_what_is_there_is_left_alone(load, guides):
    before = ContentStamp.current()
    assert load(GOOD) == "一件事：新增 1，已有的 0 个没有动。"
    event = LifeEvent.objects.published().get()
    assert [(s.guide.slug, s.case, s.note, s.optional, s.order) for s in event.steps.all()] == [
        ("weijian-002", "", "先开这个。", False, 10), ("huji-002", "paper=none", "", True, 20),
    ]  # fmt: skip
    assert (event.audience, ContentStamp.current()) == (Audience.PERSONAL, before + 1)
    LifeEvent.objects.update(title="改过的")
    assert load(GOOD) == "一件事：新增 0，已有的 1 个没有动。"
    assert (LifeEvent.objects.get().title, ContentStamp.current()) == ("改过的", before + 1)


def test_missing_guides_are_named_and_nothing_is_written(load, guides):
    more = GOOD + "- slug: other\n  title: 别的事\n  answer: 别的。\n  steps: [{guide: huji-900}, {guide: huji-901}]\n"
    with pytest.raises(CommandError, match="没有这些事项，先用 load_guides 导入：huji-900、huji-901。"):
        load(more)
    assert not LifeEvent.objects.exists()


@pytest.mark.parametrize(("old", "new", "sentence"), [
    ("events:", "things:", "文件里写 events"),
    ("events:\n", "- a\n", "什么都没有写入"),
    ("  title: 家里添了孩子\n", "", "newborn：名称，此字段不能为空"),
    ("slug: newborn", "slug: New_born", "代号用小写字母"),
    ("order: 10", "colour: red", "newborn：不认识 colour。"),
    ("note: 先开这个。", "remark: x", "newborn：第1步 weijian-002，不认识 remark。"),
    ("case: paper=none", "case: paper=x", "newborn：第2步 huji-002，没有这样的情形：paper=x。"),
    ("guide: huji-002, case: paper=none", "guide: weijian-002", "这个事项已经在里面了"),
    ("optional: true", "optional: perhaps", "newborn：第2步 huji-002，不是家家都要办，"),
    ("steps:\n", "steps: x\n  more:\n", "第1件事写成"),
    ("- {guide: weijian-002, note: 先开这个。}", "- weijian-002", "第1件事写成"),
    ("order: 10", "order: ten", "newborn：顺序，"),
    ("order: 10", "audience: nobody", "newborn：办事人，"),
    ("note: 先开这个。", f"note: {'长' * 121}", "120"),
])  # fmt: skip
def test_a_wrong_file_says_where(load, guides, old, new, sentence):
    with pytest.raises(CommandError) as error:
        load(GOOD.replace(old, new))
    assert "什么都没有写入。" in str(error.value)
    assert sentence in str(error.value)
    assert not LifeEvent.objects.exists()


# ---- the content itself


@pytest.fixture
def events(all_content):  # noqa: F811
    return list(LifeEvent.objects.whole())


def reading_of(event):
    return EventReading(event, {}, issuers_of([step.guide for step in event.steps.all()]))


def test_at_least_twelve_events_for_both_kinds_of_people_all_whole(events):
    readings = [reading_of(event) for event in events]
    assert len(readings) >= 12
    assert {event.audience for event in events} == {"personal", "enterprise"}
    assert [r.event.slug for r in readings if r.left_out or len(r.steps) < 2 or all(s.step.optional for s in r.steps)] == []
    assert {e.slug for e in events} >= {
        "newborn", "school", "retire", "bereavement", "restaurant", "company", "construction", "disability", "hardship", "public-housing",
    }  # fmt: skip


def test_no_paper_is_asked_for_twice(events):
    twice = {}
    for event in events:
        reading = reading_of(event)
        lines = [line.paper for line in reading.identity_documents + reading.other_papers + reading.optional_papers]
        names = [(paper.name, tuple(paper.guides)) for paper in lines]
        shared = [name for name, guides in names if [n for n, _ in names].count(name) > 1 and len(guides) > 1]
        twice |= {event.slug: shared} if shared else {}
    assert twice == {}


def test_proof_of_no_house_comes_before_the_public_housing(events):
    [housing] = [event for event in events if event.slug == "public-housing"]
    assert [(errand.guide.slug, number) for errand, number in reading_of(housing).errands][0] == ("budongchan-001", 1)


def test_a_building_project_goes_through_its_stages_in_order(events):
    [project] = [event for event in events if event.slug == "construction"]
    order = {stage: place for place, stage in enumerate(Stage)}
    stages = [order[step.guide.stage] for step in project.steps.all() if step.guide.stage and not step.optional]
    assert stages == sorted(stages)
    assert [step.guide.slug for step in project.steps.all() if not step.optional] == ["touzi-005", "touzi-002", "touzi-001", "touzi-004", "touzi-010"]


def test_titles_and_notes_claim_no_figure_and_no_list_of_the_state(events):
    texts = [t for e in events for t in (e.title, e.answer, *e.aliases, *(s.note for s in e.steps.all()))]
    assert [t for t in texts if re.search(r"[0-9０-９]|元|工作日|国务院|高效办成|全国", t)] == []
    assert [e.slug for e in events for s in e.steps.all() if not s.note] == []
    half = re.compile(r"(?<=[\u4e00-\u9fff])[,;:?!()]|[\"']")
    assert [t for t in texts if half.search(t)] == []


def test_the_file_holds_only_what_the_readme_says():
    document = yaml.safe_load((FIXTURES / "life_events.yaml").read_text(encoding="utf-8"))
    readme = (FIXTURES / "README.md").read_text(encoding="utf-8").partition("## Life events")[2]
    keys = {key for event in document["events"] for key in event} | {key for event in document["events"] for step in event["steps"] for key in step}
    assert [key for key in sorted(keys) if key not in readme] == []
