"""The named cast of the tests: each function returns its person, made on first use and the same afterwards."""

from django.contrib.auth import get_user_model

from menpai.roles import Role
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, YUANYI, make_posting, make_user

PASSWORD = "shuiyun-mingdu-2026"  # for can_sign_in


def _person(username: str, name: str, role: Role, code: str = "", *, is_steward: bool = False, is_staff: bool = False):
    known = get_user_model().objects.filter(username=username).first()
    if known:
        return known
    user = make_user(username, name=name, role=role, is_staff=is_staff)
    if code:
        make_posting(user, code, is_steward=is_steward)
    return user


def zhuli():
    """朱丽, assistant of 水韵名都社区."""
    return _person("zhuli", "朱丽", Role.ASSISTANT, SHUIYUN)


def xiaozhao():
    """小赵, the second assistant of 水韵名都社区: two a village is the norm."""
    return _person("xiaozhao", "小赵", Role.ASSISTANT, SHUIYUN)


def zhuli2():
    """马兰, assistant of 下庄子村, another township."""
    return _person("zhuli2", "马兰", Role.ASSISTANT, XIAZHUANGZI)


def limei():
    """李梅, assistant of 园艺村, next to 水韵名都社区."""
    return _person("limei", "李梅", Role.ASSISTANT, YUANYI)


def zhenbang():
    """甄帮, helper at the township office of 园艺镇 itself."""
    return _person("zhenbang", "甄帮", Role.ASSISTANT, TOWNSHIP)


def quzhuguan():
    """曲主任, supervisor of the whole district."""
    return _person("quzhuguan", "曲主任", Role.SUPERVISOR, DISTRICT)


def zhuguan():
    """周主任, supervisor of 园艺镇, above 水韵名都社区 and not above 下庄子村."""
    return _person("zhuguan", "周主任", Role.SUPERVISOR, TOWNSHIP)


def guanjia():
    """管佳, project steward at the district."""
    return _person("guanjia", "管佳", Role.ASSISTANT, DISTRICT, is_steward=True)


def bianji():
    """边吉, editor."""
    return _person("bianji", "边吉", Role.EDITOR, is_staff=True)


def shenhe():
    """沈禾, reviewer."""
    return _person("shenhe", "沈禾", Role.REVIEWER, is_staff=True)


def guanli():
    """管理, administrator of the bureau: issues and prints plates, keeps accounts; no superuser."""
    return _person("guanli", "管理", Role.ADMIN, is_staff=True)


def can_sign_in(user):
    """Give the person PASSWORD; hashing takes its time, so only where a test signs in by the form."""
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user
