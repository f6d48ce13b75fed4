"""What a question is after: papers, place, money … Pure; knows words, no guides.

A question has one intent, the first of `_SIGNS` that its words show. What is left when these words and the small words around them are
taken away is the matter it names; a follow-up (“那要多少钱”) leaves nothing.
"""

import re
import unicodedata
from enum import StrEnum

from guides import language

MAX_QUESTION = 200  # characters; the rest is not read


class Intent(StrEnum):
    """Values as in the test set; GENERAL is a question that names only the matter."""

    MATERIALS = "materials"
    WHERE = "where"
    HOURS = "hours"
    TIME = "time"
    FEE = "fee"
    WHO = "who"
    AGENT = "agent"
    ONLINE = "online"
    PHONE = "phone"
    STEPS = "steps"
    SEASON = "season"
    GENERAL = "general"


# What a reader sees: the heading of an answer, and the short question that asks for it again.
LABELS = {
    Intent.MATERIALS: "要带什么",
    Intent.WHERE: "去哪办",
    Intent.HOURS: "几点开门",
    Intent.TIME: "多久办好",
    Intent.FEE: "要不要钱",
    Intent.WHO: "谁能办",
    Intent.AGENT: "别人能不能代办",
    Intent.ONLINE: "网上能不能办",
    Intent.PHONE: "打什么电话问",
    Intent.STEPS: "怎么办",
    Intent.SEASON: "每年什么时候办",
    Intent.GENERAL: "简单说",
}

_KIN = "(?:我?爸爸?|我?妈妈?|爹|娘|老人家?|老爷子|老太太|爷爷|奶奶|姥姥|姥爷|公公|婆婆|老伴|老公|老婆|媳妇|对象|爱人|儿子|女儿|闺女|姑娘|孩子|娃娃?|家属|家里人|家人|亲戚|邻居|朋友|别人|旁人|他人)"
_SELF = f"(?:本人|自己|人|他|她|我|{_KIN})"
_ASKS = "(?:吗|嘛|么|不|没|行|成|可以|呢|啊)"

