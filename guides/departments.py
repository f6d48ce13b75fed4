"""Which guides a member of the bureau writes: those of their districts (`guides.districts`) and, within, of the departments they are posted to."""

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from guides.districts import districts_of, within
from guides.models import Guide, own_district

PUBLISH = "guides.publish_guide"


def name_of(user) -> str:
    """The name that stays in a guide's history and under a verification."""
    return user.get_full_name() or user.get_username()


JOINT = "/"  # 税务局/区医疗保障局: a guide of both


def postings_of(user) -> list[tuple[str, str]]:
    """(district, department) of each posting; no department: all of the district. Asked of the database once per user object."""
    if not hasattr(user, "_editor_postings"):
        user._editor_postings = list(user.editor_postings.values_list("district_id", "department"))
    return user._editor_postings


def departments_of(user, district: str) -> list[str]:
    """The departments that a user writes for in a district, by name; empty: whichever there is. Says nothing of districts that are not theirs."""
    if user.is_superuser:
        return []
    posted = [department for code, department in postings_of(user) if code[:6] == district[:6]]
    return [] if "" in posted else sorted(posted)


def guides_of(user) -> QuerySet:
    """The guides a user may open in the admin, next versions among them. Whoever has no posting works as `districts_of` says."""
    rows = within(Guide.everything.all(), user)
    if user.is_superuser or not postings_of(user):
        return rows
    mine = Q(pk__in=[])
    for district, department in postings_of(user):
        here = Q(district__startswith=district[:6])
        mine |= here & _of(department) if department else here
    return rows.filter(mine)


def _of(department: str) -> Q:
    """Guides of a department, alone or with others."""
    first, last, between = f"{department}{JOINT}", f"{JOINT}{department}", f"{JOINT}{department}{JOINT}"
    return Q(department=department) | Q(department__startswith=first) | Q(department__endswith=last) | Q(department__contains=between)


def may_write(user, *, district: str, department: str) -> bool:
    """Whether a guide of this department would be theirs."""
    codes = districts_of(user)
    if codes is not None and district[:6] not in {code[:6] for code in codes}:
        return False
    departments = departments_of(user, district)
    return not departments or not set(departments).isdisjoint(department.split(JOINT))


def home_district(user) -> str:
    """The district that a new guide of theirs belongs to: their only one, else the installation's own."""
    codes = districts_of(user) or set()
    return next(iter(codes)) if len(codes) == 1 else own_district()


def reviewers_of(guide: Guide) -> list:
    """The active users who may review what is written here: with the right to publish, posted to it, and not among its authors."""
    users = get_user_model().objects.with_perm(PUBLISH, backend="django.contrib.auth.backends.ModelBackend")
    able = users.exclude(pk__in=guide.authors).prefetch_related("editor_postings").order_by("is_superuser", "pk")
    return [user for user in able if may_write(user, district=guide.district, department=guide.department)]
