import pytest
from django.core.management import CommandError, call_command

from doorplates.models import Building
from tests.conftest import ROOT

SAMPLES = ROOT / "fixtures" / "buildings.yaml"


def load(file) -> None:
    call_command("load_buildings", file, verbosity=0)


def test_the_samples_are_three_communities_all_marked_and_named_as_samples(district):
    load(SAMPLES)
    buildings = list(Building.objects.select_related("community"))
    assert {b.community.short_name for b in buildings} == {"水韵名都社区", "惠东社区", "下庄子村"}
    assert all(b.is_sample and b.estate.startswith("示例") for b in buildings)
    assert sum(len(b.entrances or [""]) for b in buildings) == 36


def test_again_it_leaves_what_is_there(district):
    load(SAMPLES)
    Building.objects.filter(name="村委会").update(entrances=["东门", "西门"])
    count = Building.objects.count()
    load(SAMPLES)
    assert Building.objects.count() == count
    assert Building.objects.get(name="村委会").entrances == ["东门", "西门"]


def test_an_unknown_community_writes_nothing(district, tmp_path):
    file = tmp_path / "b.yaml"
    good = '{community: "640205102006", estates: [{estate: 甲, buildings: [{names: [1号楼]}]}]}'
    file.write_text(f'is_sample: true\ncommunities:\n- {good}\n- {{community: "640205999999", estates: []}}\n', encoding="utf-8")
    with pytest.raises(CommandError, match="没有代码是 640205999999 的村"):
        load(file)
    assert Building.objects.count() == 0


@pytest.mark.parametrize("text", ["- just a list", "is_sample: true", "communities: {a: b}", "a: [", "is_sample: true\ncommunities: [1]"])
def test_a_file_of_another_shape_gets_a_sentence(district, tmp_path, text):
    file = tmp_path / "b.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="照 fixtures/buildings.yaml 的样子|看看冒号"):
        load(file)


def test_an_entrance_twice_is_refused(district, tmp_path):
    file = tmp_path / "b.yaml"
    entry = '{community: "640205102006", estates: [{buildings: [{names: [1号楼], entrances: [1单元, 1单元]}]}]}'
    file.write_text(f"is_sample: false\ncommunities:\n- {entry}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="入口不能重复"):
        load(file)
