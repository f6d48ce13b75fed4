"""What Lighthouse says of the pages that residents open, as a phone sees them (its own slow network and processor). `make lighthouse` runs it.

    python -m benchmarks.lighthouse
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, report, say
from tests.running import ROOT, Stage, fill, give_up_after, site_environment

PROGRAM = ROOT / "benchmarks" / "lighthouse-node" / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
VILLAGE = "640205102006"
ROUNDS, TRIES = 3, 3  # it loses its browser now and then
ONE_PLATE = f"from doorplates.models import Doorplate; print(Doorplate.objects.active().filter(building__community_id='{VILLAGE}').first().code)"


def scores(url: str, folder: Path) -> dict[str, int]:
    """The four scores of a page, 0 to 100; what cost points is printed."""
    out = folder / "report.json"
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    command = [PROGRAM, url, "--quiet", "--form-factor=mobile", f"--only-categories={','.join(CATEGORIES)}", "--output=json", f"--output-path={out}", f"--chrome-flags={flags}"]
    chrome = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for _ in range(TRIES):
        done = subprocess.run(command, check=False, env={"PATH": os.environ["PATH"], "HOME": str(folder), "CHROME_PATH": chrome}, capture_output=True, text=True)
        if not done.returncode:
            break
        say(f"    Lighthouse gave up on {url}: {done.stderr.strip()[-400:]}\n")
    else:
        raise SystemExit(f"Lighthouse gave up {TRIES} times")
    told = json.loads(out.read_text(encoding="utf-8"))
    for audit in told["audits"].values():
        if audit.get("score") is not None and audit["score"] < 0.9 and audit["scoreDisplayMode"] not in {"informative", "notApplicable", "manual"}:
            say(f"    {audit['id']}: {audit['score']} {audit.get('displayValue', '')}\n")
    return {name: round(100 * told["categories"][name]["score"]) for name in CATEGORIES}


def pages(code: str) -> dict[str, str]:
    return {
        "plate": f"/D/{code}", "guide": f"/c/{VILLAGE}/guides/yibao-001/", "search": f"/c/{VILLAGE}/guides/?q=%E5%8C%BB%E4%BF%9D", "help": "/help/new/",
        "guide, 长辈版": f"/elder/c/{VILLAGE}/guides/yibao-001/",
    }  # fmt: skip


def run(home: Path) -> int:
    figures = []
    with Stage(home) as stage:
        env = site_environment(home / "var", f"sqlite:///{home}/menpai.sqlite3", MENPAI_DEMO="1")
        fill(stage, env)
        code = stage.manage("shell", "-v", "0", "-c", ONE_PLATE, env=env).split()[-1]
        front = stage.nginx([stage.gunicorn(env=env).port], tls=False)
        for name, path in pages(code).items():
            say(f"  {name}\n")
            taken = [scores(front.url + path, home) for _ in range(ROUNDS)]
            for category in CATEGORIES:
                samples = sorted(one[category] for one in taken)
                figures.append(Figure(f"{name}: {category}", samples[len(samples) // 2], samples[0], samples[-1], ROUNDS, 100))
    return report("lighthouse", figures, notes={"lighthouse": json.loads((PROGRAM.parents[2] / "package.json").read_text())["dependencies"]["lighthouse"]})


def main() -> int:
    give_up_after(900)
    home = Path(tempfile.mkdtemp(prefix="menpai-lighthouse-"))
    try:
        return min(run(home), 1)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