# In order: a question that shows two signs is after the first. 什么时候能办好 is TIME, so TIME stands before SEASON.
_SIGNS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.AGENT,
        f"(?:能不能|可不可以|可以|能)?(?:让|叫|请|托|找|由|派)(?:我|他|她|{_KIN})(?:代替?|替我?|帮我?|给)?(?:去|来|办|领|交|取|跑|弄|拿|签|开|代办)+(?=.{{0,8}}{_ASKS})"
        "|代办|代领|代缴|代取|代签|代开|代劳|代交|代为|帮忙代|委托|托人|找人代|请人代|代替|找别人|"
        f"(?:{_SELF}(?:腿脚|身体|腿|人)?(?:不好|有病|病了|住院|瘫|太远|在外地|在外面)?.{{0,2}}?)?(?:去不了|来不了|走不动|走不了|去不成|来不成|到不了|动不了|不能去|没法去|没办法去|不去(?=行|成|可以|能|办)|不到场|下不了床|下不来床|出不了门|出不去门|回不来|回不去|没空去|没时间去|没空|不方便去|不在(?:本地|家|惠农|跟前|国内))"
        f"|(?:必须|非得|非要|一定要?|要不要|用不用|是不是要?|是不是得|需不需要|需要|得|要|用)?(?:是)?{_SELF}?(?:本人|亲自|亲身)(?:去|来|到场|到|办|到现场)?"
        "|(?:必须|非得|非要|一定|要不要|用不用|需不需要|得|要)自己(?:去|来|到|跑)|(?:必须|非得|一定得?要?|要不要|用不用|得)到场"
        f"|(?:能不能|可不可以|可以|能)?(?:替|帮|代)(?:着|忙|我|他|她|{_KIN})(?:去|来)?(?:办|领|交|取|跑|弄|拿|签|申请?|搞|整|认证|打|查|开)?(?=.{{0,8}}{_ASKS}$|.{{0,8}}(?:行|成|可以)不)"
        f"|{_KIN}(?:能|可以|能不能|可不可以)(?:替|帮|代|去|来)(?:着|忙|我|他|她)?(?:办|领|交|取|跑|弄|拿|签)?"
        "|(?:两口子|两个人|俩人|俩|夫妻|夫妻俩|双方|男女|全家|两个|股东|合伙人)(?:人|双方)?(?:是不是)?(?:都)?(?:必须|得|要|用|非)?(?:不用|不要)?(?:都)?(?:一起|同时)?(?:去|到场|来|到|在场)(?=.{0,4}(?:吗|不|么|$))|用不用(?:都|一起)"
    ),
    (
        Intent.ONLINE,
        "网上|上网|线上|网络|网页|(?<!会用)(?<!会使)(?<!不会)(?<!没有)(?<!没)(?:用|在|拿)?手机(?:上|里|能|可以|办|弄|操作|行|就|自己)|用手机|app|小程序|公众号|微信|支付宝|在家(?:里)?(?:就)?(?:能|可以|办|弄)|足不出户|电脑|不出门|不用跑|不跑腿"
        "|视频办|不去窗口|不去现场|不去大厅|跨省|异地(?=能办|可以办|办)",
    ),
    (
        Intent.TIME,
        "(?:要|得)?跑(?:几|多少)(?:趟|次|回)|几趟|(?:得|要|需要|大概|一般)?(?:多久|多长时间|多少时间|几天|多少天|多少个?工作日|几个工作日|几个月|多少个月|几周|几个星期)(?!之?以?内)(?:才)?(?:能)?(?:办)?(?:好|完|下来|到账|拿到|出来)?"
        "|(?:什么|啥)(?:时候|时间)(?:才)?(?:能|可以)?.{0,2}?(?:办好|办完|下来|拿到|拿上|到账|出来|到手|批|好|取)|哪天能(?:拿|好|取|办好)|要等|等多|快不快|慢不慢|当天(?:能)?|当场|立马|马上(?:就)?能|加急|能多快|时限|时长|办得快",
    ),
    (
        Intent.HOURS,
        "(?:早上|下午|上午|晚上|中午|一般)?几点(?:钟)?(?:到几点)?(?:上班|下班|开门|关门|开始|开|关)?|(?:周|星期|礼拜)[末一二三四五六日天]+.{0,3}?(?:上不上班|上班|开不开门?|开门|能办|办公|办|有人|休息|放假|能去|去)?"
        "|上不上班|上班(?:时间|吗|不|没)|开不开门?|开门|关门|几时开|营业(?!执照|性|许可)|办公时间|中午.{0,3}(?:休息|上班|有人|开|办)|午休|节假日|过节|放假|假期|双休|周末|下班",
    ),
    (
        Intent.PHONE,
        "(?:咨询|联系|服务|办公|客服|窗口)(?:的)?(?:电话|方式|热线)|(?:打|拨)(?:个)?(?:什么|啥|哪个|哪|几|多少)(?:个)?(?:号码|电话|号|热线)?|(?:什么|啥|哪个|哪一?个|几号)(?:的)?(?:电话|热线)"
        "|(?:联系)?电话(?:号码?)?(?:是)?(?:多少|几|啥|什么|哪个)|(?:给|有|留|说|要|求|告诉我?)(?:个|没有|没|一下|下|我)*(?:联系)?(?:电话|热线)(?:号码?)?|打电话(?:问|咨询|给谁|给哪|找谁)|电话(?:问|咨询|打|找|联系)|问谁|咨询谁|联系谁|热线|电话(?:呢|给)|电话$|号码呢?$|(?:怎么|咋|如何)联系|电话号码(?:多少|是)",
    ),
    (
        Intent.FEE,
        "(?:得|要|需要|大概|一共|总共|一年|一个月|每年|每月|到底)*(?:花|掏|交|收|付|缴|出|给|发|领|补|报|拿)?(?:多少|几个)(?:钱|费|块|元)|多少钱|(?:要|花|收|掏|交|用|出|付|缴|是)(?:不)?(?:要|花|收|掏|交|用|出|付|缴)?(?:我|他|她)?钱(?=吗|嘛|么|不|没|呢|啊|的|$)|花不花钱|收不收[钱费]|收费|花钱|免费(?=吗|嘛|么|不|的|$|办|,|，|。|\\?)|交不交钱|要不要(?:交|花|掏)?钱|不要钱|价格|价钱|啥价|几个钱|费用|掏钱|工本费|手续费|贵不贵|贵吗|便宜|几块|白办"
        "|(?:花|掏|交|收|付|缴|出|发|领|补|报|给|拿)多少|补贴多少|补助多少|标准(?:是)?多少|什么标准|啥标准|钱不$|钱吗$|要钱|收钱|多钱",
    ),
    (
        Intent.SEASON,
        "(?:多久|几天|多长时间|多少天|几个月|多少日子|几年)(?:之|以)?内|(?:什么|啥)(?:时候|时间|日子)(?:开始|截止|结束|能|可以|交|办|申请|报名|领|缴|到期)?|多会儿?|几月份?(?:份)?|哪个月|哪几个月|几号(?:截止|之前|前|开始)?|截止(?:到|时间|日期)?|截至|最晚|最迟|哪天|什么日期|到啥时|过期了?没|过了时间|还能交|来得及|赶得上|赶趟|时间段|期限|晚了",
    ),
    (
        Intent.MATERIALS,
        "(?:要|得|需要|都|该|用)*(?:带|拿|准备|备|交|提供|提交|要|需要|用)(?:些|上|好|着|点)?(?:什么|啥|哪些|哪几样|几样|多少)(?!条件|资格|要求|流程|时候|时间|地方|样的?人|人)(?:样)?(?:的)?(?:东西|材料|证件|证明|手续|资料|证|文件|表)?|带不带|材料|资料|证件|(?:什么|啥|哪些|些啥)(?:东西|手续|证件?|证明|材料)|几样东西"
        "|(?:带|拿|要|用)(?:着|上)?.{1,8}?(?:就)?(?:行|够|成|可以)(?=吗|嘛|么|不)|复印件|要准备|要带|得带|带齐|要不要(?:照片|户口本|身份证|结婚证|复印|带)|光带|只带|准备些?$",
    ),
    (
        Intent.WHERE,
        "(?:去|到|上|在|往|跑|找)?(?:什么|啥|哪)(?:个|一个)?(?:地方|窗口|部门|单位|大厅|派出所|中心|机构|地儿|局)|(?:去|到|上|在|往|跑|找)(?:哪里|哪儿|哪|那里|那儿|啥地)|哪里|哪儿|地址|地点|(?<!手续)(?<!流程)(?<!程序)(?<!步骤)(?:怎么|咋)走|咋去|怎么去|远不远|归谁管|归哪|哪管|谁管|找谁|窗口在|位置|哪[办领交弄买开打查补取]|(?:社区|村里|村上|街道|镇上|大厅|派出所)(?:就)?(?:能|可以|给)(?:不能)?办",
    ),
    (
        Intent.WHO,
        "谁能|谁可以|谁才?能|哪些人|哪种人|什么人|啥人|(?:什么|啥)样的?(?:人)?|怎么算|条件|资格|够不够格?|够格|符不符合|符合|要求|多大(?:岁数|年纪|年龄)?|多少岁|几岁|年龄|(?:我|他|她|这)?(?:这样的?|这种)?(?:情况)?(?:能不能|可不可以|能否|是否)(?:申请|领|办|享受|评|参加|拿|吃|上|报|有|算|要|交|租|买|签|开|买|住|用)?|(?:能|可以)(?:申请|领|办|享受|评|参加|拿|吃|上|报|算|交|租|买|签|开|住|用).{0,8}?(?:吗|不|么|嘛|没)(?=$|[^\u3400-\u9fff])|认定(?=吗|不)|算不算|有没有份|轮得?到|我行吗|有我吗|门槛|限制|也能.{0,6}吗|也可以.{0,6}吗",
    ),
    (
        Intent.STEPS,
        "(?:应该|该|要|得)?(?:怎么|咋|咋么|怎样|如何)(?:个)?(?:办理|办|弄|整|搞|申请|申领|领|交|缴|补|换|开|查|改|注册|登记|报|走|转|操作|样|用)?(?:法)?|流程|步骤|程序|手续|第一步|先干|先办|一步一步|顺序|从哪(?:儿|里)?(?:开始|下手)",
    ),
    (Intent.WHO, "(?:能|可以|行|够)(?:不能)?.{0,10}(?:吗|嘛|么|不|没)[\\?？。!！]*$|行不行|可不可以|能不能"),
)  # fmt: skip
_PATTERNS = tuple((intent, re.compile(pattern)) for intent, pattern in _SIGNS)

