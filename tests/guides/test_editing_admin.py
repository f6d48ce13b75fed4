"""The way of a guide through the bureau, as editors and reviewers walk it in the admin: each act, each refusal, and nobody else's guides."""

import datetime
import re

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from guides import editing
from guides.actions import record_change, record_refusal
from guides.models import Correction, EditorPosting, Guide, Material, RefusalReason, RefusedAt, SearchMiss, Status, Step
from menpai.roles import Role
from tests.factories import DISTRICT, make_area, make_guide, make_user
from tests.guides.admin_pages import form_data, row_prefix
from tests.people import bianji, guanli, shenhe

pytestmark = pytest.mark.django_db
LIST = reverse("admin:guides_guide_changelist")


def page(name, guide, *args):
    return reverse(f"admin:guides_guide_{name}", args=[guide.pk, *args])


@pytest.fixture
def guide():
    guide = make_guide(papers=("户口簿",), checked_on=datetime.date(2026, 11, 1))
    Step.objects.create(guide=guide, text="到社区登记。", order=10)
    record_change(guide=guide, by="内容文件")
    return guide


def as_(client, user):
    client.force_login(user)
    return client


def press(client, name, guide, data=None, *args) -> list[str]:
    """Press a button; what the bureau's page says then."""
    answer = client.post(page(name, guide, *args), data or {})
    assert answer.status_code == 302, answer.content.decode()
    return [str(message) for message in get_messages(answer.wsgi_request)]


def save(client, version, text: str, *, button: str = "_continue"):
    opened = client.get(page("change", version))
    data = form_data(opened, "guide_form") | {f"{row_prefix(opened, 'steps', version.steps.get())}-text": text, button: "1"}
    return client.post(page("change", version), data)


def in_review(client, guide) -> Guide:
    """边吉's next version with another step, submitted."""
    as_(client, bianji())
    press(client, "next", guide)
    version = Guide.everything.get(next_of=guide)
    save(client, version, "到村里登记。", button="_submit")
    return Guide.everything.get(pk=version.pk)


def test_the_whole_way_from_the_list_to_the_resident_and_back(client, guide):
    address = reverse("guides:guide", args=[guide.slug])
    before = client.get(address).content
    as_(client, bianji())
    shown = client.get(page("change", guide)).content.decode()
    assert "改这一份" in shown
    assert "guide_form" not in shown
    press(client, "next", guide)
    version = Guide.everything.get(next_of=guide)
    assert save(client, version, "到村里登记。").status_code == 302
    assert "到村里登记。" in client.get(page("compare", version)).content.decode()
    assert "到村里登记。" in client.get(page("preview", version)).content.decode()
    assert save(client, version, "到村里登记了就行。", button="_submit").status_code == 302
    waiting = client.get(page("change", version)).content.decode()
    assert "收回来改" in waiting
    assert re.search(r"<button[^>]*disabled>发布", waiting)
    assert "可以审的有：沈禾" not in waiting  # nobody has made 沈禾's account yet
    assert client.get(address).content == before

    as_(client, shenhe())
    assert "到村里登记了就行。" in client.get(page("change", version)).content.decode()
    assert press(client, "publish", version) == ["已发布，居民现在就能看到。"]
    assert "到村里登记了就行。" in client.get(address).content.decode()
    assert "边吉写，沈禾审" in client.get(page("history", guide)).content.decode()

    as_(client, bianji())
    press(client, "roll-back", guide, None, 1)
    back = Guide.everything.get(next_of=guide)
    press(client, "submit", back)
    as_(client, shenhe())
    press(client, "publish", back)
    assert "到社区登记。" in client.get(address).content.decode()
    press(client, "withdraw", guide)
    assert client.get(address).status_code == 410


