"""Search with typed Chinese: at least as good as character pairs with BM25, honest about what it does not know, calm about nonsense."""

import csv
import math
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from guides import search as search_module
from guides.actions import publish, record_change, save_synonym, save_topic, withdraw
from guides.models import Domain, Guide, Status, Synonym
from guides.search import MAX_QUERY, search
from tests.content import all_content  # noqa: F401
from tests.factories import make_guide

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

# As one says it at the door, in words of this file: not the names and aliases of the guides.
ASKED = {
    "我家娃娃刚生下来咋给他弄医保": "yibao-003",
    "今年给全家交医疗保险": "yibao-002",
    "不上班了医保自己怎么交": "yibao-004",
    "医保卡上电话号码换了": "yibao-005",
    "医保关系从银川转到惠农": "yibao-006",
    "到西安住院要不要提前备案": "yibao-007",
    "糖尿病天天吃药能报销一部分吗": "yibao-008",
    "住院自己先垫的钱拿发票报": "yibao-009",
    "得了大病花了好几万没钱了": "yibao-010",
    "生完孩子单位的津贴怎么领": "yibao-011",
    "我医保账户里的钱能给老婆用吗": "yibao-012",
    "手机上那个看病的码怎么开": "yibao-013",
    "怀上二胎要去登记不": "weijian-001",
    "孩子的出生医学证明弄丢了": "weijian-002",
    "娃打预防针的本本": "weijian-003",
    "国家一年给娃三千六怎么领": "weijian-004",
    "独生女户农村老人的奖励": "weijian-005",
    "独生子没了有没有扶助": "weijian-006",
    "想签个家庭医生给老人看看": "weijian-008",
    "去饭店打工要健康证": "weijian-009",
    "我妈领养老金要刷脸认证": "shebao-001",
    "农村人怎么上养老保险": "shebao-002",
    "养老保险今年选哪个档次交": "shebao-003",
    "到60岁了养老钱怎么领": "shebao-004",
    "没工作单位自己交养老": "shebao-005",
    "快到退休年龄了要准备啥": "shebao-006",
    "以前在广东交的社保转回来": "shebao-007",
    "退休职工过世家里领多少丧葬费": "shebao-009",
    "老人去世了养老保险账户里的钱怎么退": "shebao-010",
    "新办一张社会保障卡": "shebao-011",
    "社保卡找不到了要补": "shebao-012",
    "厂子倒闭了能领失业金不": "shebao-013",
    "工地上摔伤了算工伤吗": "shebao-014",
    "打一份社保缴费的证明": "shebao-015",
    "家里揭不开锅申请低保": "minzheng-001",
    "村里没儿没女的孤寡老人谁管": "minzheng-002",
    "房子着火了政府有没有救助": "minzheng-003",
    "不够低保但是也很困难": "minzheng-004",
    "我奶奶81了有高龄补贴没": "minzheng-005",
    "瘫在床上的老人护理补贴": "minzheng-006",
    "残疾人每个月的两项补贴": "minzheng-007",
    "爹妈都没了的孩子生活费": "minzheng-008",
    "孩子爸坐牢妈跑了没人养": "minzheng-009",
    "我俩要去领结婚证": "minzheng-010",
    "两个人商量好了要离婚": "minzheng-011",
    "结婚证找不见了补一本": "minzheng-012",
    "老人走了火化费能减免吗": "minzheng-013",
    "腿不行了想评个残疾证": "canlian-001",
    "残疾证快到期了": "canlian-002",
    "残疾人证弄丢补办": "canlian-003",
    "自闭症的娃做康复有没有补助": "canlian-004",
    "给爷爷申请一个轮椅": "canlian-005",
    "家里卫生间给残疾人装个扶手": "canlian-006",
    "残疾人三轮车的油钱补贴": "canlian-007",
    "哪里在招工人": "jiuye-001",
    "户口本上的生日写错了想改": "huji-001",
    "身份证过期了": "huji-006",
    "单位没宿舍想租公租房": "zhufang-001",
    "要一张名下没房子的证明": "budongchan-001",
    "买了别人的旧房子要过户": "budongchan-002",
    "想开个小卖部办营业执照": "shangshi-001",
    "几个人合伙注册公司": "shangshi-004",
    "开面馆要办食品经营许可": "shangshi-007",
    "盖厂房的规划许可证": "touzi-001",
    "工程动工前的施工许可": "touzi-004",
}
OUTSIDE = ["明天刮不刮风", "帮我写一首诗", "红烧肉放多少糖", "asdfghjkl", "足球比赛几点开始", "12306", "？？？", "你叫什么名字", "电视剧大结局", "附近的加油站", "😀😀", "怎么办"]


