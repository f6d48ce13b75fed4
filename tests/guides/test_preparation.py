"""What to get first and one list of papers: the slowest first, no circle without end, nobody's paper taken for another's."""

import pytest

from guides.access import issuers_of
from guides.models import Form, Guide, Status, Unit
from guides.preparation import in_workdays, merge, plan
from guides.reading import Reading
from tests.factories import make_guide, make_paper, make_situation

pytestmark = pytest.mark.django_db


def whole(*guides) -> list[Guide]:
    found = {guide.pk: guide for guide in Guide.objects.whole().filter(pk__in=[guide.pk for guide in guides])}
    return [found[guide.pk] for guide in guides]


def plan_of(*guides, **answers):
    loaded = whole(*guides)
    return plan([Reading(guide, answers) for guide in loaded], issuers_of(loaded))


def shown(errands):
    return [(errand.papers, errand.takes) for errand in errands]


@pytest.fixture
def housing():
    """公租房, which wants a paper of another guide."""
    return make_guide("zhufang-001", title="公共租赁住房申请", plain_title="申请公租房")


@pytest.fixture
def proof():
    return make_guide("budongchan-001", title="个人住房信息查询证明", plain_title="开无房证明")


@pytest.mark.parametrize(("count", "unit", "days"), [
    (None, Unit.WORKDAY, None), (0, Unit.MONTH, 0), (20, Unit.WORKDAY, 20), (7, Unit.DAY, 5), (30, Unit.DAY, 22), (1, Unit.MONTH, 22), (60, Unit.DAY, 43),
])  # fmt: skip
def test_limits_of_all_units_compare_in_working_days(count, unit, days):
    assert in_workdays(count, unit) == days


# ---- what to get first


def test_a_paper_of_another_guide_comes_first(housing, proof):
    make_paper(housing, "无房证明", issued_by=proof)
    make_paper(housing, "家庭收入声明")
    [errand] = plan_of(housing)
    assert (errand.papers, errand.guide, errand.limit, errand.takes) == ("无房证明", proof, None, "")


def test_the_slowest_paper_comes_first_and_an_unknown_wait_before_what_is_done_at_once(housing):
    waits = [
        {"promised_limit": 0}, {}, {"legal_limit": 30, "legal_limit_unit": Unit.DAY}, {"promised_limit": 2, "promised_limit_unit": Unit.MONTH},
        {"promised_limit": 3, "legal_limit": 60},
    ]  # fmt: skip
    for number, wait in enumerate(waits):
        make_paper(housing, f"{number}号证明", issued_by=make_guide(f"huji-90{number}", **wait))
    assert shown(plan_of(housing)) == [
        ("3号证明", "最长2个月"), ("2号证明", "最长30天"), ("4号证明", "最长3个工作日"), ("1号证明", ""), ("0号证明", "当场办完"),
    ]  # fmt: skip


def test_what_a_paper_needs_counts_with_it_and_stands_with_it(housing, proof):
    slow, quick = make_guide("huji-901", promised_limit=10), make_guide("huji-902", promised_limit=8)
    make_paper(housing, "快的证明", issued_by=slow)
    make_paper(housing, "无房证明", issued_by=proof)
    Guide.objects.filter(pk=proof.pk).update(promised_limit=5)
    make_paper(proof, "契税凭证", issued_by=quick)
    first, second = plan_of(housing)
    assert (first.papers, shown(first.before)) == ("无房证明", [("契税凭证", "最长8个工作日")])  # 5 + 8 > 10
    assert (second.papers, second.before) == ("快的证明", ())


def test_a_paper_wanted_directly_stands_above_the_one_that_needs_it_too(housing, proof):
    deed = make_guide("huji-901", promised_limit=1)
    make_paper(housing, "无房证明", issued_by=proof)
    make_paper(housing, "契税凭证", issued_by=deed)
    make_paper(proof, "完税的凭证", issued_by=deed)
    assert [(e.papers, e.before) for e in plan_of(housing)] == [("契税凭证", ()), ("无房证明", ())]


def test_a_circle_is_entered_once_and_the_guide_itself_is_no_errand(housing, proof):
    other = make_guide("huji-901")
    make_paper(housing, "自己的批准书", issued_by=housing)
    make_paper(housing, "无房证明", issued_by=proof)
    make_paper(proof, "批准书", issued_by=housing)
    make_paper(proof, "甲证明", issued_by=other)
    make_paper(other, "乙证明", issued_by=proof)
    [errand] = plan_of(housing)
    assert (errand.papers, [e.papers for e in errand.before]) == ("无房证明", ["甲证明"])


def test_two_matters_that_want_each_others_paper_end(housing, proof):
    make_paper(housing, "无房证明", issued_by=proof)
    make_paper(proof, "公租房批准书", issued_by=housing)
    assert sorted(e.papers for e in plan_of(housing, proof)) == ["公租房批准书", "无房证明"]


