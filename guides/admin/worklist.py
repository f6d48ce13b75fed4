"""Who has what to do with which guide: the filter of the list and its column."""

from django.contrib import admin

from guides import editing
from guides.admin.editorial import NextLine, may_review
from guides.departments import guides_of
from guides.models import Guide, Status

OPEN = (Status.DRAFT, *editing.IN_REVIEW)


class WorkFilter(admin.SimpleListFilter):
    """Finds a public guide by its next version, too."""

    title = "在做的"
    parameter_name = "work"

    def __init__(self, request, params, model, model_admin):
        self.user = request.user
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [*([("review", "等我审")] if may_review(request.user) else []), ("mine", "我写的"), ("scheduled", "定时发布"), ("open", "正在改的")]

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        rows = guides_of(self.user).filter(status__in=OPEN).values_list("pk", "next_of", "status", "authors")
        return queryset.filter(pk__in=[public or pk for pk, public, status, authors in rows if self._is_wanted(public, status, authors)])

    def _is_wanted(self, public, status, authors) -> bool:
        """The databases do not search alike in JSON; what is being written is little."""
        wanted = {
            "review": status == Status.REVIEW and self.user.pk not in authors and may_review(self.user),
            "mine": self.user.pk in authors,
            "scheduled": status == Status.SCHEDULED,
            "open": public is not None or bool(authors) or status != Status.DRAFT,
        }
        return wanted.get(self.value(), False)


def put_lines(guides: list[Guide]) -> None:
    """Give each guide of a list its `line`: what is being written of it and by whom, in one query for all names."""
    work = {guide: getattr(guide, "next_version", None) or (guide if guide.status in OPEN and guide.authors else None) for guide in guides}
    names = editing.names_by_key({pk for row in work.values() if row for pk in row.authors})
    for guide, row in work.items():
        guide.line = NextLine(row, "、".join(names[pk] for pk in row.authors if pk in names)) if row else None
