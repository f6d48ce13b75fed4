"""Every resident page is valid HTML that works without a script, without a stranger's server and for whoever reads with a screen reader."""

import re
from html import unescape
from uuid import uuid4

import html5lib
import pytest
from django.test import Client
from django.utils import timezone

from doorplates import codes
from doorplates.actions import replace, revoke
from doorplates.models import Building, Doorplate, ReportKind
from guides.actions import add_alias, record_change, withdraw, withdraw_event
from guides.models import Guide, JobPosting, LifeEvent, Notice, Office
from helpdesk import actions
from helpdesk.models import CloseReason
from menpai.uploads import Cleaned
from tests.content import PLATES_OF, all_content  # noqa: F401
from tests.factories import make_plate, make_request, workday_at
from tests.people import shenhe, zhuli

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

XML = "{http://www.w3.org/1999/xhtml}"
VOID_OF_LABEL = {"hidden", "submit", "button"}


def guide_pages() -> dict[str, str]:
    slugs = Guide.objects.values_list("slug", flat=True)
    return {f"guide {slug}": f"/c/{PLATES_OF}/guides/{slug}/?all=1" for slug in slugs}


def plain_pages() -> dict[str, str]:
    plate = Doorplate.objects.get(building__community=PLATES_OF).code
    pages = {
        "home": "/", "topics": "/guides/", "enterprise": "/guides/?for=enterprise", "topic": "/guides/?topic=yibao", "results": "/guides/?q=低保",
        "no results": "/guides/?q=红烧肉", "nothing at all": "/guides/?q=xyzzyqw", "help with a wish": f"/help/new/?wish=遛狗证 &<b>&area={PLATES_OF}",
        "guide": "/guides/yibao-001/", "guide with a case": "/guides/yibao-001/?who=agent",
        "ready": "/guides/yibao-001/ready/?who=agent", "sheet": "/sheet/yibao-001/1/?who=agent", "areas": "/areas/",
        "areas for a guide": "/areas/?guide=huji-006", "notices": "/notices/", "notice": f"/notices/{Notice.objects.first().pk}/", "jobs": "/jobs/",
        "events": "/events/", "event": "/events/public-housing/", "event of an enterprise": "/events/construction/",
        "event with answers": "/events/newborn/?huji-002.paper=none&yibao-011=skip",
        "plate": f"/D/{plate}", "mistyped plate": "/D/7K3M", "unknown plate": f"/D/{codes.generate()}", "verify": "/verify/",
        "help": "/help/new/", "help for a guide": f"/help/new/?guide=yibao-001&area={PLATES_OF}", "find": "/help/", "find, wrong": "/help/?reference=1",
        "door": "/help/123456789/", "callback": "/help/callback/", "callback for a guide": f"/help/callback/?guide=yibao-001&area={PLATES_OF}", "complain": f"/help/complain/?area={PLATES_OF}",
        "wrong": "/guides/yibao-001/wrong/", "wrong, no such number": "/guides/wrong/2222222222/", "erased": "/help/erased/", "missing": "/nothing/",
    }  # fmt: skip
    in_a_village = ("home", "topics", "topic", "results", "guide", "wrong", "ready", "sheet", "notices", "jobs", "areas", "events", "event")
    pages |= {f"village {name}": f"/c/{PLATES_OF}{pages[name]}" for name in in_a_village}
    job = JobPosting.objects.filter(area=None).first().pk
    pages |= {
        "job": f"/jobs/{job}/", "village job": f"/c/{PLATES_OF}/jobs/{job}/", "jobs of a kind": "/jobs/?kind=part&q=示例", "no jobs": "/jobs/?q=宇航员",
        "notices of a kind": "/notices/?kind=work", "no notices": "/notices/?q=宇航员", "entrance of enterprises": "/enterprise/",
        "village enterprises": f"/c/{PLATES_OF}/enterprise/", "across provinces": "/guides/?can=cross", "of one topic": "/guides/?can=cross&topic=shebao",
        "by video, none": "/guides/?can=video", "help by video": "/help/new/?guide=huji-006&help=video", "help for an enterprise": "/help/new/?enterprise=1",
    }  # fmt: skip
    pages |= {"for a parent": "/help/for-parent/", "for a parent, a guide": "/help/for-parent/?guide=yibao-001"}
    pages |= {"plate report": f"/D/{plate}/report/"} | {f"plate reported {kind}": f"/D/{plate}/report/?said={kind}" for kind in ReportKind}
    pages |= {"verified": f"/verify/?code={plate}", "verified, mistyped": "/verify/?code=7K3M", "verified, unknown": f"/verify/?code={codes.generate()}"}
    questions = {
        "": "", "answered": "低保要带什么", "hours": "低保几点开门", "which": "养老保险咋交", "fraud": "这个码安全吗", "unknown": "明天下雨吗13800138000",
        "no matter": "要带什么", "not held": "低保每年什么时候办",
    }  # fmt: skip
    pages |= {f"ask {name}": f"/ask/?q={question}" for name, question in questions.items()}
    pages |= {"village ask": f"/c/{PLATES_OF}/ask/?q=低保几点开门"}
    elder = {f"elder {name}": f"/elder{address}" for name, address in pages.items()}
    steps = {f"elder step {step}": f"/elder/guides/yibao-001/?step={step}" for step in ("who", "bring", "where", "how", "time")}
    elder |= {"elder villages": "/elder/areas/?in=640205102000&guide=yibao-001", "elder topic, page 2": "/elder/guides/?topic=yibao&page=2"}
    steps |= {f"elder event {step}": f"/elder/events/public-housing/?step={step}" for step in ("do", "bring", "first")}
    return pages | elder | steps


