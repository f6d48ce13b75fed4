"""Three texts of one guide: what one side changed holds, what both changed is named, and nobody's mark is moved to other words."""

import copy

import pytest

from guides.merging import merge

BASE = {
    "slug": "yibao-001", "title": "参保", "plain_title": "交医保", "audience": "personal", "department": "区医疗保障局", "aliases": ["医保", "旧叫法"],
    "counter_level": "community", "priority": 2, "answer": "先问。", "checked_on": "2026-11-01",
    "facts": {"fee": {"text": "不收费", "mark": "K"}, "visits": {"count": 1, "mark": "K", "verified_by": "沈禾", "verified_on": "2026-10-01"}},
    "materials": [{"name": "户口簿", "form": "original", "copies": 1, "mark": "K"}],
    "steps": [{"text": "登记。", "mark": "K"}, {"text": "拿凭证。", "mark": "V", "source": "某文件"}],
}  # fmt: skip


def sides() -> tuple[dict, dict]:
    return copy.deepcopy(BASE), copy.deepcopy(BASE)


def vouched(row: dict) -> tuple:
    return row.get("verified_by"), row.get("verified_on")


def test_nothing_changed_is_nothing_merged():
    theirs, ours = sides()
    merged = merge(BASE, theirs, ours)
    assert merged.conflicts == ()
    assert [row["text"] for row in merged.document["steps"]] == ["登记。", "拿凭证。"]
    assert merged.document["aliases"] == ["医保", "旧叫法"]


def test_what_one_side_changed_holds_whichever_side():
    theirs, ours = sides()
    theirs["answer"], theirs["materials"][0]["copies"], theirs["facts"]["fee"]["text"] = "带身份证。", 2, "每人400元"
    ours["title"], ours["steps"][0]["text"] = "居民参保", "到社区登记。"
    document = merge(BASE, theirs, ours).document
    assert (document["answer"], document["title"], document["facts"]["fee"]["text"]) == ("带身份证。", "居民参保", "每人400元")
    assert (document["materials"][0]["copies"], document["steps"][0]["text"]) == (2, "到社区登记。")


def test_what_both_changed_is_named_and_what_both_changed_alike_is_not():
    theirs, ours = sides()
    for side, word in ((theirs, "甲"), (ours, "乙")):
        side["answer"], side["title"] = word, "两边一样"
        side["facts"]["fee"]["text"], side["facts"]["visits"]["count"] = word, 2
        side["steps"][0]["text"], side["materials"][0]["name"] = word, "户口本"
    assert merge(BASE, theirs, ours).conflicts == ("一句话回答", "费用", "怎么办")


def test_a_fact_that_one_side_took_away_is_gone_unless_the_other_changed_it():
    theirs, ours = sides()
    del ours["facts"]["fee"]
    assert "fee" not in merge(BASE, theirs, ours).document["facts"]
    theirs["facts"]["fee"]["text"] = "每人400元"
    assert merge(BASE, theirs, ours).conflicts == ("费用",)


def test_names_of_both_sides_are_kept_and_removed_ones_stay_away():
    theirs, ours = sides()
    theirs["aliases"], ours["aliases"] = ["医保", "旧叫法", "合作医疗"], ["医保", "新叫法"]
    theirs["phrasings"] = ["咋交"]
    document = merge(BASE, theirs, ours).document
    assert (document["aliases"], document["phrasings"]) == (["医保", "新叫法", "合作医疗"], ["咋交"])


def test_marks_follow_the_words():
    theirs, ours = sides()
    theirs["steps"][0] |= {"verified_by": "沈禾", "verified_on": "2026-11-20"}
    theirs["materials"][0] |= {"verified_by": "沈禾", "verified_on": "2026-11-20"}
    theirs["facts"]["visits"] |= {"verified_by": "", "verified_on": None}
    ours["materials"][0]["copies"] = 2
    document = merge(BASE, theirs, ours).document
    assert vouched(document["steps"][0]) == ("沈禾", "2026-11-20")
    assert vouched(document["materials"][0]) == ("", None)  # other words: the mark stays with the old ones
    assert vouched(document["facts"]["visits"]) == ("", None)  # taken back meanwhile


@pytest.mark.parametrize(
    ("theirs_by", "ours_by", "expected"),
    [(("王审", "2026-11-20"), ("沈禾", "2026-11-25"), ("沈禾", "2026-11-25")), (("", None), ("沈禾", "2026-11-25"), ("", None))],
)
def test_two_judgements_of_the_same_words_take_the_later_and_a_doubt_wins(theirs_by, ours_by, expected):
    theirs, ours = sides()
    for side, (by, on) in ((theirs, theirs_by), (ours, ours_by)):
        side["facts"]["visits"] |= {"verified_by": by, "verified_on": on}
    assert vouched(merge(BASE, theirs, ours).document["facts"]["visits"]) == expected


def test_a_later_look_moves_the_day_and_not_what_an_official_mark_said():
    theirs, ours = sides()
    theirs["checked_on"] = "2026-11-27"
    theirs["steps"][1] |= {"verified_by": "公开文件", "verified_on": "2026-11-01"}  # as documents.export writes it then
    document = merge(BASE, theirs, ours).document
    assert document["checked_on"] == "2026-11-27"
    assert vouched(document["steps"][1]) == ("公开文件", "2026-11-01")
    ours["checked_on"] = "2026-11-25"
    merged = merge(BASE, theirs, ours)
    assert (merged.document["checked_on"], merged.conflicts) == ("2026-11-27", ())
