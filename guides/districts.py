"""Which districts a member of the bureau works for, and with it which rows they see. Residents' side: `guides.viewpoint`."""

from django.db.models import Q, QuerySet

from guides.models import Area, Level, own_district


def districts_of(user) -> set[str] | None:
    """The 12-digit codes of the districts of an editor, a reviewer or an administrator; None: all of them (a superuser).

    By their EditorPosting rows. Without any they work for the installation's own district as long as it is the only one, afterwards for none:
    nobody sees a second district's people because a row was forgotten (`init_district` writes the rows of those who were there before).
    Asked of the database once per user object.
    """
    if user.is_superuser:
        return None
    if not hasattr(user, "_districts"):
        posted = set(user.editor_postings.values_list("district_id", flat=True))
        user._districts = posted or ({own_district()} if not has_several() else set())
    return user._districts


def has_several() -> bool:
    """Whether this installation serves more than one district."""
    return Area.objects.filter(level=Level.DISTRICT).count() > 1


def sees_all(user) -> bool:
    """Whether a user's districts are all there are: then what belongs to no district in particular is theirs too. Asked once per user object."""
    codes = districts_of(user)
    if codes is None:
        return True
    if not hasattr(user, "_sees_all"):
        user._sees_all = bool(codes) and not Area.objects.filter(level=Level.DISTRICT).exclude(pk__in=codes).exists()
    return user._sees_all


def works_somewhere(user) -> bool:
    """Whether there is a district that a user works for: without one there is nothing to take out or to bring in."""
    return districts_of(user) != set()


def inside(codes: set[str] | None, path: str) -> Q:
    """A condition: the column at `path`, which holds an area code, lies in one of these districts; None are all."""
    found = Q() if codes is None else Q(pk__in=[])
    for code in codes or ():
        found |= Q(**{f"{path}__startswith": code[:6]})
    return found


def within(rows: QuerySet, user, path: str = "district", *, empty_is_own: bool = False) -> QuerySet:
    """Those of `rows` that lie in the districts of a user; `path` leads to the column that holds an area code. With `empty_is_own` a row that
    names no area belongs to the installation's own district."""
    codes = districts_of(user)
    if codes is None:
        return rows
    seen = inside(codes, path)
    if empty_is_own and own_district() in codes:
        seen |= Q(**{f"{path}__isnull": True})
    return rows.filter(seen)


def choices_for(user) -> list[tuple[str, str]]:
    """(code, name) of the districts a user may write for, the installation's own first."""
    rows = within(Area.objects.filter(level=Level.DISTRICT), user, "code")
    return sorted(rows.values_list("pk", "name"), key=lambda row: (row[0] != own_district(), row[0]))


def chosen_by(user, asked: str) -> str:
    """The district somebody means who asks for one by its code: if it is none of theirs, their first. Empty for who has none."""
    codes = districts_of(user)
    if codes is None:
        return asked if Area.objects.filter(pk=asked, level=Level.DISTRICT).exists() else own_district()
    return asked if asked in codes else next(iter(sorted(codes, key=lambda code: (code != own_district(), code))), "")