def special_pages(client) -> dict[str, str]:
    """Pages that need something to have happened: ended plates, a withdrawn guide, an office that is known, every state of a request."""
    bodies = {}
    building = Building.objects.first()
    gone, renewed = (make_plate(building, entrance=e) for e in ("7单元", "8单元"))
    revoke(gone, by="沈禾", reason="")
    replace(renewed, by="沈禾", reason="")
    withdraw(guide=Guide.objects.get(slug="jiuye-001"), by="沈禾")
    JobPosting.objects.filter(title="【示例】周末理货员").update(expires_on="2026-11-20")
    ended = JobPosting.objects.get(title="【示例】周末理货员").pk
    Guide.objects.filter(slug="touzi-001").update(stage="design", is_brief=True, video=True)
    Guide.objects.filter(slug="touzi-004").update(stage="build")
    known = {"address": "示例路", "floor": "一楼", "phone": "0000-0000000", "longitude": "106.775513", "latitude": "39.230094", "step_free": True, "note": "示例"}
    Office.objects.filter(kind="station").update(**known)
    Guide.objects.filter(slug="yibao-003").update(fee="每人一元")  # printed as 第1版, changed since
    withdraw_event(event=LifeEvent.objects.get(slug="school"), by=shenhe())
    for name, address in {
        "changed sheet": "/sheet/yibao-003/1/", "withdrawn sheet": "/sheet/jiuye-001/1/", "withdrawn ready": "/elder/guides/jiuye-001/ready/",
        "verified, revoked": f"/verify/?code={gone.code}", "verified, replaced": f"/verify/?code={renewed.code}",
        "revoked": f"/D/{gone.code}", "replaced": f"/D/{renewed.code}", "withdrawn": "/guides/jiuye-001/", "elder withdrawn": "/elder/guides/jiuye-001/",
        "withdrawn event": "/events/school/", "event with a guide gone": "/events/job-loss/",
        "known office": f"/c/{PLATES_OF}/guides/yibao-001/", "ended job": f"/jobs/{ended}/", "elder ended job": f"/elder/jobs/{ended}/",
        "brief guide with a stage": "/guides/touzi-001/", "elder brief guide": "/elder/guides/touzi-001/", "stages": "/enterprise/", "by video": "/guides/?can=video",
    }.items():  # fmt: skip
        bodies[name] = client.get(address).content.decode()
    bodies["help with mistakes"] = client.post("/help/new/", {"name": "", "phone": "1", "note": "<b>", "area": "x", "guide": "x", "kind": "x"}).content.decode()
    wrong = {"name": "", "phone": "1", "note": "<b>", "area": "x", "guide": "x", "kind": "x"}
    bodies["elder help with mistakes"] = client.post("/elder/help/new/", wrong).content.decode()
    bodies["elder help, Enter pressed"] = client.post("/elder/help/new/", {"phone": "13800138000", "next": "1"}).content.decode()
    bodies["callback with mistakes"] = client.post("/help/callback/", {"phone": "1"}).content.decode()
    bodies["elder callback with mistakes"] = client.post("/elder/help/callback/", {"phone": "1"}).content.decode()
    bodies["for a parent with mistakes"] = client.post("/help/for-parent/", wrong).content.decode()
    bodies["elder for a parent with mistakes"] = client.post("/elder/help/for-parent/", wrong).content.decode()
    bodies["form too old"] = Client(enforce_csrf_checks=True).post("/help/new/", {"name": "王阿姨"}).content.decode()
    bodies["page too old"] = Client(enforce_csrf_checks=True).post("/help/123456789/", {}).content.decode()
    bodies["wrong digits"] = client.post("/help/123456789/", {"act": "open", "last_four": "12"}).content.decode()
    for name, address in {"complaint": "/help/complain/", "correction": "/guides/yibao-001/wrong/"}.items():
        for mode in ("", "/elder"):
            bodies[f"{mode} {name} with mistakes"] = client.post(mode + address, {"phone": "1", "text": "<b>", "number": "1"}).content.decode()
            bodies[f"{mode} {name} too old"] = Client(enforce_csrf_checks=True).post(mode + address, {}).content.decode()
            sent = {"phone": "13800138000", "text": "<b>", "subject": "fee", "part": "fee", "consent": "on", "submission_key": str(uuid4())}
            bodies[f"{mode} {name} sent"] = client.post(mode + address, sent, follow=True).content.decode()
    Guide.objects.filter(slug="yibao-004").update(often_refused=[{"material": Guide.objects.get(slug="yibao-004").materials.first().name, "reason": "copy", "count": 5}])
    bodies["guide with what is often refused"] = client.get("/guides/yibao-004/?all=1").content.decode()
    return bodies | request_pages(client) | visit_pages(client)


