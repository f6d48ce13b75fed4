"""One row at least of everything that residents' pages show, and every address of those pages."""

from datetime import date, time

from django.apps import apps

from guides import actions
from guides.models import Counter, District, JobPosting, Notice, Office, OfficeHours, SpecialDay, Statement, StatementKind, Step, Synonym
from menpai.api import api
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    TOWNSHIP,
    make_area,
    make_building,
    make_event,
    make_guide,
    make_paper,
    make_plate,
    make_situation,
)


def make_everything():
    """One row at least of everything that a page may show."""
    village = make_area(SHUIYUN)
    office = Office.objects.create(code="hall-1", name="示例大厅", kind="hall", area_id=DISTRICT, note="样子")
    OfficeHours.objects.create(office=office, weekdays="12345", opens=time(9), closes=time(17), season_from="01-01", season_to="12-31")
    SpecialDay.objects.create(date=date(2027, 1, 1), name="元旦", is_open=False)
    issuer = make_guide("yibao-002", plain_title="开证明")
    guide = make_guide("yibao-001", papers=("身份证",), stage="land", audience="enterprise", fee="不收钱")
    make_paper(guide, "证明", issued_by=issuer)
    make_situation(guide, "who", "self:本人", "agent:别人代办")
    Statement.objects.create(guide=guide, kind=StatementKind.NOTE, text="先打电话", mark="K")
    Step.objects.create(guide=guide, text="到窗口", mark="K")
    Counter.objects.create(guide=guide, kind="hall", office=office, mark="K")
    guide.facts.create(field="fee", mark="K")
    actions.record_change(guide=guide, by="甲")
    Synonym.objects.create(words=["医保", "合疗"])
    make_event("newborn", guide)
    make_plate(make_building(village), entrance="1单元")
    Notice.objects.create(title="通知", text="内容", source="区里")
    JobPosting.objects.create(title="保洁员", employer="示例单位", source="区里")
    District.objects.create(area_id=DISTRICT, site_name="惠农")
    return guide


def addresses() -> dict[str, list[str]]:
    """For each name of guides.urls and doorplates.urls the addresses that read as much as they can."""
    notice, job, plate = Notice.objects.get().pk, JobPosting.objects.get().pk, apps.get_model("doorplates.Doorplate").objects.get().code
    return {
        "home": [""], "list": ["guides/", "guides/?topic=yibao", "guides/?can=cross", "guides/?q=医保", "guides/?for=enterprise"],
        "guide": ["guides/yibao-001/", "guides/yibao-001/?who=agent", "guides/yibao-001/?all=1"],
        "ready": ["guides/yibao-001/ready/"], "wrong": ["guides/yibao-001/wrong/"], "wrong-answer": ["guides/wrong/1234567890/"],
        "sheet": ["sheet/yibao-001/1/"], "events": ["events/"], "event": ["events/newborn/"], "notices": ["notices/", "notices/?q=通知"],
        "notice": [f"notices/{notice}/"], "jobs": ["jobs/", "jobs/?kind=full"], "job": [f"jobs/{job}/"], "enterprise": ["enterprise/"], "ask": ["ask/?q=医保"],
        "areas": ["areas/", f"areas/?in={TOWNSHIP}&guide=yibao-001"], "plate": [f"D/{plate}"], "report": [f"D/{plate}/report/"],
        "verify": ["verify/", f"verify/?code={plate}"],
    }  # fmt: skip


def open_data() -> list[str]:
    plate = apps.get_model("doorplates.Doorplate").objects.get().code
    known = {"/guides": "", "/guides/{slug}": "", "/search": "?q=医保", "/areas": "", "/doorplates/{code}": ""}
    paths = {path.removeprefix("/api/v1").replace("{slug:slug}", "{slug}") for path in api.get_openapi_schema()["paths"]}
    assert paths == set(known), "a new address of the open data: read it here, too"
    return ["/api/v1" + path.replace("{slug}", "yibao-001").replace("{code}", plate) + query for path, query in known.items()]


def pages() -> list[str]:
    """Every address, from the district, from a village and in the 长辈版."""
    named = addresses()
    from doorplates.urls import urlpatterns as of_plates
    from guides.urls import urlpatterns as of_guides

    assert {pattern.name for pattern in (*of_guides, *of_plates)} == set(named), "a new page: read it here, too"
    plain = [address for some in named.values() for address in some]
    guides_only = [address for pattern in of_guides for address in named[pattern.name]]
    return [
        *(f"/{address}" for address in plain), *(f"/elder/{address}" for address in plain),
        *(f"/c/{SHUIYUN}/{address}" for address in guides_only), *(f"/elder/c/{SHUIYUN}/{address}" for address in guides_only), *open_data(),
    ]  # fmt: skip
