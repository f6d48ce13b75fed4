"""Who sees which request, and who gets into the desk at all."""

import pytest
from django.http import Http404
from django.urls import reverse

from guides.models import Audience
from helpdesk import actions
from helpdesk.access import (
    OF_THE_PERSON,
    acts_for,
    colleagues_for,
    communities_of,
    get_request_or_404,
    visible_requests,
)
from helpdesk.coverage import board_for
from helpdesk.models import CloseReason
from helpdesk.views.acts import ACTS
from tests import people
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_guide, make_posting, make_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_villages():
    """One request in each of two villages, each with its own assistant."""
    people.zhuli(), people.zhuli2()
    return make_request(make_area(SHUIYUN), name="王阿姨"), make_request(make_area(XIAZHUANGZI), name="马大爷")


def seen_by(user) -> set[int]:
    return set(visible_requests(user).values_list("pk", flat=True))


def test_each_village_sees_its_own(two_villages):
    shuiyun, xiazhuangzi = two_villages
    assert seen_by(people.zhuli()) == {shuiyun.pk}
    assert seen_by(people.zhuli2()) == {xiazhuangzi.pk}


def test_a_supervisor_sees_below_and_not_beside(two_villages):
    shuiyun, _ = two_villages
    assert seen_by(people.zhuguan()) == {shuiyun.pk}


def test_editors_reviewers_and_former_helpers_see_nothing(two_villages):
    gone = people.zhuli()
    gone.is_active = False
    assert seen_by(people.bianji()) == seen_by(people.shenhe()) == seen_by(gone) == set()


def test_an_editor_who_is_posted_somewhere_still_sees_nothing(two_villages):
    make_posting(people.bianji(), SHUIYUN)
    assert seen_by(people.bianji()) == set()


def test_a_steward_sees_enterprise_matters_only():
    steward = people.guanjia()
    personal = make_request()
    enterprise = make_request(guide=make_guide("touzi-004", audience=Audience.ENTERPRISE))
    assert (personal.queue_id, personal.for_steward) == (DISTRICT, False)
    assert (enterprise.queue_id, enterprise.for_steward) == (DISTRICT, True)
    assert seen_by(steward) == {enterprise.pk}


def test_a_community_without_people_is_seen_at_its_township():
    supervisor = people.zhuguan()
    request = make_request()
    assert request.queue_id == TOWNSHIP
    assert seen_by(supervisor) == {request.pk}


def test_what_is_in_own_hands_stays_in_sight_after_it_was_handed_over(two_villages):
    shuiyun, xiazhuangzi = two_villages
    actions.claim(request=shuiyun, by=people.zhuli())
    actions.hand_over(request=shuiyun, by=people.zhuli(), to=make_posting(people.xiaozhao(), TOWNSHIP), reason="请假")
    assert seen_by(people.xiaozhao()) == {shuiyun.pk}
    assert seen_by(people.zhuli()) == set()
    assert seen_by(people.zhuguan()) == {shuiyun.pk}


def test_another_villages_request_is_not_found(two_villages):
    shuiyun, _ = two_villages
    assert get_request_or_404(people.zhuli(), shuiyun.reference) == shuiyun
    with pytest.raises(Http404):
        get_request_or_404(people.zhuli2(), shuiyun.reference)


def test_staffed_counts_only_working_people_with_a_desk_role():
    area = make_area()
    people.zhuli(), people.guanjia(), make_posting(people.bianji(), TOWNSHIP)
    assert board_for([area.pk]).staffed(area.pk) == {SHUIYUN}
    assert board_for([area.pk]).staffed(area.pk, for_steward=True) == {DISTRICT}
    left = people.zhuli()
    left.is_active = False
    left.save()
    assert board_for([area.pk]).staffed(area.pk) == set()


def test_colleagues_are_those_of_the_village_and_above_but_not_its_owner():
    request = make_request(claimed_by=people.zhuli())
    for person in (people.xiaozhao, people.zhuli2, people.zhuguan, people.guanjia, people.bianji):
        person()
    assert [p.user.username for p in colleagues_for(request)] == ["xiaozhao", "zhuguan", "guanjia"]


