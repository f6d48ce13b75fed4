"""The pure part of content packs: what may leave, and the three-way merge by its laws (hypothesis) and by examples."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from guides.packs import PHONE_GAP, Merged, arriving, merge, portable

WORDS = st.sampled_from(["甲", "乙", "丙", "丁", "戊"])
ROW = st.builds(lambda text, mark: {"text": text, "mark": mark}, WORDS, st.sampled_from(["K", "V-3p"]))
MATERIAL = st.builds(lambda name, how: {"name": name, "form": "original", "copies": 1, "how": how, "mark": "K"}, WORDS, WORDS)
SITUATION = st.builds(lambda key, question: {"key": key, "question": question, "answers": [{"key": "a", "label": "是"}]}, st.sampled_from("abc"), WORDS)
DOCUMENTS = st.builds(
    lambda answer, aliases, facts, steps, notes, materials, situations: {
        "slug": "yibao-001", "answer": answer, "aliases": aliases, "facts": {name: {"text": text, "mark": "K"} for name, text in facts.items()},
        "steps": steps, "notes": notes, "materials": materials, "situations": situations,
    },
    WORDS,
    st.lists(WORDS, max_size=4, unique=True),
    st.dictionaries(st.sampled_from(["fee", "result"]), WORDS),
    st.lists(ROW, max_size=5),
    st.lists(ROW, max_size=3),
    st.lists(MATERIAL, max_size=4),
    st.lists(SITUATION, max_size=3, unique_by=lambda row: row["key"]),
)  # fmt: skip
PARTS = ("steps", "notes", "materials", "situations")


def said(document: dict) -> dict:
    """Without what is empty: an empty list and none are the same."""
    return {key: value for key, value in document.items() if value not in ([], {}, "", None)}


# laws


@given(DOCUMENTS, DOCUMENTS)
def test_where_we_changed_nothing_the_result_is_theirs(base, theirs):
    merged = merge(base, copy.deepcopy(base), theirs)
    assert merged.document == said(theirs)
    assert merged.conflicts == ()


@given(DOCUMENTS, DOCUMENTS)
def test_where_they_changed_nothing_the_result_is_ours(base, ours):
    merged = merge(base, ours, copy.deepcopy(base))
    assert merged.document == said(ours)
    assert (merged.conflicts, merged.taken) == ((), ())


@given(DOCUMENTS, DOCUMENTS)
def test_the_same_change_on_both_sides_is_no_conflict(base, both):
    merged = merge(base, both, copy.deepcopy(both))
    assert merged.document == said(both)
    assert (merged.conflicts, merged.taken, merged.kept) == ((), (), ())


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_it_is_symmetric_where_there_is_no_conflict(base, ours, theirs):
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert len(one.conflicts) == len(other.conflicts)
    if not one.conflicts:
        assert one.document == other.document


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_no_row_is_ever_lost(base, ours, theirs):
    """A row of either side is in the result, or in a conflict that shows it, or it stood in the base as it is and the other side changed it."""
    merged = merge(base, ours, theirs)
    for part in PARTS:
        result = merged.document.get(part, [])
        shown = [row for c in merged.conflicts if c.key.partition(":")[0] == part for side in (c.ours, c.theirs) for row in (side if isinstance(side, list) else [side])]
        for row in [*ours[part], *theirs[part]]:
            assert row in result or row in shown or row in base[part], (part, row)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_choosing_theirs_in_every_conflict_is_ours_seen_from_there(base, ours, theirs):
    conflicts = merge(base, ours, theirs).conflicts
    chosen = merge(base, ours, theirs, take_theirs={c.key for c in conflicts})
    assert chosen.document == merge(base, theirs, ours).document


@given(DOCUMENTS, DOCUMENTS)
def test_without_a_past_ours_stays_and_every_difference_is_told(ours, theirs):
    merged = merge(None, ours, theirs)
    for part in PARTS:
        if ours[part] and theirs[part] and ours[part] != theirs[part]:
            assert merged.document[part] == ours[part]
            assert part in {c.key for c in merged.conflicts}
    assert merge(None, ours, copy.deepcopy(ours)).document == said(ours)


# examples


def steps(*texts: str) -> dict:
    return {"slug": "yibao-001", "steps": [{"text": text, "mark": "K"} for text in texts]}


def texts(merged: Merged) -> list[str]:
    return [row["text"] for row in merged.document.get("steps", [])]


def test_rows_are_merged_one_by_one():
    base = steps("问清楚", "带材料", "等通知")
    merged = merge(base, steps("先打12345问清楚", "带材料", "等通知"), steps("问清楚", "带材料", "等短信", "去取"))
    assert texts(merged) == ["先打12345问清楚", "带材料", "等短信", "去取"]
    assert (merged.conflicts, merged.kept, merged.taken) == ((), ("怎么办 第1条",), ("怎么办 第3条", "怎么办 第4条"))


def test_neighbours_edited_by_one_each_are_no_conflict():
    merged = merge(steps("一", "二", "三"), steps("一", "二改", "三"), steps("一", "二", "三改"))
    assert (texts(merged), merged.conflicts) == (["一", "二改", "三改"], ())


def test_new_rows_of_both_sides_are_both_kept():
    merged = merge(steps("一"), steps("一", "我们的"), steps("一", "他们的"))
    assert (sorted(texts(merged)), merged.conflicts) == (["一", "他们的", "我们的"], ())


def test_the_same_row_rewritten_by_both_is_a_conflict_in_which_ours_stays():
    merged = merge(steps("一", "二"), steps("一", "我们的二"), steps("一", "他们的二"))
    assert texts(merged) == ["一", "我们的二"]
    [conflict] = merged.conflicts
    assert (conflict.key, conflict.part, conflict.ours["text"], conflict.theirs["text"]) == ("steps:1", "怎么办 第2条", "我们的二", "他们的二")
    assert texts(merge(steps("一", "二"), steps("一", "我们的二"), steps("一", "他们的二"), take_theirs={"steps:1"})) == ["一", "他们的二"]


def test_deleted_there_and_rewritten_here_is_a_conflict():
    merged = merge(steps("一", "二"), steps("一", "二改"), steps("一"))
    assert texts(merged) == ["一", "二改"]
    assert merged.conflicts[0].theirs is None
    assert texts(merge(steps("一", "二"), steps("一", "二改"), steps("一"), take_theirs={"steps:1"})) == ["一"]


def test_what_somebody_here_verified_is_not_overwritten_unseen():
    base, theirs = steps("二"), steps("二改")
    ours = {"slug": "yibao-001", "steps": [{"text": "二", "mark": "K", "verified_by": "沈禾", "verified_on": "2026-11-01"}]}
    merged = merge(base, ours, theirs)
    assert merged.document["steps"] == ours["steps"]
    assert len(merged.conflicts) == 1


# leaving and arriving

LOCAL = {
    "slug": "yibao-001", "title": "登记", "plain_title": "上医保", "audience": "personal", "department": "医保局", "aliases": ["上医保"], "counter_level": "community",
    "priority": 1, "answer": "先打0952-3012233问。", "checked_on": "2026-11-23", "implementation_code": "1" * 31, "national_code": "0" * 12,
    "facts": {
        "hotline": {"text": "0952-3012233", "mark": "V", "source": "公告"},
        "fee": {"text": "不收钱", "mark": "V", "source": "国发〔2016〕3号"},
    },
    "steps": [{"text": "先打（0952）3012233，再打12393。", "mark": "K", "verified_by": "沈禾", "verified_on": "2026-11-20"}],
    "counters": [{"kind": "hall", "office": "hall", "mark": "K"}, {"kind": "station", "mark": "K"}],
}  # fmt: skip


def test_no_local_number_code_or_verification_leaves():
    left = portable(LOCAL, district_name="惠农区", office_names={"hall": "惠农区政务服务中心"})
    assert "3012233" not in str(left)
    assert "hotline" not in left["facts"]
    assert left["answer"] == f"先打{PHONE_GAP}问。"
    assert left["steps"] == [{"text": f"先打{PHONE_GAP}，再打12393。", "mark": "K", "source": "来自惠农区"}]
    assert left["counters"][0] == {"kind": "hall", "mark": "K", "source": "来自惠农区：原来只在“惠农区政务服务中心”办"}
    assert left["counters"][1] == {"kind": "station", "mark": "K"}
    assert {"checked_on", "implementation_code"}.isdisjoint(left)
    assert left["national_code"] == "0" * 12
    assert left["facts"]["fee"] == {"text": "不收钱", "mark": "V", "source": "国发〔2016〕3号", "verified_by": "", "verified_on": None}


def test_asked_for_local_things_leave_and_are_still_nobodys_word():
    left = portable(LOCAL, district_name="惠农区", with_local=True)
    assert left["facts"]["hotline"] == {"text": "0952-3012233", "mark": "V", "source": "来自惠农区：公告", "verified_by": "", "verified_on": None}
    assert left["counters"][0]["office"] == "hall"
    assert left["implementation_code"] == "1" * 31
    assert "沈禾" not in str(left)


def test_a_national_line_leaves_with_the_district_named():
    document = LOCAL | {"facts": {"hotline": {"text": "12393", "mark": "K"}}}
    assert portable(document, district_name="惠农区")["facts"]["hotline"] == {"text": "12393", "mark": "K", "source": "来自惠农区"}


def test_passing_it_on_changes_nothing_and_vouching_names_the_new_district():
    left = portable(LOCAL, district_name="惠农区")
    assert portable(left, district_name="平罗县") == left
    vouched = copy.deepcopy(left)
    vouched["counters"][0] |= {"verified_by": "马兰", "verified_on": "2026-11-27"}
    assert portable(vouched, district_name="平罗县")["counters"][0]["source"] == "来自平罗县：原来只在“hall”办"


def test_whatever_a_file_says_nothing_arrives_verified():
    entry = {"slug": "yibao-001", "steps": [{"text": "甲", "mark": "V", "source": "公告", "verified_by": "骗子", "verified_on": "2026-01-01"}], "checked_on": "2026-01-01"}
    assert arriving(entry)["steps"] == [{"text": "甲", "mark": "V", "source": "公告", "verified_by": "", "verified_on": None}]
    assert "checked_on" not in arriving(entry)
