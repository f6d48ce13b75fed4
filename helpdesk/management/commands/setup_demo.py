import os
import secrets
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from guides.models import Area
from helpdesk.demo import ACCOUNTS, DEMO_DOMAIN, Account
from helpdesk.models import Posting

READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another


class Command(BaseCommand):
    help = "建立演示账号，密码写在 var/demo-accounts.txt。可以重复运行：已有的账号、密码和分工都不动。只能在试用环境用。"

    def handle(self, **options):
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError("这里不是试用环境：MENPAI_DEMO 和 MENPAI_DEBUG 都没有打开，不能建立演示账号。")
        _require_groups_and_areas()
        file = settings.VAR_DIR / "demo-accounts.txt"
        kept = _kept_passwords(file)
        wanted = os.environ.get("MENPAI_DEMO_PASSWORD", "")
        fresh = wanted or next(iter(kept.values()), "") or _new_password()
        passwords = {}
        with transaction.atomic():
            for account in ACCOUNTS:
                password = wanted or kept.get(account.username) or fresh
                if _set_up(account, password, is_known=kept.get(account.username) == password):
                    passwords[account.username] = password
                else:
                    self.stderr.write(f"{account.username} 已经是别人的账号，没有改动。")
            _write(file, passwords)
        self.stdout.write(f"演示账号 {len(passwords)} 个，密码在 {file}。")


def _require_groups_and_areas() -> None:
    if not Group.objects.exists():
        raise CommandError("还没有角色，先运行 manage.py setup_roles。")
    missing = {a.area_code for a in ACCOUNTS if a.area_code} - set(Area.objects.values_list("code", flat=True))
    if missing:
        raise CommandError(f"还没有区划 {'、'.join(sorted(missing))}，先运行 manage.py load_areas。")


def _new_password() -> str:
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(3))


@cache
def _hashed(password: str) -> str:
    """Hashed once for all: they share the password anyway, and a real hash takes a third of a second each."""
    return make_password(password)


def _kept_passwords(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {words[0]: words[1] for words in lines if len(words) >= 2}


def _set_up(account: Account, password: str, *, is_known: bool) -> bool:
    """Create the account, or renew its password when the file did not hold it. False when somebody real has this user name."""
    users = get_user_model().objects
    user = users.filter(username=account.username).first()
    if user and not user.email.endswith(DEMO_DOMAIN):
        return False
    if user:
        if not is_known:
            user.password = _hashed(password)
            user.save(update_fields=["password"])
        return True
    user = users.create(
        username=account.username,
        email=account.username + DEMO_DOMAIN,
        password=_hashed(password),
        first_name=account.name,
        is_staff=account.opens_admin,
        is_superuser=account.is_superuser,
    )
    user.groups.set(Group.objects.filter(name__in=[str(role) for role in account.roles]))
    if account.area_code:
        Posting.objects.create(user=user, area_id=account.area_code, is_steward=account.is_steward)
    return True


def _write(file: Path, passwords: dict[str, str]) -> None:
    """Readable by this user only, from the first byte on."""
    names = {account.username: account.name for account in ACCOUNTS}
    text = "# 演示账号：用户名 密码 称呼\n" + "".join(f"{name} {password} {names[name]}\n" for name, password in passwords.items())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