def test_communities_for_which_one_may_log():
    make_area(SHUIYUN), make_area(XIAZHUANGZI)
    assert [a.pk for a in communities_of(people.zhuli())] == [SHUIYUN]
    assert [a.pk for a in communities_of(people.zhuguan())] == [SHUIYUN]
    assert [a.pk for a in communities_of(people.guanjia())] == [XIAZHUANGZI, SHUIYUN]
    assert list(communities_of(people.bianji())) == []


OWN = {"set_kind", "note", *OF_THE_PERSON, "message", "talk", "visit", "papers", "close", "release", "hand_over", "contact", "merge"}


def test_acts_offered():
    waiting, claimed = make_request(), make_request(claimed_by=people.zhuli())
    closed = make_request(claimed_by=people.zhuli())
    actions.close(request=closed, by=people.zhuli(), reason=CloseReason.DONE, text="")
    mine, beside, above = people.zhuli(), people.xiaozhao(), people.zhuguan()
    assert [acts_for(user, waiting) for user in (mine, above)] == [{"note", "claim"}, {"note", "claim", *OF_THE_PERSON, "hand_over", "merge"}]
    assert [acts_for(user, claimed) for user in (mine, beside, above)] == [OWN, {"note"}, {"note", *OF_THE_PERSON, "hand_over", "merge"}]
    assert [acts_for(user, closed) for user in (mine, beside)] == [{"note", *OF_THE_PERSON}, {"note"}]


def test_acts_offered_are_acts_that_exist():
    visits = {"end_visit", "cancel_visit", "renew_code"}
    on_behalf = {"consent", "consent_again", "stop", "reveal_principal", "mandate", "sign", "revoke"}
    loop = {"sent_back", "follow_new_guide"}
    assert OWN | {"claim", "told", "pause", "resume", "split", "take_over"} | visits | on_behalf | loop == set(ACTS)


def addresses(reference: str) -> list[tuple[str, str]]:
    """Every page and every act of the desk on one request, with its method."""
    pages = [("get", reverse("desk:queue")), ("get", reverse("desk:log")), ("get", reverse("desk:detail", args=[reference]))]
    return pages + [("post", reverse("desk:act", args=[reference, act])) for act in ACTS]


def test_a_stranger_is_asked_to_sign_in(client, two_villages):
    for method, address in addresses(two_villages[0].reference):
        response = getattr(client, method)(address)
        assert (response.status_code, response.url.partition("?")[0]) == (302, reverse("desk:login"))
        assert "no-store" in response["Cache-Control"]


def test_after_signing_in_one_is_never_led_to_the_address_of_an_act(client, two_villages):
    page, act = addresses(two_villages[0].reference)[2][1], addresses(two_villages[0].reference)[3][1]
    assert client.get(page).url.endswith(f"?next={page}")
    assert client.post(act).url.endswith("?next=/desk/")


@pytest.mark.parametrize("person", [people.bianji, people.shenhe], ids=["editor", "reviewer"])
def test_who_keeps_guides_is_kindly_kept_out(client, two_villages, person):
    client.force_login(person())
    for method, address in addresses(two_villages[0].reference):
        response = getattr(client, method)(address)
        assert response.status_code == 403
        assert "只给帮办员和主管用" in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert "王**" not in response.content.decode()


def test_another_villages_assistant_finds_nothing_anywhere(client, two_villages):
    """First that the row is there to leak: its own assistant gets it."""
    shuiyun, _ = two_villages
    client.force_login(people.zhuli())
    assert client.get(reverse("desk:detail", args=[shuiyun.reference])).status_code == 200

    client.force_login(people.zhuli2())
    events = shuiyun.events.count()
    for method, address in addresses(shuiyun.reference)[2:]:
        response = getattr(client, method)(address, {"text": "看看", "reason": "done"})
        assert response.status_code == 404, address
        assert "王**" not in response.content.decode()
        assert "no-store" in response["Cache-Control"]
    shuiyun.refresh_from_db()
    assert (shuiyun.state, shuiyun.events.count(), shuiyun.messages.count()) == ("waiting", events, 0)
    queue = client.get(reverse("desk:queue")).content.decode()
    assert shuiyun.spoken_reference not in queue
    assert "马**" in queue
