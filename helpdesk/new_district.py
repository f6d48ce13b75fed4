"""Starting another district in the same installation: its areas, its words, its first administrator, all or nothing. Data only."""

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from guides.area_codes import code_problem
from guides.districts import has_several
from guides.management.commands import load_areas
from guides.models import Area, ContentStamp, District, Level, own_district
from helpdesk.actions import require_password_change
from helpdesk.models import Posting
from helpdesk.people import bind
from menpai.roles import BACK_OFFICE, Role
from menpai.validators import normalise_hotline

READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another


@dataclass
class Done:
    """What was done. `password` is empty when no account was made; `bound` are people who were there before and now belong to the own district."""

    district: District
    areas: int
    added: int
    renamed: int
    bound: int
    password: str = ""


@transaction.atomic
def init_district(*, name: str, code: str, rows: list[dict], hotline: str = "", organiser: str = "", admin: str = "") -> Done:
    """Make a district of checked-in-file `rows` (load_areas.read_rows), or bring it up to the file; words and people that are there stay unless given
    anew. `admin` is the user name of its first administrator. Raises ValidationError with a sentence for each thing that is wrong; nothing is written
    then. Repeatable.
    """
    if problems := _problems(code, rows):
        raise ValidationError(problems)
    is_second = not has_several() and Area.objects.filter(level=Level.DISTRICT).exclude(pk=code).exists()
    added, renamed = load_areas.save(rows)
    bound = _bind_those_before() if is_second else 0
    district = _save_words(code, name=name, hotline=hotline, organiser=organiser)
    ContentStamp.advance()
    done = Done(district, len(rows), added, renamed, bound)
    if admin:
        done.password = _make_administrator(admin, code)
    return done


def _problems(code: str, rows: list[dict]) -> list[str]:
    """Sentences about the code and the file: it is of this one district, whole down to the villages."""
    if problem := code_problem(code, Level.DISTRICT):
        return [f"--code {code}：{problem}"]
    problems = [f"第{row['line']}行：{row['code']} 不在 {code} 里。一个文件只写一个区（县）。" for row in rows if row["code"][:6] != code[:6]]
    levels = {row["level"] for row in rows}
    if code not in {row["code"] for row in rows}:
        problems.append(f"文件里没有区（县）自己的那一行：{code},名称,district,")
    problems += [f"文件里一个{Level(level).label}也没有。" for level in (Level.TOWNSHIP, Level.COMMUNITY) if level not in levels]
    return problems or load_areas.find_problems(rows, known=dict(Area.objects.values_list("code", "level")))


def _save_words(code: str, **given: str) -> District:
    """The row of the district; what is given anew is taken, the rest stays as the bureau wrote it."""
    district = District.objects.filter(pk=code).select_related("area").first() or District(area=Area.objects.get(pk=code))
    if given["hotline"]:
        normalise_hotline(given["hotline"])  # refuses what is no number; on the page it stands as it was written
    for attribute, value in (("site_name", given["name"]), ("hotline", given["hotline"]), ("organiser", given["organiser"])):
        setattr(district, attribute, value.strip() or getattr(district, attribute))
    district.full_clean(validate_unique=False)
    district.save()
    return district


def _bind_those_before() -> int:
    """With a second district, whoever is bound to none would see nothing. Those who were there before worked for the one there was: the people of
    the back office, and accounts that are posted nowhere. How many."""
    own = own_district() if Area.objects.filter(pk=own_district(), level=Level.DISTRICT).exists() else ""
    free = get_user_model().objects.filter(is_superuser=False, editor_postings=None)
    office = free.filter(groups__name__in=BACK_OFFICE) | free.exclude(pk__in=Posting.objects.values("user"))
    people = list(office.distinct()) if own else []
    for user in people:
        bind(user, [own])
    return len(people)


def _make_administrator(username: str, code: str) -> str:
    """The password of the new account; empty when the district's administrator of this name is there already. Raises ValidationError."""
    users = get_user_model().objects
    group = Group.objects.filter(name=Role.ADMIN).first()
    if group is None:
        raise ValidationError("还没有角色，先运行 manage.py setup_roles。")
    known = users.filter(username=username).first()
    if known:
        if known.editor_postings.filter(district=code).exists():
            return ""
        raise ValidationError(f"账号 {username} 已经有了，不是这个区（县）的。换一个账号名。")
    password = "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))
    user = users.model(username=username, is_staff=True)
    user.set_password(password)
    user.full_clean(exclude=["first_name", "last_name", "email"])
    user.save()
    user.groups.add(group)
    bind(user, [code])
    require_password_change(user=user)
    return password
