"""One active plate an entrance, whatever happens, and no code ever twice."""

import pytest

from doorplates import actions, codes
from doorplates.models import Building, Doorplate, PlateState
from tests.factories import make_building, make_plate

pytestmark = pytest.mark.django_db


def issue(*buildings):
    return actions.issue_plates(buildings or Building.objects.all(), by="guanli")


def active_entrances():
    return sorted(Doorplate.objects.active().values_list("building__name", "entrance"))


def test_each_entrance_gets_a_plate_and_a_building_without_entrances_one():
    make_building(name="8号楼", entrances=("1单元", "2单元"))
    make_building(name="村委会", entrances=())
    assert len(issue()) == 3
    assert active_entrances() == [("8号楼", "1单元"), ("8号楼", "2单元"), ("村委会", "")]
    assert all(codes.is_valid(code) for code in Doorplate.objects.values_list("code", flat=True))


def test_issuing_again_gives_only_what_is_missing():
    building = make_building(entrances=("1单元",))
    [first] = issue(building)
    assert issue(building) == []
    building.entrances = ["1单元", "2单元"]
    building.save()
    assert [plate.entrance for plate in issue(building)] == ["2单元"]
    assert Doorplate.objects.get(entrance="1单元").code == first.code


def test_an_entrance_whose_plate_was_revoked_gets_a_new_one_with_another_code():
    building = make_building(entrances=("1单元",))
    [old] = issue(building)
    actions.revoke(old, by="guanli", reason="贴错了")
    [new] = issue(building)
    assert new.code != old.code
    assert active_entrances() == [("8号楼", "1单元")]


def drawn(monkeypatch, *given):
    """Let the lottery draw these codes first."""
    characters, real = list("".join(code[:-1] for code in given)), codes.secrets.choice
    monkeypatch.setattr(codes.secrets, "choice", lambda alphabet: characters.pop(0) if characters else real(alphabet))


def test_a_code_that_was_drawn_before_is_drawn_again(monkeypatch):
    taken = make_plate(make_building(name="1号楼"), entrance="1单元").code
    fresh = codes.generate()
    drawn(monkeypatch, fresh, taken)
    building = make_building(name="8号楼", entrances=("1单元", "2单元"))
    plates = issue(building)
    assert len(plates) == 2
    assert taken not in [plate.code for plate in plates]
    assert Doorplate.objects.filter(code=taken).count() == 1


def test_a_code_drawn_twice_in_one_batch_is_given_once(monkeypatch):
    one, other = codes.generate(), codes.generate()
    drawn(monkeypatch, one, one, one, other)
    make_building(name="8号楼", entrances=("1单元", "2单元"))
    assert sorted(plate.code for plate in issue()) == sorted({one, other})


def test_when_no_free_code_is_drawn_no_plate_is_issued(monkeypatch):
    taken = make_plate(make_building(name="1号楼"), entrance="1单元").code
    drawn(monkeypatch, *[taken] * 100)
    make_building(name="8号楼", entrances=("1单元", "2单元"))
    with pytest.raises(actions.NotPossible, match="一块也没有发"):
        issue()
    assert active_entrances() == [("1号楼", "1单元")]


def test_a_code_that_somebody_takes_at_the_last_moment_is_drawn_again(monkeypatch):
    """The question which codes are free was answered before; the database has the last word."""
    taken, fresh = make_plate(make_building(name="1号楼"), entrance="1单元").code, [codes.generate() for _ in range(2)]
    answers = [[fresh[0], taken], fresh]
    monkeypatch.setattr(actions, "_fresh_codes", lambda count: answers.pop(0))
    make_building(name="8号楼", entrances=("1单元", "2单元"))
    assert sorted(plate.code for plate in issue(Building.objects.get(name="8号楼"))) == sorted(fresh)
    assert Doorplate.objects.count() == 3


def test_in_a_district_one_batch_that_fails_leaves_those_before_it(monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    for number in range(1, 6):
        make_building(name=f"{number}号楼", entrances=("1单元",))
    given = [codes.generate() for _ in range(2)]
    drawn(monkeypatch, *given, *[given[0]] * 10)
    run = actions.issue_everywhere(Building.objects.all(), by="guanli")
    with pytest.raises(actions.NotPossible):
        list(run)
    assert active_entrances() == [("1号楼", "1单元"), ("2号楼", "1单元")]
    assert list(actions.issue_everywhere(Building.objects.all(), by="guanli")) == [(2, 0), (2, 2), (1, 1)]
    assert len(active_entrances()) == 5


def test_a_chosen_list_larger_than_a_batch_is_still_all_or_nothing(monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    for number in range(1, 6):
        make_building(name=f"{number}号楼", entrances=("1单元",))
    given = [codes.generate() for _ in range(4)]
    drawn(monkeypatch, *given, *[given[0]] * 10)
    with pytest.raises(actions.NotPossible):
        issue()
    assert active_entrances() == []


def test_a_revoked_plate_says_when_and_why_and_stays():
    plate = make_plate()
    actions.revoke(plate, by="guanli", reason="楼栋拆除")
    plate = Doorplate.objects.get(pk=plate.pk)
    assert (plate.state, plate.end_reason, plate.successor) == (PlateState.REVOKED, "楼栋拆除", None)
    assert plate.ended_at is not None


def test_a_replaced_plate_leads_to_the_one_active_plate_of_its_entrance():
    old = make_plate(entrance="2单元")
    new = actions.replace(old, by="guanli", reason="门牌破损")
    assert (old.state, old.successor, old.end_reason) == (PlateState.REPLACED, new, "门牌破损")
    assert (new.building, new.entrance, new.state) == (old.building, "2单元", PlateState.ACTIVE)
    assert new.code != old.code
    assert list(Doorplate.objects.active()) == [new]


def test_replacing_draws_again_when_the_code_was_taken(monkeypatch):
    old = make_plate()
    drawn(monkeypatch, old.code)
    assert actions.replace(old, by="guanli", reason="门牌破损").code != old.code


@pytest.mark.parametrize("verb", [actions.revoke, actions.replace])
@pytest.mark.parametrize("ended", [actions.revoke, actions.replace])
def test_an_ended_plate_does_not_end_again(verb, ended):
    plate = make_plate()
    seen_earlier = Doorplate.objects.get(pk=plate.pk)
    ended(plate, by="guanli", reason="门牌破损")
    before = list(Doorplate.objects.order_by("pk").values())
    with pytest.raises(actions.NotPossible) as refusal:
        verb(seen_earlier, by="bieren", reason="又一次")
    assert plate.spoken_code in str(refusal.value)
    assert plate.get_state_display() in str(refusal.value)
    assert list(Doorplate.objects.order_by("pk").values()) == before
