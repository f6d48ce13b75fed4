"""What a template says of a guide: never more than the guide's own page would."""

from datetime import date, time

import pytest
from django.utils import timezone

from guides.models import Counter, Fact, FactField, Guide, Material, Office, OfficeHours, OfficeKind
from guides.reading import Reading
from guides.where import places_for
from helpdesk.reply_words import WORDS, fill, unknown_words, words_for
from tests.factories import SHUIYUN, make_area, make_guide, make_situation

pytestmark = pytest.mark.django_db
VOUCHED = {"mark": "V", "source": "示例", "verified_by": "沈禾", "verified_on": date(2026, 11, 20)}
DAY = date(2026, 11, 25)


def said(guide=None, *, area=None, case=None, **known) -> dict[str, str]:
    whole = Guide.objects.whole().get(pk=guide.pk) if guide else None
    given = {"name": "王阿姨", "matter": "交医保", "helper": "朱丽", "number": "482-917-365", "hotline": "12345", "today": DAY} | known
    places = places_for(whole, area, now=timezone.localtime()) if whole else []
    return words_for(reading=Reading(whole, case or {}) if whole else None, places=places, **given)


def test_without_a_guide_everything_about_it_sends_to_the_hotline():
    words = said(matter="")
    assert set(words) == set(WORDS)
    assert words["事项"] == "您要办的事"
    assert words["电话"] == "12345"
    assert {words[name] for name in ("材料", "地点", "费用", "多久")} == {"还不确定，请拨打12345问"}
    assert words["时间"] == "还没核实，请拨打12345问"


@pytest.mark.parametrize(("field", "values", "name", "text"), [
    (FactField.FEE, {"fee": "不收费"}, "费用", "不收费"),
    (FactField.PROMISED_LIMIT, {"promised_limit": 5, "legal_limit": 20}, "多久", "5个工作日"),
    (FactField.LEGAL_LIMIT, {"legal_limit": 20}, "多久", "法律规定最长20个工作日"),
])  # fmt: skip
def test_a_fact_says_whether_anybody_vouches_for_it(field, values, name, text):
    guide = make_guide(**values)
    unsure = f"{text}（待核实，出门前请拨打12345问一下）"
    assert said(guide)[name] == unsure
    fact = Fact.objects.create(guide=guide, field=field)
    assert said(guide)[name] == unsure
    Fact.objects.filter(pk=fact.pk).update(**VOUCHED)
    assert said(guide)[name] == text
    Fact.objects.filter(pk=fact.pk).update(valid_for_year=2025)
    assert said(guide)[name] == f"{text}（这是2025年的，今年的请拨打12345问一下）"


def test_the_papers_are_those_of_the_residents_own_case():
    guide = make_guide()
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Material.objects.create(guide=guide, name="身份证", order=0, **VOUCHED)
    Material.objects.create(guide=guide, name="委托书", order=1, only_for=["who=agent"])
    assert said(guide)["材料"] == "身份证（原件1份）"
    assert said(guide, case={"who": "agent"})["材料"] == "身份证（原件1份）、委托书（原件1份）（待核实，出门前请拨打12345问一下）"
    assert said(make_guide("yibao-002"))["材料"] == "还不确定，请拨打12345问"


def test_the_place_is_the_nearest_and_its_unknown_address_is_not_left_out():
    guide, area = make_guide(), make_area(SHUIYUN)
    assert said(guide, area=area)["地点"] == "还不确定，请拨打12345问"
    counter = Counter.objects.create(guide=guide, kind=OfficeKind.STATION)
    office = Office.objects.create(code="shuiyun", name="水韵名都便民服务站", kind=OfficeKind.STATION, area=area)
    assert said(guide, area=area)["地点"] == "水韵名都便民服务站，去之前请拨打12345问清楚在哪"
    Counter.objects.filter(pk=counter.pk).update(**VOUCHED)
    assert said(guide, area=area)["地点"] == "水韵名都便民服务站，详细地址请拨打12345问"
    Office.objects.filter(pk=office.pk).update(address="示例路1号", floor="一楼")
    assert said(guide, area=area)["地点"] == "水韵名都便民服务站（示例路1号，一楼）（待核实，出门前请拨打12345问一下）"
    Office.objects.filter(pk=office.pk).update(**VOUCHED)
    assert said(guide, area=area)["地点"] == "水韵名都便民服务站（示例路1号，一楼）"


def test_hours_that_are_a_sample_are_not_told():
    guide, area = make_guide(), make_area(SHUIYUN)
    Counter.objects.create(guide=guide, kind=OfficeKind.STATION)
    office = Office.objects.create(code="shuiyun", name="水韵名都便民服务站", kind=OfficeKind.STATION, area=area)
    OfficeHours.objects.create(office=office, opens=time(9), closes=time(17))
    assert said(guide, area=area)["时间"] == "还没核实，请拨打12345问"
    Office.objects.filter(pk=office.pk).update(hours_are_sample=False)
    assert said(guide, area=area)["时间"] == "周一到周五 9:00到17:00，周六、周日不开门"


def test_the_hotline_carries_its_mark():
    guide = make_guide(hotline="12393")
    assert said(guide)["电话"] == "12393（待核实，也可以打12345）"
    Fact.objects.create(guide=guide, field=FactField.HOTLINE, **VOUCHED)
    assert said(guide)["电话"] == "12393"


def test_filling_and_what_cannot_be_filled():
    assert fill("【称呼】您好，我是【帮办员】，编号【编号】。", said()) == "王阿姨您好，我是朱丽，编号482-917-365。"
    assert fill("【称呼】您好", said(name="")) == "您好"
    assert fill("【姓名】您好", said()) == "【姓名】您好"
    assert unknown_words("【称呼】【姓名】【地址】【姓名】") == ["姓名", "地址"]
