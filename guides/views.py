"""Resident pages. Every one is the same for everybody who asks for the same address, so that any cache may keep it."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import cache_control

from guides import moulds
from guides.counting import note
from guides.distance import CROSS, VIDEO, ways_of
from guides.front import front_context, topics_with_guides
from guides.gazetteer import gazetteer_of
from guides.misses import note_miss
from guides.models import Area, Audience, Domain, Guide, Level, LifeEvent, Opened, Status, own_district
from guides.preparation import plan
from guides.printed import sheet_of
from guides.search import life_events, search
from guides.shelf import Volume, get_public_volume
from guides.site_words import words_of
from guides.viewpoint import Viewpoint, other_mode, resident
from guides.where import places_for
from menpai.throttle import client_address

# Kept by any cache for a minute, and half a minute longer while it fetches the page anew.
public_page = cache_control(public=True, max_age=60, stale_while_revalidate=30)
PAGE_SIZE = 20
ELDER_PAGE_SIZE = 8  # in large type about a screen and a half
ELDER_HITS = 3  # with the right guide among the first three nearly always, more is only harder to choose from


def page_context(request, viewpoint: Viewpoint, **extra) -> dict:
    """What base.html and the search box need on every resident page."""
    request.viewpoint = viewpoint  # the words of header and footer are those of its district
    return {"viewpoint": viewpoint, "site": words_of(viewpoint.district), "other_mode": other_mode(request.get_full_path()), "query": "", **extra}


@public_page
@resident
def home(request):
    viewpoint = request.viewpoint
    note(request, Opened.PAGE)
    return render(request, "guides/home.html", page_context(request, viewpoint, **front_context(viewpoint)))


@public_page
@resident
def guide_list(request):
    """Search results for ?q=, what needs no coming for ?can=, one topic for ?topic=, else the topics; ?for=enterprise keeps to enterprises."""
    query, district = request.GET.get("q", "").strip(), request.viewpoint.district
    audience = request.GET.get("for", "")
    if audience not in Audience.values:
        audience = ""
    context = page_context(request, request.viewpoint, query=query[:200], audience=audience)
    if query:
        found = _found(request, query)
        note(request, *((Opened.FOUND, found["hits"][0].slug) if found["hits"] else (Opened.MISSED,)))
        return render(request, "guides/results.html", context | found)
    if request.GET.get("can") in WITHOUT_COMING:
        return render(request, "guides/without_coming.html", context | _without_coming(request, audience))
    topic = Domain.objects.filter(slug=request.GET.get("topic", "")).first()
    note(request, *((Opened.TOPIC, topic.slug) if topic else (Opened.PAGE,)))
    if topic is None:
        events = LifeEvent.objects.published().filter(district=district, audience=audience) if audience == Audience.ENTERPRISE else []
        return render(request, "guides/topics.html", context | {"topics": topics_with_guides(district, audience), "events": events})
    rows = Guide.objects.published().filter(district=district, domain=topic)
    size = ELDER_PAGE_SIZE if request.viewpoint.elder else PAGE_SIZE
    page = Paginator(rows.filter(audience=audience) if audience else rows, size).get_page(request.GET.get("page"))
    keep = urlencode({"topic": topic.slug, **({"for": audience} if audience else {})})
    return render(request, "guides/topic.html", context | {"topic": topic, "page": page, "keep": keep})


WITHOUT_COMING = {CROSS: "cross_province", VIDEO: "video"}  # ?can= and the guide's field that must say yes


def _without_coming(request, audience: str) -> dict:
    """What can be done from another province (?can=cross) or by video (?can=video), topic by topic; ?topic= keeps to one."""
    can = request.GET["can"]
    able = Guide.objects.published().filter(district=request.viewpoint.district, **{WITHOUT_COMING[can]: True})
    able = able.filter(audience=audience) if audience else able
    topics = Domain.objects.annotate(count=Count("guides", filter=Q(guides__in=able))).filter(count__gt=0).order_by("order", "slug")
    topic = Domain.objects.filter(slug=request.GET.get("topic", "")).first()
    rows = able.filter(domain=topic) if topic else able
    rows = rows.select_related("domain").order_by("domain__order", "domain__slug", "priority", "slug")
    whose = {"for": audience} if audience else {}
    keep = urlencode({"can": can, **({"topic": topic.slug} if topic else {}), **whose})
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return {"can": can, "topic": topic, "topics": topics, "page": page, "keep": keep, "whose": urlencode(whose)}


WORTH_SHOWING = 0.35  # of the best score: what is further down only shares a word with the question


def _found(request, query: str) -> dict:
    """What search found; when that is nothing for sure, the miss is counted and the page offers a few guesses and the topics that fit."""
    district = request.viewpoint.district
    results = search(query, limit=ELDER_HITS if request.viewpoint.elder else 8, district=district)
    if results.confident:
        hits = [hit for hit in results.hits if hit.score >= WORTH_SHOWING * results.hits[0].score]
        return {"results": results, "hits": hits, "events": life_events(query, district=district), "weak": [], "topics": [], "all_topics": True}
    note_miss(query, client=client_address(request), district=district)
    weak, topics = results.hits[:3], list(topics_with_guides(district))
    near = [topic for topic in topics if topic.name in {hit.domain for hit in weak}]
    return {"results": results, "hits": [], "events": [], "weak": weak, "topics": near or topics, "all_topics": not near}


@public_page
@resident
def guide(request, slug):
    volume = get_public_volume(slug, request.viewpoint.district)
    if volume.guide.status == Status.WITHDRAWN:
        return render(request, "guides/withdrawn.html", page_context(request, request.viewpoint, guide=volume.guide), status=410)
    note(request, Opened.GUIDE, slug)
    return render_guide(request, volume, request.viewpoint)


def render_guide(request, volume: Volume, viewpoint: Viewpoint, *, preview: bool = False):
    """The page of a guide for the answers in the address; in the 长辈版 one question a page. From its mould, where something may be kept."""
    found, (reading, case) = volume.guide, volume.read(request.GET)
    gazetteer = gazetteer_of(viewpoint.district) if case else None
    version, now = None if preview else volume.version, timezone.localtime()
    context = page_context(
        request,
        viewpoint,
        guide=found,
        reading=reading,
        facts=reading.facts,
        errands=SimpleLazyObject(lambda: plan([reading], volume.issuers)),
        events=volume.events,
        places=SimpleLazyObject(lambda: places_for(found, viewpoint.area, now=now, gazetteer=gazetteer)),
        have=request.GET.getlist("have"),
        version=version,
        sheet=SimpleLazyObject(lambda: version and sheet_of(found, version, viewpoint, reading)),
        preview=preview,
        ways=SimpleLazyObject(lambda: ways_of(found)),
        position=volume.position,
        **(_elder_step(request) if viewpoint.elder else {}),
    )
    template = "guides/guide_elder.html" if viewpoint.elder else "guides/guide.html"
    if gazetteer is None or preview or context["have"]:
        return render(request, template, context)
    key = (case, context.get("step"), context["site"], now.year)
    return HttpResponse(moulds.page(template, context | {"request": request}, key=key))


def _elder_step(request) -> dict:
    """Which of the questions a page of the 长辈版 answers, and which comes after it."""
    step, keys = request.GET.get("step", ""), [key for key, _ in ELDER_QUESTIONS]
    following = keys[keys.index(step) + 1] if step in keys[:-1] else None
    return {"questions": ELDER_QUESTIONS, "step": step if step in keys else "", "following": following}


ELDER_QUESTIONS = (("who", "谁能办"), ("bring", "要带什么"), ("where", "去哪办"), ("how", "怎么办"), ("time", "多久、多少钱"))


@public_page
@resident
def areas(request):
    """Choose one's village. ?guide= comes back to that guide, seen from there. The 长辈版 asks for the township first; ?in= is its answer."""
    district = request.viewpoint.district
    townships = Area.objects.filter(level=Level.TOWNSHIP, parent=district).prefetch_related("children")
    chosen = townships.filter(pk=request.GET.get("in", "")).first() if request.viewpoint.elder else None
    slug = request.GET.get("guide", "")
    if slug and not Guide.objects.published().filter(district=district, slug=slug).exists():
        raise Http404("没有这个事项。")
    return render(request, "guides/areas.html", page_context(request, request.viewpoint, townships=townships, chosen=chosen, slug=slug, districts=_other_districts(request.viewpoint)))


def _other_districts(viewpoint: Viewpoint) -> list[dict]:
    """The districts one can change to, each with the address of its own list of villages; none where there is only one."""
    others = Area.objects.filter(level=Level.DISTRICT).exclude(pk=viewpoint.district)
    seen = [(area, Viewpoint(area if area.pk != own_district() else None, viewpoint.elder)) for area in others]
    return [{"name": area.short_name, "address": there.page("areas")} for area, there in seen]