# Words around a matter that name none.
_SMALL = re.compile(
    "请问一下|请问|你好|您好|麻烦|打听|想问|问一?下|问问|那么?|呢|吗|嘛|么|吧|呀|啊|哦|嗯|哎|的话|的|了|着|过|就|都|也|还|又|再|才|刚|这个|这事|这件事|这|那个|那边|哪|个|件|事情?|我们|我|你们|你|您|他们|她们|他|她|它|人家|人|本人|自己|家里|咱们?|俺"
    "|想要|要是|要|想|得|能不能|能|可不可以|可以|会|行不行|行|成|有没有|没有|有|没|不是|是不是|是|不|一般|大概|到底|究竟|现在|今天|明天|一共|总共|需要|应该|必须|一定|非|去|来|到|在|上|给|让|帮|替|办理|办事|办|弄|整|搞|做|用|拿|带|领|交|取|申请|什么|啥|怎么|咋|多少|几|钱|时间|窗口|地方|东西|材料|电话|号码|网|手机|一下|一趟|直接|另外|还有|然后|如果|比如|知道|告诉|说|看|好|啦|哈|哟|早上|下午|上午|晚上|外面|里面|儿子|女儿|闺女|家人|别人|[爸妈娃]"
)  # fmt: skip
_WORDS = re.compile(r"[a-z]{2,}|\d+|[\u3400-\u9fff]+")
_LONG_NUMBER = re.compile(r"\d{6,}[xX]?")  # a phone, an identity or a bank number: nothing here needs one
_AMOUNT = re.compile("(?:发|领|给|补|报|拿|交|缴|补贴|补助|津贴|标准|一个月|每个?月|一年|每年|养老金|低保金).{0,4}(?:多少|几)|多少.{0,3}(?:补贴|补助|津贴|低保|养老金)|标准")