class Baseline:
    """Plain BM25 over character pairs of title, plain title, aliases and body joined: what search must not fall behind."""

    K1, B = 1.2, 0.75

    def __init__(self):
        self.documents = {guide.slug: Counter(self.pairs(self.text(guide))) for guide in Guide.objects.published().whole()}
        self.found = Counter(pair for document in self.documents.values() for pair in document)
        self.average = sum(map(Counter.total, self.documents.values())) / len(self.documents)

    @staticmethod
    def text(guide) -> str:
        parts = [guide.title, guide.plain_title, *guide.aliases, guide.answer, guide.department]
        parts += [row.text for row in [*guide.statements.all(), *guide.steps.all()]] + [m.name for m in guide.materials.all()]
        return " ".join(parts)

    @staticmethod
    def pairs(text: str) -> list[str]:
        words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower())
        return [word[i : i + 2] for word in words for i in range(len(word) - 1)]

    def search(self, query: str) -> list[str]:
        scores, count = Counter(), len(self.documents)
        for slug, document in self.documents.items():
            for pair in self.pairs(query):
                if frequency := document[pair]:
                    idf = math.log(1 + (count - self.found[pair] + 0.5) / (self.found[pair] + 0.5))
                    norm = frequency + self.K1 * (1 - self.B + self.B * document.total() / self.average)
                    scores[slug] += idf * frequency * (self.K1 + 1) / norm
        return sorted(scores, key=lambda slug: (-scores[slug], slug))


def slugs(query: str) -> list[str]:
    return [hit.slug for hit in search(query).hits]


def success(find, at: int) -> int:
    return sum(slug in find(query)[:at] for query, slug in ASKED.items())


