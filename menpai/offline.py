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

SOURCE = "js/worker.js"
SHELL = ("css/site.css", "img/icon.svg")  # what every page needs; other static files are kept when a page first asks for them
SCRIPTS = "js"


@cache_control(no_cache=True)
def worker(request):
    """static/js/worker.js with its version and the addresses of the files every page needs. A changed static file makes another worker."""
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8")


@cache  # static files change only with a deployment, and that starts new processes
def _script() -> str:
    files = [static(name) for name in SHELL]
    names = [*SHELL, *sorted(f"{SCRIPTS}/{path.name}" for path in Path(finders.find(SCRIPTS)).glob("*.js"))]
    digest = hashlib.sha256(b"".join(Path(finders.find(name)).read_bytes() for name in names)).hexdigest()
    given = {"VERSION": digest[:12], "FILES": files, "STATIC": settings.STATIC_URL, "HOTLINE": settings.HOTLINE}
    source = Path(finders.find(SOURCE)).read_text(encoding="utf-8")
    return "".join(f"var {name} = {json.dumps(value)};\n" for name, value in given.items()) + source