def request_pages(client) -> dict[str, str]:
    stored = make_request(guide=Guide.objects.get(slug="yibao-001"), note="腿不好")
    address, bodies = f"/help/{stored.reference}/", {}
    client.post(address, {"act": "open", "last_four": "8000"})

    def look(name, query=""):
        bodies[f"request {name}"] = client.get(address + query).content.decode()

    look("new", "?new=1")
    actions.claim(request=stored, by=zhuli())
    actions.write_message(request=stored, by=zhuli(), text="您好\n明天来")
    actions.reply(request=stored, text="好")
    look("claimed")
    bodies |= paper_pages(client, stored)
    bodies |= mine_pages(client, f"{address}mine/")
    for step in ("talk", "papers", "story", "cancel", "nothing"):
        bodies[f"elder request, {step}"] = client.get(f"/elder{address}?step={step}").content.decode()
    bodies["request, empty message"] = client.post(address, {"act": "reply", "text": ""}).content.decode()
    actions.close(request=stored, by=zhuli(), reason=CloseReason.DONE, text="办好了")
    look("closed")
    for step in ("", "rate", "talk", "cancel"):
        bodies[f"elder closed request, {step}"] = client.get(f"/elder{address}?step={step}").content.decode()
    bodies["request, no rating"] = client.post(address, {"act": "rate"}).content.decode()
    bodies["request, refused"] = client.post(address, {"act": "reply", "text": "在吗"}).content.decode()
    actions.rate(request=stored, level=5, text="")
    look("rated")
    actions.rate(request=stored, level=1, text="")
    look("rated badly")
    for step in ("", "rate"):
        bodies[f"elder request rated badly, {step}"] = client.get(f"/elder{address}?step={step}").content.decode()
    actions.decline_revisit(request=stored)
    look("no call wanted")
    actions.reopen(request=stored)
    actions.cancel(request=stored)
    look("cancelled")
    wished = make_request(wish="遛狗证")
    address = f"/help/{wished.reference}/"
    client.post(address, {"act": "open", "last_four": "8000"})
    look("with a wish")
    add_alias(miss=wished.wish, guide=stored.guide, by="边吉")
    actions.answer_wishes()
    look("with a wish that came true")
    guide = Guide.objects.get(slug="yibao-001")
    concerned = make_request(guide=guide, case="who=self")
    guide.materials.create(name="示例证明", order=999)
    record_change(guide=guide, by="边吉")
    address = f"/help/{concerned.reference}/"
    client.post(address, {"act": "open", "last_four": "8000"})
    look("whose guide changed")
    assert "要带的材料有变化" in bodies["request whose guide changed"]
    return bodies


