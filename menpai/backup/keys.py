"""The keys of a site beside its backup: never in it, never printed, known there by fingerprints only."""

import hmac
import json
import os
from pathlib import Path

from django.conf import settings

from menpai.backup import Refused

NAMES = {"pii": "MENPAI_PII_KEYS", "index": "MENPAI_PII_INDEX_KEY", "secret": "MENPAI_SECRET_KEY"}


def _all() -> dict[str, list[str]]:
    return {"pii": list(settings.PII_KEYS), "index": list(settings.PII_INDEX_KEYS), "secret": [settings.SECRET_KEY]}


def _fingerprint(key: str) -> str:
    """Tells one key from another and nothing else: the keys are long random texts, which no list of guesses holds."""
    return hmac.digest(key.encode(), b"menpai backup", "sha256").hex()[:16]


def fingerprints() -> dict[str, list[str]]:
    return {kind: [_fingerprint(key) for key in keys] for kind, keys in _all().items()}


def seal(manifest: dict) -> str:
    """A keyed hash of the manifest, by the newest of PII_KEYS: whoever may write to the folder cannot put another database into it unseen."""
    return _sealed(manifest, settings.PII_KEYS[0])


def _sealed(manifest: dict, key: str) -> str:
    text = json.dumps({name: value for name, value in manifest.items() if name != "seal"}, sort_keys=True)
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()


def require(manifest: dict) -> list[str]:
    """The keys of now can read that backup; what else the operator should know. Raises Refused when they cannot, or when the seal is broken."""
    mine, kept = fingerprints(), manifest["keys"]
    for kind in ("pii", "index"):
        if missing := set(kept[kind]) - set(mine[kind]):
            raise Refused(
                f"这台机器的 {NAMES[kind]} 不是做备份时的那一套（少了 {len(missing)} 把），恢复了也读不出群众的姓名电话。"
                f"什么都没有写。请把做备份时一起写下的 .keys 文件里的三行放进 .env，再来一次。"
            )
    key = next(key for key in settings.PII_KEYS if _fingerprint(key) == kept["pii"][0])
    if not hmac.compare_digest(_sealed(manifest, key), manifest.get("seal", "")):
        raise Refused("备份的清单 manifest.json 被改过，这份备份不能用。什么都没有写。请换另一份备份。")
    return [] if mine["secret"] == kept["secret"] else ["MENPAI_SECRET_KEY 和做备份时的不一样：工作人员都要重新登录，群众没点完的链接要重新查。"]


def write(path: Path) -> None:
    """The keys as lines of .env, readable by nobody else. Raises OSError."""
    lines = "".join(f"{NAMES[kind]}={','.join(keys)}\n" for kind, keys in _all().items())
    half = path.with_name(path.name + ".part")
    half.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"# 数字政务门牌的密钥。没有它，备份里的姓名、电话和照片谁也读不出来。不要和备份放在一起。\n{lines}")
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
