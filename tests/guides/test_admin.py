"""The bureau writes guides: what changes loses its verification, only a reviewer vouches and publishes, nothing typed is lost."""

import datetime
import re

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guides import actions
from guides.models import Agency, ContentStamp, Counter, Fact, Guide, Material, Statement, Status, Step
from guides.transfer import export_domain
from tests.factories import make_guide, make_situation
from tests.guides.admin_pages import form_data, row_prefix
from tests.people import bianji, guanli, shenhe, zhuli

pytestmark = pytest.mark.django_db
LIST, IMPORT = reverse("admin:guides_guide_changelist"), reverse("admin:guides_guide_import")
CHECKED = {"verified_by": "沈禾", "verified_on": datetime.date(2026, 11, 1)}


def page(name, guide, *args):
    return reverse(f"admin:guides_guide_{name}", args=[guide.pk, *args])


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


@pytest.fixture
def reviewer(client):
    client.force_login(shenhe())
    return client


@pytest.fixture
def guide():
    """居民医保, a draft with one verified row of each kind and a first revision. What is public is written in tests/guides/test_editing_admin.py."""
    guide = make_guide(fee="不收费", agency=Agency.AGENT, status=Status.DRAFT)
    for field in ("fee", "agency"):
        Fact.objects.create(guide=guide, field=field, **CHECKED)
    Statement.objects.create(guide=guide, kind="condition", text="惠农区户口。", order=10, **CHECKED)
    Material.objects.create(guide=guide, name="户口簿", order=10, **CHECKED)
    Step.objects.create(guide=guide, text="到社区登记。", order=10, **CHECKED)
    Step.objects.create(guide=guide, text="拿凭证。", order=20, **CHECKED)
    Counter.objects.create(guide=guide, kind="station", order=10, **CHECKED)
    actions.record_change(guide=guide, by="内容文件")
    return guide


def edit(client, guide, changes=None, **fields):
    """Open the page, change what is named, save. `changes` maps a row to its new fields."""
    opened = client.get(page("change", guide))
    data = form_data(opened, "guide_form") | fields
    for (part, row), values in (changes or {}).items():
        prefix = row_prefix(opened, part, row)
        data |= {f"{prefix}-{name}": value for name, value in values.items()}
    return client.post(page("change", guide), data)


def verified(guide):
    parts = (guide.facts, guide.statements, guide.materials, guide.steps, guide.counters)
    return sorted(str(row) for part in parts for row in part.all() if row.is_verified)


ALL_VERIFIED = sorted(["费用", "代办还是帮办", "惠农区户口。", "户口簿", "到社区登记。", "拿凭证。", "村（社区）便民服务站"])


def test_saving_without_a_change_changes_nothing(editor, guide):
    before = ContentStamp.current()
    assert edit(editor, guide).status_code == 302
    assert verified(guide) == ALL_VERIFIED
    assert guide.revisions.count() == 1
    assert ContentStamp.current() == before


def test_a_changed_line_is_nobodys_word_any_more_and_leaves_one_revision(editor, guide):
    step = guide.steps.first()
    assert edit(editor, guide, {("steps", step): {"text": "到村里登记。"}}).status_code == 302
    assert verified(guide) == sorted({*ALL_VERIFIED} - {"到社区登记。"})
    last = guide.revisions.first()
    assert (last.number, last.by) == (2, "边吉")
    assert [row["text"] for row in last.document["steps"]] == ["到村里登记。", "拿凭证。"]


def test_a_changed_value_loses_its_verification_and_only_that_one(editor, guide):
    fact = guide.facts.get(field="fee")
    assert edit(editor, guide, {("facts", fact): {"fee": "每人400元"}}).status_code == 302
    assert verified(guide) == sorted({*ALL_VERIFIED} - {"费用"})
    guide.refresh_from_db()
    assert (guide.fee, guide.agency) == ("每人400元", "agent")


def test_another_place_in_the_order_keeps_the_verification(editor, guide):
    first, second = guide.steps.all()
    edit(editor, guide, {("steps", first): {"order": 25}})
    assert [step.text for step in guide.steps.all()] == ["拿凭证。", "到社区登记。"]
    assert [step.order for step in guide.steps.all()] == [10, 20]
    assert verified(guide) == ALL_VERIFIED


def test_a_reviewer_vouches_in_the_same_edit(reviewer, guide):
    step = guide.steps.first()
    edit(reviewer, guide, {("steps", step): {"text": "到村里登记。", "verification": "confirm"}})
    step.refresh_from_db()
    assert (step.text, step.verified_by, step.verified_on) == ("到村里登记。", "沈禾", datetime.date.today())


