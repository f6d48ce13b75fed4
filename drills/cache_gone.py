"""Redis, which counts the limits, is killed under a load of forms, hangs, and comes back: no form fails, none is stored twice, and the limits hold roughly.

    .venv/bin/python -m drills.cache_gone
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from drills.failover import until
from drills.ledger import Line, report
from drills.residents import Crowd, ask, form
from drills.two_machines import resident
from tests.running import Stage, fill, give_up_after, site_environment

SENT = 60  # forms in each state of Redis
LIMIT = 30  # forms an hour from one address


def under_load(stage: Stage, port: int, redis) -> list[Line]:
    with Crowd(port, asking=4, reading=1, paths=["/guides/?n={}"]) as crowd:
        reach(crowd)
        redis.kill()
        reach(crowd)
        redis = stage.redis("redis-again", port=redis.port)
        reach(crowd)
        os.kill(redis.process.pid, signal.SIGSTOP)
        reach(crowd)
        os.kill(redis.process.pid, signal.SIGCONT)
        reach(crowd)
    failed, pages = [one for one in crowd.asked if not one.is_promised], crowd.failed_pages()
    return [
        Line("Redis killed, started, hung, let go: forms answered with a number", len(crowd.asked), len(crowd.asked) - len(failed), len(failed), 0, f"{sorted({one.status for one in failed})}" if failed else ""),
        Line("  pages", len(crowd.pages), len(crowd.pages) - len(pages), len(pages)),
    ]  # fmt: skip


def reach(crowd: Crowd) -> None:
    now = time.monotonic()
    until(lambda: sum(one.at > now for one in crowd.asked) >= SENT, 90)


def limits_hold(stage: Stage, port: int, redis) -> Line:
    """One address sends without pause while Redis dies in the middle: it begins anew once, in the database, and no further."""
    taken = 0
    for turn in range(4 * LIMIT):
        if turn == LIMIT - 5:
            redis.kill()
        taken += form(port, "/help/new/", resident(1000 + turn), source="127.88.0.1")[0] == 302
    allowed = 2 * LIMIT
    return Line("tries of one address beyond twice its limit while Redis dies", 4 * LIMIT, 4 * LIMIT - max(0, taken - allowed), max(0, taken - allowed), 0, f"{taken} forms taken, limit {LIMIT}")


def main() -> int:
    give_up_after(600)
    home = Path(tempfile.mkdtemp(prefix="menpai-redis-"))
    try:
        with Stage(home) as stage:
            postgres, redis = stage.postgres(), stage.redis()
            postgres.sql("CREATE DATABASE menpai")
            env = site_environment(home / "var", postgres.url("menpai"), MENPAI_DEMO="1", MENPAI_REDIS_URL=f"redis://127.0.0.1:{redis.port}/0")
            fill(stage, env)
            web = stage.gunicorn(env=env)
            ask(web.port, 999_999)
            counted = int(postgres.sql("SELECT count(*) FROM menpai_attempt", "menpai"))
            lines = [Line("with Redis the database counts nothing", 1, 1 - counted, counted)]
            lines += under_load(stage, web.port, redis)
            stage.running[-1].kill()
            time.sleep(0.1)
            again = stage.redis("redis-last", port=redis.port)
            time.sleep(6)  # every process asks it again
            lines.append(limits_hold(stage, web.port, again))
            stored = postgres.sql("SELECT count(*), count(DISTINCT submission_key) FROM helpdesk_helprequest", "menpai").split("|")
            lines.append(Line("  requests stored once", int(stored[0]), int(stored[1]), int(stored[0]) - int(stored[1])))
            return report("cache_gone", lines)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
