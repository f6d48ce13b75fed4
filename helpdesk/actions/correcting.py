"""The way from a reader's “这里写错了” to the people who write guides."""

from django.contrib.auth import get_user_model
from django.db import transaction

from guides.corrections import untold
from guides.districts import districts_of
from helpdesk.models import Notification, NotificationKind
from helpdesk.notifications import tell_staff
from menpai.roles import Role


@transaction.atomic
def tell_editors() -> int:
    """Tell every editor and reviewer of each part of a guide that readers say is wrong, once; how many parts they had not been told of."""
    known = Notification.objects.filter(kind=NotificationKind.CORRECTION).values_list("once", flat=True)
    told = {once.rpartition(":user:")[0] for once in known if once}
    fresh = [(key, row.guide.district) for row in untold().select_related("guide") if (key := f"correction:{row.pk}") not in told]
    everybody = list(get_user_model().objects.filter(is_active=True, groups__name__in=[Role.EDITOR, Role.REVIEWER]).distinct()) if fresh else []
    editors = {district: [user for user in everybody if _writes_for(user, district)] for district in {district for _, district in fresh}}
    for key, district in fresh:
        tell_staff(editors[district], NotificationKind.CORRECTION, once=key)
    return sum(bool(editors[district]) for _, district in fresh)


def _writes_for(user, district: str) -> bool:
    codes = districts_of(user)
    return codes is None or district in codes
