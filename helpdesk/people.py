"""Which accounts an administrator of a district may look after: those that work nowhere else."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from guides.districts import districts_of, inside, sees_all
from guides.models import EditorPosting
from helpdesk.models import Posting


def accounts_within(accounts: QuerySet, user) -> QuerySet:
    """Those of `accounts` that work in a district of `user` (at the desk or in the back office) and in none of another.

    Whoever works in two districts, or in none, is a superuser's to look after, and so are superusers: with a new password their account would
    open the other district's rows. Where a user's districts are all there are, everybody is theirs.
    """
    if sees_all(user):
        return accounts
    codes = districts_of(user)
    works = here = Q()
    for postings, path in ((Posting.objects, "area__code"), (EditorPosting.objects, "district__code")):
        mine = postings.filter(user=OuterRef("pk"))
        works &= ~Exists(mine.exclude(inside(codes, path)))
        here |= Exists(mine.filter(inside(codes, path)))
    return accounts.filter(works & here, is_superuser=False)


def bind(user, districts: Iterable[str]) -> None:
    """Make an account one of these districts', of all their departments: whoever made it there goes on looking after it."""
    for code in sorted(districts):
        EditorPosting.objects.get_or_create(user=user, district_id=code, department="")
