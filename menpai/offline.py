"""The service worker: what keeps opened pages readable without a signal. It stands at the root, because a worker sees only what lies below it."""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.templatetags.static import static
from django.views.decorators.cache import cache_control

from guides.models import own_district
from guides.site_words import others, words_of

SOURCE = "js/worker.js"
SHELL = ("css/site.css", "img/icon.svg")  # what every page needs; other static files are kept when a page first asks for them
SCRIPTS = "js"


@cache_control(no_cache=True)
def worker(request):
    """static/js/worker.js with its version and the addresses of the files every page needs. A changed static file makes another worker."""
    return HttpResponse(_script(words_of(own_district()).hotline, tuple((row.area_id, words_of(row.area_id).hotline) for row in others())), content_type="text/javascript; charset=utf-8")


@cache  # static files change only with a deployment, and that starts new processes
def _script(hotline: str, elsewhere: tuple[tuple[str, str], ...]) -> str:
    """The text with the hotline of the installation's own district, and by their codes those of the others."""
    files = [static(name) for name in SHELL]
    names = [*SHELL, *sorted(f"{SCRIPTS}/{path.name}" for path in Path(finders.find(SCRIPTS)).glob("*.js"))]
    digest = hashlib.sha256(b"".join(Path(finders.find(name)).read_bytes() for name in names)).hexdigest()
    given = {"VERSION": digest[:12], "FILES": files, "STATIC": settings.STATIC_URL, "HOTLINE": hotline, "ELSEWHERE": {code[:6]: phone for code, phone in elsewhere}}
    source = Path(finders.find(SOURCE)).read_text(encoding="utf-8")
    return "".join(f"var {name} = {json.dumps(value)};\n" for name, value in given.items()) + source