def test_a_reviewer_takes_a_verification_back(reviewer, guide):
    edit(reviewer, guide, {("steps", guide.steps.first()): {"verification": "clear"}})
    assert verified(guide) == sorted({*ALL_VERIFIED} - {"到社区登记。"})


def test_an_editor_cannot_vouch_whatever_is_posted(editor, guide):
    step = guide.steps.first()
    step.unverify()
    step.save()
    smuggled = {"verification": "confirm", "verified_by": "边吉", "verified_on": "2026-11-24"}
    edit(editor, guide, {("steps", step): smuggled})
    assert verified(guide) == sorted({*ALL_VERIFIED} - {"到社区登记。"})
    assert "我已核实" not in editor.get(page("change", guide)).content.decode()


def test_an_emptied_value_goes_with_its_origin(editor, guide):
    edit(editor, guide, {("facts", guide.facts.get(field="fee")): {"fee": ""}})
    guide.refresh_from_db()
    assert guide.fee == ""
    assert [fact.field for fact in guide.facts.all()] == ["agency"]


def test_a_newly_known_value_comes_with_its_origin(editor, guide):
    opened = editor.get(page("change", guide))
    data = form_data(opened, "guide_form")
    prefix = next(name.removesuffix("-field") for name, value in data.items() if value == ["legal_limit"])
    data |= {f"{prefix}-legal_limit": "20", f"{prefix}-mark": "V"}
    refused = editor.post(page("change", guide), data)
    assert "写明出处" in refused.content.decode()
    data |= {f"{prefix}-source": "国务院令第765号"}
    assert editor.post(page("change", guide), data).status_code == 302
    guide.refresh_from_db()
    fact = guide.facts.get(field="legal_limit")
    assert (guide.legal_limit, guide.legal_limit_unit, fact.source, fact.is_verified) == (20, "workday", "国务院令第765号", False)


def test_aliases_are_written_one_a_line(editor, guide):
    edit(editor, guide, aliases="新农合\n 上医保，\n\n新农合")
    guide.refresh_from_db()
    assert guide.aliases == ["新农合", "上医保"]


def test_an_old_page_does_not_overwrite_and_keeps_what_was_typed(editor, guide):
    opened = form_data(editor.get(page("change", guide)), "guide_form")
    edit(editor, guide, answer="先打电话问。")
    refused = editor.post(page("change", guide), opened | {"answer": "直接到社区。"})
    assert "刚改过这条指南" in refused.content.decode()
    assert "直接到社区。" in refused.content.decode()
    guide.refresh_from_db()
    assert guide.answer == "先打电话问。"


def test_situations_are_asked_in_words(editor, guide):
    """A new question gets its keys by itself; rows then tick its answers; an answer in use cannot go."""
    opened = form_data(editor.get(page("change", guide)), "guide_form")
    answers = {"situations-0-answers-0-label": "本人去", "situations-0-answers-1-label": "家里人代办"}
    assert editor.post(page("change", guide), opened | {"situations-0-question": "谁去办？"} | answers).status_code == 302
    [situation] = guide.situations.all()
    assert [(answer.token, answer.label) for answer in situation.answers.all()] == [("qa=a1", "本人去"), ("qa=a2", "家里人代办")]
    html = editor.get(page("change", guide)).content.decode()
    assert "谁去办？ 家里人代办" in html
    edit(editor, guide, {("materials", guide.materials.get()): {"only_for": ["qa=a2"]}})
    assert guide.materials.get().only_for == ["qa=a2"]
    refused = edit(editor, guide, {("situations", situation): {"answers-1-label": ""}})
    assert "至少写两个回答" in refused.content.decode()
    refused = edit(editor, guide, {("situations", situation): {"answers-1-label": "", "answers-2-label": "邻居代办"}})
    assert "“家里人代办”还不能删，“户口簿”只在这个情形下用" in refused.content.decode()
    refused = edit(editor, guide, {("situations", situation): {"DELETE": "on"}})
    assert "“谁去办？”还不能删" in refused.content.decode()
    assert situation.answers.count() == 2


def test_an_editor_does_not_publish(editor):
    draft = make_guide(status=Status.DRAFT)
    assert editor.post(page("publish", draft)).status_code == 403
    editor.post(LIST, {"action": "publish_selected", "_selected_action": [draft.pk]})
    edit(editor, draft, status="published")
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT
    assert "publish_selected" not in editor.get(LIST).content.decode()