def asked(name: str) -> list[dict]:
    with (BENCHMARKS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_guide_is_asked_for():
    rows = asked("queries-tuned.tsv") + asked("queries-unseen.tsv")
    assert {slug for row in rows for slug in row["expected"].split(",") if slug} == set(Guide.objects.published().values_list("slug", flat=True))


@pytest.mark.parametrize("name", ["search-dev.tsv", "queries-tuned.tsv", "queries-unseen.tsv"])
def test_what_the_issue_asks_of_search(name):
    """Issue 3: 0.88 right first, 0.96 among three, 0.90 of what is out of scope refused. And, of our own, nine of ten answered when they can be."""
    rows = [(row, search(row["query"], limit=3)) for row in asked(name)]
    inside = [(set(row["expected"].split(",")), found) for row, found in rows if row["kind"] != "out"]
    outside = [found.confident for row, found in rows if row["kind"] == "out"]
    assert sum(bool(right & {hit.slug for hit in found.hits[:1]}) for right, found in inside) >= 0.88 * len(inside)
    assert sum(bool(right & {hit.slug for hit in found.hits}) for right, found in inside) >= 0.96 * len(inside)
    assert outside.count(False) >= 0.90 * len(outside)
    assert sum(found.confident for _, found in inside) >= 0.90 * len(inside)


def test_everyday_matters_are_refused():
    refused = [not search(row["query"]).confident for row in asked("queries-out.tsv")]
    assert sum(refused) >= 0.90 * len(refused)
    assert len(refused) >= 300


@pytest.mark.parametrize("at", [1, 3])
def test_at_least_as_good_as_the_baseline(at):
    ours, plain = success(slugs, at), success(Baseline().search, at)
    missed = {query: (slug, slugs(query)[:3]) for query, slug in ASKED.items() if slug not in slugs(query)[:at]}
    assert ours >= plain, missed
    assert ours >= len(ASKED) * (0.85 if at == 1 else 0.95), missed


@pytest.mark.parametrize("name", ["plain_title", "title"])
def test_a_guide_is_found_by_its_own_name(name):
    wrong = {getattr(guide, name): slugs(getattr(guide, name))[:2] for guide in Guide.objects.all() if slugs(getattr(guide, name))[0] != guide.slug}
    assert wrong == {}


def test_a_guide_is_among_the_first_three_for_each_of_its_other_names():
    wrong = {a: g.slug for g in Guide.objects.all() for a in g.aliases if g.slug not in slugs(a)[:3] and not _shared(a, g)}
    assert wrong == {}


def _shared(alias: str, guide: Guide) -> bool:
    """Several guides may share a name: then any of them may come first."""
    return any(alias in other.aliases for other in Guide.objects.exclude(pk=guide.pk))


def test_what_is_asked_at_the_door_is_answered_with_confidence():
    unsure = [query for query, slug in ASKED.items() if slugs(query)[0] == slug and not search(query).confident]
    assert len(unsure) <= len(ASKED) * 0.15, unsure


@pytest.mark.parametrize("query", OUTSIDE)
def test_what_is_not_ours_is_not_answered_with_confidence(query):
    assert not search(query).confident


@pytest.mark.parametrize("query", ["", " ", "的", "怎么办理", "%", "'"])
def test_nothing_said_finds_nothing_confidently(query):
    assert not search(query).confident


def test_the_page_offers_a_person_when_nothing_fits(client):
    body = client.get("/guides/?q=红烧肉放多少糖").content.decode()
    assert "我要办这个" in body
    assert 'href="/help/new/?wish=%E7%BA%A2' in body
    assert "按主题找" in body


@pytest.mark.parametrize("written", ["低保", " 低保 ", "低 保", "低保？", "低保申请", "ＡＰＰ低保"])
def test_spaces_marks_and_width_do_not_matter(written):
    assert slugs(written)[0] == "minzheng-001"


def test_results_are_best_first_and_say_why():
    hits = search("残疾证丢了").hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].slug == "canlian-003"
    assert hits[0].why == "也叫“残疾证丢了”"


def test_no_more_than_200_characters_are_read():
    assert MAX_QUERY == 200
    assert search("低保" + "的" * 198 + "结婚证") == search("低保" + "的" * 198)
    assert slugs("的" * 197 + "结婚证")[0] == "minzheng-010"


def test_the_number_of_results_is_bounded():
    assert len(search("证", limit=5).hits) == 5
    assert len(search("证").hits) <= 20


