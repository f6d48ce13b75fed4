"""Usage: probe.py /healthz/ or /readyz/. Exit code 0 when the server in this container answers 200. Asks under the site's own host name."""

import os
import sys
import urllib.error
import urllib.request

host = os.environ.get("MENPAI_HOSTS", "127.0.0.1").split(",")[0].strip().lstrip(".")
address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{sys.argv[1]}"
try:
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=4) as answer:
        sys.exit(answer.status != 200)
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"{address}: {error}")
