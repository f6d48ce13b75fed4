"""The peers' gunicorn: the very settings of deploy/gunicorn.conf.py, without what it does for our own application. The worker is gunicorn's own,
as ours is for an application without a front (menpai/front_worker.py), which is not installed beside them."""

import sys
from pathlib import Path
from runpy import run_path

OURS = run_path(str(Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"))
worker_class = "gthread"
KEPT = ("bind", "workers", "threads", "timeout", "graceful_timeout", "keepalive", "accesslog", "errorlog", "loglevel")
globals().update({name: OURS[name] for name in KEPT})
sys.path.insert(0, str(Path.cwd()))