def test_a_reviewer_publishes_and_withdraws(reviewer):
    draft = make_guide(status=Status.DRAFT)
    assert reviewer.get(page("publish", draft)).status_code == 405
    assert reviewer.get(reverse("guides:guide", args=[draft.slug])).status_code == 404
    reviewer.post(page("publish", draft))
    assert reviewer.get(reverse("guides:guide", args=[draft.slug])).status_code == 200
    reviewer.post(page("withdraw", draft))
    assert reviewer.get(reverse("guides:guide", args=[draft.slug])).status_code == 410
    reviewer.post(LIST, {"action": "publish_selected", "_selected_action": [draft.pk]})
    assert [(r.by, r.document["status"]) for r in draft.revisions.order_by("number")] == [
        ("沈禾审", "published"), ("沈禾", "withdrawn"), ("沈禾审", "published"),
    ]  # fmt: skip


def test_the_review_page_vouches_for_what_is_ticked(client, guide):
    one, two = guide.steps.all()
    guide.steps.update(verified_by="", verified_on=None)
    client.force_login(bianji())
    assert "到社区登记。" in client.get(page("review", guide)).content.decode()
    assert client.post(page("review", guide), {"row": [f"step-{one.pk}"]}).status_code == 403
    client.force_login(shenhe())
    client.post(page("review", guide), {"row": [f"step-{one.pk}", "step-999999", "user-1"]})
    assert list(guide.steps.values_list("text", "verified_by")) == [("到社区登记。", "沈禾"), ("拿凭证。", "")]
    assert guide.revisions.first().by == "沈禾"


def test_a_draft_is_previewed_by_the_bureau_only(client):
    draft = make_guide(status=Status.DRAFT, answer="还没想好怎么写。")
    assert client.get(page("preview", draft)).status_code == 302
    client.force_login(zhuli())
    assert client.get(page("preview", draft)).status_code == 302
    client.force_login(bianji())
    for address in (page("preview", draft), page("preview", draft) + "?elder"):
        shown = client.get(address)
        assert "还没想好怎么写。" in shown.content.decode()
        assert "居民还看不到" in shown.content.decode()
        assert "no-store" in shown["Cache-Control"]
    assert client.get(reverse("guides:guide", args=[draft.slug])).status_code == 404


def test_only_a_draft_can_be_deleted(client):
    client.force_login(guanli())
    draft, published = make_guide(status=Status.DRAFT), make_guide("yibao-002")
    assert client.post(page("delete", published), {"post": "yes"}).status_code == 403
    client.post(page("delete", draft), {"post": "yes"})
    assert list(Guide.objects.values_list("slug", flat=True)) == ["yibao-002"]


def test_the_list_costs_the_same_for_one_and_for_three(editor):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(LIST).status_code == 200
        return len(queries)

    def add(slug):
        found = make_guide(slug, papers=("户口簿", "身份证"))
        Fact.objects.create(guide=found, field="fee")

    add("yibao-001")
    editor.get(LIST)
    one = cost()
    add("yibao-002")
    add("shebao-001")
    assert cost() == one
    assert "3条" in editor.get(LIST).content.decode()


@pytest.mark.nothing_kept
def test_the_page_costs_the_same_for_one_and_for_three_rows(editor, guide):
    """But for the chosen guide of a material and the chosen office, whose names Django's field looks up one by one."""

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(page("change", guide)).status_code == 200
        return len(queries)

    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    one = cost()
    make_situation(guide, "kind", "new:新办", "lost:补办", question="新办还是补办？")
    for number in range(2):
        Step.objects.create(guide=guide, text=f"第{number}步。", only_for=["who=self"])
        Material.objects.create(guide=guide, name=f"材料{number}")
        Counter.objects.create(guide=guide, kind="hall")
    assert cost() == one


def test_aliases_are_searched(editor):
    make_guide("yibao-001", plain_title="给自己上医保", aliases=["新农合", "合作医疗"])
    make_guide("yibao-002", plain_title="给孩子上医保", title="新生儿参保", aliases=["宝宝医保"])
    found = {words: [g.slug for g in editor.get(LIST, {"q": words}).context["cl"].result_list] for words in ("新农合", "新生儿", "没有的")}
    assert found == {"新农合": ["yibao-001"], "新生儿": ["yibao-002"], "没有的": []}


def test_history_shows_what_changed(editor, guide):
    edit(editor, guide, {("steps", guide.steps.first()): {"text": "到村里登记。"}})
    assert "第2版" in editor.get(page("history", guide)).content.decode()
    lines = editor.get(page("revision", guide, 2)).context["lines"]
    assert [line for kind, line in lines if kind in ("added", "removed")] == [
        "-  - {text: 到社区登记。, mark: K, verified_by: 沈禾, verified_on: '2026-11-01'}",
        "+  - {text: 到村里登记。, mark: K}",
    ]


def test_no_page_has_inline_script_or_style(editor, guide):
    for address in (LIST, IMPORT, page("change", guide), page("review", guide), page("history", guide)):
        html = editor.get(address).content.decode()
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) == []


