"""The data commands: a district in a file, everything or nothing, and never over what staff wrote."""

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from guides.models import Area, ContentStamp, Guide, JobPosting, Notice, Office, OfficeHours, Synonym
from tests.content import FIXTURES
from tests.guides.test_transfer import file as guides_file

pytestmark = pytest.mark.django_db

GOOD = """code,name,level,parent
640205000000,惠农区,district,
640205102006,水韵名都社区居民委员会,community,640205102000
640205102000,园艺镇,township,640205000000
"""


@pytest.fixture
def written(tmp_path):
    """Writes a text to a file and returns its path."""

    def write(text: str, name: str = "file"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def run(*args, **options) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue().strip()


def refusal(*args, **options) -> list[str]:
    with pytest.raises(CommandError) as error:
        run(*args, **options)
    return str(error.value).splitlines()


def test_the_whole_district_loads_and_loads_again():
    path = FIXTURES / "areas-640205.csv"
    assert run("load_areas", path) == "区划 92 行：新增 92，改名 0，其余不变。"
    assert run("load_areas", path) == "区划 92 行：新增 0，改名 0，其余不变。"
    assert [Area.objects.filter(level=level).count() for level in ("district", "township", "community")] == [1, 12, 79]


def test_any_order_of_lines_and_a_new_name(written):
    run("load_areas", written(GOOD))
    Area.objects.filter(pk="640205102006").update(contact_name="王姐")
    assert run("load_areas", written(GOOD.replace("水韵名都", "水韵"))) == "区划 3 行：新增 0，改名 1，其余不变。"
    community = Area.objects.get(pk="640205102006")
    assert (community.name, community.contact_name, community.parent_id) == ("水韵社区居民委员会", "王姐", "640205102000")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("640205102007,桥西社区,community,640205101000", "第5行：上级应该是 640205102000，写的是“640205101000”。"),
        ("640205103001,桥西社区,community,640205103000", "第5行：上级 640205103000 不在文件里，系统里也没有。"),
        ("640205102000,园艺镇,township,640205000000", "第5行：代码 640205102000 和第4行重复。"),
        ("64020510200,桥西社区,community,640205102000", "第5行：区划代码是12位数字。"),
        ("640205102007,,community,640205102000", "第5行：缺少名称。"),
        ("640205102007,桥西社区,village,640205102000", "第5行：级别写 district、township 或 community，不是“village”。"),
        ("640205102007,桥西镇,township,640205000000", "第5行：乡镇（街道）的代码，第9位以后都是0。"),
        ("640205000000,桥西镇,township,640205000000", "第5行：代码 640205000000 和第2行重复。"),
        ("640206000000,平罗县,district,640000000000", "第5行：区（县）的上级空着。"),
    ],
)
def test_one_wrong_line_keeps_the_whole_file_out(written, wrong, sentence):
    assert refusal("load_areas", written(GOOD + wrong + "\n")) == ["什么都没有写入。请改好这些行：", sentence]
    assert Area.objects.count() == 0


def test_every_wrong_line_is_told(written):
    lines = "640205102007,桥西社区,community,\n640205102008,,community,640205102000\n"
    assert [line[:4] for line in refusal("load_areas", written(GOOD + lines))[1:]] == ["第5行：", "第6行："]


def test_what_is_no_such_table_is_refused(written, tmp_path):
    assert refusal("load_areas", written("name\n惠农区\n")) == ["第一行要写列名：code,name,level,parent。"]
    assert refusal("load_areas", written("code,name,level,parent\n")) == ["文件里一行区划也没有。"]
    assert refusal("load_areas", tmp_path / "none.csv") == ["读不了 none.csv。要 UTF-8 编码的 CSV 文件。"]


def test_offices_one_for_each_place_all_sample_nothing_invented(district):
    path = FIXTURES / "offices.yaml"
    assert run("load_offices", path) == "办理地点：新增 99，已有的 0 个没有动。"
    kinds = [Office.objects.filter(kind=kind).count() for kind in ("hall", "centre", "station")]
    assert kinds == [1, 12, 79]
    invented = Office.objects.exclude(address="", phone="", longitude=None, verified_by="", mark="K", hours_are_sample=True)
    assert list(invented) == []
    station = Office.objects.get(code="station-640205102006")
    assert (station.name, station.area_id) == ("水韵名都社区便民服务站", "640205102006")
    assert [str(slot) for slot in station.hours.filter(season_from="05-01")] == ["08:30—12:00", "14:30—18:30"]
    assert [str(slot) for slot in Office.objects.get(code="hall").hours.all()] == ["09:00—12:00", "13:00—17:00"]


