"""Jobs by Excel in the admin: tried first, confirmed then, by whom may add jobs; downloads that Excel opens."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from guides.models import JobPosting
from guides.transfer_jobs import read_jobs
from menpai.models import ImportJob
from menpai.spreadsheets import MAX_BYTES
from tests.factories import SHUIYUN, make_area
from tests.guides.test_transfer_jobs import GOOD, sheet
from tests.people import bianji, guanli, shenhe, zhuli

pytestmark = pytest.mark.django_db
LIST, IMPORT, SAMPLE, EXPORT = (reverse(f"admin:guides_jobposting_{name}") for name in ("changelist", "import", "sample", "export"))
ROW = GOOD | {"发布日期": None, "到期日期": None, "范围": None}


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


def upload(client, content: bytes, name: str = "jobs.xlsx"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content)}, follow=True)


def confirm(client, shown):
    answer = client.post(address(shown), {"confirm": "1", "digest": shown.context["report"]["digest"]})
    return [str(message) for message in get_messages(answer.wsgi_request)]


def address(shown) -> str:
    return shown.request["PATH_INFO"]


def test_an_upload_is_tried_first_and_written_after_confirmation(editor):
    shown = upload(editor, sheet(ROW, ROW | {"岗位": "门卫"}))
    assert "新增<b>2</b>个岗位" in shown.content.decode()
    assert "到期日期：空着，先算到" in shown.content.decode()
    assert not JobPosting.objects.exists()
    assert confirm(editor, shown) == ["已导入：新增2个岗位，更新0，没变0。"]
    assert set(JobPosting.objects.values_list("title", flat=True)) == {"保洁员", "门卫"}
    assert confirm(editor, shown)[-1] == "这次导入已经结束了，请重新选文件。"
    assert JobPosting.objects.count() == 2


def test_problems_are_told_and_nothing_can_be_confirmed(editor):
    shown = upload(editor, sheet(ROW, ROW | {"岗位": "门卫", "人数": "<b>很多</b>"}))
    body = shown.content.decode()
    assert "还不能导入，有1处要改" in body
    assert '<tr><th scope="row">第3行</th><td>人数</td><td>写一个数，例如 3；说不准就空着。</td></tr>' in body
    assert 'name="confirm"' not in body
    assert confirm(editor, shown) == ["看完以后，内容又有变化。还没有导入，请再看一遍。"]
    assert not JobPosting.objects.exists()


def test_a_sheet_of_jobs_that_are_all_there_has_nothing_to_confirm(editor):
    confirm(editor, upload(editor, sheet(ROW)))
    body = upload(editor, sheet(ROW)).content.decode()
    assert "没有要新增、要更新的" in body
    assert "已经有了，还没到期" in body
    assert 'name="confirm"' not in body


def test_what_came_in_between_is_shown_again_before_anything_is_written(editor):
    shown = upload(editor, sheet(ROW, ROW | {"岗位": "门卫"}))
    JobPosting.objects.create(title="门卫", employer="示例物业", source="示例")
    assert confirm(editor, shown) == ["看完以后，内容又有变化。还没有导入，请再看一遍。"]
    assert JobPosting.objects.count() == 1


def test_a_changed_digest_confirms_nothing(editor):
    shown = upload(editor, sheet(ROW))
    editor.post(address(shown), {"confirm": "1", "digest": "x"})
    assert not JobPosting.objects.exists()


def test_it_can_be_given_up(editor):
    shown = upload(editor, sheet(ROW))
    file = ImportJob.objects.get().file
    assert storages["imports"].exists(file)
    assert editor.post(address(shown), {"cancel": "1"}).status_code == 302
    assert not ImportJob.objects.exists()
    assert not storages["imports"].exists(file)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * (MAX_BYTES + 1), "文件太大，最大 2 MB。"), ("岗位,类别".encode("gb18030"), "这不是 .xlsx 文件"), (b"", "空"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "加了密码的文件"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_words(editor, content, sentence):
    assert sentence in upload(editor, content).content.decode()


def test_the_sample_downloads_and_is_read(editor):
    answer = editor.get(SAMPLE)
    assert answer["Content-Disposition"] == 'attachment; filename="jobs-sample.xlsx"'
    assert [line.values["岗位"] for line in read_jobs(answer.getvalue())] == ["【示例】社区保洁员"]


def test_all_jobs_or_the_chosen_ones_download(editor):
    area = make_area(SHUIYUN)
    jobs = [JobPosting.objects.create(title=title, employer="示例", source="示例", area=area) for title in ("甲", "乙")]
    assert {line.values["岗位"] for line in read_jobs(editor.get(EXPORT).getvalue())} == {"甲", "乙"}
    answer = editor.post(LIST, {"action": "export_selected", "_selected_action": [jobs[0].pk]})
    assert [(line.values["岗位"], line.values["范围"]) for line in read_jobs(answer.content)] == [("甲", SHUIYUN)]


@pytest.mark.nothing_kept
def test_the_export_costs_the_same_for_one_and_for_three(editor):
    area, counts = make_area(SHUIYUN), []
    for numbers in (range(1), range(1, 3)):
        for number in numbers:
            JobPosting.objects.create(title=f"岗位{number}", employer="示例", source="示例", area=area)
        with CaptureQueriesContext(connection) as seen:
            editor.get(EXPORT)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("person", [bianji, shenhe, guanli])
def test_who_keeps_the_board_may_import(client, person):
    client.force_login(person())
    assert [client.get(address).status_code for address in (LIST, IMPORT, SAMPLE, EXPORT)] == [200] * 4


def test_an_assistant_may_not(client):
    client.force_login(zhuli())
    for address in (LIST, IMPORT, SAMPLE, EXPORT):
        answer = client.get(address)
        assert (answer.status_code, answer.url) == (302, f"/admin/login/?next={address}")
    person = zhuli()
    person.is_staff = True  # a flag set by mistake opens nothing
    person.save()
    client.force_login(person)
    assert [client.get(address).status_code for address in (LIST, IMPORT, SAMPLE, EXPORT)] == [403] * 4
    assert upload(client, sheet(ROW)).status_code == 403


def test_no_page_has_inline_script_or_style(editor):
    pages = [editor.get(LIST), editor.get(IMPORT), upload(editor, sheet(ROW)), upload(editor, sheet(ROW | {"来源": None}))]
    for page in pages:
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.content.decode()) == []


def test_the_kind_is_asked_on_the_form_and_the_list_says_what_residents_see(editor):
    today = timezone.localdate()
    JobPosting.objects.create(title="甲", employer="示例", source="示例", published_on=today - timedelta(9), expires_on=today - timedelta(1))
    JobPosting.objects.create(title="乙", employer="示例", source="示例", published_on=today + timedelta(1))
    JobPosting.objects.create(title="丙", employer="示例", source="示例", expires_on=today)
    body = editor.get(LIST).content.decode()
    assert ("过期了" in body, f"{today + timedelta(1):%m月%d日}起" in body, "看得到" in body) == (True, True, True)
    assert 'name="kind"' in editor.get(reverse("admin:guides_jobposting_add")).content.decode()
    assert 'name="kind"' in editor.get(reverse("admin:guides_notice_add")).content.decode()


def test_the_form_asks_everything_that_residents_read_of_a_job(client, db):
    client.force_login(bianji())
    form = client.get("/admin/guides/jobposting/add/").context["adminform"].form
    assert {field.name for field in JobPosting._meta.fields} - {"id"} == set(form.fields)
