"""How hard a Chinese text is to read: 0 to 100 and in words, with what to do about it. Pure, and measured on our own guides.

Measured sentence by sentence, because people stumble over one sentence, not over an average:

- its length in characters (a number or a Latin word counts as one; what stands in quotation marks or 《》 is a name and counts as two),
- the longest run without a pause,
- how often it pauses (nested clauses),
- numbers in it,
- words of office language, each with the plain one,
- characters outside the 3755 common ones (level 1 of GB/T 2312-1980, which every Python has as a codec).

Each costs points; a text has the mean of its mean and its worst sentence. The weights were set so that what our editors wrote for the door is
好懂 and paragraphs of notices are 太难; tests/guides/test_readability.py pins both, and docs say the numbers.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

EASY, HARD = 80, 60  # from EASY on 好懂, under HARD 太难
LONG, RUN, PAUSES, NUMBERS = 34, 20, 4, 3  # what a sentence may have for nothing
PER_CHARACTER, PER_RUN, PER_PAUSE, PER_NUMBER, PER_WORD, PER_RARE = 1.6, 1.5, 6, 6, 14, 7

# Words of offices, each with what one says at the door. A pattern leaves out where the same characters are an everyday word (应该, 以及时…).
OFFICIAL = [(re.compile(pattern), plain) for pattern, plain in (
    (r"予以", "给"), (r"(?<![文全只])凭(?![证据什])", "拿着"), (r"该(?=[项人证款户员类]|单位|事项|申请|行为|部门|机构|企业|中心|通知|办法)(?<![应]该)", "这个"),
    (r"(?<=[\u3400-\u9fff])之(?![前后内外间一类中上下日])(?<!总之)(?<!反之)", "的"), (r"(?<![以涉来不普得顾])及(?![时格])", "和"), (r"逾期", "过了期"),
    (r"携带", "带上"), (r"提交", "交"), (r"提供(?=.{0,6}(?:材料|证明|原件|复印件))", "带上"), (r"办理完毕|办结(?!婚)", "办完"), (r"须|(?<![刚还只])需(?![要求])", "要"),
    (r"系(?=.{0,8}(?:人员|居民|户籍))", "是"), (r"(?<![早晚大小低高少多等至由])于(?=\d|每年|当日|次)", "在"), (r"自.{1,12}之日起|之日起", "从……那天起"), (r"届时", "到时候"),
    (r"按照?(?:有关|相关)?规定", "说清按哪一条"), (r"(?:有关|相关)(?:部门|单位|材料|手续|证明|人员)", "写明是哪个"), (r"依法依规|依据|依照|依法", "按"),
    (r"符合.{0,10}(?:条件|规定|情形)的", "写明什么条件"), (r"出具", "开"), (r"持(?=有|本人|身份证|户口|相关|上述|以下|原件)", "带着"), (r"前往|赴", "到"),
    (r"若(?!干)|(?<![比例譬假])如(?=有|遇|需|属|未|确)|倘", "要是"), (r"(?<![平人月年户])均(?![价等衡])", "都"), (r"(?<![而并况])且(?!慢)", "还"), (r"或者?其(?:他)?(?:近亲属|监护人)", "或家里人"), (r"未(?![来成婚满])", "没"),
    (r"无(?=需|须|正当|法定|异议|其他)", "没有"), (r"即(?![时将使])(?=可|为|行)", "就"), (r"受理(?!通知|回执|单|证明)", "收下材料"), (r"享受(?=.{0,10}待遇)", "能领"),
    (r"申领", "申请领"), (r"缴纳", "交"), (r"告知", "告诉"), (r"咨询", "问"), (r"填报(?!名)|填具", "填"), (r"递交|呈报|报送", "交"), (r"贵(?:单位|公司|方)", "你们单位"),
    (r"特此|兹|谨此|为荷", "删掉"), (r"酌情|视情况?", "看情况，写明什么情况"), (r"不予|暂不", "不"), (r"可(?=予|行|适用)", "能"), (r"(?<![尤及])其(?![他实中次余它])", "他的"), (r"上述|前款|下列|以下情形", "直接写出来"),
)]  # fmt: skip

_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_NAME = re.compile(r"“[^”]{1,24}”|《[^》]{1,60}》")
_UNIT = re.compile(r"[\u3400-\u9fff]|[A-Za-z]+|\d[\d.,:-]*")
_PAUSE = re.compile(r"[，、；：,;:（）()—…]+")
_LISTED = re.compile(r"、")
_DIGITS = re.compile(r"\d[\d.,:-]*")


@dataclass(frozen=True)
class Measure:
    """`score` from 0 (unreadable) to 100, its `grade`, and sentences that say what to change, the worst first."""

    score: int
    reasons: tuple[str, ...] = ()

    @property
    def grade(self) -> str:
        return grade(self.score)

    @property
    def is_hard(self) -> bool:
        return self.score < HARD


def grade(score: float) -> str:
    return "好懂" if score >= EASY else "有点难" if score >= HARD else "太难"


@lru_cache(maxsize=50_000)
def measure(text: str) -> Measure:
    """A text of any length; one without Chinese is easy. Kept by text: a list of thousands of guides asks again and again."""
    found = [_sentence(sentence) for sentence in _SENTENCE.findall(text) if sentence.strip()]
    if not found:
        return Measure(100)
    scores = [max(0.0, 100 - sum(cost for cost, _ in costs)) for costs in found]
    score = (sum(scores) / len(scores) + min(scores)) / 2
    reasons = sorted((cost for costs in found for cost in costs), key=lambda pair: -pair[0])
    return Measure(round(score), tuple(dict.fromkeys(reason for _, reason in reasons)))


def _sentence(sentence: str) -> list[tuple[float, str]]:
    """What each difficulty of one sentence costs, and what to do about it."""
    plain = _NAME.sub("名名", sentence)
    length, runs = _length(plain), [_length(part) for part in _PAUSE.split(plain)]
    pauses = len(_PAUSE.findall(plain.rstrip("。！？!?）)"))) - len(_LISTED.findall(plain)) // 2  # a list of things reads on
    numbers = len(_DIGITS.findall(plain))
    costs = []
    if length > LONG:
        costs.append(((length - LONG) * PER_CHARACTER, f"这句有{length}个字，拆成两句：{_start(sentence)}"))
    if max(runs) > RUN:
        costs.append(((max(runs) - RUN) * PER_RUN, f"一口气{max(runs)}个字没有停顿，断开或者删短：{_start(sentence)}"))
    if pauses > PAUSES:
        costs.append(((pauses - PAUSES) * PER_PAUSE, f"一句里停了{pauses}次，一句只说一件事：{_start(sentence)}"))
    if numbers > NUMBERS:
        costs.append(((numbers - NUMBERS) * PER_NUMBER, f"一句里有{numbers}个数，分几句写：{_start(sentence)}"))
    for pattern, better in OFFICIAL:
        costs += [(PER_WORD, f"“{match[0]}”是公文话，改成：{better}") for match in pattern.finditer(plain)]
    rare = dict.fromkeys(character for character in plain if is_rare(character))
    costs += [(PER_RARE, f"“{character}”这个字不常见，换个说法") for character in rare]
    return costs


def _length(text: str) -> int:
    return len(_UNIT.findall(text))


def _start(sentence: str) -> str:
    shown = sentence.strip()
    return f"“{shown[:12]}……”" if len(shown) > 14 else f"“{shown}”"


def is_rare(character: str) -> bool:
    """A Chinese character that is not among the common ones of GB/T 2312-1980, level 1 (rows 16 to 55)."""
    if not "\u3400" <= character <= "\u9fff":
        return False
    try:
        return not 0xB0 <= character.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        return True
