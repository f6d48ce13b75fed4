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
        user._districts = posted or ({own_district()} if Area.objects.filter(level=Level.DISTRICT).count() < 2 else set())
    return user._districts


def within(rows: QuerySet, user, path: str = "district") -> QuerySet:
    """Those of `rows` that lie in the districts of a user; `path` leads to the column that holds an area code."""
    codes = districts_of(user)
    if codes is None:
        return rows
    inside = Q(pk__in=[])
    for code in codes:
        inside |= Q(**{f"{path}__startswith": code[:6]})
    return rows.filter(inside)
