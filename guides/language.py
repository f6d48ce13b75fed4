"""What people type, as features that search compares: characters, pairs, sounds, first letters and concepts. Pure.

Everything works on both sides, on what a guide says and on what somebody asks, so a rule here needs no twin.
"""

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC
from pypinyin import lazy_pinyin
from pypinyin.phrases_dict import phrases_dict

HAN = r"\u3400-\u9fff"
WORD = re.compile(rf"[a-z]+|\d+|[{HAN}]+")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九]?[十百千](?:[零〇一二两三四五六七八九十百千]*)")
LONGEST_INITIALS = 8
SHORTEST_INITIALS = 2

# What wraps a question and says nothing of the matter: it must neither find a guide nor count as something that was not found.
_WRAPPING = re.compile(
    "请问一下|请问|你好|您好|麻烦问一下|麻烦|想问一下|想问下|想问问|想问|问一下|打听一下|打听|帮我查一下|帮我看看|帮我|帮忙|我想要|我想|我要|想要|想办|要办|(?:去|在|到)?(?:哪里|哪儿|哪)(?:能|可以)?办理?|怎么办理|怎么办|怎么弄|怎么整|怎么搞|怎么申请|怎么领"
    "|怎么|咋办理|咋办|咋弄|咋整|咋|如何|在哪里|在哪儿|在哪|去哪里|去哪儿|去哪|到哪|哪里|哪儿|找谁|需要|要带|什么|多少钱|多少|多久|几天|多长时间|什么时候|啥时候|啥|可以|可不可以|能不能|行不行|要不要|有没有|是不是|一下"
    "|[吗呢啊吧呀嘛么](?![\u3400-\u9fff])|的|了"
)


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """Full-width as half-width, lower case, simplified characters, 八十 as 80."""
    plain = _to_simplified().convert(unicodedata.normalize("NFKC", text.encode("utf-8", "ignore").decode())).lower()
    return _NUMERAL.sub(_as_digits, plain)


def _as_digits(found: re.Match) -> str:
    """三千六 is 3600 and 六十五 is 65; what is no number is left alone."""
    total, digit, place = 0, None, None
    for character in found[0]:
        if character in _PLACES:
            place = _PLACES[character]
            total += (1 if digit is None else digit) * place
            digit = None
        else:
            digit = _DIGITS[character]
    if digit:
        total += digit * (place // 10 if place and place > 10 and found[0][-2] in _PLACES else 1)
    return str(total)


def meant(text: str) -> str:
    """A normalised question without what wraps it; empty when it is nothing but wrapping."""
    return _WRAPPING.sub(" ", text).strip()


_ACT = re.compile("^(?:办理|办个|办|申请)|(?:办理|申请|办)$")


def matter(text: str) -> str:
    """A bare normalised question without what one wants to do with it: 低保 of 申请低保 and of 低保办理."""
    return _ACT.sub("", bare(meant(text)))


def bare(text: str) -> str:
    """Only the words, so that two spellings of one name are equal."""
    return "".join(WORD.findall(normalise(text)))


def sounds(word: str) -> tuple[str, ...]:
    """The syllables of a run of characters, without tones, as a keyboard of any region may hear them (zh as z, ing as in)."""
    return tuple(folded(syllable) for syllable in _read(word))


def initials(word: str) -> str:
    """gzf of 公租房: how people shorten on a keyboard."""
    return "".join(syllable[0] for syllable in _read(word))


def _read(word: str) -> list[str]:
    """One syllable a character. Where two characters are a known word with a reading of its own (银行, 重新), it holds: pypinyin's own
    cutting does more and takes twenty times as long, which an index of thousands of guides cannot spend."""
    read = [_of_character(character) for character in word]
    for place, pair in enumerate(map("".join, zip(word, word[1:], strict=False))):
        if pair in phrases_dict:
            read[place : place + 2] = _of_pair(pair)
    return read


@cache
def _of_character(character: str) -> str:
    return lazy_pinyin(character)[0]


@lru_cache(maxsize=20_000)
def _of_pair(pair: str) -> tuple[str, str]:
    return tuple(lazy_pinyin(pair))


@cache
def folded(syllable: str) -> str:
    """zheng as zen: what a keyboard or an ear mixes up."""
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    return syllable[:-1] if syllable.endswith(("ing", "eng")) else syllable


# Every syllable that a pinyin keyboard takes.
_SYLLABLE_TEXT = """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng cha chai chan chang chao che chen
    cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao
    die ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai
    guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu
    ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao
    lie lin ling liu long lou lu luan lun luo lv lve ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei
    nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi
    qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng
    sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te
    teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun
    ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong
    zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
_SYLLABLES = frozenset(_SYLLABLE_TEXT.split())


@lru_cache(maxsize=10_000)
def cut_syllables(letters: str) -> tuple[str, ...]:
    """shenfenzheng as its syllables, the fewest possible; empty when the letters are no pinyin."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is not None and letters[start:end] in _SYLLABLES and (best[end] is None or len(before) + 1 < len(best[end])):
                best[end] = (*before, letters[start:end])
    return best[-1] or ()