def test_an_assistant_is_sent_to_sign_in(client):
    client.force_login(zhuli())
    answer = client.get(LIST)
    assert (answer.status_code, answer.url) == (302, f"/admin/login/?next={LIST}")


# Import and export


def upload(client, text: str):
    return client.post(IMPORT, {"file": SimpleUploadedFile("yibao.yaml", text.encode())}, follow=True)


def confirm(client, shown):
    answer = client.post(shown.request["PATH_INFO"], {"confirm": "1", "digest": shown.context["report"]["digest"]})
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_an_upload_is_tried_first_and_written_after_confirmation(reviewer, guide):
    text = export_domain(guide.domain).replace("到社区登记。", "到村里登记。") + new_entry("yibao-009")
    shown = upload(reviewer, text)
    assert [(row["name"], row["is_new"]) for row in shown.context["report"]["shown"]] == [("开通医保码（yibao-009）", True), ("交医保（城乡居民）（yibao-001）", False)]
    assert "+  - {text: 到村里登记。" in shown.content.decode()
    assert list(Guide.objects.values_list("slug", flat=True)) == ["yibao-001"]
    assert guide.steps.first().text == "到社区登记。"
    assert confirm(reviewer, shown) == ["已导入：新增1份指南，更新1，没变0。居民还看不到：打开每一份，提交审核。"]
    assert Guide.objects.get(slug="yibao-009").status == Status.DRAFT
    assert guide.steps.first().text == "到村里登记。"


def new_entry(slug: str) -> str:
    return f"""
- slug: {slug}
  title: 医保电子凭证激活
  plain_title: 开通医保码
  audience: personal
  department: 区医疗保障局
  counter_level: community
  priority: 1
  checked_on: 2026-11-23
  answer: 手机上就能开。
  steps:
  - {{text: 打开微信。, mark: V, source: 国家医保局}}
"""


def test_an_editors_file_verifies_nothing_new(editor, guide):
    shown = upload(editor, export_domain(guide.domain) + new_entry("yibao-009"))
    assert "请审核来核实" in shown.content.decode()
    confirm(editor, shown)
    assert verified(guide) == ALL_VERIFIED
    assert verified(Guide.objects.get(slug="yibao-009")) == []


def test_problems_are_told_and_nothing_can_be_confirmed(editor, guide):
    shown = upload(editor, export_domain(guide.domain).replace("steps:", "stpes:"))
    assert "yibao-001：不认识 stpes，是不是写错了？" in shown.content.decode()
    assert shown.context["report"]["digest"] == ""
    assert confirm(editor, shown) == ["看完以后，内容又有变化。还没有导入，请再看一遍。"]


def test_a_change_in_between_is_shown_again_before_it_is_overwritten(reviewer, guide):
    shown = upload(reviewer, export_domain(guide.domain).replace("到社区登记。", "到村里登记。"))
    Step.objects.filter(text="拿凭证。").update(text="拿参保凭证。")
    assert confirm(reviewer, shown) == ["看完以后，内容又有变化。还没有导入，请再看一遍。"]
    assert guide.steps.last().text == "拿参保凭证。"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"x" * (2 * 1024 * 1024 + 1), "文件太大"), ("主题".encode("gb18030"), "不是 UTF-8"), (b"", "空")],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(editor, content, sentence):
    answer = editor.post(IMPORT, {"file": SimpleUploadedFile("yibao.yaml", content)})
    assert sentence in answer.content.decode()


def test_a_topic_downloads_as_the_file_that_imports_without_change(editor, guide):
    answer = editor.get(reverse("admin:guides_guide_export", args=["yibao"]))
    assert answer["Content-Disposition"] == 'attachment; filename="yibao.yaml"'
    assert upload(editor, answer.content.decode()).context["report"]["unchanged"] == 1


def test_every_list_and_form_opens(client, district):
    client.force_login(guanli())
    for model in ("guide", "domain", "office", "area", "specialday", "notice", "jobposting"):
        assert client.get(reverse(f"admin:guides_{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:guides_{model}_add")).status_code == 200


def test_a_new_guide_is_written_on_one_page(editor, guide):
    opened = form_data(editor.get(reverse("admin:guides_guide_add")), "guide_form")
    written = {
        "plain_title": "开通医保码", "title": "医保电子凭证激活", "answer": "手机上就能开。", "aliases": "医保码", "domain": guide.domain_id,
        "slug": "yibao-009", "audience": "personal", "department": "区医疗保障局", "counter_level": "community", "steps-0-text": "打开微信。",
    }  # fmt: skip
    assert editor.post(reverse("admin:guides_guide_add"), opened | written).status_code == 302
    new = Guide.objects.get(slug="yibao-009")
    assert (new.status, [step.text for step in new.steps.all()], new.revisions.get().by) == ("draft", ["打开微信。"], "边吉")
