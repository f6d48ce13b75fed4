"""Whether what runs in this container is well; exit code 0 when it is. Only the standard library: it runs every few seconds.

probe.py /healthz/ or /readyz/      the server here answers 200, asked under the site's own host name
probe.py every_minute 900           the loop of that name has shown itself in the last 900 seconds
"""

import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


def ask(path: str) -> str:
    """What is wrong with the answer; empty when nothing is."""
    host = os.environ.get("MENPAI_HOSTS", "127.0.0.1").split(",")[0].strip().lstrip(".")
    address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{path}"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=4) as answer:
            return "" if answer.status == 200 else f"{address}: {answer.status}"
    except (urllib.error.URLError, OSError) as error:
        return f"{address}: {error}"


def heard_of(name: str, seconds: float) -> str:
    """The same of a loop, by the file that menpai.runs.beat touches."""
    try:
        silent = time.time() - (Path(tempfile.gettempdir()) / f"menpai-{name}").stat().st_mtime
    except OSError:
        return f"{name} has not begun"
    return f"{name} has been silent for {silent:.0f} seconds" if silent > seconds else ""


problem = ask(sys.argv[1]) if sys.argv[1].startswith("/") else heard_of(sys.argv[1], float(sys.argv[2]))
sys.exit(problem or 0)  # an empty text would be a failure
