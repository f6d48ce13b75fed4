"""Own answers to questions about fraud: the only place in 智能客服 that speaks without a guide.

Each says what holds of this site (nothing to pay, no code, no login: templates/doorplates/verify.html says the same) and what the public
numbers are for: 96110 预警劝阻, 110 报警. Nothing here is about a single service.
"""

import re
from dataclasses import dataclass

NO_DEMANDS = "看这里的内容不用登录，不要手机号、验证码、密码，不收钱。"
ASK_96110 = "拿不准，先打96110问。已经付了钱、报了验证码，马上打110。"


@dataclass(frozen=True)
class SafetyAnswer:
    key: str
    pattern: re.Pattern
    sentences: tuple[str, ...]


def _answer(key: str, pattern: str, *sentences: str) -> SafetyAnswer:
    return SafetyAnswer(key, re.compile(pattern), sentences)


# In order: the first whose pattern is found answers.
ANSWERS = (
    _answer(
        "code", "验证码|动态码|校验码",
        "我们不要验证码。谁打电话、发短信来要验证码，都不要给。", NO_DEMANDS,
        "您自己登录别的手机软件时收到的验证码，只填在那个软件里，不要念给别人听。", ASK_96110,
    ),
    _answer(
        "bank", "(?:要|问|填|输|给|报|绑|留|说|提供|告诉|发).{0,6}(?:银行卡|卡号|存折号)|银行卡号|卡号.{0,4}(?:要|给|填|安全)|绑卡|绑定银行卡|(?:要|问|填|输|给|报|说|提供|告诉).{0,6}密码|密码.{0,4}(?:要给|要填|给不给|能给|能说)",
        "这里不要银行卡号，更不要密码。网页上、电话里跟您要密码的，都是骗子。", NO_DEMANDS,
        "卡号、密码都不要在电话里念给别人听。", ASK_96110,
    ),
    _answer(
        "privacy", "泄露|泄漏|隐私|个人信息|信息安全|偷.{0,3}(?:信息|照片|通讯录)|盗.{0,2}(?:信息|号|刷)|(?:扫|点).{0,6}(?:信息|被看|被盗|中毒|病毒)|病毒|木马|监控|定位|(?:身份证号|手机号|电话号).{0,6}(?:安全|要填|要不要|给.{0,2}(?:安全|行|可以))|要.{0,4}(?:身份证号|登录|实名|注册|手机号)(?=吗|嘛|么|不)|(?:用|要).{0,2}(?:登录|注册|人脸|刷脸)(?=吗|嘛|么|不)",
        "只看内容，不用说您是谁。", NO_DEMANDS,
        "请人帮办时才留称呼和电话，不用写身份证号、银行卡号。", "墙上的码是不是真的，可以用上面的编号查一查。",
    ),
    _answer(
        "money", "扣钱|扣费|扣话费|扣.{0,3}钱|转账|打款|汇款|保证金|押金|解冻|(?:让|叫|要|跟|问|向|喊)(?:我|我们|老人|我妈|我爸|他们|人)?.{0,4}(?:先)?(?:交|打|转|付|给|出|缴).{0,2}(?:钱|费|款)(?:才|对|是不是|真|就|,|，|正常|合理|能信|可信|靠谱|\\s|$).{0,6}|(?:先|提前)(?:交|付|打|转).{0,3}(?:钱|费)|(?:扫码|扫了|扫这个|点开|打开|看).{0,8}(?:收费|要钱|花钱|钱|收钱)|好处费|跑腿费|中介费|代办费|包过|花钱.{0,4}(?:快|包)|(?:帮办|帮忙|帮办员|门牌|这个码|这码|网站|网页|二维码).{0,6}(?:收费|要钱|收钱|花钱|收不收)",
        "扫码、看内容、请人帮办都不收钱，也不会扣您的钱。", "谁说先转账、先交保证金才给办，不要给。", NO_DEMANDS,
        "有的事窗口本来就要收钱，交之前打12345问一句该不该收。", ASK_96110,
    ),
    _answer(
        "caller", "(?:打电话|来电话|来电|电话里|接到.{0,4}电话|发短信|收到.{0,6}短信|短信|加微信|加我|上门|来我家|敲门|自称|冒充|说是|说他是|说自己是|陌生).{0,16}(?:真|假|骗|信|可靠|靠谱|咋办|怎么办|安全|吗)|冒充|自称|陌生(?:人|电话|号码)",
        "先别急着照做。电话、短信、上门的人说是办事的，先挂断，自己打12345问有没有这回事。", "不要点短信里的链接，不要报验证码、密码，不要转账。",
        ASK_96110,
    ),
    _answer(
        "plate", "骗|安全|(?:真|假)的?(?:吗|么|嘛|不|还是)|真假|是真是假|真的假的|假码|假的|靠谱|可信|可靠|放心|敢扫|能扫|扫码|扫了|扫这|二维码|(?:这个?|门牌上?的?|墙上?的?|楼道里?的?|门口的?)码|贴.{0,4}码|官方|正规|上当|钓鱼|信得过|能信|敢点|敢信",
        "真码打开后，页面上的编号和墙上印的一样。可以到“查门牌真假”，用墙上的编号查一查。", NO_DEMANDS,
        "二维码上面又贴了一张纸的，不要扫，告诉社区。", ASK_96110,
    ),
)  # fmt: skip
# 社保卡的密码忘了, 房子安全鉴定, 食品安全许可: these are matters, not fears.
_MATTERS = re.compile("密码.{0,4}(?:忘|改|重置|错)|(?:忘|改|重置).{0,3}密码|安全(?:鉴定|生产|许可|管理|检查|评价|员|证|标准|设施)|(?:食品|消防|施工|交通|特种设备)安全|押金.{0,4}退")


def safety_answer(text: str) -> SafetyAnswer | None:
    """The own answer to a normalised question about fraud; None for any other question."""
    if _MATTERS.search(text):
        return None
    return next((answer for answer in ANSWERS if answer.pattern.search(text)), None)
