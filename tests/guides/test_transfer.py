"""Guides in and out: all or nothing, tried before written, each mistake told with its place in a sentence."""

import textwrap

import pytest

from guides.models import Counter, Domain, Guide, Material, Office, Status, Step
from guides.transfer import Report, export_domain, import_guides, read
from tests.content import FIXTURES, all_content  # noqa: F401
from tests.factories import make_area, make_guide

pytestmark = pytest.mark.django_db

HEAD = """
  title: 医保电子凭证激活
  plain_title: 开通医保码
  audience: personal
  department: 区医疗保障局
  aliases: [医保码]
  counter_level: community
  priority: 1
  checked_on: 2026-11-23
  answer: 手机上就能开。
"""


def file(*entries: str, domain: str = "{slug: yibao, name: 医疗保障}") -> str:
    """A file with the parts that are given, each under a whole head: "yibao-001" or "yibao-001" and its parts below."""
    written = []
    for entry in entries:
        slug, _, parts = textwrap.dedent(entry).strip().partition("\n")
        written.append(f"- slug: {slug}{HEAD}{textwrap.indent(parts, '  ')}\n")
    return f"domain: {domain}\nguides:\n" + "".join(written)


def bring(*texts: str, **options) -> Report:
    return import_guides(texts, by="边吉", **{"dry_run": False, **options})


def told(*texts: str, **options) -> list[str]:
    """The problems; there must be none written when there is any."""
    before = Guide.objects.count()
    report = bring(*texts, **options)
    assert Guide.objects.count() == before or not report.problems
    return [str(problem) for problem in report.problems]


def test_a_dry_run_reports_and_writes_nothing():
    text = file("yibao-001\nsteps:\n- {text: 打开微信。, mark: K}")
    assert bring(text, dry_run=True).added == ["yibao-001"]
    assert (Guide.objects.count(), Domain.objects.count()) == (0, 0)
    bring(text)
    report = bring(text.replace("打开微信。", "打开支付宝。"), dry_run=True)
    assert "+  - {text: 打开支付宝。, mark: K}" in report.changed["yibao-001"].splitlines()
    assert [step.text for step in Step.objects.all()] == ["打开微信。"]


def test_one_mistake_keeps_the_whole_import_out():
    wrong = file("yibao-002\nsteps:\n- {text: 打开微信。, mark: X}")
    assert len(told(file("yibao-001"), wrong)) == 1
    assert Guide.objects.count() == 0


def test_new_guides_are_drafts_unless_published():
    bring(file("yibao-001"))
    bring(file("yibao-002"), publish=True)
    assert list(Guide.objects.order_by("slug").values_list("status", flat=True)) == [Status.DRAFT, Status.PUBLISHED]


def test_each_import_is_one_revision_and_an_unchanged_one_none():
    text = file("yibao-001\nsteps:\n- {text: 打开微信。, mark: K}")
    for _ in range(2):
        bring(text)
    assert bring(text).unchanged == ["yibao-001"]
    assert [(r.number, r.by) for r in Guide.objects.get().revisions.all()] == [(1, "边吉")]


def test_only_new_leaves_what_staff_wrote():
    bring(file("yibao-001"))
    Guide.objects.update(answer="边吉改过的。")
    report = bring(file("yibao-001", "yibao-002"), only_new=True)
    assert (report.kept, report.added) == (["yibao-001"], ["yibao-002"])
    assert Guide.objects.get(slug="yibao-001").answer == "边吉改过的。"


MISTAKES = [
    ("yibao-001\nstpes: []", "yibao-001：不认识 stpes，是不是写错了？"),
    ("yibao-001\nsteps:\n- {text: 打开微信。, mark: X}", "yibao-001：steps 第1条的出处类别：值 'X' 不是有效选项。"),
    ("yibao-001\nsteps:\n- {text: 打开微信。, mark: V}", "yibao-001：steps 第1条：写明出处（source）。"),
    ("yibao-001\nsteps:\n- {text: 打开微信。, only_for: [who=agent]}", "yibao-001：steps 第1条：没有“who=agent”这个情形。"),
    ("yibao-001\nsteps:\n- {text: 打开微信。, only_for: who=agent}", "yibao-001：steps 第1条的 only_for 写成 [who=agent] 这样。"),
    ("yibao-001\nsteps:\n- {words: 打开微信。}", "yibao-001：steps 第1条缺少 text。"),
    ("yibao-001\nsteps:\n- {text: {注意: 打开}}", "yibao-001：steps 第1条的 text 应该是一句话或一个数。"),
    ("yibao-001\nfacts:\n  fees: {text: 不收费, mark: K}", "yibao-001：facts 里不认识 fees。"),
    ("yibao-001\nfacts:\n  video: {value: \"yes\", mark: K}", "yibao-001：facts.video 的 value 写 yes 或 no，不加引号。"),
    ("yibao-001\nmaterials:\n- {name: 户口簿, identity: \"no\"}", "yibao-001：materials 第1条的 identity 写 yes 或 no，不加引号。"),
    ("yibao-001\nmaterials:\n- {name: 户口簿, form: paper}", "yibao-001：materials 第1条的形式：值 'paper' 不是有效选项。"),
    ("yibao-001\ncounters:\n- {kind: hall, office: 没有}", "yibao-001：counters 第1条：没有代号是 没有 的办理地点。"),
    ("yibao-001\nsituations:\n- {key: who, question: 谁去？}", "yibao-001：situations 第1条的 answers 下面至少写一个回答。"),
    (
        "yibao-001\nsituations:\n- {key: has, question: 有吗？, answers: [{key: yes, label: 有}]}",
        "yibao-001：situations 第1条的回答代号 yes、no、on、off 要加引号，例如 key: \"yes\"。",
    ),
    (
        "yibao-001\nsituations:\n- {key: W, question: 谁去？, answers: [{key: self, label: 本人}]}",
        "yibao-001：situations 第1条的代号：用小写字母，例如 who；不能用 all、step、page。",
    ),
    ("Yibao-1", "Yibao-1 · 代号：代号写成 拼音-三位数字，例如 yibao-001。"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "sentence"), MISTAKES)