def test_offices_that_staff_changed_stay(district):
    run("load_offices", FIXTURES / "offices.yaml")
    hall = Office.objects.get(code="hall")
    hall.phone = "12345"
    hall.save()
    hall.hours.all().delete()
    assert run("load_offices", FIXTURES / "offices.yaml") == "办理地点：新增 0，已有的 99 个没有动。"
    hall.refresh_from_db()
    assert (hall.phone, hall.hours.count()) == ("12345", 0)


def test_one_wrong_office_keeps_all_out(district, written):
    text = (FIXTURES / "offices.yaml").read_text(encoding="utf-8")
    assert refusal("load_offices", written(text.replace("kind: tax", "kind: taxes")))[1:] == ["tax：值 'taxes' 不是有效选项。"]
    assert (Office.objects.count(), OfficeHours.objects.count()) == (0, 0)
    assert refusal("load_offices", written("district: '640205102000'"))[1:] == [
        "开头写 district: 区的12位代码，加引号；这个区要先用 load_areas 导入。"
    ]


def test_guides_load_published_and_again_without_a_change(written):
    path = written(guides_file("yibao-001", "yibao-002"))
    assert run("load_guides", path) == "办事指南：新增 2，更新 0，没变 0，已有没动 0。"
    assert Guide.objects.published().count() == 2
    Guide.objects.filter(slug="yibao-001").update(answer="边吉改过的。")
    assert run("load_guides", path) == "办事指南：新增 0，更新 0，没变 0，已有没动 2。"
    assert Guide.objects.get(slug="yibao-001").answer == "边吉改过的。"
    tried = run("load_guides", path, update=True, dry_run=True)
    assert tried == "办事指南：新增 0，更新 1，没变 1，已有没动 0。（只是试跑，没有写入。）"
    assert Guide.objects.get(slug="yibao-001").answer == "边吉改过的。"
    run("load_guides", path, update=True)
    assert Guide.objects.get(slug="yibao-001").answer == "手机上就能开。"


def test_guides_with_problems_stop_the_command(written):
    good, wrong = written(guides_file("yibao-001"), "a"), written(guides_file("yibao-002\nstpes: []"), "b")
    assert refusal("load_guides", good, wrong) == ["什么都没有写入。请改好这些地方：", "yibao-002：不认识 stpes，是不是写错了？"]
    assert Guide.objects.count() == 0


def test_the_board_is_sample_through_and_through(district):
    assert run("load_board", FIXTURES / "board.yaml") == "政策和招聘：新增 12，已有的 0 个没有动。"
    assert run("load_board", FIXTURES / "board.yaml") == "政策和招聘：新增 0，已有的 12 个没有动。"
    for item in [*Notice.objects.all(), *JobPosting.objects.all()]:
        assert (item.is_sample, item.title.startswith("【示例】"), item.source) == (True, True, "示例")
    assert set(JobPosting.objects.values_list("phone", flat=True)) == {""}


def test_one_wrong_notice_keeps_all_out(db, written):
    text = "notices:\n- {title: 一, text: 一, source: 一}\n- {title: 二, words: 二, source: 二}"
    assert refusal("load_board", written(text))[1:] == ["notices 第2条：不认识 words。"]
    assert refusal("load_board", written("notices:\n- {title: 一, text: 一}"))[1:] == ["notices 第1条：此字段不能为空。"]
    assert Notice.objects.count() == 0


def test_synonyms_fill_an_empty_table_only():
    before = ContentStamp.current()
    assert run("load_synonyms", FIXTURES / "synonyms.yaml").startswith("同义词：新增 ")
    count = Synonym.objects.count()
    assert count >= 150
    assert ContentStamp.current() == before + 1
    Synonym.objects.exclude(pk=Synonym.objects.first().pk).delete()
    Synonym.objects.update(words=["父亲", "俺大"])  # as staff left it
    assert run("load_synonyms", FIXTURES / "synonyms.yaml") == "同义词：新增 0，已有的 1 个没有动。"
    assert Synonym.objects.get().words == ["父亲", "俺大"]
    assert ContentStamp.current() == before + 1


def test_a_word_stands_in_one_group_of_the_file():
    words = [word for group in yaml.safe_load((FIXTURES / "synonyms.yaml").read_text(encoding="utf-8"))["synonyms"] for word in group]
    assert [word for word in set(words) if words.count(word) > 1] == []


def test_one_wrong_group_keeps_all_synonyms_out(written):
    text = "synonyms:\n- [父亲, 爸爸]\n- [母亲, 妈]\n"
    assert refusal("load_synonyms", written(text))[1:] == ["第2组：至少写两个不同的词，一行一个，每个2到20个字。"]
    assert refusal("load_synonyms", written("- [父亲, 爸爸]")) == ["什么都没有写入。文件里写 synonyms，下面一行一组词。"]
    assert refusal("load_synonyms", written("synonyms: [[父亲, 12]]"))[1:] == ["第1组：至少写两个不同的词，一行一个，每个2到20个字。"]
    assert Synonym.objects.count() == 0
