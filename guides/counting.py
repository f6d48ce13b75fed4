"""Each page that a resident opens is one narrow row: which kind of page, from which village's address, on which day. Never who, never the words of a search.

What a shared cache or the phone's own cache answers is not counted (public pages stay there for 60 seconds); the page of figures says so.
"""

import logging

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from guides.models import Opened, View, own_district
from menpai.visitors import from_outside, is_person, is_same_again

logger = logging.getLogger(__name__)


def note(request: HttpRequest, kind: Opened, key: str = "") -> None:
    """Count one opening of a resident page (request.viewpoint is set). Never raises for want of a database that can be written.

    A reload or a step within the page is not counted; of PAGE only what is opened from outside.
    """
    if not is_person(request) or is_same_again(request):
        return
    entry = from_outside(request)
    if kind == Opened.PAGE and not entry:
        return
    area = request.viewpoint.area.code if request.viewpoint.area else own_district()
    try:
        with transaction.atomic():
            View.objects.create(day=timezone.localdate(), area=area, kind=kind, key=key, entry=entry)
    except DatabaseError as error:  # a read-only replica, a locked file: the page matters more
        logger.warning("an opened page was not counted: %s", type(error).__name__)
