"""What people type, made comparable."""

import pytest

from guides import language


@pytest.mark.parametrize(("typed", "plain"), [
    ("醫保報銷", "医保报销"), ("ＡＰＰ", "app"), ("４０５０", "4050"), ("八十岁", "80岁"), ("六十五岁", "65岁"), ("三千六", "3600"), ("十五天", "15天"), ("一百二十块", "120块"),
    ("两千块", "2000块"), ("一件事", "一件事"), ("三支一扶", "三支一扶"), ("二手房", "二手房"), ("\ud800低保", "低保"), ("", ""),
])  # fmt: skip
def test_one_spelling_for_all(typed, plain):
    assert language.normalise(typed) == plain


@pytest.mark.parametrize(("question", "left"), [
    ("请问低保怎么办理", "低保"), ("我想办身份证要带什么", "办身份证"), ("怎么办", ""), ("网吧开业", "网吧开业"), ("去哪办残疾证呢", "残疾证"), ("低保在哪里能办理", "低保"),
])  # fmt: skip
def test_what_wraps_a_question_is_dropped(question, left):
    assert language.meant(question).replace(" ", "") == left


@pytest.mark.parametrize(("question", "thing"), [("申请低保", "低保"), ("低保办理", "低保"), ("我想办低保", "低保"), ("补办身份证", "补办身份证"), ("办", ""), ("怎么办", "")])
def test_what_one_wants_to_do_with_a_matter_is_no_part_of_its_name(question, thing):
    assert language.matter(question) == thing


@pytest.mark.parametrize(("word", "heard"), [
    ("低保", ("di", "bao")), ("银行", ("yin", "hang")), ("重新", ("cong", "xin")), ("认证", ("ren", "zen")), ("仁证", ("ren", "zen")), ("生育", ("sen", "yu")),
])  # fmt: skip
def test_how_words_sound(word, heard):
    assert language.sounds(word) == heard


def test_first_letters():
    assert language.initials("公租房") == "gzf"


@pytest.mark.parametrize(("letters", "syllables"), [
    ("shenfenzheng", ("shen", "fen", "zheng")), ("yibao", ("yi", "bao")), ("gzf", ()), ("qwertyuiop", ()), ("nv", ("nv",)), ("xian", ("xian",)),
])  # fmt: skip
def test_letters_are_cut_into_syllables_where_they_are_pinyin(letters, syllables):
    assert language.cut_syllables(letters) == syllables


def test_two_spellings_of_one_name_are_equal():
    assert language.bare("低 保（申请）？") == language.bare("低保申请")
