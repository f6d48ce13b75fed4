"""What residents fill in: few fields, tolerant, and a sentence for each mistake."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.models import Level
from helpdesk.forms import FindForm, FollowForm, HelpForm, RatingForm, ReplyForm
from helpdesk.forms_behalf import ForParentForm
from helpdesk.forms_complaint import ComplaintForm
from helpdesk.models import CallTime, Kind, new_reference
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_guide

pytestmark = pytest.mark.django_db


def form(**fields) -> HelpForm:
    least = {"name": "王阿姨", "phone": "13800138000", "consent": "on", "submission_key": str(uuid.uuid4())}
    return HelpForm(least | fields)


def test_a_name_a_phone_and_consent_are_all_that_is_required():
    filled = form()
    assert filled.is_valid(), filled.errors
    assert [name for name, field in HelpForm().fields.items() if field.required] == ["name", "phone", "consent", "submission_key"]
    assert (filled.cleaned_data["kind"], filled.cleaned_data["call_time"]) == (Kind.ADVICE, CallTime.ANY)
    assert (filled.cleaned_data["guide"], filled.cleaned_data["area"]) == (None, None)


def test_forms_share_their_fields_but_what_they_offer_is_read_anew_and_their_sentences_are_their_own():
    make_area(SHUIYUN)
    first = HelpForm()
    assert SHUIYUN in str(first["area"]) and XIAZHUANGZI not in str(first["area"])
    make_area(XIAZHUANGZI)
    assert XIAZHUANGZI in str(HelpForm()["area"]) and XIAZHUANGZI in str(first["area"])
    assert HelpForm().fields["area"] is first.fields["area"]
    del first.fields["note"]
    assert "note" in HelpForm().fields
    assert [str(kind().fields["phone"].label) for kind in (HelpForm, ForParentForm, ComplaintForm)] == ["您的电话", "您自己的电话", "您的电话"]
    assert [kind().fields["name"].required for kind in (HelpForm, ForParentForm, ComplaintForm)] == [True, True, False]


def test_consent_is_not_given_beforehand():
    assert "checked" not in str(HelpForm()["consent"])


WRONG = {
    "name": [("", "写个称呼就行，比如 王阿姨、老李。"), ("   ", "写个称呼就行，比如 王阿姨、老李。"), ("王" * 31, "称呼太长了，30个字以内。")],
    "phone": [
        ("", "留个电话，帮办员好给您回。"),
        ("1" * 31, "电话太长了，是不是多打了？"),
        *[(wrong, "电话好像不对。手机是11位数字；座机请带上区号，比如 0952 开头。") for wrong in ("1380013800", "23800138000", "12345", "电话", "138001380001", "3012345")],
    ],
    "consent": [("", "要您同意，我们才能留您的电话。不同意可以直接打 12345。")],
    "guide": [("yibao-999", "这个事项现在没有，换一个，或者选“说不清”。")],
    "area": [("999999999999", "请从列表里选一个村（社区）。"), (TOWNSHIP, "请从列表里选一个村（社区）。")],
    "relation": [("亲" * 21, "20个字以内就行，比如 女儿。")],
    "note": [("长" * 501, "写得有点长，500个字以内。其余的电话里说。")],
}


@pytest.mark.parametrize(("name", "value", "sentence"), [(name, *pair) for name, pairs in WRONG.items() for pair in pairs])
def test_each_mistake_has_its_sentence(name, value, sentence):
    make_area(SHUIYUN)
    filled = form(**{name: value})
    assert dict(filled.errors) == {name: [sentence]}


@pytest.mark.parametrize("kind", ["nonsense", "' OR 1=1"])
def test_a_choice_that_does_not_exist_is_refused(kind):
    assert list(form(kind=kind, call_time=kind).errors) == ["kind", "call_time"]


@pytest.mark.parametrize(("typed", "kept"), [
    ("13800138000", "13800138000"),
    ("１３８００１３８０００", "13800138000"),
    ("+86 138 0013 8000", "13800138000"),
    ("+8613800138000", "13800138000"),
    ("0086-13800138000", "13800138000"),
    ("138-0013-8000", "13800138000"),
    ("138 0013 8000", "13800138000"),
    (" 13800138000 ", "13800138000"),
    ("0952-3012345", "09523012345"),
    ("09523012345", "09523012345"),
    ("(0952)3012345", "09523012345"),
    ("（0952）3012345", "09523012345"),
    ("０９５２－３０１２３４５", "09523012345"),
    ("010—12345678", "01012345678"),
])  # fmt: skip
def test_a_phone_may_be_written_as_people_write_it(typed, kept):
    filled = form(phone=typed)
    assert filled.is_valid(), filled.errors
    assert filled.cleaned_data["phone"] == kept


@pytest.mark.parametrize("number", ["640205195001011234", "64020519500101123X"[:17], "6222021234567890123", "６４０２０５１９５００１０１１２３４"])
@pytest.mark.parametrize("field", ["note", "name", "relation"])
def test_identity_and_bank_numbers_are_refused_wherever_they_are_written(field, number):
    filled = form(**{field: f"号{number}"[:20]})
    assert dict(filled.errors) == {field: ["不要写身份证号、银行卡号，我们用不着。请删掉再提交。"]}


def test_messages_and_ratings_refuse_them_too():
    assert list(ReplyForm({"text": "我的是640205195001011234"}).errors) == ["text"]
    assert list(RatingForm({"level": "5", "text": "卡号6222021234567890123"}).errors) == ["text"]


@pytest.mark.parametrize("note", ["家里电话 0952-3012345，儿子 13800138000", "2026年11月24日上午9点半", "房产证号123456"])
def test_other_numbers_may_be_written(note):
    assert form(note=note).is_valid()


def test_only_published_guides_and_communities_can_be_chosen():
    for code in (SHUIYUN, XIAZHUANGZI):
        make_area(code)
    make_guide(), make_guide("yibao-002", status="draft"), make_guide("yibao-003", status="withdrawn")
    empty = HelpForm()
    assert [str(value) for value, _ in empty.fields["guide"].choices] == ["", "yibao-001"]
    assert [str(value) for value, _ in empty.fields["area"].choices] == ["", XIAZHUANGZI, SHUIYUN]
    assert dict(empty.fields["area"].choices)[""] == "不知道，先空着"
    assert empty.fields["area"].queryset.exclude(level=Level.COMMUNITY).count() == 0
    assert [label for _, label in empty.fields["area"].choices][1:] == ["尾闸镇 下庄子村", "园艺镇 水韵名都社区"]


def test_the_district_is_no_choice():
    make_area(DISTRICT)
    assert list(form(area=DISTRICT).errors) == ["area"]


@given(st.text())
def test_whatever_is_typed_gets_an_answer_and_no_fault(text):
    # Without a database: only the fields that are typed.
    filled = form(name=text, phone=text, relation=text, note=text, case=text, plate=text)
    assert set(filled.errors) <= {"name", "phone", "relation", "note", "case", "plate"}


# ---- following


@pytest.mark.parametrize(("typed", "kept"), [("8000", "8000"), (" 8000 ", "8000"), ("８０００", "8000")])
def test_four_digits_open_however_they_are_typed(typed, kept):
    door = FollowForm({"last_four": typed})
    assert door.is_valid(), door.errors
    assert door.cleaned_data["last_four"] == kept


@pytest.mark.parametrize(("typed", "sentence"), [("", "填电话的最后四个数字。"), ("800", "是四个数字，比如 8000。"), ("80000", "是四个数字，比如 8000。"), ("八千", "是四个数字，比如 8000。")])
def test_anything_else_is_told_what_is_wanted(typed, sentence):
    assert dict(FollowForm({"last_four": typed}).errors) == {"last_four": [sentence]}


def test_a_number_is_read_with_or_without_dashes_and_in_any_width():
    reference = new_reference()
    dashed = f"{reference[:3]}-{reference[3:6]}-{reference[6:]}"
    wide = "".join(chr(ord(c) + 0xFEE0) for c in reference)
    for typed in (reference, dashed, f" {reference} ", wide, f"编号{dashed}"):
        found = FindForm({"reference": typed})
        assert found.is_valid()
        assert found.cleaned_data["reference"] == reference


def test_the_five_national_words_and_no_default():
    assert [label for _, label in RatingForm().fields["level"].choices] == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert "checked" not in str(RatingForm()["level"])
    assert RatingForm({"level": "3"}).is_valid()
    assert dict(RatingForm({}).errors) == {"level": ["选一个再提交，不想评也没关系。"]}
    assert list(RatingForm({"level": "6"}).errors) == ["level"]
