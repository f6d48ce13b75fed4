"""What the web server calls. A request passes these layers in turn; each answers what it can and hands on the rest."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "menpai.settings")
application = django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django is set up now

from doorplates.lane import ScanLane  # noqa: E402
from guides import counting, freshness  # noqa: E402
from menpai import metrics  # noqa: E402
from menpai.middleware import id_of  # noqa: E402
from menpai.page_cache import PageCache  # noqa: E402

freshness.follow()
tell = metrics.count_front if metrics.is_open() else (lambda layer: None)

if settings.PAGE_CACHE_MB:  # pages that are the same for everybody
    application = PageCache(
        application, generation=freshness.generation, settled=freshness.settled, request_id=id_of, count=counting.note_kept, tell=tell,
        session_cookie=settings.SESSION_COOKIE_NAME, limit=settings.PAGE_CACHE_MB * 1024 * 1024, passes=(settings.STATIC_URL,),
    )  # fmt: skip

if not settings.DEBUG:  # where templates change under one's hands, Django answers
    application = ScanLane(
        application, get_response=django.get_response, generation=freshness.generation, settled=freshness.settled, request_id=id_of, tell=tell,
    )  # fmt: skip
