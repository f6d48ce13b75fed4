"""The back office's first page: everything in the order of an editor's day, and what waits on top."""

import re

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from PIL import Image

from guides.models import Correction, SearchMiss
from menpai.back_office import GROUPS
from tests import people
from tests.factories import make_guide

TODAY = "2026-11-24"


def test_every_list_has_one_place_and_no_place_waits_for_a_list():
    placed = [label for labels in GROUPS.values() for label in labels]
    assert sorted(placed) == sorted(model._meta.label for model in admin.site._registry)


@pytest.fixture
def bianji(client, db):
    client.force_login(people.bianji())
    return client


def names(response) -> dict[str, list[str]]:
    return {app["name"]: [model["name"] for model in app["models"]] for app in response.context["app_list"]}


def test_an_editor_finds_the_guides_first_and_nothing_of_the_desk(bianji):
    shown = names(bianji.get("/admin/"))
    assert list(shown)[0] == "办事指南"
    assert shown["办事指南"][:3] == ["办事指南", "居民纠错", "没搜到的"]
    assert "诉求和帮办" not in shown


def test_what_waits_is_counted_with_the_way_there(bianji):
    assert "眼下没有等着您办的。" in bianji.get("/admin/").content.decode()
    Correction.objects.create(guide=make_guide(), part="fee")
    Correction.objects.create(guide=make_guide("huji-001"), part="fee", state="fixed")
    SearchMiss.objects.create(text="遛狗证", count=2, first_on=TODAY, last_on=TODAY)
    SearchMiss.objects.create(text="只搜过一次", count=1, first_on=TODAY, last_on=TODAY)
    todos = bianji.get("/admin/").context["todos"]
    assert [(todo.count, todo.words) for todo in todos] == [(1, "条居民纠错要看"), (1, "个词搜了不止一次，没搜到")]
    for todo in todos:
        assert bianji.get(todo.address).context["cl"].result_count == todo.count


def test_the_people_of_the_desk_have_no_first_page_here(client, db):
    Correction.objects.create(guide=make_guide(), part="fee")
    client.force_login(people.guanjia())
    assert client.get("/admin/").status_code == 302


def test_the_handbook_shows_pictures_that_are_there_in_their_size(bianji):
    shown = re.findall(r'<img src="/static/(handbook/[^"]+)" alt="[^"]{10,}" width="(\d+)" height="(\d+)"', bianji.get("/admin/handbook/").content.decode())
    assert len(shown) == 7
    for name, width, height in shown:
        with Image.open(finders.find(name)) as picture:
            assert picture.size == (int(width), int(height))
