"""The real guides, all 179 of the catalogue: 66 whole, 113 brief, honest about what is verified, and in the words of the door."""

import re
from collections import Counter

import pytest
from django.test import Client

from guides.models import Guide, Mark, Material, Office, StatementKind
from guides.readiness import tick_of
from guides.reading import Reading
from tests.content import FIXTURES, all_content  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

TOPICS = {  # how many items of the catalogue each topic has
    "yibao": 15, "weijian": 16, "shebao": 17, "minzheng": 15, "canlian": 9, "jiuye": 15, "huji": 10, "zhufang": 5, "budongchan": 7, "jiaoyu": 5,
    "tuiyi": 5, "gongjijin": 5, "shuiwu": 5, "jiaotong": 6, "shangshi": 15, "touzi": 16, "nongye": 8, "falv": 5,
}
WHOLE = {
    "yibao": range(1, 14),
    "weijian": [1, 2, 3, 4, 5, 6, 8, 9],
    "shebao": [*range(1, 8), *range(9, 16)],
    "minzheng": range(1, 14),
    "canlian": range(1, 8),
    "jiuye": [1],
    "huji": [1, 6],
    "zhufang": [1],
    "budongchan": [1, 2],
    "shangshi": [1, 4, 7],
    "touzi": [1, 4],
}
ENTERPRISE = {
    "yibao-015", "weijian-011", "weijian-012", "shebao-016", "minzheng-015", "shuiwu-003", "jiaotong-004", "nongye-006", "nongye-007",
    *(f"shangshi-{n:03d}" for n in range(1, 16)), *(f"touzi-{n:03d}" for n in range(1, 17)),
}
# Numbers of the facts list, section 0: national lines only. No local number of 惠农区 is known.
PHONES = {"110", "119", "120", "12345", "12393", "12333", "96110", "12348", "12385", "12366", "12329", "12315", "12320"}
OFFICIALESE = ["予以", "携带相关材料", "按规定办理", "提交至", "相关部门", "相关材料", "有关部门", "依法依规", "之日起", "届时", "贵单位"]
HAN = r"[\u3400-\u9fff“”（）《》〔〕]"


@pytest.fixture
def guides() -> list[Guide]:
    return list(Guide.objects.whole())


def sourced(guide):
    """Each statement of a guide that carries a mark."""
    parts = (guide.facts, guide.statements, guide.materials, guide.steps, guide.counters)
    return [row for part in parts for row in part.all()]


def texts(guide) -> list[str]:
    """Everything of a guide that a resident can read, sources apart."""
    found = [guide.title, guide.plain_title, guide.answer, guide.department, guide.fee, guide.result, guide.online, *guide.aliases]
    found += [row.note for row in [*guide.facts.all(), *guide.counters.all()]]
    found += [row.text for row in [*guide.statements.all(), *guide.steps.all()]]
    found += [text for row in guide.materials.all() for text in (row.name, row.issuer, row.how)]
    for situation in guide.situations.all():
        found += [situation.question, *(text for a in situation.answers.all() for text in (a.label, a.note))]
    return [text for text in found if text]


def failing(guides, wrong) -> dict:
    """Slug to what is wrong, for the guides where something is: one reading of a failure shows all of them."""
    return {guide.slug: found for guide in guides if (found := wrong(guide))}


def slugs(numbers) -> set[str]:
    return {f"{topic}-{number:03d}" for topic, found in numbers.items() for number in found}


def test_exactly_the_items_of_the_catalogue_are_published(guides):
    wanted = slugs({topic: range(1, count + 1) for topic, count in TOPICS.items()})
    assert len(wanted) == 179
    assert {guide.slug for guide in guides if guide.status == "published"} == wanted
    assert {guide.slug for guide in guides if guide.is_for_enterprise} == ENTERPRISE


def test_the_66_whole_ones_are_no_brief_ones(guides):
    whole = slugs(WHOLE)
    assert len(whole) == 66
    assert {guide.slug for guide in guides if not guide.is_brief} == whole


def missing(guide) -> list[str]:
    kinds = [row.kind for row in guide.statements.all()]
    has = {
        "answer": bool(guide.answer),
        "condition": StatementKind.CONDITION in kinds,
        "legal basis": guide.is_brief or StatementKind.BASIS in kinds,
        "material": guide.materials.exists() or any("不用带" in text or "不要材料" in text for text in texts(guide)),
        "three steps": len(guide.steps.all()) >= 3,
        "counter": guide.counters.exists(),
        "hotline": guide.hotline in PHONES,
        "online": bool(guide.online) or not guide.is_brief,
        "department": bool(guide.department),
        "eight aliases": len(set(guide.aliases)) >= 8,
        "twelve phrasings": len(set(guide.phrasings)) >= 12,
        "checked_on": bool(guide.checked_on),
        "short name": len(guide.plain_title) <= 20,
    }
    return [name for name, is_there in has.items() if not is_there]


