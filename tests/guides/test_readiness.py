"""现在去能办成吗: one verdict of papers, hours, season and person; what is unknown or unverified says so."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from guides.models import Agency, Area, Counter, Fact, FactField, Guide, Mark, Material, Office, OfficeHours, SpecialDay
from guides.readiness import Outcome, Readiness, judge, say_day, say_when, tick_of
from guides.reading import Reading
from guides.where import places_for
from tests.factories import SHUIYUN, make_area, make_guide, make_situation

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
CHECKED = {"mark": Mark.OFFICIAL, "source": "示例", "verified_by": "沈禾", "verified_on": date(2026, 11, 1)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


WEDNESDAY = "2026-11-25 10:00"


@pytest.fixture
def guide():
    """Two papers and one that may follow; done at the station of 水韵名都社区 and at the district's hall. Everything is verified."""
    make_area(SHUIYUN)
    guide = make_guide(agency=Agency.AGENT)
    Fact.objects.create(guide=guide, field=FactField.AGENCY, **CHECKED)
    for order, (name, later) in enumerate({"身份证": None, "户口簿": False, "照片": True}.items()):
        Material.objects.create(guide=guide, name=name, later=later, order=order, **CHECKED)
    make_office(guide, "station", "水韵名都社区便民服务站", SHUIYUN, ("09:00", "12:00"), ("14:00", "17:30"))
    return guide


def make_office(guide, kind: str, name: str, area: str, *slots: tuple[str, str], sample: bool = False, weekdays: str = "12345") -> Office:
    office = Office.objects.create(code=kind, kind=kind, name=name, area_id=area, hours_are_sample=sample)
    for opens, closes in slots:
        OfficeHours.objects.create(office=office, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), weekdays=weekdays)
    Counter.objects.create(guide=guide, kind=kind, order=guide.counters.count(), **CHECKED)
    return office


def verdict(guide, *, have=("身份证", "户口簿"), now: str = WEDNESDAY, area: str | None = SHUIYUN, **params) -> Readiness:
    whole, seen_from = Guide.objects.whole().get(pk=guide.pk), Area.objects.get(pk=area) if area else None
    reading, moment = Reading(whole, params), at(now)
    ticks = [tick_of(material) for material, _ in reading.materials if material.name in have]
    return judge(reading, have=ticks, places=places_for(whole, seen_from, now=moment), area=seen_from, now=moment)


# ---- yes


def test_with_every_paper_and_an_open_door_it_is_a_plain_yes(guide):
    found = verdict(guide)
    assert found.outcome == Outcome.YES
    assert found.reasons == ("材料带齐了，水韵名都社区便民服务站开着门，今天中午12点关。",)
    assert (found.is_sure, found.go_at, found.missing) == (True, "", ())
    assert [material.name for material in found.later] == ["照片"]
    assert found.remarks == ("水韵名都社区便民服务站就能办，不用跑远路。", "本人去不了，可以请人代办。")


# ---- papers


def test_a_missing_paper_makes_it_almost(guide):
    found = verdict(guide, have=("身份证",))
    assert (found.outcome, found.reasons) == (Outcome.ALMOST, ("还差1样：户口簿。",))
    assert found.open_until == "今天中午12点"


def test_what_may_follow_does_not_block_and_unknown_does(guide):
    assert verdict(guide, have=("户口簿", "照片")).missing[0].name == "身份证"  # later is unknown: it is needed
    assert verdict(guide, have=("身份证", "户口簿")).outcome == Outcome.YES


def test_a_missing_paper_and_a_closed_door_are_both_said(guide):
    found = verdict(guide, have=(), now="2026-11-25 18:00")
    assert found.outcome == Outcome.ALMOST
    assert found.reasons == ("还差2样：身份证、户口簿。", "水韵名都社区便民服务站现在没开门。")
    assert found.go_at == "明天上午9点"


def test_only_the_papers_of_the_case_count(guide):
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"], **CHECKED)
    assert verdict(guide).outcome == Outcome.YES
    assert [material.name for material in verdict(guide, who="agent").missing] == ["委托书"]


def test_a_guide_without_papers_does_not_know(guide):
    guide.materials.all().delete()
    found = verdict(guide)
    assert (found.outcome, found.reasons) == (Outcome.ASK, ("要带什么，这份指南还没写。",))


# ---- the door