def test_a_mistake_is_told_with_its_place(entry, sentence):
    assert told(file(entry)) == [sentence]


def test_the_same_slug_twice_is_told_within_a_file_and_across_files():
    sentence = "yibao-001：这个代号出现了两次，只能留一个。"
    assert told(file("yibao-001", "yibao-001")) == [sentence]
    assert told(file("yibao-001"), file("yibao-001")) == [sentence]


def test_a_guide_does_not_wander_into_another_topic():
    bring(file("yibao-001"))
    wandering = file("yibao-001", domain="{slug: shebao, name: 社会保障}")
    assert told(wandering) == ["yibao-001：它现在在“医疗保障”主题里，不能放进“社会保障”的文件。先在后台改主题。"]


def test_a_verified_word_needs_its_day():
    text = file("yibao-001\nsteps:\n- {text: 打开微信。, mark: V, source: 国家医保局}").replace("  checked_on: 2026-11-23\n", "")
    assert told(text) == ["yibao-001：steps 第1条：标了已核实，就要写核对日期（事项的 checked_on，或这一条的 verified_on）。"]


UNREADABLE = [
    ("guides: [", "第2行写得不对，读不出来：看看这一行的冒号、引号和缩进。"),
    ("domain: {slug: a, name: b}\nguides:\n- a: 1\n a: 2", "第4行写得不对，读不出来：看看这一行的冒号、引号和缩进。"),
    ("domain: &x {slug: a, name: b}\nguides: [*x]", "第1行写得不对，读不出来：不要用 & 和 * 引用，照样再写一遍。"),
    ("domain: {slug: a, slug: b}\nguides: []", "第1行写得不对，读不出来：“slug”写了两遍。"),
    ("{a: " * 5000, "第1行写得不对，读不出来：括号一层套一层太多了，看看是不是忘了关上。"),
    ("[" * 200_000, "第1行写得不对，读不出来：括号一层套一层太多了，看看是不是忘了关上。"),
    ("domain: {slug: a, name: b}\nguides: [{checked_on: 2026-13-01}]", "文件读不出来：看看日期是不是写错了（例如 2026-11-23），括号是不是没有关上。"),
    ("只有一句话", "文件开头要有 domain（主题），下面要有 guides（事项列表）。照 fixtures/guides/ 里的样子写。"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE)
def test_a_file_that_is_no_such_yaml_is_told_with_its_line(text, sentence):
    assert told(text) == [f"第1个文件：{sentence}"]


def test_a_character_that_postgresql_cannot_keep_is_refused():
    assert told(file('yibao-001\nsteps:\n- {text: "打开\\0微信"}')) == ["yibao-001：steps 第1条的 text 应该是一句话或一个数。"]


def test_a_material_links_to_a_guide_of_a_later_file():
    paper = file("yibao-001\nmaterials:\n- {name: 身份证, issued_by: huji-006}")
    report = bring(paper, file("huji-006", domain="{slug: huji, name: 户籍}"))
    assert report.warnings == []
    assert Material.objects.get().issued_by.slug == "huji-006"


def test_a_link_to_an_unknown_guide_is_a_warning():
    report = bring(file("yibao-001\nmaterials:\n- {name: 身份证, issued_by: huji-006}"))
    assert [str(w) for w in report.warnings] == ["yibao-001：材料“身份证”指向的事项 huji-006 还没有，先不连。"]


def test_a_counter_of_one_office_survives_the_round_trip():
    guide = make_guide()
    hall = Office.objects.create(code="hall", name="惠农区政务服务中心", kind="hall", area=make_area("640205000000"))
    Counter.objects.create(guide=guide, kind="hall", office=hall)
    text = export_domain(guide.domain)
    assert bring(text).unchanged == ["yibao-001"]
    bring(text.replace("到社区就能登记", "到大厅登记"))
    assert Counter.objects.get().office == hall


def test_whoever_may_not_verify_brings_nothing_verified_but_keeps_what_was():
    steps = "\nsteps:\n- {text: 打开微信。, mark: V, source: 国家医保局}\n- {text: 点激活。, mark: V, source: 国家医保局}"
    bring(file("yibao-001" + steps))
    changed = file("yibao-001" + steps.replace("点激活。", "点开通。"))
    report = bring(changed, may_verify=False)
    assert [str(w) for w in report.warnings] == ["yibao-001：1条写着已核实，您的账号不能核实，先记为待核实，请审核来核实。"]
    assert [(s.text, s.is_verified) for s in Step.objects.all()] == [("打开微信。", True), ("点开通。", False)]


def test_an_empty_topic_exports_a_file_that_reads_back():
    domain = Domain.objects.create(slug="yibao", name="医疗保障")
    assert read(export_domain(domain))["guides"] == []


@pytest.mark.usefixtures("all_content")
def test_every_real_guide_comes_back_as_it_went_out():
    """Out of the database and in again, and the files themselves again: not one of the 179 changes."""
    exported = [export_domain(domain) for domain in Domain.objects.all()]
    files = [path.read_text(encoding="utf-8") for path in sorted((FIXTURES / "guides").glob("*.yaml"))]
    for texts in (exported, files):
        report = import_guides(texts, by="边吉", dry_run=True)
        assert (len(report.unchanged), report.changed, report.problems) == (Guide.objects.count(), {}, [])
