"""The ranker by itself: a handful of documents, no database."""

import pytest

from guides import language, ranking
from guides.ranking import Concepts, Document, Ranker


def document(key: str, *names: str, phrasings: tuple[str, ...] = (), body: str = "", prior: float = 0.0) -> Document:
    return Document(key, names, phrasings, body, prior)


LOW = document("low", "申请低保", "低保", phrasings=("家里揭不开锅了",), body="困难户")
HOME = document("home", "申请公租房", "公租房", phrasings=("没房住去哪租便宜的",))
CARD = document("card", "补社保卡", "社保卡丢了", phrasings=("医保卡和社保卡是一张吗",))


def ranker(*documents: Document, groups=()) -> Ranker:
    made = Ranker(Concepts(groups))
    for one in documents or (LOW, HOME, CARD):
        made.put(one)
    return made


def first(made: Ranker, query: str) -> ranking.Match:
    return made.rank(language.normalise(query)).matches[0]


@pytest.mark.parametrize(("query", "key"), [
    ("低保", "low"), ("家里实在揭不开锅", "low"), ("低宝", "low"), ("dibao", "low"), ("公組房", "home"), ("gongzufang", "home"), ("gzf", "home"), ("办gongzufang", "home"),
    ("社保卡找不到丢了", "card"), ("ｇｚｆ", "home"),
])  # fmt: skip
def test_each_way_of_writing_finds_it(query, key):
    assert first(ranker(), query).key == key


@pytest.mark.parametrize(("query", "is_name"), [("公租房", True), ("公组房", True), ("gongzufang", True), ("gzf", True), ("请问公租房", True), ("公租房的事", False), ("gz", False)])
def test_a_name_is_known_as_one_however_it_is_typed(query, is_name):
    assert first(ranker(), query).is_name is is_name


def test_the_phrase_most_like_the_question_is_told():
    assert first(ranker(), "家里揭不开锅").phrase == "家里揭不开锅了"
    assert first(ranker(), "困难户").phrase == ""  # it stands in the body alone


def test_a_group_of_words_counts_as_one_word():
    assert ranker().rank("遗失").matches == []
    assert first(ranker(groups=[["丢了", "遗失"]]), "遗失").key == "card"


def test_other_groups_take_effect_without_a_new_start():
    made = ranker(groups=[["丢了", "遗失"]])
    made.regroup(Concepts([["低保", "救济"]]))
    assert (made.rank("遗失").matches, first(made, "救济").key) == ([], "low")


def test_a_dropped_document_is_not_found_and_leaves_no_trace():
    made = ranker()
    made.drop("low")
    made.drop("never there")
    assert made.rank("揭不开锅").matches == []
    assert made.keys() == {"home", "card"}
    assert made.rank("公租房") == ranker(HOME, CARD).rank("公租房")


def test_a_thousand_edits_do_not_fill_the_memory():
    made = ranker()
    for number in range(1000):
        made.put(document("low", "申请低保", f"第{number}版"))
    assert len(made) == 3
    assert len(made._entries) < 220
    assert first(made, "第999版").key == "low"


def test_equal_scores_come_by_what_is_usual_then_by_key():
    same = [document("b", "结婚证"), document("c", "结婚证", prior=0.01), document("a", "结婚证")]
    assert [match.key for match in ranker(*same).rank("结婚证").matches] == ["c", "a", "b"]


def test_a_long_question_reads_a_bounded_number_of_postings(monkeypatch):
    """What a question may cost is counted, not timed: tokens and postings, whatever is typed."""
    monkeypatch.setattr(ranking, "MOST_POSTINGS", 50)
    made = ranker(*(document(f"d{number:03d}", "补贴补助", "办证") for number in range(200)), document("rare", "养蜂登记"))
    assert first(made, "养蜂" + "补贴补助办证" * 30).key == "rare"


def test_a_question_of_nothing_finds_nothing():
    assert ranker().rank("").matches == []
    assert ranker().rank("???").matches == []
