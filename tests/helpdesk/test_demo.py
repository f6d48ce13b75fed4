"""Demo staff: there on a trial site, impossible elsewhere, and never the loser of a second start."""

import stat

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from helpdesk.demo import ACCOUNTS
from helpdesk.models import Posting
from tests.menpai.production import environment, manage

User = get_user_model()


@pytest.fixture
def trial_site(settings, tmp_path, monkeypatch, district, roles):
    """Returns what demo-accounts.txt holds after `setup_demo` ran, as a function that runs it."""
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    monkeypatch.delenv("MENPAI_DEMO_PASSWORD", raising=False)

    def set_up() -> dict[str, str]:
        call_command("setup_demo", verbosity=0)
        lines = (tmp_path / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()[1:]
        return {line.split()[0]: line.split()[1] for line in lines}

    return set_up


def errors() -> list[str]:
    return [error.id for error in run_checks() if error.id == "helpdesk.E001"]


def test_each_account_signs_in_with_the_password_of_the_file(trial_site):
    passwords = trial_site()
    assert list(passwords) == ["admin", "bianji", "shenhe", "zhuli", "zhuli2", "zhuguan", "guanjia"]
    assert all(User.objects.get(username=name).check_password(password) for name, password in passwords.items())
    assert len(passwords["zhuli"]) == 14


def test_each_account_stands_at_its_post(trial_site):
    trial_site()
    posts = {(p.user.username, p.area.short_name, p.is_steward) for p in Posting.objects.select_related("user", "area")}
    assert posts == {
        ("admin", "惠农区", False),
        ("zhuli", "水韵名都社区", False),
        ("zhuli2", "下庄子村", False),
        ("zhuguan", "园艺镇", False),
        ("guanjia", "惠农区", True),
    }


def test_the_file_is_for_its_owner_only(trial_site, tmp_path):
    trial_site()
    assert stat.S_IMODE((tmp_path / "demo-accounts.txt").stat().st_mode) == 0o600


def test_a_second_start_changes_neither_passwords_nor_what_people_changed(trial_site):
    before = trial_site()
    zhuli = User.objects.get(username="zhuli")
    zhuli.set_password("my own new one 2026")
    zhuli.first_name = "小朱"
    zhuli.save()
    assert trial_site() == before
    zhuli.refresh_from_db()
    assert zhuli.check_password("my own new one 2026")
    assert zhuli.first_name == "小朱"
    assert User.objects.count() == len(ACCOUNTS)


def test_a_lost_file_gets_new_passwords_that_work(trial_site, tmp_path):
    before = trial_site()
    (tmp_path / "demo-accounts.txt").unlink()
    after = trial_site()
    assert after["zhuli"] != before["zhuli"]
    assert User.objects.get(username="zhuli").check_password(after["zhuli"])


def test_the_password_may_be_given(trial_site, monkeypatch):
    trial_site()
    monkeypatch.setenv("MENPAI_DEMO_PASSWORD", "shown-on-a-slide")
    assert set(trial_site().values()) == {"shown-on-a-slide"}
    assert User.objects.get(username="bianji").check_password("shown-on-a-slide")


def test_a_real_account_of_that_name_is_left_alone(trial_site, capsys):
    User.objects.create_user("admin", "wang@example.org", "the real one 2026")
    assert "admin" not in trial_site()
    assert User.objects.get(username="admin").check_password("the real one 2026")
    assert errors() == []
    assert "admin 已经是别人的账号" in capsys.readouterr().err


def test_refused_where_neither_switch_is_on(settings, district, roles):
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError, match="这里不是试用环境"):
        call_command("setup_demo")
    assert User.objects.count() == 0


def test_without_areas_it_says_what_to_run_first(settings, tmp_path, db, roles):
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    with pytest.raises(CommandError, match="先运行 manage.py load_areas"):
        call_command("setup_demo")


def test_switched_to_production_the_check_fails_until_they_are_deactivated(trial_site, settings):
    trial_site()
    assert errors() == []
    settings.DEMO = False
    assert errors() == ["helpdesk.E001"]
    call_command("deactivate_demo", verbosity=0)
    assert errors() == []
    assert User.objects.filter(is_active=True).count() == 0


def test_a_production_start_with_demo_accounts_is_refused_by_manage_check(tmp_path):
    """The same story in real processes: a trial site's database under production settings."""
    trial = environment(tmp_path, MENPAI_DEMO="1")
    for command in (["migrate"], ["setup_roles"], ["load_areas", "fixtures/areas-640205.csv"], ["setup_demo"]):
        assert manage(*command, env=trial).returncode == 0
    production = trial | {"MENPAI_DEMO": "0"}
    refused = manage("check", env=production)
    assert refused.returncode == 1
    assert "Demo accounts are active but MENPAI_DEMO is off: admin, bianji" in refused.stderr
    assert manage("deactivate_demo", env=production).returncode == 0
    assert manage("check", env=production).returncode == 0