def test_no_two_guides_are_asked_for_in_the_same_words(guides):
    said = [phrase for guide in guides for phrase in guide.phrasings]
    assert [phrase for phrase, count in Counter(said).items() if count > 1] == []


def test_a_brief_guide_claims_only_what_is_generally_known(guides):
    """Its papers are the usual ones: none is called verified."""
    brief = [guide for guide in guides if guide.is_brief]
    assert failing(brief, lambda g: [m.name for m in g.materials.all() if m.is_verified]) == {}


def test_no_paper_is_issued_by_its_own_guide(guides):
    assert failing(guides, lambda g: [m.name for m in g.materials.all() if m.issued_by_id == g.pk]) == {}


def test_each_guide_is_complete(guides):
    assert failing(guides, missing) == {}


def test_each_paper_says_who_issues_it_or_how_to_get_it(guides):
    """Both, as a rule; a declaration one signs has no issuer, and where a paper comes from many places `how` says whom to ask."""
    assert failing(guides, lambda g: [m.name for m in g.materials.all() if not (m.issuer or m.how)]) == {}
    papers = [m for g in guides for m in g.materials.all()]
    assert sum(bool(m.issuer and m.how) for m in papers) >= 0.97 * len(papers)


def test_only_an_official_source_is_shown_as_verified(guides):
    def wrong(guide):
        return [str(row) for row in sourced(guide) if row.is_verified != (row.mark == Mark.OFFICIAL)]

    assert failing(guides, wrong) == {}
    marks = {row.mark for guide in guides for row in sourced(guide)}
    assert marks == {"V", "V-3p", "K"}  # each kind is there to go wrong


def test_every_quoted_statement_names_its_source(guides):
    assert failing(guides, lambda g: [str(row) for row in sourced(g) if row.mark != Mark.COMMON and not row.source]) == {}


def test_offices_claim_nothing_that_is_not_known():
    claims = {"address": "", "floor": "", "phone": "", "longitude": None, "latitude": None, "verified_by": "", "hours_are_sample": True}
    assert Office.objects.count() == 8 + 12 + 79
    assert list(Office.objects.exclude(**claims)) == []


def test_at_least_thirty_guides_have_situations_and_each_answer_changes_something(guides):
    with_situations = [guide for guide in guides if guide.situations.all()]
    assert len(with_situations) >= 30

    def idle(guide):
        """Answers that differ from every other answer of their question in nothing: no paper, step, condition or remark."""
        tokens = {token for row in [*guide.materials.all(), *guide.steps.all(), *guide.statements.all()] for token in row.only_for}
        found = []
        for situation in guide.situations.all():
            answers = situation.answers.all()
            views = {a.key: (tuple(f"{situation.key}={a.key}" in row.only_for for row in rows_of(guide)), a.note) for a in answers}
            found += [situation.key] if len(answers) < 2 else []
            found += [f"{situation.key}={key}" for key, seen in views.items() if list(views.values()).count(seen) > 1]
        assert tokens <= {f"{s.key}={a.key}" for s in guide.situations.all() for a in s.answers.all()}
        return found

    assert failing(with_situations, idle) == {}


def rows_of(guide):
    return [row for row in [*guide.materials.all(), *guide.steps.all(), *guide.statements.all()] if row.only_for]


def test_every_case_of_every_guide_has_papers_or_says_why_not_and_steps(guides):
    def bare(guide):
        cases = [{}]
        for situation in guide.situations.all():
            cases = [case | {situation.key: answer.key} for case in cases for answer in situation.answers.all()]
        readings = [Reading(guide, case) for case in cases]
        return [r.query for r in readings if not r.steps or not r.conditions or not (r.materials or "不用带" in "".join(texts(guide)))]

    assert failing(guides, bare) == {}


def test_words_of_the_counter_are_not_used(guides):
    assert failing(guides, lambda g: [t for t in texts(g)[1:] if any(word in t for word in OFFICIALESE)]) == {}


def test_punctuation_between_chinese_characters_is_full_width(guides):
    half = re.compile(rf"(?<={HAN})[,;:?!()](?={HAN})|(?<={HAN})\.(?={HAN})|(?<={HAN})[,;:?!]$|\"|'")
    assert failing(guides, lambda g: [text for text in texts(g) if half.search(text)]) == {}


