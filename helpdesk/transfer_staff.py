"""Accounts in and out of Excel: who is who, with which role, posted where. A password is made here, shown once, and stored as its hash only."""

import re
from collections.abc import Iterator

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.crypto import get_random_string

from guides.area_names import AreaNames
from guides.districts import works_somewhere
from helpdesk.actions import require_password_change
from helpdesk.models import Posting
from menpai.cells import BETWEEN, NO, YES, plain, say_words, say_yes_no, text
from menpai.exchange import EXAMPLE, Column, Report, SheetShape, Table, Task, register, table_kind
from menpai.roles import BACK_OFFICE, Role

MOST = 500  # people; each gets a password, and their sender waits
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another on paper
ITERATIONS = 50_000  # of a password of 59 random bits; the first sign-in hashes it anew with as many as any other has
ROLES = tuple(map(str, Role))
WHERE = "写村（社区）、乡镇（街道）、区（县）的名字或者12位代码，几个中间用顿号。"
FOREIGN = "这个人也管别的区（县），您改不了。删掉这一行。"


def new_password() -> str:
    return "-".join(get_random_string(4, LETTERS) for _ in range(3))


def hashed(password: str) -> str:
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(password, hasher.salt(), iterations=ITERATIONS)


def _username(found: str, context) -> str:
    name = plain(found)
    if not name:
        raise ValidationError("写登录用的账号，例如 zhangsan。")
    if len(name) > 150:
        raise ValidationError("太长了，最多150个字。")
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise ValidationError("账号里只能有字母、数字和 @ . + - _。") from error
    return name


def _roles(found: str, context) -> list[str]:
    words = list(dict.fromkeys(plain(word) for word in BETWEEN.split(found) if plain(word)))
    if not words or set(words) - set(ROLES):
        raise ValidationError(f"写这几种里的一种，几种中间用顿号：{'、'.join(ROLES)}。")
    return sorted(words, key=ROLES.index)


def _areas(found: str, names: AreaNames) -> list[str]:
    codes = []
    for word in (part.strip() for part in BETWEEN.split(found)):
        if not word:
            continue
        area = names.find(word, or_all="")
        if area is None:
            raise ValidationError(WHERE)
        if names.is_foreign(area.pk):
            raise ValidationError(f"“{word}”不归您管。")
        if area.pk not in codes:
            codes.append(area.pk)
    return codes


def _each(found: str, one) -> list:
    """One value for all places, or one for each in their order."""
    return [one(part) for part in re.split("[、，,;；]", plain(found))] if found else []


def _steward(found: str, context) -> list[bool]:
    def one(word: str) -> bool:
        if word not in ("", *YES, *NO):
            raise ValidationError("是项目管家写“是”，不是就空着。管几个地方、不都是的，照“负责哪里”的顺序写，例如 是、否。")
        return word in YES

    return _each(found, one)


def _weekdays(found: str, context) -> list[str]:
    def one(word: str) -> str:
        if not re.fullmatch("[1-7]+", word):
            raise ValidationError("用数字写，1是星期一，7是星期日，例如 12345；空着就是12345。几个地方不一样的，照“负责哪里”的顺序写，例如 12345、135。")
        return "".join(sorted(set(word)))

    return _each(found, one)


def _say_each(values: list) -> str:
    return say_words(values[:1] if len(set(values)) == 1 else values)


def _posts(user) -> list[tuple[str, bool, str]]:
    """(area, steward, weekdays) of each place, in the order of the row."""
    count = len(user.areas)

    def spread(values: list, usual) -> list:
        return (values or [usual]) * count if len(values) < 2 else values

    return list(zip(user.areas, spread(user.stewards, False), spread(user.days, "12345"), strict=True))


def _say_stewards(user) -> str:
    values = [post[1] for post in _posts(user)]
    return _say_each([say_yes_no(value) for value in values]) if any(values) else ""


SHAPE = SheetShape("工作人员", (
    Column("账号", "username", 18, _username, needed=True, note="登录用的名字，例如 zhangsan。已有的账号靠它认出来，不能改。"),
    Column("姓名", "first_name", 14, text(150, needed="写姓名。"), needed=True),
    Column("角色", "roles", 20, _roles, lambda user: say_words(user.roles), needed=True, note=f"{'、'.join(ROLES)}；几种中间用顿号。"),
    Column("负责哪里", "areas", 40, _areas, lambda user: say_words(user.areas), say=lambda text, names: names.say(text), note=f"帮办员、主管填。{WHERE}"),
    Column("项目管家", "stewards", 10, _steward, _say_stewards, note="接企业事项的写“是”，别的空着。"),
    Column("星期几在岗", "days", 14, _weekdays, lambda user: _say_each([post[2] for post in _posts(user)]), note="1是星期一，7是星期日；空着就是12345。"),
))  # fmt: skip