def visit_pages(client) -> dict[str, str]:
    """A mother's request as both see it, with an appointment, a mandate, and stopped."""
    said = {"principal_name": "王阿姨", "principal_phone": "13952520002", "relation": "女儿", "kind": "agent"}
    stored, bodies = make_request(claimed_by=zhuli(), **said), {}
    address = f"/help/{stored.reference}/"

    def look(name, prefix=""):
        for side, digits in (("child", "8000"), ("mother", "0002")):
            client.cookies.pop("follow", None)
            client.post(address, {"act": "open", "last_four": digits})
            bodies[f"{prefix}{name}, {side}"] = client.get(prefix + address).content.decode()
            for step in ("visit", "mandate", "behalf"):
                bodies[f"{prefix}{name}, {side}, {step}"] = client.get(f"{prefix}{address}?step={step}").content.decode()

    look("asked")
    actions.record_consent(request=stored, by=zhuli(), given=True, how="phone")
    today = timezone.localdate()
    actions.make_mandate(request=stored, by=zhuli(), principal_name="王秀英", scope="交医保", starts_on=today, ends_on=today)
    actions.sign_mandate(request=stored, by=zhuli(), signed_on=today)
    for place in ("home", "station", "window", "video"):
        actions.agree_visit(request=stored, by=zhuli(), at=workday_at(10), place=place, link="https://meet.example/1" if place == "video" else "")
        look(f"visit {place}")
        look(f"visit {place}", "/elder")
    actions.stop(request=stored, by_principal=True)
    look("stopped")
    look("stopped", "/elder")
    return bodies


def paper_pages(client, stored) -> dict[str, str]:
    """The page of a paper: empty, with mistakes, with a photo that is there and one that is gone, refused."""
    paper = stored.papers.create(name="居民身份证", detail="原件 <b>")
    bodies = {}
    for prefix in ("", "/elder"):
        address = f"{prefix}/help/{stored.reference}/paper/{paper.pk}/"
        bodies[f"{prefix} paper"] = client.get(address).content.decode()
        bodies[f"{prefix} paper with mistakes"] = client.post(address, {}).content.decode()
        picture = Cleaned(content=b"x", is_pdf=False, pages=1, peak=0)
        _, gone = actions.add_files(request=stored, paper=paper, files=[picture, picture])
        actions.delete_file(attachment=gone)
        actions.check_papers(request=stored, by=zhuli(), found={paper.pk: actions.Check(state="bad", reason="unclear", remark="<i>再拍</i>")})
        bodies[f"{prefix} paper with photos"] = client.get(f"{address}?kept=1").content.decode()
        bodies[f"{prefix} other papers"] = client.get(f"{prefix}/help/{stored.reference}/paper/0/").content.decode()
    bodies["request with photos"] = client.get(f"/help/{stored.reference}/").content.decode()
    return bodies