def test_sentences_end_and_no_text_is_cut(guides):
    def unfinished(guide):
        rows = [*guide.steps.all(), *(s for s in guide.statements.all() if s.kind != StatementKind.BASIS)]
        return [row.text for row in rows if not row.text.endswith(("。", "？", "！", "”"))]

    assert failing(guides, unfinished) == {}


def test_no_phone_number_but_the_national_ones(guides):
    number = re.compile(r"(?<![\d〔.-])(?:0\d{2,3}-?\d{7,8}|1\d{10}|\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")
    short = re.compile(r"(?<!\d)(?:1[12]\d|12[0-9]{3}|9[56]\d{3})(?!\d|元|号|年|[.,]\d|个|天)")

    def unknown(guide):
        said = [t for text in texts(guide) for t in number.findall(text)]
        dialled = [t for text in texts(guide) for t in short.findall(text) if re.search(rf"(打|拨|问|电话|热线|线|找)[^。，]*{t}", text)]
        return said + [t for t in dialled if t not in PHONES]

    assert failing(guides, unknown) == {}


def test_no_web_address_but_those_that_were_seen(guides):
    address = re.compile(r"(?:https?://|www\.)[\w./-]+|\b[\w-]+\.(?:com|cn|net|org)\b")

    def unknown(guide):
        found = [a for text in texts(guide) for a in address.findall(text)]
        return [a for a in [*found, *([guide.online_url] if guide.online_url else [])] if "www.szsrxbm.cn" not in a]

    assert failing(guides, unknown) == {}


def test_no_street_address(guides):
    street = re.compile(r"[\u4e00-\u9fff]{2,}(?:路|街|大道|巷)\d+号|\d+号楼\d|\d+楼\d*号?窗口")
    assert failing(guides, lambda g: [text for text in texts(g) if street.search(text)]) == {}


def test_titles_and_answers_state_no_figure_that_is_not_verified(guides):
    """They carry no mark of their own, so an amount, a term or a date in them must stand in a verified statement of the guide."""
    figure = re.compile(r"\d+(?:\.\d+)?(?:元|块|天|个工作日|个月|年|日|月)")

    def loose(guide):
        vouched = "".join(getattr(row, "text", "") or getattr(row, "note", "") for row in sourced(guide) if row.is_verified)
        vouched += "".join(line.text for line in Reading(guide, {}).facts.values() if line.fact and line.fact.is_verified)
        return [f for f in figure.findall(guide.answer + guide.plain_title) if f.rstrip("元块天年月日个工作") not in vouched]

    assert failing(guides, loose) == {}


def test_the_page_shows_the_marks_as_they_are(guides):
    """What the templates make of them, for every guide with each case open: as many 已核实 as there are verified statements."""
    client, wrong = Client(), {}
    for guide in guides:
        body = client.get(f"/c/640205102006/guides/{guide.slug}/?all=1").content.decode()
        body = body[body.index('<section id="who">') :]
        body = re.sub(r'<section id="first">.*?</section>', "", body, flags=re.S)  # what other guides say of their papers
        reading = Reading(guide, {"all": "1"})
        shown = [row for rows in (reading.materials, reading.steps, reading.conditions, reading.notes, reading.legal_basis) for row, _ in rows]
        verified = sum(row.is_verified for row in [*shown, *guide.counters.all()])
        lines = reading.time_and_money + [reading.facts[name] for name in ("online", "cross_province", "video", "agency")]
        verified += sum(bool(line.text and line.fact and line.fact.is_verified) for line in lines)
        hotline = reading.facts["hotline"]
        verified += bool(hotline.text != "12345" and hotline.fact and hotline.fact.is_verified)
        if body.count('<span class="mark ok">已核实</span>') != verified:
            wrong[guide.slug] = (body.count('<span class="mark ok">'), verified)
    assert wrong == {}


def test_what_is_unknown_says_whom_to_call(guides):
    guide = next(g for g in guides if not g.promised_limit and g.promised_limit != 0 and g.legal_limit is None)
    body = Client().get(f"/guides/{guide.slug}/").content.decode()
    assert '<dt>多久办好</dt><dd><span class="note">不确定，请拨打 <a href="tel:12345">12345</a> 咨询</span></dd>' in body


def test_the_files_hold_no_guide_twice_and_one_topic_each():
    assert {path.stem for path in (FIXTURES / "guides").glob("*.yaml")} == set(TOPICS)


def test_no_two_papers_of_a_guide_share_a_tick():
    ticks: dict[tuple[int, str], set] = {}
    for material in Material.objects.all():
        ticks.setdefault((material.guide_id, tick_of(material)), set()).add((material.name, material.form, material.copies))
    assert [papers for papers in ticks.values() if len(papers) > 1] == []
    assert len(ticks) > 200
