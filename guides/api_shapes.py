"""What the open data of this room looks like: its OpenAPI description is made from these, and every answer is checked against them.

The names are those of the files (fixtures/README.md). Each key is always there; what nobody knows is null or empty. Descriptions are Chinese,
because people read them in /api/openapi.json.
"""

from datetime import date
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from guides.models import Agency, Audience, Form, Level, Mark, OfficeKind, Stage, Unit


def coded(label: str, choices, *, may_be_empty: bool = False):
    """The type of a value out of `choices`; its description says each in Chinese, so that nobody has to ask what a code means."""
    meaning = "；".join(f"{value} 是{label}" for value, label in choices.choices)
    return Annotated[Literal[tuple(choices.values + [""] * may_be_empty)], Field(description=f"{label}：{meaning}。")]


def said(text: str, kind=str):
    return Annotated[kind, Field(description=text)]


class Shape(Schema):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # a key with a default is in every answer all the same


class Problem(Shape):
    detail: said("哪里不对、接下来怎么做，一句话。")


class Topic(Shape):
    slug: said("主题的代号，也是事项代号的前半截，例如 yibao。")
    name: said("主题的名称。")


class Head(Shape):
    slug: said("事项的代号，例如 yibao-001，不会改。")
    url: said("给居民看的网页。")
    title: said("事项名称。")
    plain_title: said("大白话名称。")
    topic: Topic
    audience: coded("办事人", Audience)
    department: said("主管部门。")
    aliases: said("别的叫法，居民会这样搜。", list[str]) = []
    counter_level: coded("一般在哪一级办", Level)
    priority: said("优先级，1 最常用。", int)
    featured: said("在“大家常办的”里排第几；没有排进去是 null。", int | None) = None
    answer: said("一句话回答。")
    national_code: said("国家基本编码，12位；不知道就空着。") = ""
    implementation_code: said("实施编码，31位；不知道就空着。") = ""
    checked_on: said("最近核对日期。", date | None) = None
    brief: said("是不是简版：只写了最要紧的几样，出门前要打电话问清楚。", bool) = False
    stage: coded("建设项目的阶段（空着是不属于哪个阶段）", Stage, may_be_empty=True) = ""


class Counts(Shape):
    materials: said("材料有几条（各种情形都算）。", int)
    steps: said("流程有几步。", int)
    statements: said("写明了出处类别的内容一共有几条。", int)
    verified: said("其中已核实的有几条。", int)


class GuideSummary(Head):
    counts: Counts


class Sourced(Shape):
    mark: coded("出处类别", Mark)
    source: said("出处。") = ""
    year: said("只对这一年说的；不分年份是 null。", int | None) = None
    verified_by: said("谁核实的；空着就是待核实，请以窗口答复为准。")
    verified_on: said("哪天核实的；待核实是 null。", date | None)


class Fact(Sourced):
    note: said("补充说明。") = ""


class LimitFact(Fact):
    days: said("多少；0 是当场办完。单位看 unit。", int | None)
    unit: coded("单位", Unit)


class TextFact(Fact):
    text: str


class CountFact(Fact):
    count: said("几次。", int | None)


class OnlineFact(TextFact):
    url: said("网上办理地址；不知道就空着。") = ""


class AgencyFact(Fact):
    value: coded("代办还是帮办", Agency, may_be_empty=True)


class YesNoFact(Fact):
    value: bool | None


class SeasonFact(Fact):
    from_: Annotated[str, Field(alias="from", description="每年从哪天起，月-日。")]
    to: said("到哪天止，月-日。")


class Facts(Shape):
    legal_limit: said("法定时限；没有人知道是 null，下同。", LimitFact | None) = None
    promised_limit: said("承诺时限。", LimitFact | None) = None
    fee: said("费用。", TextFact | None) = None
    visits: said("最多跑几次。", CountFact | None) = None
    result: said("办完拿到什么。", TextFact | None) = None
    hotline: said("咨询电话。", TextFact | None) = None
    online: said("网上怎么办。", OnlineFact | None) = None
    agency: said("代办还是帮办。", AgencyFact | None) = None
    cross_province: said("能不能跨省通办。", YesNoFact | None) = None
    video: said("能不能视频办。", YesNoFact | None) = None
    season: said("每年什么时候办。", SeasonFact | None) = None


ONLY_FOR = "只对这些情形说的，写法是 情形=回答，例如 who=agent；同一个情形的几个回答，占一个就算，不同的情形都要占。空着就是都算。"


class Statement(Sourced):
    text: str
    only_for: said(ONLY_FOR, list[str]) = []


class Answer(Shape):
    key: said("回答的代号。")
    label: str
    note: said("选它时的提示。") = ""


class Situation(Shape):
    key: said("情形的代号。")
    question: str
    answers: list[Answer]


class Material(Sourced):
    name: str
    identity: said("是不是必备证件。", bool) = False
    form: coded("形式", Form)
    copies: said("份数。", int)
    issuer: said("谁出的。") = ""
    how: said("怎么拿到。") = ""
    issued_by: said("开这份材料的事项的代号；没有是 null。", str | None) = None
    later: said("可以后补（容缺）吗；不知道是 null。", bool | None) = None
    only_for: said(ONLY_FOR, list[str]) = []


class Counter(Sourced):
    kind: coded("哪类地方", OfficeKind)
    office: said("只在这一处办，它的代号；空着就是离居民最近的一处。") = ""
    office_name: said("这一处的名称。") = ""
    note: str = ""


class GuideWhole(Head):
    facts: Facts
    conditions: said("谁能办。", list[Statement])
    situations: said("情形：一个问题和它的回答，决定要哪些材料、走哪几步。", list[Situation])
    materials: said("要带什么。", list[Material])
    steps: said("怎么办，按先后。", list[Statement])
    notes: said("注意。", list[Statement])
    legal_basis: said("依据。", list[Statement])
    counters: said("去哪办，从低到高。", list[Counter])


class Page(Shape):
    count: said("一共几条。", int)
    page: said("这是第几页。", int)
    pages: said("一共几页。超过的页是空的。", int)


class GuidePage(Page):
    items: list[GuideSummary]


class SearchHit(Shape):
    slug: said("事项的代号。")
    title: said("事项名称。")
    score: said("得分，越大越合适；只能在这一次的结果里比。", float)
    why: said("为什么找到它。")


class SearchAnswer(Shape):
    results: said("最合适的在前，最多20条。", list[SearchHit])
    confident: said("第一条够不够把握当作回答。", bool)


class AreaItem(Shape):
    code: said("统计用区划代码，12位。")
    name: said("名称。")
    short_name: said("平常怎么叫。")
    level: coded("级别", Level)
    parent: said("上一级的代码；最上面是 null。", str | None)


class AreaPage(Page):
    items: list[AreaItem]
