"""What a question asks for, in the many ways people ask it; no database, no guides."""

import re

import pytest

from guides.intents import (
    MAX_QUESTION,
    Intent,
    asks_an_amount,
    has_long_number,
    intent_of,
    matter_of,
    names_a_matter,
    normalise,
    without_numbers,
)
from guides.safety import ANSWERS, safety_answer

ASKED = {
    Intent.MATERIALS: ["低保要带什么", "办身份证得拿些啥", "都要准备哪些材料", "要啥手续资料", "只带户口本行不行", "要不要带照片"],
    Intent.WHERE: ["低保去哪办", "到哪个窗口交", "医保在哪儿弄", "这事归谁管", "社保大厅地址", "找哪个部门"],
    Intent.HOURS: ["礼拜天开不开门", "几点下班", "周末有人上班吗", "中午休息不", "过节上不上班", "下午几点关门"],
    Intent.TIME: ["多久能办好", "几天能拿到", "什么时候能下来", "要等多少天", "当天能取吗", "要跑几趟"],
    Intent.FEE: ["要多少钱", "花钱不", "收费吗", "得掏多少", "是不是免费的", "工本费几块"],
    Intent.WHO: ["谁能领", "要啥条件", "我够不够格", "多大岁数能领", "外地户口能申请吗", "什么样的人能办"],
    Intent.AGENT: [
        "他本人去不了呢", "我妈走不动，我替她办行吗", "能让我儿子去吗", "必须本人去吗", "能代办不", "人在外地回不来咋办", "两口子都得去吗", "别人能帮着办吗",
    ],
    Intent.ONLINE: ["网上能办吗", "手机上咋弄", "用微信能交吗", "有没有小程序", "不去窗口行不行", "在家能弄吗"],
    Intent.PHONE: ["打什么电话问", "咨询电话多少", "给个电话", "电话呢", "有没有热线", "找谁问，打哪个号"],
    Intent.STEPS: ["低保怎么办", "咋弄", "流程是啥", "结婚证咋补", "先办什么", "离婚手续咋走"],
    Intent.SEASON: ["什么时候交", "几月份开始", "啥时候截止", "最晚哪天", "现在还能交吗", "要多久之内去销户"],
}  # fmt: skip


@pytest.mark.parametrize(("question", "intent"), [(question, intent) for intent, questions in ASKED.items() for question in questions])
def test_one_thing_is_asked_in_many_ways(question, intent):
    assert intent_of(normalise(question)) == intent


@pytest.mark.parametrize("question", ["我想办低保", "结婚证", "给我爸办残疾证", "", "？？", "开个饭馆"])
def test_who_names_only_the_matter_asks_for_nothing_special(question):
    assert intent_of(normalise(question)) is None


@pytest.mark.parametrize("written", ["低保要帶什麼", "低保要带什么？？", "低保　要带什么", "ＡＰＰ上低保要带什么材料"])
def test_traditional_and_wide_characters_are_read(written):
    assert intent_of(normalise(written)) in (Intent.MATERIALS, Intent.ONLINE)


@pytest.mark.parametrize("question", ["那要多少钱", "他本人去不了呢", "周末开门不", "要带啥", "网上能弄吗", "多长时间", "电话多少", "那去哪办呢", "谁能办", "呢", "怎么办"])
def test_a_follow_up_names_no_matter(question):
    assert not names_a_matter(normalise(question))


@pytest.mark.parametrize(("question", "matter"), [("低保要带什么", "低保"), ("结婚证丢了咋补", "结婚证"), ("那公租房呢", "公租房")])
def test_the_matter_is_what_is_left(question, matter):
    assert matter in matter_of(normalise(question))


@pytest.mark.parametrize("question", ["高龄补贴一个月多少钱", "低保发多少", "医保一年交多少", "养老金能领多少"])
def test_what_one_gets_is_another_question_than_what_it_costs(question):
    assert asks_an_amount(normalise(question))
    assert not asks_an_amount(normalise("补身份证收费吗"))


# ---- numbers that nobody needs


@pytest.mark.parametrize("number", ["640205195001011234", "64020519500101123X", "13800138000", "6222020200112233445", "１３８００１３８０００", "138-0013-8000", "6402 0519 5001 0112 34"])
def test_a_long_number_is_neither_read_nor_passed_on(number):
    question = f"我{number}要办低保"
    assert has_long_number(question)
    assert not re.search(r"\d{4}", normalise(question))
    assert not re.search(r"\d{4}", without_numbers(question))
    assert "低保" in normalise(question)


def test_a_year_or_a_hotline_is_no_personal_number():
    assert not has_long_number("2026年打12345")


@pytest.mark.parametrize("text", ["去" * 5000, "能不能让我" * 60, "(" * 300, "不要" * 200, "爸" * 200, "的话" * 150, "\x00", "😀" * 300, "%s{0}", "ﷺ" * 200])
def test_any_text_is_read_within_bounds(text):
    plain = normalise(text)
    assert len(plain) <= MAX_QUESTION
    intent_of(plain), matter_of(plain), safety_answer(plain)


# ---- fraud

FEARS = {
    "code": ["要验证码吗", "他跟我要短信验证码"],
    "bank": ["要银行卡号吗", "让我报密码对吗", "要不要绑定银行卡"],
    "privacy": ["扫码会不会泄露信息", "会不会中病毒", "我的身份证号会不会被人偷走"],
    "money": ["会不会扣钱", "让我先交300块钱对吗", "叫我转账才给办", "扫这个收费吗"],
    "caller": ["有人打电话说我医保停了是真的吗", "陌生人上门说给办补贴", "让我共享屏幕"],
    "plate": ["这个码安全吗", "是不是骗子", "墙上的二维码是真的假的", "这网站靠谱吗"],
}


@pytest.mark.parametrize(("question", "key"), [(question, key) for key, questions in FEARS.items() for question in questions])
def test_a_fear_gets_its_own_answer(question, key):
    assert safety_answer(normalise(question)).key == key


@pytest.mark.parametrize("question", ["社保卡密码忘了", "食品安全许可证怎么办", "公租房要交押金吗", "低保要带什么", "公积金贷款保证金多少", "房屋安全鉴定", "验房", "要带银行卡吗"])
def test_a_matter_is_no_fear(question):
    assert safety_answer(normalise(question)) is None


def test_every_own_answer_says_where_to_ask_or_how_to_check_and_promises_nothing_else():
    for answer in ANSWERS:
        said = "".join(answer.sentences)
        assert ("96110" in said) or ("查一查" in said)
        assert set(re.findall(r"\d+", said)) <= {"96110", "110", "12345"}
        assert not re.search("[,;:?!()]", said)