def mine_pages(client, address: str) -> dict[str, str]:
    """What is held about the person: each step in both versions, a mistake, the sheet to print."""
    steps = ("", "?step=see", "?step=correct", "?step=correct&part=phone", "?step=take", "?step=erase", "?step=nothing")
    bodies = {f"mine {elder}{step}": client.get(f"{elder}{address}{step}").content.decode() for elder in ("", "/elder") for step in steps}
    bodies["mine, mistakes"] = client.post(address, {"act": "correct", "name": "", "phone": "1", "note": "<b>", "call_time": "x"}).content.decode()
    bodies["mine, sheet"] = client.post(address, {"act": "sheet"}).content.decode()
    return bodies


@pytest.fixture
def bodies(client) -> dict[str, str]:
    pages = plain_pages()
    found = {name: client.get(address).content.decode() for name, address in pages.items()}
    return found | special_pages(client)


def parse(body: str):
    """The tree, or the first mistake as html5lib names it."""
    return html5lib.HTMLParser(strict=True).parse(body)


def every(tree, *names):
    return [element for name in names for element in tree.iter(XML + name)]


def problems(body: str) -> list[str]:
    try:
        tree = parse(body)
    except html5lib.html5parser.ParseError as error:
        return [f"parse: {error}"]
    return [*structure(tree), *labels(tree), *forms_and_tables(tree), *strangers(tree), *inline(body, tree)]