def test_nobody_plans_further_back_than_two_papers(housing, proof):
    second, third = make_guide("huji-901"), make_guide("huji-902")
    make_paper(housing, "一证明", issued_by=proof)
    make_paper(proof, "二证明", issued_by=second)
    make_paper(second, "三证明", issued_by=third)
    [errand] = plan_of(housing)
    assert [e.papers for e in errand.before] == ["二证明"]


def test_each_issuing_guide_once_with_all_its_papers(housing, proof):
    for name in ("父亲的死亡证明", "母亲的死亡证明", "父亲的死亡证明（复印的也行）"):
        make_paper(housing, name, issued_by=proof)
    [errand] = plan_of(housing)
    assert errand.papers == "父亲的死亡证明、母亲的死亡证明等"


def test_what_people_have_may_bring_later_or_only_lost_is_no_errand(housing):
    make_paper(housing, "居民身份证", issued_by=make_guide("huji-006"), is_identity_document=True)
    make_paper(housing, "收入证明", issued_by=make_guide("huji-901"), later=True)
    make_paper(housing, "社会保障卡（或银行卡）", issued_by=make_guide("shebao-011"))
    make_paper(housing, "结婚证", issued_by=make_guide("minzheng-012", title="补领婚姻登记证"))
    make_paper(housing, "出生医学证明", issued_by=make_guide("weijian-002", title="出生医学证明签发（首签、补办）"))
    assert [e.papers for e in plan_of(housing)] == ["出生医学证明"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN])
def test_a_guide_that_nobody_can_read_is_no_errand(housing, proof, status):
    make_paper(housing, "无房证明", issued_by=proof)
    Guide.objects.filter(pk=proof.pk).update(status=status)
    assert plan_of(housing) == []


def test_only_the_papers_of_the_chosen_case(housing, proof):
    make_situation(housing, "who", "local:本地人", "away:外地人")
    make_paper(housing, "居住证明", issued_by=proof, only_for=["who=away"])
    assert plan_of(housing) == []
    assert [e.papers for e in plan_of(housing, who="away")] == ["居住证明"]


def test_a_matter_before_that_ends_with_the_paper_is_where_it_comes_from():
    shop, coop = make_guide("shangshi-001", result="营业执照"), make_guide("shangshi-013", result="农民专业合作社营业执照")
    tax = make_guide("shuiwu-003")
    make_paper(tax, "营业执照", issued_by=shop)
    assert [e.guide for e in plan_of(coop, tax)] == [coop]
    assert [e.guide for e in plan_of(tax, coop)] == [shop]  # what comes later cannot be brought


def test_the_same_document_of_two_offices_is_one_errand(housing, proof):
    make_paper(housing, "营业执照", issued_by=make_guide("shangshi-001", promised_limit=3))
    make_paper(proof, "单位的营业执照", issued_by=make_guide("shangshi-004", promised_limit=5))
    assert [e.papers for e in plan_of(housing, proof)] == ["单位的营业执照"]


def test_the_plan_costs_as_many_queries_for_three_papers_as_for_one(housing, proof, django_assert_num_queries):
    make_situation(proof, "who", "self:本人去", "agent:家里人去")
    make_paper(housing, "一证明", issued_by=proof)
    make_paper(proof, "二证明", issued_by=make_guide("huji-901"))
    [loaded] = whole(housing)
    with django_assert_num_queries(7):  # the second level; guides, facts, materials, their issuers, situations, answers
        assert len(plan([Reading(loaded, {})], issuers_of([loaded]))) == 1
    for number in range(3):
        issuer = make_guide(f"huji-91{number}")
        make_paper(housing, f"{number}号证明", issued_by=issuer)
        make_paper(issuer, f"{number}号材料", issued_by=make_guide(f"huji-92{number}"))
    [loaded] = whole(housing)
    with django_assert_num_queries(7):
        assert len(plan([Reading(loaded, {})], issuers_of([loaded]))) == 4


def test_a_guide_without_errands_costs_no_query(housing, django_assert_num_queries):
    [loaded] = whole(housing)
    with django_assert_num_queries(0):
        assert issuers_of([loaded]) == {}


# ---- one list for several matters


def merged(*guides):
    return merge(Reading(guide, {}) for guide in whole(*guides))


def names(papers):
    return [(paper.name, len(paper.guides)) for paper in papers]


@pytest.fixture
def two():
    return make_guide("yibao-001"), make_guide("yibao-002")


@pytest.mark.parametrize(("one", "other"), [
    ("居民身份证", "本人的居民身份证"), ("户口簿", "居民户口簿"), ("社保卡", "本人的社会保障卡"), ("出生医学证明", "孩子的《出生医学证明》"),
])  # fmt: skip
def test_one_paper_under_two_names_is_asked_for_once(two, one, other):
    make_paper(two[0], one)
    make_paper(two[1], other)
    [paper] = merged(*two)
    assert [guide.slug for guide in paper.guides] == ["yibao-001", "yibao-002"]
    assert {paper.name, *paper.other_names} == {one, other}