def normalise(text: str) -> str:
    """At most MAX_QUESTION characters as search reads them (half-width, lower case, simplified), without long numbers."""
    return _LONG_NUMBER.sub(" ", language.normalise(text[:MAX_QUESTION]))[:MAX_QUESTION]


def has_long_number(text: str) -> bool:
    """Whether somebody wrote a phone, an identity or a card number."""
    return bool(_LONG_NUMBER.search(unicodedata.normalize("NFKC", text)))


def without_numbers(text: str) -> str:
    """The question as it may be shown and passed on: long numbers left out."""
    return _LONG_NUMBER.sub("（号码）", unicodedata.normalize("NFKC", text[:MAX_QUESTION])).strip()


def intent_of(text: str) -> Intent | None:
    """What a normalised question asks for; None when it asks for nothing of the list."""
    return next((intent for intent, pattern in _PATTERNS if pattern.search(text)), None)


def asks_an_amount(text: str) -> bool:
    """“一个月发多少钱” asks what one gets or pays in, not what the service costs."""
    return bool(_AMOUNT.search(text))


def without_intent(text: str) -> str:
    """A normalised question without the words that ask."""
    for _, pattern in _PATTERNS:
        text = pattern.sub(" ", text)
    return text


def matter_of(text: str) -> str:
    """What a normalised question names beside its intent and the small words, as words; empty for a mere follow-up."""
    return " ".join(_WORDS.findall(_SMALL.sub(" ", without_intent(text))))


def names_a_matter(text: str) -> bool:
    """Two characters or a Latin word are left: one character names nothing."""
    return len(matter_of(text).replace(" ", "")) > 1
