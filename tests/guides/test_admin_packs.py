"""内容包 as an editor meets it: download, try, choose in the conflicts, confirm exactly what was shown."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from guides.models import Area, EditorPosting, Guide, Level, Status, Step
from guides.pack_files import export_pack, import_pack
from tests.factories import make_area, make_guide, make_user
from tests.people import bianji

pytestmark = pytest.mark.django_db
PAGE, DOWNLOAD = reverse("admin:guides_guide_packs"), reverse("admin:guides_guide_packs_download")
HOME, AWAY = "640205000000", "640221000000"


@pytest.fixture
def away():
    return Area.objects.create(code=AWAY, name="平罗县", level=Level.DISTRICT)


@pytest.fixture
def pingluo(client, away):
    user = make_user("maping", name="马平", role="编辑", is_staff=True)
    EditorPosting.objects.create(user=user, district=away)
    client.force_login(user)
    return user


@pytest.fixture
def guide():
    make_area(HOME)
    guide = make_guide(plain_title="上医保")
    Step.objects.create(guide=guide, text="等通知。")
    return guide


def upload(client, text: str, **more):
    return client.post(PAGE, {"file": SimpleUploadedFile("pack.yaml", text.encode()), **more})


def confirm(client, response, **more):
    return client.post(PAGE, {"confirm": "1", "digest": response.context["digest"], **more}, follow=True)


def there() -> Guide:
    return Guide.objects.get(district=AWAY)


def test_what_is_downloaded_here_is_tried_and_confirmed_there(client, guide, away):
    client.force_login(bianji())
    EditorPosting.objects.create(user=bianji(), district=make_area(HOME))
    response = client.get(DOWNLOAD, {"topics": guide.domain_id})
    assert response["Content-Disposition"].startswith('attachment; filename="neirongbao-640205-')
    text = response.content.decode()
    user = make_user("maping", name="马平", role="编辑", is_staff=True)
    EditorPosting.objects.create(user=user, district=away)
    client.force_login(user)
    tried = upload(client, text)
    assert "惠农区的内容包，试着导进平罗县：什么都还没有写入" in tried.content.decode()
    assert Guide.objects.filter(district=AWAY).count() == 0
    done = confirm(client, tried)
    assert "新增草稿1份" in " ".join(map(str, done.context["messages"]))
    assert (there().status, there().authors) == (Status.DRAFT, [user.pk])


def test_a_conflict_is_chosen_on_the_page(client, pingluo, guide, away):
    import_pack(export_pack(make_area(HOME)), district=away, by=pingluo, dry_run=False)
    there().steps.update(text="等平罗的通知。")
    guide.steps.update(text="等短信。")
    text = export_pack(make_area(HOME))
    tried = upload(client, text)
    body = tried.content.decode()
    for words in ("等平罗的通知。", "等短信。", "怎么办 第1条", 'value="yibao-001#steps:0"'):
        assert words in body
    confirm(client, tried)
    assert there().steps.get().text == "等平罗的通知。"


def test_theirs_is_taken_where_it_was_ticked(client, pingluo, guide, away):
    import_pack(export_pack(make_area(HOME)), district=away, by=pingluo, dry_run=False)
    there().steps.update(text="等平罗的通知。")
    guide.steps.update(text="等短信。")
    confirm(client, upload(client, export_pack(make_area(HOME))), theirs="yibao-001#steps:0")
    assert there().steps.get().text == "等短信。"


def test_what_changed_since_the_report_is_shown_again(client, pingluo, guide, away):
    text = export_pack(make_area(HOME))
    tried = upload(client, text)
    import_pack(text, district=away, by=pingluo, dry_run=False)
    again = confirm(client, tried)
    assert "看完以后，内容又有变化" in again.content.decode()


def test_a_wrong_file_says_what_to_do(client, pingluo):
    assert "不是内容包" in upload(client, "domain: x").content.decode()
    assert "重新下载一份" in client.post(PAGE, {"file": SimpleUploadedFile("x.yaml", b"\xff\xfe\xff")}).content.decode()
    assert "请重新选文件" in client.post(PAGE, {"confirm": "1"}, follow=True).content.decode()


def test_a_department_editor_takes_no_district_along_and_a_stranger_nothing(client, pingluo, guide):
    EditorPosting.objects.filter(user=pingluo).update(department="县医保局")
    assert client.get(DOWNLOAD).status_code == 403
    assert "下载内容包" not in client.get(PAGE).content.decode()
    client.force_login(make_user("nobody", is_staff=True))
    assert [client.get(address).status_code for address in (PAGE, DOWNLOAD)] == [403, 403]


def test_nobody_downloads_another_districts_guides(client, pingluo, guide):
    body = client.get(DOWNLOAD, {"district": HOME}).content.decode()
    assert "上医保" not in body
    assert "平罗县的办事指南，0份" in body


def test_who_works_for_several_districts_says_which(client, pingluo, guide):
    EditorPosting.objects.create(user=pingluo, district=make_area(HOME))
    assert 'name="district"' in client.get(PAGE).content.decode()
    assert client.get(DOWNLOAD, {"district": "1"}).status_code == 403
    tried = upload(client, export_pack(make_area(HOME)), district=AWAY)
    assert "导进平罗县" in tried.content.decode()
