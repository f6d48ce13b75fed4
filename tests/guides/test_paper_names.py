"""When two names mean one paper: the person, the kinds that will do, and the remark are told apart."""

import pytest

from guides.paper_names import read_name


@pytest.mark.parametrize(("name", "whose", "kinds", "detail"), [
    ("居民身份证", "", {"身份证"}, ""),
    ("本人的居民身份证", "", {"身份证"}, ""),
    ("申请人的居民身份证", "", {"身份证"}, ""),
    ("申请人和同住家人的居民身份证", "申请人和同住家人", {"身份证"}, ""),
    ("代办人的居民身份证", "代办人", {"身份证"}, ""),
    ("残疾人本人的居民身份证", "残疾人", {"身份证"}, ""),
    ("老板（经营者）的居民身份证", "老板", {"身份证"}, "经营者"),
    ("夫妻两人的居民身份证", "夫妻双方", {"身份证"}, ""),
    ("父亲或母亲的居民身份证", "父亲或母亲", {"身份证"}, ""),
    ("女方的居民身份证（或医保电子凭证、社会保障卡）", "女方", {"身份证", "医保电子凭证", "社会保障卡"}, ""),
    ("社保卡或银行卡", "", {"社会保障卡", "银行卡"}, ""),
    ("社会保障卡（银行卡）", "", {"社会保障卡", "银行卡"}, ""),
    ("居民户口簿（有孩子那一页）", "", {"户口簿"}, "有孩子那一页"),
    ("《出生医学证明》", "孩子", {"出生医学证明"}, ""),
    ("孩子的出生医学证明", "孩子", {"出生医学证明"}, ""),
    ("老人的死亡证明或者户口注销证明", "去世的人", {"死亡证明", "户口注销证明"}, ""),
    ("父亲的死亡证明", "父亲", {"死亡证明"}, ""),
    ("离婚证，或法院的离婚判决书", "离婚证,或法院", {"离婚判决书"}, ""),
])  # fmt: skip
def test_a_name_is_taken_apart(name, whose, kinds, detail):
    read = read_name(name)
    assert (read.whose, read.kinds, read.detail) == (whose, kinds, detail)


def test_a_description_is_no_certain_document():
    assert [read_name(name).is_exact for name in ("结婚证", "家庭困难的证明", "社保卡或银行卡", "死亡证明")] == [True, False, True, False]