def structure(tree) -> list[str]:
    found = []
    if tree.get("lang") != "zh-Hans":
        found.append("lang")
    if len(every(tree, "h1")) != 1:
        found.append(f"{len(every(tree, 'h1'))} h1")
    if len(every(tree, "main")) != 1 or not every(tree, "title")[0].text.strip():
        found.append("main or title")
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    found += [f"id {name} twice" for name in {i for i in ids if ids.count(i) > 1}]
    for element in tree.iter():
        targets = [element.get(a) for a in ("for", "aria-labelledby", "aria-describedby") if element.get(a)]
        found += [f"{t} points nowhere" for target in targets for t in target.split() if t not in ids]
    anchors = [a.get("href", "")[1:] for a in every(tree, "a") if a.get("href", "").startswith("#")]
    found += [f"#{name} leads nowhere" for name in anchors if name and name not in ids]
    if not body_text(tree):
        found.append("empty")
    levels = [int(element.tag[-1]) for element in tree.iter() if re.fullmatch(re.escape(XML) + r"h[1-6]", str(element.tag))]
    found += [f"h{a} then h{b}" for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
    return found


def body_text(tree) -> str:
    return "".join(every(tree, "body")[0].itertext()).strip()


def labels(tree) -> list[str]:
    labelled = {label.get("for") for label in every(tree, "label")}
    inside = {id(child) for label in every(tree, "label") for child in label.iter()}
    found = []
    for field in every(tree, "input", "select", "textarea"):
        if field.get("type") in VOID_OF_LABEL or field.get("aria-label"):
            continue
        if field.get("id") not in labelled and id(field) not in inside:
            found.append(f"no label: {field.get('name')}")
    return found


def forms_and_tables(tree) -> list[str]:
    found = [f"form {form.get('action')} without token" for form in every(tree, "form") if form.get("method") == "post" and not [
        field for field in every(form, "input") if field.get("name") == "csrfmiddlewaretoken"]]  # fmt: skip
    found += ["empty link" for a in every(tree, "a") if not "".join(a.itertext()).strip()]
    found += ["empty button" for b in every(tree, "button") if not "".join(b.itertext()).strip()]
    return found + [f"image {i.get('src')} without words" for i in every(tree, "img") if i.get("alt") is None]


def strangers(tree) -> list[str]:
    """What a browser would fetch by itself must come from here; what it opens on a tap is another matter."""
    fetched = [e.get("src") for e in tree.iter() if e.get("src")] + [link.get("href") for link in every(tree, "link")]
    fetched += [e.get(a) for e in tree.iter() for a in ("srcset", "poster", "data", "background", "ping") if e.get(a)]
    found = [f"fetches {url}" for url in fetched if not re.match(r"/(?!/)", url)]
    return found + [f"sends to {f.get('action')}" for f in every(tree, "form") if not re.match(r"/(?!/)|$", f.get("action") or "")]


def inline(body: str, tree) -> list[str]:
    found = [f"<{name}>" for name in ("style", "iframe", "object", "embed", "base", "font", "center", "marquee") if every(tree, name)]
    found += ["inline script" for script in every(tree, "script") if not script.get("src")]
    found += [f"{a} on {e.tag}" for e in tree.iter() for a in e.keys() if a == "style" or a.startswith("on")]  # noqa: SIM118 - an element, not a dict
    found += ["javascript:" for a in every(tree, "a") if (a.get("href") or "").lower().startswith(("javascript:", "data:", "vbscript:"))]
    return found + [word for word in ("{{", "{%", "None</", ">None<", "&amp;amp;", "&amp;lt;") if word in body]


def test_every_page_is_clean(bodies):
    assert {name: found for name, body in bodies.items() if (found := problems(body))} == {}
    assert len(bodies) > 80


def test_every_page_leads_to_complaints_and_suggestions(bodies):
    assert [name for name, body in bodies.items() if "投诉建议</a>" not in body] == []


def test_every_guide_is_clean(client):
    bodies = {name: client.get(address).content.decode() for name, address in guide_pages().items()}
    assert {name: found for name, body in bodies.items() if (found := problems(body))} == {}
    assert len(bodies) == 179


def test_links_to_another_host_are_few_and_send_no_address_along(bodies):
    allowed = re.compile(r"https://(meet\.example|uri\.amap\.com|api\.map\.baidu\.com|apis\.map\.qq\.com|www\.szsrxbm\.cn)[/?]?|http://www\.szsrxbm\.cn/?")
    links = {link for body in bodies.values() for link in re.findall(r'<a [^>]*href="(?:https?:)?//[^>]*>', body)}
    assert links  # the maps are there
    assert [link for link in links if 'rel="noreferrer"' not in link or not allowed.match(unescape(re.search(r'href="([^"]*)"', link)[1]))] == []


def test_numbers_that_can_be_called_can_be_tapped(bodies):
    numbers = {re.sub("[^0-9+]", "", n) for body in bodies.values() for n in re.findall(r'href="tel:([^"]*)"', body)}
    assert {"12345", "96110"} <= numbers
    assert numbers - {"00000000000"} <= {"12345", "96110", "110", "12393", "12333", "12348", "12385", "12366", "12329", "12315", "12320"}


def test_punctuation_on_screen_is_full_width(bodies):
    """Between two Chinese characters nothing of ASCII stands; the host and codes are not between such."""
    half = re.compile(r"(?<=[\u4e00-\u9fff])[,;:?!()](?=[\u4e00-\u9fff])")
    wrong = {}
    for name, body in bodies.items():
        text = unescape(re.sub(r"<[^>]*>", "\n", body))
        if half.search(text):
            wrong[name] = half.findall(text)
    assert wrong == {}


def test_the_checker_finds_what_it_looks_for():
    """A test that cannot fail proves nothing: one page with each mistake."""
    head = '<!DOCTYPE html><html lang="zh-Hans"><head><meta charset="utf-8"><title>x</title>'
    page = f'{head}</head><body><main><h1>x</h1>%s</main></body></html>'
    assert problems(page % "") == []
    for mistake in ('<h1>y</h1>', '<p id="a"></p><p id="a"></p>', "<h3>y</h3>", '<input name="a">', '<p style="color:red">y</p>', "<script>1</script>",
                    '<img src="//x.example/a.png" alt="">', '<a href="javascript:x">y</a>', '<p onclick="x">y</p>', '<a href="#no">y</a>', "<p><div></p>",
                    '<form method="post" action="/x"></form>', '<form action="https://x.example/"></form>', '<a href="/x"></a>', "<p>{{ x }}</p>",
                    '<label for="no">y</label>'):  # fmt: skip
        assert problems(page % mistake) != [], mistake
    assert "lang" in problems((page % "").replace(' lang="zh-Hans"', ""))
