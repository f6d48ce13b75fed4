"""When two names mean one paper. Pure text: 本人的居民身份证 and 居民身份证 are one, 孩子的居民身份证 is another person's."""

import re
import unicodedata
from dataclasses import dataclass

BRACKETS = re.compile(r"\(([^()]*)\)")
OR = re.compile(r",?(?:或者|或)")
WORDS = {"居民身份证": "身份证", "居民户口簿": "户口簿", "户口本": "户口簿", "社保卡": "社会保障卡", "银行卡": "银行卡"}
# Whoever goes for the matter. Everybody else named before 的 is taken for another person: better one paper twice than one too few.
APPLICANT = {"", "本人", "申请人", "自己"}
SAME_PEOPLE = {"夫妻两人": "夫妻双方", "家长": "父亲或母亲"}
# Whose these are is clear without a word.
DEAD = {"", "老人", "去世的人", "去世的老人"}
DOCUMENT_ENDINGS = ("证", "簿", "卡", "书", "照")  # a name like 家庭困难的证明 only describes a paper


@dataclass(frozen=True)
class PaperName:
    """What a paper's name says: whose it is, the kinds of which any one will do, and a remark such as 有孩子那一页."""

    whose: str
    kinds: frozenset[str]
    detail: str

    @property
    def exact_kinds(self) -> frozenset[str]:
        """Those that name a certain document, not just what should be proved."""
        return frozenset(kind for kind in self.kinds if kind.endswith(DOCUMENT_ENDINGS))

    @property
    def is_exact(self) -> bool:
        return self.exact_kinds == self.kinds


def read_name(name: str) -> PaperName:
    """女方的居民身份证（或医保电子凭证） → whose 女方; kinds 身份证, 医保电子凭证."""
    text = re.sub(r"[\s《》“”\"]", "", unicodedata.normalize("NFKC", name))
    remarks = BRACKETS.findall(text)
    whose, _, noun = BRACKETS.sub("", text).rpartition("的")
    if whose.endswith("本人") and whose != "本人":
        whose = whose.removesuffix("本人")
    if noun.startswith("出生医学证明") and not whose:
        whose = "孩子"
    elif "死亡" in noun and whose in DEAD:
        whose = "去世的人"
    others = [remark for remark in remarks if OR.match(remark) or remark in WORDS or remark in WORDS.values()]
    kinds = [*OR.split(noun), *(kind for remark in others for kind in re.split("[、,]|或者|或", remark))]
    details = [remark for remark in remarks if remark not in others]
    return PaperName(
        whose="" if whose in APPLICANT else SAME_PEOPLE.get(whose, whose),
        kinds=frozenset(WORDS.get(kind, kind) for kind in kinds if kind),
        detail="".join(details),
    )
