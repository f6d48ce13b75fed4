"""How hard a text reads: what our editors wrote is 好懂, notices are 太难, and each reason says what to do. Shown while a guide is written."""

import pytest
from django.urls import reverse

from guides.models import Guide, Statement, Step
from guides.readability import EASY, HARD, grade, is_rare, measure
from tests.factories import make_guide
from tests.people import bianji, zhuli

OFFICIALESE = [
    "申请人须凭本人居民身份证及户口簿原件，于每年9月25日至12月31日期间前往户籍所在地乡镇人民政府（街道办事处）提出申请，逾期不予受理。",
    "对符合条件的参保人员，由经办机构予以审核，审核通过后按照有关规定享受相应待遇。",
    "申请人应当如实提供相关材料，并对所提交材料的真实性负责；材料不齐全或者不符合法定形式的，受理部门应当当场或者在5个工作日内一次性告知申请人需要补正的全部内容。",
    "具有本行政区域户籍且持有第二代《中华人民共和国残疾人证》，残疾等级被评定为一级、二级且需要长期照护的重度残疾人，可依照本办法之规定申领护理补贴。",
    "自受理之日起20个工作日内，民政部门应当依法作出是否准予登记的决定，不予登记的，应当书面说明理由并告知其享有依法申请行政复议或者提起行政诉讼的权利。",
    "该项补贴按月发放，由县级财政部门通过国库集中支付系统直接支付至申请人社会保障卡账户，每年核定一次。",
    "凡年满60周岁，未享受城镇职工基本养老保险待遇且累计缴费年限满15年的参保人员，可按规定领取城乡居民基本养老金。",
    "委托他人代为办理的，须出具经公证的授权委托书及受托人身份证件，并由受托人当场签署承诺书。",
    "请申请人携带相关证件及复印件于工作日内前往政务服务大厅相应窗口办理登记手续。",
    "因不可抗力致使申请人未能在规定期限内提出申请的，可自障碍消除之日起10日内书面说明情况，经核实后酌情予以顺延。",
]
PLAIN = [
    "带身份证到社区就能登记。",
    "没有参加职工医保的惠农区居民。老人、孩子、没工作的、种地的都可以。",
    "早退也有底线。男的不能早于60岁，女职工不能早于50岁或55岁。",
    "别人该赔的、工伤该管的，医保不报。",
    "打开“我的宁夏”APP，点特色专题，再点城乡居民。",
    "未满18岁的孩子，家里平均每人的收入比低保标准低，而且在上学。",
    "",
    "12345",
]


@pytest.mark.parametrize("text", OFFICIALESE)
def test_notices_are_too_hard(text):
    assert measure(text).grade == "太难"


@pytest.mark.parametrize("text", PLAIN)
def test_what_one_says_at_the_door_is_easy(text):
    assert (measure(text).grade, measure(text).reasons) == ("好懂", ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("老人" * 23 + "。", "这句有46个字，拆成两句"),
        ("老人" * 12 + "，来。", "一口气24个字没有停顿"),
        ("一，二，三，四，五，六，七。", "一句里停了6次"),
        ("一月1号，2号，3号，4号来。", "一句里有4个数"),
        ("逾期要补。", "“逾期”是公文话，改成：过了期"),
        ("到殡仪馆办。", "“殡”这个字不常见"),
    ],
)
def test_each_reason_says_what_to_do(text, reason):
    assert any(found.startswith(reason) for found in measure(text).reasons), measure(text).reasons


@pytest.mark.parametrize("text", ["应该带上。", "文凭带上。", "之前办过。", "来得及。", "以及时间。", "总之要来。", "代办结婚证不要信。", "比如有病。", "无障碍通道。", "其他的不用带。", "尤其是老人。", "填报名表。"])
def test_everyday_words_with_the_same_characters_are_no_officialese(text):
    assert measure(text).reasons == ()


def test_names_in_quotation_marks_and_lists_cost_little():
    assert measure("在“国家社会保险公共服务平台统一身份认证中心”办。").score == 100
    assert measure("带身份证、户口簿、照片、社保卡、存折去。").score == 100


def test_the_worst_sentence_is_not_hidden_by_easy_ones():
    easy = "带身份证去。" * 5
    assert measure(easy + OFFICIALESE[0]).score < EASY
    assert measure(easy).score == 100


def test_grades_in_words():
    assert [grade(score) for score in (100, EASY, EASY - 1, HARD, HARD - 1, 0)] == ["好懂", "好懂", "有点难", "有点难", "太难", "太难"]


def test_common_characters_are_those_of_level_one():
    assert [is_rare(character) for character in "的办殡龘aＡ1，"] == [False, False, True, True, False, False, False, False]


# shown while editing


pytest_db = pytest.mark.django_db
MEASURE = reverse("admin:guides_guide_readability")


@pytest_db
def test_a_draft_shows_how_it_reads_and_what_is_to_be_done(client):
    client.force_login(bianji())
    guide = make_guide(status="draft", answer=OFFICIALESE[1])
    Statement.objects.create(guide=guide, kind="note", text="符合条件的，凭证件及时来领，逾期不补。")
    body = client.get(reverse("admin:guides_guide_change", args=[guide.pk])).content.decode()
    assert 'href="#id_answer"' in body
    assert "“予以”是公文话，改成：给" in body
    assert "js/readability.js" in body
    Statement.objects.all().delete()
    Guide.objects.update(answer="带身份证去。", is_brief=False)
    assert "读着：<b>好懂</b>" in client.get(reverse("admin:guides_guide_change", args=[guide.pk])).content.decode()


@pytest_db
def test_a_new_guide_says_what_will_come(client):
    client.force_login(bianji())
    assert "读着难不难" in client.get(reverse("admin:guides_guide_add")).content.decode()


@pytest_db
def test_the_next_version_is_measured_as_it_stands(client):
    from guides.editing import start_next

    client.force_login(bianji())
    guide = make_guide()
    following = start_next(guide=guide, by=bianji())
    Step.objects.create(guide=following, text=OFFICIALESE[0])
    assert "怎么办 第1条" in client.get(reverse("admin:guides_guide_change", args=[following.pk])).content.decode()


@pytest_db
@pytest.mark.parametrize("text", [*OFFICIALESE[:3], *PLAIN])
def test_the_live_measure_is_the_same_rule(client, text):
    client.force_login(bianji())
    said = client.post(MEASURE, {"text": text}).json()
    found = measure(text)
    assert said == {"score": found.score, "grade": found.grade, "is_hard": found.is_hard, "reasons": list(found.reasons[:3])}


@pytest_db
def test_only_who_may_see_guides_measures_and_only_so_much(client):
    assert client.post(MEASURE, {"text": "x"}).status_code == 302
    client.force_login(zhuli())
    assert client.post(MEASURE, {"text": "x"}).status_code == 302
    client.force_login(bianji())
    assert client.get(MEASURE).status_code == 405
    assert client.post(MEASURE, {"text": "好。" * 1000 + OFFICIALESE[0]}).json()["score"] == 100