@pytest.mark.parametrize(("now", "why", "go_at"), [
    ("2026-11-25 08:00", "现在没开门。", "今天上午9点"),
    ("2026-11-25 12:30", "现在没开门。", "今天下午2点"),  # lunch
    ("2026-11-25 11:31", "今天中午12点就关门了，剩下不到半小时，怕来不及。", "今天下午2点"),
    ("2026-11-25 17:01", "今天下午5点半就关门了，剩下不到半小时，怕来不及。", "明天上午9点"),
    ("2026-11-27 17:10", "今天下午5点半就关门了，剩下不到半小时，怕来不及。", "11月30日（周一）上午9点"),
    ("2026-11-28 10:00", "现在没开门（周六）。", "后天上午9点"),
    ("2026-10-01 10:00", "现在没开门（国庆节）。", "10月8日（周四）上午9点"),
])  # fmt: skip
def test_a_closed_door_names_the_next_good_time(guide, now, why, go_at):
    found = verdict(guide, now=now)
    assert found.outcome == Outcome.NO
    assert found.reasons == (f"水韵名都社区便民服务站{why}",)
    assert found.go_at == go_at


def test_half_an_hour_is_enough(guide):
    assert verdict(guide, now="2026-11-25 11:30").outcome == Outcome.YES


def test_a_make_up_working_saturday_is_open(guide):
    assert verdict(guide, now="2026-10-10 10:00").outcome == Outcome.YES


def test_a_special_day_of_the_village_closes_it(guide):
    SpecialDay.objects.create(date=date(2026, 11, 25), area_id=SHUIYUN, name="停电", is_open=False)
    found = verdict(guide)
    assert (found.outcome, found.reasons, found.go_at) == (Outcome.NO, ("水韵名都社区便民服务站现在没开门（停电）。",), "明天上午9点")


def test_another_place_that_is_open_will_do(guide):
    make_office(guide, "hall", "惠农区政务服务中心", "640205000000", ("09:00", "17:00"))
    found = verdict(guide, now="2026-11-25 12:30")
    assert (found.outcome, found.place.name) == (Outcome.YES, "惠农区政务服务中心")
    assert verdict(guide).place.name == "水韵名都社区便民服务站"  # the nearest first when both are open


def test_without_a_village_the_door_is_unknown(guide):
    found = verdict(guide, area=None)
    assert (found.outcome, found.place) == (Outcome.ASK, None)
    assert found.reasons == ("先选您的村（社区），才知道去哪一处、开不开门。",)
    assert found.remarks[0] == "村（社区）就能办。选了您的村（社区），就知道去哪一处。"


def test_choosing_a_village_is_asked_only_where_it_helps(guide):
    guide.counters.update(kind="bank")
    assert verdict(guide, area=None).reasons == ("去的地方什么时候开门，还不清楚。",)


def test_an_office_without_hours_is_unknown_not_closed(guide):
    OfficeHours.objects.all().delete()
    found = verdict(guide)
    assert (found.outcome, found.reasons, found.go_at) == (Outcome.ASK, ("去的地方什么时候开门，还不清楚。",), "")


def test_without_a_place_nobody_is_sent_anywhere(guide):
    guide.counters.all().delete()
    found = verdict(guide)
    assert (found.outcome, found.reasons) == (Outcome.ASK, ("去哪里办，还不清楚。",))
    assert found.remarks == ("本人去不了，可以请人代办。",)


def test_what_the_village_does_not_do_is_said(guide):
    guide.counters.all().delete()
    make_office(guide, "hall", "惠农区政务服务中心", "640205000000", ("09:00", "17:00"))
    assert verdict(guide).remarks[0] == "这件事一般到惠农区政务服务中心办，不在村（社区）办。"


# ---- the season


def in_season(guide, start: str, end: str, *, year: int | None = None) -> None:
    Guide.objects.filter(pk=guide.pk).update(season_from=start, season_to=end)
    Fact.objects.update_or_create(guide=guide, field=FactField.SEASON, defaults={"valid_for_year": year, **CHECKED})


@pytest.mark.parametrize(("start", "end", "now", "outcome", "go_at"), [
    ("09-01", "12-31", WEDNESDAY, Outcome.YES, ""),
    ("06-01", "07-15", WEDNESDAY, Outcome.NO, "明年6月1日（周二）上午9点"),
    ("06-01", "07-15", "2026-05-30 10:00", Outcome.NO, "后天上午9点"),
    ("11-28", "12-31", WEDNESDAY, Outcome.NO, "11月30日（周一）上午9点"),  # begins on a Saturday
    ("11-01", "02-28", "2026-01-13 10:00", Outcome.YES, ""),  # over the turn of the year
    ("12-01", "02-28", WEDNESDAY, Outcome.NO, "12月1日（周二）上午9点"),
    ("01-01", "12-31", "2026-12-31 18:00", Outcome.NO, "明年1月4日（周一）上午9点"),  # open all year
])  # fmt: skip
def test_the_yearly_window(guide, start, end, now, outcome, go_at):
    in_season(guide, start, end)
    found = verdict(guide, now=now)
    assert (found.outcome, found.go_at) == (outcome, go_at)


def test_outside_the_window_the_dates_are_said_and_not_the_door(guide):
    in_season(guide, "06-01", "07-15")
    assert verdict(guide, now="2026-11-28 10:00").reasons == ("这件事每年6月1日到7月15日办，现在不是时候。",)


