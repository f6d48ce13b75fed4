"""What waits in the guides' part of the back office, for its first page."""

from django.urls import reverse

from guides.admin.editorial import may_review
from guides.departments import guides_of
from guides.districts import within
from guides.models import Correction, CorrectionState, MissState, SearchMiss, Status
from menpai.back_office import Todo


def waiting(user) -> list[Todo]:
    found = []
    if may_review(user):
        authors = guides_of(user).filter(status=Status.REVIEW).values_list("authors", flat=True)
        count = sum(user.pk not in written for written in authors)
        found.append(Todo(count, "份指南等您审", f"{reverse('admin:guides_guide_changelist')}?work=review"))
    if user.has_perm("guides.change_correction"):
        rows = Correction.objects.filter(state=CorrectionState.OPEN, guide__in=guides_of(user).values("pk"))
        found.append(Todo(rows.count(), "条居民纠错要看", f"{reverse('admin:guides_correction_changelist')}?state__exact={CorrectionState.OPEN}"))
    if user.has_perm("guides.change_searchmiss"):
        rows = within(SearchMiss.objects.filter(state=MissState.OPEN, count__gt=1), user)
        found.append(Todo(rows.count(), "个词搜了不止一次，没搜到", f"{reverse('admin:guides_searchmiss_changelist')}?state__exact={MissState.OPEN}&count__gt=1"))
    return found