HOSTILE = [
    "(" * 200, "[", "\\", "(?P<x>", ".*", "a{9999999}", "低保" * 5000, "😀" * 300, "' OR 1=1 --", "<script>alert(1)</script>", "\x00低保", "\u202e低保",
    "%s%d{0}", "е" * 100, "１" * 300, "\n\r\t", "ﷺ" * 200, "\ud7ff", "a" * 10000, "가나다", "低" * 200,
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_input_is_harmless(query):
    results = search(query)
    assert len(results.hits) <= 20
    assert all(hit.score >= 0 for hit in results.hits)


def test_typed_markup_comes_out_as_text(client):
    body = client.get("/guides/", {"q": '<script>alert("1")</script>'}).content.decode()
    assert "<script>" not in body
    assert "&lt;script&gt;" in body


# ---- what may be found, and from when on


def test_neither_a_draft_nor_a_withdrawn_guide_is_found():
    guide = make_guide("jiuye-900", plain_title="养蜂人登记", aliases=["养蜜蜂"], status=Status.DRAFT)
    assert "jiuye-900" not in slugs("养蜜蜂")
    publish(guide=guide, by="沈禾")
    assert slugs("养蜜蜂")[0] == "jiuye-900"
    withdraw(guide=guide, by="沈禾")
    assert "jiuye-900" not in slugs("养蜜蜂")


def test_an_edit_is_found_at_once():
    guide = Guide.objects.get(slug="minzheng-005")
    assert slugs("寿星红包")[0] != "minzheng-005"
    guide.aliases = [*guide.aliases, "寿星红包"]
    guide.save()
    record_change(guide=guide, by="边吉")
    assert slugs("寿星红包")[0] == "minzheng-005"
    assert search("寿星红包").hits[0].why == "也叫“寿星红包”"


def test_every_process_finds_an_edit_and_reads_only_what_changed(django_assert_max_num_queries):
    """Another process holds another index: it takes the change on its next search, in the queries of one guide, not of all."""
    other = search_module._Index()
    other.answer("低保", 1)
    guide = Guide.objects.get(slug="minzheng-005")
    guide.aliases = [*guide.aliases, "寿星红包"]
    guide.save()
    record_change(guide=guide, by="边吉")
    read = []
    real, search_module._document = search_module._document, lambda guide: read.append(guide.slug) or real(guide)
    try:
        with django_assert_max_num_queries(14):
            found, sure = other.answer("寿星红包", 1)
    finally:
        search_module._document = real
    assert (found[0][0].slug, sure, read) == ("minzheng-005", True, ["minzheng-005"])


def test_a_changed_index_ranks_as_a_fresh_one():
    """Whatever the order of edits: two processes must not disagree."""
    other = search_module._Index()
    other.answer("低保", 1)
    for slug in ("minzheng-001", "shebao-012", "yibao-001"):
        guide = Guide.objects.get(slug=slug)
        guide.phrasings = [*guide.phrasings, f"{slug}刚加的说法"]
        guide.save()
        record_change(guide=guide, by="边吉")
        other.answer("低保", 1)
    withdraw(guide=Guide.objects.get(slug="huji-006"), by="沈禾")
    save_synonym(synonym=Synonym(words=["低保", "救命钱"]))
    fresh = search_module._Index()
    for query in ("低保怎么申请", "救命钱", "社保卡丢了", "gzf", "yibao", "身份证", "养老仁证"):
        assert other.answer(query, 20) == fresh.answer(query, 20)


def test_a_phrasing_finds_its_guide_and_is_not_quoted(client):
    hit = search("我爸中风躺床上了，政府能给护理费吗").hits[0]
    phrasings = Guide.objects.get(slug=hit.slug).phrasings
    assert (hit.slug, hit.why) == ("minzheng-006", "和这件事的常见问法像")
    body = client.get("/guides/", {"q": "我爸中风躺床上了，政府能给护理费吗"}).content.decode()
    assert [phrase for phrase in phrasings if phrase in body] == []


def test_another_name_of_a_topic_is_shown_at_once():
    assert search("低保").hits[0].domain == "民政"
    topic = Domain.objects.get(slug="minzheng")
    topic.name = "民政救助"
    save_topic(domain=topic)
    assert search("低保").hits[0].domain == "民政救助"


def test_a_synonym_is_understood_at_once():
    assert slugs("月月红")[:1] != ["minzheng-001"]
    save_synonym(synonym=Synonym(words=["低保", "月月红"]))
    assert slugs("月月红")[0] == "minzheng-001"
    Synonym.objects.all().delete()


def test_a_search_costs_one_small_query(django_assert_num_queries):
    search("低保")
    with django_assert_num_queries(1):
        search("结婚证")