@pytest.mark.parametrize(("one", "other"), [
    ("本人的居民身份证", "申请人和同住家人的居民身份证"), ("居民身份证", "代办人的居民身份证"), ("父亲的死亡证明", "母亲的死亡证明"),
    ("孩子的残疾人证", "残疾人证"), ("居民户口簿", "居民户口簿（有孩子那一页）"), ("营业执照", "房产证"),
])  # fmt: skip
def test_papers_of_different_people_are_two(two, one, other):
    issuer = make_guide("huji-006")
    make_paper(two[0], one, issued_by=issuer if "户口簿" not in one else None)
    make_paper(two[1], other, issued_by=issuer if "户口簿" not in one else None)
    assert len(merged(*two)) == 2


def test_descriptions_of_what_one_guide_issues_are_one_and_its_different_documents_two(two):
    death, marriage = make_guide("weijian-015"), make_guide("minzheng-012")
    make_paper(two[0], "死亡证明（死亡医学证明、火化证明，有一样就行）", issued_by=death)
    make_paper(two[1], "居民死亡医学证明", issued_by=death)
    make_paper(two[0], "结婚证", issued_by=marriage)
    make_paper(two[1], "离婚证", issued_by=marriage)
    assert [count for _, count in names(merged(*two))] == [2, 1, 1]


def test_two_lines_of_one_guide_stay_two(two):
    make_paper(two[0], "照片")
    make_paper(two[0], "照片")
    assert names(merged(*two)) == [("照片", 1), ("照片", 1)]


def test_the_wording_that_satisfies_all_is_shown_with_its_own_issuer(two):
    card, identity = make_guide("shebao-011"), make_guide("huji-006")
    make_paper(two[0], "居民身份证或社保卡", issued_by=identity, how="带一样就行。")
    make_paper(two[1], "社保卡", issued_by=card, issuer="社保窗口")
    [paper] = merged(*two)
    assert (paper.name, paper.issued_by, paper.issuer, paper.how) == ("社保卡", card, "社保窗口", "带一样就行。")


def test_three_papers_are_one_only_when_one_kind_satisfies_all_three():
    guides = [make_guide(f"yibao-00{number}") for number in (1, 2, 3)]
    for guide, name in zip(guides, ("社保卡或银行卡", "社保卡", "银行卡"), strict=True):
        make_paper(guide, name)
    assert names(merged(*guides)) == [("社保卡", 2), ("银行卡", 1)]


BOTH, ORIGINAL, COPY, ELECTRONIC = Form.BOTH, Form.ORIGINAL, Form.COPY, Form.ELECTRONIC


@pytest.mark.parametrize(("name", "forms", "amount"), [
    ("结婚证", [(ORIGINAL, 1), (ORIGINAL, 1)], "原件1份"),
    ("结婚证", [(BOTH, 1), (BOTH, 2)], "原件，再带复印件3份"),
    ("结婚证", [(ORIGINAL, 1), (COPY, 2)], "原件，再带复印件2份"),
    ("结婚证", [(COPY, 1), (COPY, 1)], "复印件2份"),
    ("结婚证", [(ELECTRONIC, 1), (COPY, 1)], "复印件1份"),
    ("结婚证", [(ELECTRONIC, 1), (ELECTRONIC, 1)], "手机里的电子版就行"),
    ("一寸照片", [(ORIGINAL, 2), (ORIGINAL, 3)], "原件5份"),
    ("委托书", [(ORIGINAL, 1), (ORIGINAL, 1)], "原件2份"),
    ("诊断材料", [(ORIGINAL, 1), (ORIGINAL, 2)], "原件3份"),
])  # fmt: skip
def test_copies_add_up_and_an_original_goes_along(two, name, forms, amount):
    for guide, (form, copies) in zip(two, forms, strict=True):
        make_paper(guide, name, form=form, copies=copies)
    [paper] = merged(*two)
    assert paper.amount() == amount
    assert paper.amount({two[0].pk}) != "原件5份"


def test_a_couples_identity_cards_are_two_however_many_windows(two):
    for guide in two:
        make_paper(guide, "夫妻双方的居民身份证", copies=2, is_identity_document=True)
    [paper] = merged(*two)
    assert paper.amount() == "原件2份"


def test_a_paper_is_verified_and_may_wait_only_when_every_guide_says_so(two):
    vouched = {"verified_by": "沈禾", "verified_on": "2026-11-01"}
    make_paper(two[0], "结婚证", later=True, **vouched)
    make_paper(two[1], "结婚证", later=True)
    make_paper(two[0], "委托书", later=True, **vouched)
    make_paper(two[1], "委托书", **vouched)
    marriage, proxy = merged(*two)
    assert (marriage.later, marriage.weakest.is_verified) == (True, False)
    assert (proxy.later, proxy.weakest.is_verified) == (False, True)