def test_a_reviewer_who_saved_it_once_reads_who_else_can(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    press(client, "take-back", version)
    save(client, version, "到镇上登记。", button="_submit")
    guanli()
    assert "可以审的有：管理。" in client.get(page("change", version)).content.decode()
    assert "您写过，不能自己审" in press(client, "publish", version)[0]
    assert guide.steps.get().text == "到社区登记。"


def test_what_is_in_review_is_not_saved_over_and_what_was_typed_stays(client, guide):
    as_(client, bianji())
    press(client, "next", guide)
    version = Guide.everything.get(next_of=guide)
    opened = client.get(page("change", version))
    typed = form_data(opened, "guide_form") | {f"{row_prefix(opened, 'steps', version.steps.get())}-text": "到街道登记。"}
    save(client, version, "到村里登记。", button="_submit")
    refused = client.post(page("change", version), typed)
    assert "不能直接改。您填的还在下面" in refused.content.decode()
    assert "到街道登记。" in refused.content.decode()
    assert version.steps.get().text == "到村里登记。"


def test_a_published_guide_is_not_written_whatever_is_posted(client, guide):
    draft = make_guide("yibao-002", status=Status.DRAFT)
    as_(client, bianji())
    data = form_data(client.get(page("change", draft)), "guide_form")
    refused = client.post(page("change", guide), data | {"answer": "随便写。"})
    assert "不能直接改" in refused.content.decode()
    assert Guide.objects.get(pk=guide.pk).answer == "带身份证到社区就能登记。"


def test_submitting_what_is_not_whole_keeps_what_was_typed(client):
    draft = make_guide(status=Status.DRAFT, department="")
    Guide.objects.filter(pk=draft.pk).update(department="")
    as_(client, bianji())
    assert "缺：主管部门" in press(client, "submit", draft)[0]
    assert Guide.objects.get().status == Status.DRAFT


def test_a_remark_is_required_and_the_writer_reads_it(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    refused = client.post(page("send-back", version), {"remark": " "})
    assert "写一句要改哪里，再退回。" in refused.content.decode()
    assert Guide.everything.get(pk=version.pk).status == Status.REVIEW
    press(client, "send-back", version, {"remark": "村里没有窗口。"})
    as_(client, bianji())
    assert "村里没有窗口。" in client.get(page("change", version)).content.decode()


def test_a_remark_survives_that_somebody_else_was_faster(client, guide):
    version = in_review(client, guide)
    editing.take_back(guide=version, by=bianji())
    as_(client, shenhe())
    refused = client.post(page("send-back", version), {"remark": "村里没有窗口。"})
    assert "刚刚有人动过" in refused.content.decode()
    editing.drop_next(guide=version, by=bianji())
    assert client.post(page("send-back", version), {"remark": "村里没有窗口。"}).status_code == 404


def test_the_second_of_two_reviewers_lands_at_the_public_guide(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    public = {"public": re.search(r'name="public" value="(\d+)"', client.get(page("change", version)).content.decode())[1]}
    editing.approve(guide=version, by=guanli())
    for name in ("publish", "send-back", "schedule"):
        assert "刚刚有人发布了" in press(client, name, version, public)[-1]
    assert client.post(page("publish", version), {"public": "x"}).status_code == 404


def test_it_is_scheduled_and_a_past_time_is_refused_beside_the_field(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    for typed, sentence in (("2020-01-01T08:00", "要选以后的时间"), ("明天", "写成 2026-12-01 08:00"), ("", "选好哪天几点")):
        assert sentence in client.post(page("schedule", version), {"publish_at": typed}).content.decode()
    when = timezone.localtime() + datetime.timedelta(days=2)
    press(client, "schedule", version, {"publish_at": f"{when:%Y-%m-%dT%H:%M}"})
    assert f"{when:%Y年%m月%d日 %H:%M}" in client.get(page("change", version)).content.decode()
    assert [g.pk for g in client.get(LIST, {"work": "scheduled"}).context["cl"].result_list] == [guide.pk]


def test_an_editor_has_no_button_and_no_address_of_a_reviewer(client, guide):
    version = in_review(client, guide)
    Guide.everything.filter(pk=version.pk).update(authors=[])
    shown = client.get(page("change", version)).content.decode()
    assert page("publish", version) not in shown
    for name, row in (("publish", version), ("schedule", version), ("send-back", version), ("withdraw", guide)):
        assert client.post(page(name, row), {"remark": "改", "publish_at": "2027-01-01T08:00"}).status_code == 403
    assert (Guide.everything.get(pk=version.pk).status, Guide.objects.get().status) == (Status.REVIEW, Status.PUBLISHED)


def test_no_act_happens_by_opening_its_address(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    for name in ("next", "submit", "take-back", "drop", "keep-mine", "still-valid", "publish", "withdraw", "schedule", "send-back"):
        assert client.get(page(name, version)).status_code == 405
    assert client.get(page("roll-back", guide, 1)).status_code == 405
    assert Guide.everything.get(pk=version.pk).status == Status.REVIEW


def test_still_valid_is_one_click_for_one_and_for_many(client, guide):
    other = make_guide("yibao-002")
    as_(client, bianji())
    assert press(client, "still-valid", guide) == ["记下了：今天看过，仍然有效。"]
    client.post(LIST, {"action": "still_valid_selected", "_selected_action": [guide.pk, other.pk]})
    assert set(Guide.objects.values_list("checked_on", flat=True)) == {timezone.localdate()}


def test_a_part_is_verified_in_review_without_becoming_an_author(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    client.post(page("review", version), {"row": [f"step-{version.steps.get().pk}"]})
    press(client, "publish", version)
    assert list(guide.steps.values_list("text", "verified_by")) == [("到村里登记。", "沈禾")]


def test_both_sides_changed_is_shown_and_settled_on_one_page(client, guide):
    as_(client, bianji())
    press(client, "next", guide)
    version = Guide.everything.get(next_of=guide)
    save(client, version, "到村里登记。")
    guide.steps.update(text="到街道登记。")
    record_change(guide=guide, by="内容文件")
    assert "两边都动过：怎么办" in press(client, "submit", version)[-1]
    shown = client.get(page("compare", version)).content.decode()
    assert "您改的时候，那边改了什么" in shown
    assert "到街道登记。" in shown
    press(client, "keep-mine", version)
    assert press(client, "submit", version)[-1].startswith("提交了")


# the list


def test_the_list_says_what_is_being_written_by_whom(client, guide):
    version = in_review(client, guide)
    html = client.get(LIST).content.decode()
    assert "下一版待审核" in html
    assert f'href="{page("change", version)}"' in html
    found = {work: [g.pk for g in client.get(LIST, {"work": work}).context["cl"].result_list] for work in ("mine", "open", "scheduled")}
    assert found == {"mine": [guide.pk], "open": [guide.pk], "scheduled": []}
    as_(client, shenhe())
    assert [g.pk for g in client.get(LIST, {"work": "review"}).context["cl"].result_list] == [guide.pk]
    Guide.everything.filter(pk=version.pk).update(authors=[bianji().pk, shenhe().pk])
    assert list(client.get(LIST, {"work": "review"}).context["cl"].result_list) == []


@pytest.mark.nothing_kept
def test_the_list_costs_the_same_for_one_and_for_three_next_versions(client, guide):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    in_review(client, guide)
    cost()
    one = cost()
    for slug in ("yibao-002", "yibao-003"):
        editing.start_next(guide=make_guide(slug), by=shenhe())
    assert cost() == one


def test_the_pages_of_a_guide_cost_the_same_for_one_and_for_three_rows(client, guide):
    def cost(name, row):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page(name, row)).status_code == 200
        return len(queries)

    version = in_review(client, guide)
    pages = [("change", guide), ("change", version), ("compare", version), ("history", guide)]
    one = [cost(*item) for item in pages]
    for row in (guide, version):
        for number in range(2):
            Step.objects.create(guide=row, text=f"第{number}步。", order=20)
            Material.objects.create(guide=row, name=f"材料{number}")
        record_change(guide=row, by="内容文件")
    assert [cost(*item) for item in pages] == one


def test_history_says_in_words_what_changed(client, guide):
    editing.approve(guide=in_review(client, guide), by=shenhe())
    html = client.get(page("history", guide)).content.decode()
    assert re.search(r"怎么办.*到社区登记。.*到村里登记。", html, re.DOTALL)
    assert html.count("退回到第") == 1  # to the first, not to the one that is public
    assert "审核通过，发布" in html


# departments


@pytest.fixture
def hers(client):
    """An editor who writes for 区医疗保障局 only, signed in."""
    user = make_user("yibao", name="保编", role=Role.EDITOR, is_staff=True)
    EditorPosting.objects.create(user=user, district=make_area(DISTRICT), department="区医疗保障局")
    return as_(client, user)


@pytest.fixture
def theirs():
    """民政局's guide with a next version."""
    guide = make_guide("minzheng-001", plain_title="领高龄津贴", department="区民政局")
    record_change(guide=guide, by="内容文件")
    return guide, editing.start_next(guide=guide, by=bianji())


def test_somebody_elses_guides_are_not_there(hers, guide, theirs):
    html = hers.get(LIST).content.decode()
    assert guide.plain_title in html
    assert "领高龄津贴" not in html
    assert list(hers.get(LIST, {"work": "open"}).context["cl"].result_list) == []
    public, version = theirs
    for row in theirs:
        for name in ("change", "preview", "review", "history", "compare", "delete"):
            assert hers.get(page(name, row)).status_code == 404, name
        for name in ("change", "next", "submit", "take-back", "drop", "keep-mine", "still-valid", "publish", "withdraw", "schedule", "send-back", "review"):
            assert hers.post(page(name, row)).status_code == 404, name
        assert hers.get(page("revision", row, 1)).status_code == 404
        assert hers.post(page("roll-back", row, 1)).status_code == 404
    hers.post(LIST, {"action": "still_valid_selected", "_selected_action": [public.pk]})
    public.refresh_from_db()
    assert public.checked_on is None
    assert "领高龄津贴" not in hers.get(reverse("admin:guides_guide_export", args=["minzheng"])).content.decode()
    assert Guide.everything.filter(pk=version.pk).exists()


def test_what_residents_say_of_somebody_elses_guide_is_not_hers(hers, guide, theirs):
    public, _ = theirs
    error = Correction.objects.create(guide=public, part="fee", text="钱数不对")
    own = Correction.objects.create(guide=guide, part="fee", text="钱数不对")
    record_refusal(guide=public, material="低保证", reason=RefusalReason.UNCLEAR, case="", at=RefusedAt.WINDOW)
    assert hers.get("/admin/").context["todos"][0].words == "条居民纠错要看"
    assert hers.get("/admin/").context["todos"][0].count == 1
    listed = reverse("admin:guides_correction_changelist")
    assert [row.pk for row in hers.get(listed).context["cl"].result_list] == [own.pk]
    assert "领高龄津贴" not in hers.get(reverse("admin:guides_refusal_changelist")).content.decode()
    change = reverse("admin:guides_correction_change", args=[error.pk])
    assert hers.post(change, {"state": "fixed", "answer": "改好了", "seen": [error.pk]}).status_code == 302
    error.refresh_from_db()
    assert error.state == "open"


def test_a_search_in_vain_gives_no_other_departments_guide_a_name(hers, guide, theirs):
    public, _ = theirs
    miss = SearchMiss.objects.create(text="八十岁的钱", count=3, first_on="2026-11-20", last_on="2026-11-24")
    page_of_miss = reverse("admin:guides_searchmiss_change", args=[miss.pk])
    assert "不归您管" in hers.post(page_of_miss, {"act": "alias", "guide": public.pk}).content.decode()
    assert hers.post(page_of_miss, {"act": "alias", "guide": guide.pk}).status_code == 302
    public.refresh_from_db(), guide.refresh_from_db()
    assert ("八十岁的钱" in public.aliases, "八十岁的钱" in guide.aliases) == (False, True)


def test_she_writes_new_guides_for_her_department_only(hers, guide):
    opened = hers.get(reverse("admin:guides_guide_add"))
    assert re.search(r'<select[^>]*name="department"[^>]*>\s*<option value="区医疗保障局"', opened.content.decode())
    data = form_data(opened, "guide_form") | {
        "plain_title": "开通医保码", "title": "医保电子凭证激活", "answer": "手机上就能开。", "domain": guide.domain_id, "slug": "yibao-009",
        "audience": "personal", "counter_level": "community",
    }  # fmt: skip
    refused = hers.post(reverse("admin:guides_guide_add"), data | {"department": "区民政局"})
    assert "不归您管" in refused.content.decode()
    assert hers.post(reverse("admin:guides_guide_add"), data).status_code == 302
    made = Guide.objects.get(slug="yibao-009")
    assert (made.department, made.status, len(made.authors)) == ("区医疗保障局", Status.DRAFT, 1)


def test_a_guide_is_not_handed_to_another_department_by_the_form(hers, guide):
    press(hers, "next", guide)
    version = Guide.everything.get(next_of=guide)
    data = form_data(hers.get(page("change", version)), "guide_form") | {"department": "区民政局"}
    assert "不归您管" in hers.post(page("change", version), data).content.decode()
    assert Guide.everything.get(pk=version.pk).department == "区医疗保障局"


def test_a_paper_may_come_from_a_guide_of_another_department(hers, guide, theirs):
    found = hers.get("/admin/autocomplete/", {"app_label": "guides", "model_name": "material", "field_name": "issued_by", "term": "高龄"}).json()
    assert [row["text"] for row in found["results"]] == ["领高龄津贴(minzheng-001)"]


def test_the_administrator_posts_an_editor_on_the_account_page(client):
    as_(client, guanli())
    make_area(DISTRICT)
    opened = client.get(reverse("admin:auth_user_change", args=[bianji().pk]))
    data = form_data(opened, "user_form") | {"editor_postings-0-district": DISTRICT, "editor_postings-0-department": "区民政局"}
    assert client.post(reverse("admin:auth_user_change", args=[bianji().pk]), data).status_code == 302
    assert [(p.district_id, p.department) for p in EditorPosting.objects.filter(user=bianji())] == [(DISTRICT, "区民政局")]


def test_no_page_has_inline_script_or_style(client, guide):
    version = in_review(client, guide)
    as_(client, shenhe())
    for address in (page("change", guide), page("change", version), page("compare", version), page("history", guide), page("revision", guide, 1)):
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", client.get(address).content.decode()) == []
