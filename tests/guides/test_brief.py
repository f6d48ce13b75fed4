"""简版 says so wherever it is read; the bureau decides it, with the project's stage and how residents ask."""

import pytest
from django.urls import reverse

from guides.models import Guide, Status
from tests.factories import make_guide
from tests.guides.admin_pages import form_data
from tests.open_data import ask
from tests.people import bianji

pytestmark = pytest.mark.django_db
SENTENCE = '这是<b>简版</b>，只列了最要紧的几样，出门前打 <a href="tel:12345">12345</a> 问清楚。'
PAGES = ["/guides/yibao-001/", "/guides/yibao-001/?all=1", "/elder/guides/yibao-001/", *(f"/elder/guides/yibao-001/?step={s}" for s in ("who", "bring", "where", "how", "time"))]


@pytest.mark.parametrize("page", PAGES)
def test_a_brief_guide_says_so_near_the_answer_and_a_whole_one_does_not(client, page):
    guide = make_guide(is_brief=True)
    body = client.get(page).content.decode()
    assert body.count(SENTENCE) == 1
    assert body.count('class="caution"') == 1  # the marks are explained in the same box
    if "step=" not in page:
        assert body.index('class="answer"') < body.index(SENTENCE) < body.index("谁能办")
    Guide.objects.filter(pk=guide.pk).update(is_brief=False)
    assert "简版" not in client.get(page).content.decode()


def test_it_stands_on_paper_too(client):
    make_guide(is_brief=True)
    line = next(line for line in client.get("/guides/yibao-001/").content.decode().splitlines() if "简版" in line)
    assert "noprint" not in line


def test_the_open_data_says_brief_and_stage_and_never_the_phrasings():
    make_guide(is_brief=True, stage="build", audience="enterprise", phrasings=["工地开工要啥证"])
    make_guide("yibao-002", phrasings=["医保咋交"])
    for slug, brief, stage in (("yibao-001", True, "build"), ("yibao-002", False, "")):
        whole = ask(f"/api/v1/guides/{slug}")
        assert (whole["brief"], whole["stage"]) == (brief, stage)
        assert "phrasings" not in whole
        assert "咋交" not in str(whole) + str(ask("/api/v1/guides"))
    assert [(item["brief"], item["stage"]) for item in ask("/api/v1/guides")["items"]] == [(True, "build"), (False, "")]


# ---- in the admin


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


def edit(client, guide: Guide, **fields):
    address = reverse("admin:guides_guide_change", args=[guide.pk])
    return client.post(address, form_data(client.get(address), "guide_form") | fields)


def test_an_editor_writes_how_residents_ask_one_a_line(editor):
    guide = make_guide(is_brief=True, status=Status.DRAFT)
    assert edit(editor, guide, phrasings="娃的医保咋交\n\n 娃的医保咋交 \n给老人交医保，").status_code == 302
    guide.refresh_from_db()
    assert (guide.phrasings, guide.is_brief) == (["娃的医保咋交", "给老人交医保"], True)
    assert guide.revisions.first().document["phrasings"] == guide.phrasings


def test_an_editor_takes_the_brief_mark_away(editor):
    guide = make_guide(is_brief=True, status=Status.DRAFT)
    address = reverse("admin:guides_guide_change", args=[guide.pk])
    data = form_data(editor.get(address), "guide_form")
    assert data.pop("is_brief") == ["on"]
    editor.post(address, data)
    guide.refresh_from_db()
    assert guide.is_brief is False


def test_an_editor_sets_the_stage_of_an_enterprises_guide(editor):
    guide = make_guide("touzi-001", audience="enterprise", status=Status.DRAFT)
    assert edit(editor, guide, stage="design").status_code == 302
    guide.refresh_from_db()
    assert guide.stage == "design"
    assert edit(editor, guide, stage="roof").status_code == 200  # no such stage


def test_the_stage_is_asked_only_where_there_may_be_one(editor):
    personal = make_guide(status=Status.DRAFT)
    assert 'name="stage"' not in editor.get(reverse("admin:guides_guide_change", args=[personal.pk])).content.decode()
    assert 'name="stage"' in editor.get(reverse("admin:guides_guide_add")).content.decode()
    edit(editor, personal, stage="design")  # whatever is posted
    personal.refresh_from_db()
    assert personal.stage == ""


def test_a_personal_guide_with_a_stage_is_refused_in_words(editor):
    guide = make_guide("touzi-001", audience="enterprise", stage="design", status=Status.DRAFT)
    answer = edit(editor, guide, audience="personal")
    assert "个人办的事没有建设项目的阶段" in answer.content.decode()
    guide.refresh_from_db()
    assert guide.audience == "enterprise"
