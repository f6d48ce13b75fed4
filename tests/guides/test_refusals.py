"""退件原因回流: what is refused often enough stands beside the papers; single cases never do; editors see true counts."""

import re
from datetime import timedelta
from html import unescape
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides import documents, refusals, search
from guides.actions import forget_refusals, record_change, record_refusal
from guides.models import ContentStamp, Guide, Refusal, RefusalReason, RefusedAt
from tests import people
from tests.factories import make_guide, make_paper, make_situation

pytestmark = pytest.mark.django_db
COPY, ABSENT = RefusalReason.COPY, RefusalReason.ABSENT


@pytest.fixture
def guide() -> Guide:
    """户口本 for everybody, 委托书 only where somebody else goes."""
    guide = make_guide(papers=("户口本", "身份证"))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    make_paper(guide, "委托书", only_for=["who=agent"])
    record_change(guide=guide, by="边吉")
    return guide


def refuse(guide, times: int, material: str = "户口本", reason: str = COPY, case: str = "who=self") -> None:
    for _ in range(times):
        record_refusal(guide=guide, material=material, reason=reason, case=case, at=RefusedAt.WINDOW)


def kept(guide) -> list:
    return Guide.objects.get(pk=guide.pk).often_refused


def body(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


ADDRESSES = ["/guides/yibao-001/", "/elder/guides/yibao-001/?step=bring", "/guides/yibao-001/ready/"]


def test_four_in_a_year_are_nobodys_business_and_five_are_told(client, guide):
    refuse(guide, 4)
    assert kept(guide) == []
    assert all("最常被退的" not in body(client, address) for address in ADDRESSES)
    refuse(guide, 1)
    assert kept(guide) == [{"material": "户口本", "reason": "copy", "count": 5}]
    for address in ADDRESSES:
        assert "<b>户口本</b>：有人少带复印件" in body(client, address), address


def test_from_ten_on_it_is_said_of_many_and_no_count_is_told(client, guide):
    refuse(guide, 13)
    assert kept(guide) == [{"material": "户口本", "reason": "copy", "count": 10}]
    shown = re.search(r"最常被退的.*?</ul>", body(client, ADDRESSES[0]), re.DOTALL)[0]
    assert "常有人少带复印件" in shown
    assert re.findall(r"\d", re.sub("<[^>]*>", "", shown)) == []


def test_at_most_three_the_most_frequent_and_in_an_order_that_tells_nothing_more(guide):
    for times, material, reason in ((6, "户口本", COPY), (8, "身份证", ABSENT), (7, "户口本", RefusalReason.UNCLEAR), (5, "身份证", RefusalReason.OTHER)):
        refuse(guide, times, material, reason)
    assert [(row["material"], row["reason"], row["count"]) for row in kept(guide)] == [("户口本", "copy", 5), ("户口本", "unclear", 5), ("身份证", "absent", 5)]


def test_a_reader_sees_the_papers_of_their_own_case(client, guide):
    refuse(guide, 5, "委托书", RefusalReason.UNSIGNED, "who=agent")
    assert "最常被退的" not in body(client, "/guides/yibao-001/")
    assert "<b>委托书</b>：有人没签字、没盖章" in body(client, "/guides/yibao-001/?who=agent")
    assert "<b>委托书</b>：有人没签字、没盖章" in body(client, "/guides/yibao-001/?all=1")


def test_a_paper_the_guide_no_longer_asks_for_is_not_told(client, guide):
    refuse(guide, 5)
    guide.materials.filter(name="户口本").delete()
    assert "最常被退的" not in body(client, ADDRESSES[0])
    refuse(guide, 1, "身份证")
    assert kept(guide) == []


def test_the_page_asks_nothing_more_of_the_database(client, guide):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            body(client, ADDRESSES[0])
        return len(seen)

    before = queries()
    refuse(guide, 5)
    refuse(guide, 5, "身份证", ABSENT)
    assert queries() == before


def test_every_reason_can_be_said(client, guide):
    for reason in RefusalReason:
        Guide.objects.filter(pk=guide.pk).update(often_refused=[{"material": "户口本", "reason": reason, "count": 50}])
        assert "<b>户口本</b>：常有人" in body(client, ADDRESSES[0])


def test_it_is_no_content(client, guide):
    """No revision, nothing in the files or the open data; search reads no guide again, and only a moved bucket tells it to look."""
    search.search("医保")
    version, exported, revisions = ContentStamp.current(), documents.export(Guide.objects.whole().get(pk=guide.pk)), guide.revisions.count()
    refuse(guide, 4)
    assert ContentStamp.current() == version
    refuse(guide, 1)
    assert ContentStamp.current() == version + 1
    refuse(guide, 4)
    assert ContentStamp.current() == version + 1
    assert documents.export(Guide.objects.whole().get(pk=guide.pk)) == exported
    assert guide.revisions.count() == revisions
    assert "often_refused" not in client.get("/api/v1/guides/yibao-001").content.decode()
    with CaptureQueriesContext(connection) as seen:
        search.search("医保")
    assert len(seen) == 4  # the version, the synonyms, the guides that changed (none), which are still published
    assert "guides_material" not in "".join(query["sql"] for query in seen)


def test_the_year_moves_on_and_what_is_old_goes(guide):
    refuse(guide, 5)
    today = timezone.localdate()
    Refusal.objects.filter(pk=guide.refusals.first().pk).update(on=today - timedelta(days=365))
    assert forget_refusals() == 0
    assert kept(guide) == []
    Refusal.objects.update(on=today - timedelta(days=397))
    refuse(guide, 1)
    assert refusals.outdated(today).count() == 5
    assert forget_refusals() == 5
    assert Refusal.objects.count() == 1


def test_a_refusal_says_nothing_of_the_person():
    assert {field.name for field in Refusal._meta.fields} == {"id", "guide", "material", "reason", "case", "at", "on"}


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_are_both_counted():
    guide = make_guide(papers=("户口本",))
    refuse(guide, 3)
    start, failures = Barrier(2), []

    def run():
        start.wait()
        try:
            refuse(guide, 1)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert kept(guide) == [{"material": "户口本", "reason": "copy", "count": 5}]


# the editor


def test_the_editor_sees_true_counts_beside_the_paper(client, guide):
    refuse(guide, 1)
    refuse(guide, 2, "身份证", ABSENT)
    refuse(guide, 1, "身份证", RefusalReason.EXPIRED)
    old = guide.refusals.filter(material="户口本").first()
    Refusal.objects.filter(pk=old.pk).update(on=timezone.localdate() - timedelta(days=60))
    client.force_login(people.bianji())
    page = body(client, f"/admin/guides/guide/{guide.pk}/change/")
    assert "一年里退了1次：少复印件" in page
    assert "本月退了3次：没带2次、过期了1次" in page


def test_the_list_is_by_frequency_and_can_be_narrowed_by_month_and_guide(client, guide):
    other = make_guide("yibao-002", plain_title="报销", papers=("发票",))
    refuse(guide, 1)
    refuse(other, 3, "发票", ABSENT, "")
    Refusal.objects.filter(guide=other).update(on=timezone.localdate() - timedelta(days=70))
    client.force_login(people.bianji())
    address = "/admin/guides/refusal/"
    whole = body(client, address)
    assert whole.index("发票</td>") < whole.index("户口本</td>")
    assert "<td>3</td>" in whole
    month = f"{timezone.localdate():%Y-%m}"
    assert "发票</td>" not in body(client, f"{address}?month={month}")
    assert "户口本</td>" in body(client, f"{address}?month={month}")
    assert "户口本</td>" not in body(client, f"{address}?guide={other.pk}")
    assert "发票</td>" in body(client, f"{address}?month=1&guide=x")
    client.force_login(people.zhuli())
    assert client.get(address).status_code == 302


@pytest.mark.nothing_kept
def test_the_list_costs_the_same_for_one_and_three(client, guide, django_assert_num_queries):
    client.force_login(people.bianji())
    counts = []
    for name in ("户口本", "身份证", "委托书"):
        refuse(guide, 1, name)
        with CaptureQueriesContext(connection) as seen:
            body(client, "/admin/guides/refusal/")
        counts.append(len(seen))
    assert counts[1] == counts[2] == counts[0]