def test_an_office_that_opens_only_after_the_last_day_is_too_late(guide):
    in_season(guide, "09-01", "11-27")
    found = verdict(guide, now="2026-11-27 18:00")
    assert found.outcome == Outcome.NO
    assert found.reasons == ("这件事每年9月1日到11月27日办，这一回不会再开门了。",)
    assert found.go_at.startswith("明年9月1日")


def test_a_window_of_a_past_year_gives_no_exact_day_and_says_so(guide):
    in_season(guide, "06-13", "07-15", year=2025)
    found = verdict(guide)
    assert found.reasons == ("按2025年的时间，这件事每年6月13日到7月15日办，现在不是时候。",)
    assert found.go_at == "明年6月13日（周日）前后"
    assert found.cautions[0] == "办的时间是2025年的，今年的还没核实。"
    within = verdict(guide, now="2026-06-16 10:00")
    assert (within.outcome, within.is_sure) == (Outcome.YES, False)


def test_a_window_from_the_29th_of_february_has_a_next_day_too(guide):
    in_season(guide, "02-29", "03-31")
    assert verdict(guide).go_at == "明年3月1日（周一）上午9点"


# ---- who


def test_an_agent_is_not_sent_where_one_must_come_in_person(guide):
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Guide.objects.filter(pk=guide.pk).update(agency=Agency.ACCOMPANY)
    found = verdict(guide, who="agent")
    assert (found.outcome, found.reasons[0], found.go_at) == (Outcome.NO, "这件事要本人到场，别人替不了。", "")
    assert verdict(guide, who="self").outcome == Outcome.YES
    assert "本人必须到场。帮办员能陪着办，不能替您办。" in verdict(guide).remarks


def test_unknown_agency_stays_unknown(guide):
    Guide.objects.filter(pk=guide.pk).update(agency="")
    assert "能不能请人代办，还不清楚。" in verdict(guide).remarks


# ---- what it leans on


UNVERIFIED = {"verified_by": "", "verified_on": None}


@pytest.mark.parametrize(("rows", "named"), [
    (lambda guide: guide.materials.filter(name="身份证").update(**UNVERIFIED), "要带什么"),
    (lambda guide: guide.counters.update(**UNVERIFIED), "去哪办"),
    (lambda guide: Office.objects.update(hours_are_sample=True), "办公时间（现在写的是示例）"),
    (lambda guide: guide.facts.filter(field="agency").update(**UNVERIFIED), "能不能代办"),
])  # fmt: skip
def test_a_yes_that_leans_on_something_unverified_asks_to_call_first(guide, rows, named):
    rows(guide)
    found = verdict(guide)
    assert (found.outcome, found.is_sure, found.unverified) == (Outcome.YES, False, (named,))


def test_an_unverified_season_is_named(guide):
    in_season(guide, "09-01", "12-31")
    guide.facts.filter(field="season").update(**UNVERIFIED)
    assert verdict(guide).unverified == ("每年什么时候办",)


def test_a_brief_guide_says_so(guide):
    Guide.objects.filter(pk=guide.pk).update(is_brief=True)
    assert verdict(guide).cautions == ("这份指南是简版，要带的可能没写全。",)


def test_a_year_whose_holidays_are_not_announced_is_uncertain(guide):
    in_season(guide, "06-01", "07-15")
    assert any("还没公布" in caution for caution in verdict(guide, now="2040-11-25 10:00").cautions)


# ---- ticks and words


def test_a_tick_is_for_the_paper_as_it_was():
    card = Material(name="身份证")
    assert tick_of(card) == tick_of(Material(name="身份证", order=30, how="改了说明"))
    assert (
        len(
            {
                tick_of(card),
                tick_of(Material(name="身份证", form="both")),
                tick_of(Material(name="身份证", copies=2)),
                tick_of(Material(name="户口簿")),
            }
        )
        == 4
    )
    assert len(tick_of(card)) == 6


@pytest.mark.parametrize(("moment", "said"), [
    ("2026-11-25 09:00", "今天上午9点"), ("2026-11-26 08:30", "明天上午8点半"), ("2026-11-27 14:15", "后天下午2点15分"), ("2026-11-25 12:00", "今天中午12点"),
    ("2026-11-25 18:00", "今天下午6点"), ("2026-11-25 19:30", "今天晚上7点半"), ("2026-11-30 13:05", "11月30日（周一）下午1点5分"), ("2027-01-04 00:00", "明年1月4日（周一）凌晨0点"),
])  # fmt: skip
def test_a_moment_is_said_as_people_say_it(moment, said):
    assert say_when(at(moment), at(WEDNESDAY)) == said


def test_a_far_day_names_its_year():
    assert say_day(date(2028, 3, 1), date(2026, 11, 25)) == "2028年3月1日（周三）"
