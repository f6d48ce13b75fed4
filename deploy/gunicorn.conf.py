"""Used by `make run`, the image and production alike. PORT, BIND, WEB_WORKERS and WEB_THREADS change it (docs/operations.md)."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

# Django leaves the body on an answer to HEAD and gunicorn drops it: right, but not worth a warning for each probe of a monitor.
logging.getLogger("gunicorn.http.wsgi").setLevel(logging.ERROR)

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# gunicorn's threads, in front of them what needs none (menpai/front_worker.py). "gthread" does without.
pythonpath = str(Path(__file__).resolve().parent.parent)
worker_class = os.environ.get("WEB_WORKER_CLASS") or "menpai.front_worker.FrontWorker"
# Few processes: on SQLite more writers only wait for each other, and the tail grows (measured with 32 clients).
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))  # eight only wait for each other: a third fewer help requests a second
timeout = 30
graceful_timeout = 20
keepalive = 5
accesslog = None  # addresses and queries of residents are nobody's business; errors go to stderr
errorlog = "-"
loglevel = "warning"


# Each process counts into a file of its own and /metrics adds them up. Chosen before anything imports prometheus_client, which looks once.
if any(os.environ.get(name) for name in ("MENPAI_METRICS_TOKEN", "MENPAI_METRICS_TOKEN_FILE", "MENPAI_METRICS_FROM")):
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="menpai-metrics-"))
    for left_over in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"):
        left_over.unlink()


def child_exit(server, worker):
    """A worker that ended: its counters stay in the sum, what says how it is now goes."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(server):
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if Path(folder).name.startswith("menpai-metrics-"):
        shutil.rmtree(folder, ignore_errors=True)


def on_starting(server):
    """Refuse to serve what `manage.py check` calls an error, such as demo accounts on a site that is not for trial.

    Then build the search index and the guides' pages once, here: the workers are forked with them, share their memory, and no resident waits.
    """
    import io
    import sys

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "menpai.settings")
    import django
    from django.core.management import CommandError, call_command
    from django.db import DatabaseError, connections

    try:
        django.setup()
        call_command("check", stdout=io.StringIO())
        from guides import warming

        warming.warm()
    except CommandError as error:
        sys.exit(str(error))
    except DatabaseError:
        logging.getLogger(__name__).warning("the database does not answer yet: each worker builds its search index and pages by itself")
    finally:
        connections.close_all()  # a worker must not inherit this process's connection