def with_places(users) -> Iterator[User]:
    """Users as the sheet knows them: with the names of their roles, and the places in one order."""
    for user in users.prefetch_related("groups", "postings", "editor_postings"):
        user.roles = sorted((group.name for group in user.groups.all() if group.name in ROLES), key=ROLES.index)
        posts = sorted(user.postings.all(), key=lambda post: post.area_id)
        user.areas = [post.area_id for post in posts]
        user.stewards, user.days = [post.is_steward for post in posts], [post.weekdays for post in posts]
        user.bound_to = {post.district_id for post in user.editor_postings.all()} | set(user.areas)
        yield user


def _find(keys: list[str], task: Task) -> dict[str, User]:
    return {user.username: user for user in with_places(User.objects.filter(username__in=keys))}


def _make(values: dict) -> User:
    user = User()
    user.roles, user.areas, user.stewards, user.days, user.bound_to = [], [], [], [], set()
    return user


def _check(user: User, before: dict, names: AreaNames) -> Iterator[tuple[str, str]]:
    count = len(user.areas)
    for column, values in (("项目管家", user.stewards), ("星期几在岗", user.days)):
        if len(values) not in (0, 1, count):
            yield column, f"写一个，或者照“负责哪里”写{count}个。"
            user.stewards, user.days = [], []
    posts = sorted(_posts(user))  # in whatever order the row names them
    user.areas, user.stewards, user.days = ([post[place] for post in posts] for place in range(3))
    if not before:
        return
    if user.is_superuser:
        yield "账号", "这是超级管理员的账号，不在表里改。删掉这一行。"
    elif not user.is_active:
        yield "账号", "这个账号停用了。要再用，先在他的页面把“有效”勾上。"
    elif any(names.is_foreign(code) for code in user.bound_to):
        yield "账号", FOREIGN


def _save(new: list[User], changed: list[User], task: Task, report: Report) -> None:
    for user in new:
        password = new_password()
        user.password = hashed(password)
        report.once.append((user.first_name, user.username, password))
    groups = {group.name: group for group in Group.objects.filter(name__in=ROLES)}
    for user in (*new, *changed):
        user.is_staff = any(role in BACK_OFFICE for role in user.roles)
    User.objects.bulk_create(new)
    User.objects.bulk_update(changed, ["first_name", "is_staff"])
    for user in new:
        require_password_change(user=user)
    for user in (*new, *changed):
        user.groups.set([*(groups[name] for name in user.roles), *user.groups.exclude(name__in=ROLES)])
        _post(user)


def _post(user: User) -> None:
    """The places become those of the row; one that stays keeps its row."""
    user.postings.exclude(area__in=user.areas).delete()
    for area, is_steward, weekdays in _posts(user):
        Posting.objects.update_or_create(user=user, area_id=area, defaults={"is_steward": is_steward, "weekdays": weekdays})


TABLE = Table(
    shape=SHAPE, key=lambda values: values["username"], find=_find, make=_make, check=_check, save=_save,
    name=lambda user: f"{user.first_name}（{user.username}）", context=lambda task: AreaNames(task.by),
)  # fmt: skip


def staff_of(by) -> Iterator[User]:
    """Who can be changed by a table: active, no superuser, and not of another district. Passwords are no column."""
    names = AreaNames(by)
    users = User.objects.filter(is_active=True, is_superuser=False).order_by("username")
    return (user for user in with_places(users) if not any(names.is_foreign(code) for code in user.bound_to))


STAFF = register(table_kind(
    TABLE, name="staff", title="工作人员", unit="个账号", model="auth.User", only=works_somewhere, most=MOST, export=staff_of,
    samples=lambda: [
        [f"{EXAMPLE}zhangsan", "张三", "帮办员", "示例社区、示例村", "", "12345"],
        [f"{EXAMPLE}lisi", "李四", "编辑、审核", "", "", ""],
    ],
    hints=(
        "新账号的密码在导入后只显示一次，马上打印，剪开交给本人。已有账号的密码不变，也从来不导出。",
        "有人走了不在这里做：到他的页面把“有效”去掉。",
    ),
))  # fmt: skip
