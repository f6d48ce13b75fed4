"""compose.yaml: each service has only the rights it needs, is watched and bounded, and only nginx can be reached."""

import os
import re

import pytest

from helpdesk.site_state import LOOPS
from menpai import runs
from tests.deploy.container_files import ROOT, compose, dockerfile, seconds

SERVICES = compose()["services"]
SITE = {name: one for name, one in SERVICES.items() if str(one["image"]).startswith("menpai:")}
LASTING = {name: one for name, one in SERVICES.items() if name != "migrate"}


def test_every_process_of_the_site_has_its_service():
    assert set(SITE) == {"migrate", "web", "worker", "minute", "daily"}
    assert set(SERVICES) - set(SITE) == {"db", "nginx", "redis", "s3"}
    assert {name: one.get("profiles") for name, one in SERVICES.items() if "profiles" in one} == {"redis": ["redis"], "s3": ["s3"]}


@pytest.mark.parametrize("name", SERVICES)
def test_each_has_a_read_only_root_no_rights_bounds_and_a_log_that_ends(name):
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in one
    assert one["mem_limit"]
    assert one["pids_limit"]
    assert one["logging"]["options"]["max-size"]
    assert not re.search(r":latest$|^[^:]+$", one["image"])
    assert "docker.sock" not in str(one)


@pytest.mark.parametrize("name", LASTING)
def test_each_that_lasts_is_watched_and_started_again(name):
    one = SERVICES[name]
    assert one["restart"] == "unless-stopped"
    assert one.get("healthcheck", {}).get("test") or name == "web"  # web: the image's own
    assert not one.get("healthcheck", {}).get("disable")


def test_nobody_but_nginx_can_be_reached_and_the_database_reaches_nobody():
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["nginx"]
    assert compose()["networks"]["data"] == {"internal": True}
    assert [name for name, one in SERVICES.items() if one["networks"] == ["data"]] == ["db", "redis", "s3"]
    assert list(SERVICES["nginx"]["networks"]) == ["front"]


def test_the_site_believes_the_one_proxy_that_there_is():
    address = SERVICES["nginx"]["networks"]["front"]["ipv4_address"]
    assert {one["environment"]["MENPAI_TRUSTED_PROXIES"] for one in SITE.values()} == {address}


def test_rights_are_given_back_by_name_to_who_begins_as_root_only():
    assert {name for name, one in SERVICES.items() if "cap_add" in one} == {"db", "nginx"}
    assert "NET_BIND_SERVICE" not in SERVICES["db"]["cap_add"]
    assert not {"SYS_ADMIN", "NET_ADMIN", "ALL"} & {right for one in SERVICES.values() for right in one.get("cap_add", [])}


def test_no_password_stands_in_the_file_and_a_missing_one_stops_the_start():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name, value in re.findall(r"^ *(\w*(?:PASSWORD|SECRET|KEY)\w*): *(\S+)", text, re.M):
        assert value.startswith("${"), name
    assert text.count("${POSTGRES_PASSWORD:?") == 2
    assert {str(one.get("env_file")) for one in SITE.values()} == {".env"}


def test_the_site_starts_when_the_schema_is_there_and_nginx_when_the_site_answers():
    for name in set(SITE) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["nginx"]["depends_on"] == {"web": {"condition": "service_healthy"}}


def test_each_has_time_to_end_what_it_is_at():
    graceful = int(re.search(r"graceful_timeout = (\d+)", (ROOT / "deploy" / "gunicorn.conf.py").read_text())[1])
    for name in set(SITE) | {"nginx"}:
        assert seconds(SERVICES[name]["stop_grace_period"]) > graceful
    assert seconds(SERVICES["db"]["stop_grace_period"]) >= 60


def test_what_is_mounted_is_there_and_the_site_writes_into_volumes_that_the_image_made_for_it():
    volumes = compose()["volumes"]
    made = next(one.rest for one in dockerfile() if "mkdir -p var/attachments" in one.rest)
    for one in SERVICES.values():
        for source, target, *mode in (mount.split(":") for mount in one.get("volumes", [])):
            if source.startswith("./"):
                assert mode == ["ro"]
                assert (ROOT / source).exists() or source == "./certificates"  # made by deploy/up
            else:
                assert source in volumes
            if target.startswith("/app/"):
                assert target.removeprefix("/app/") in made


@pytest.mark.parametrize("name", SITE)
def test_each_command_of_the_site_is_there(name):
    command = SERVICES[name].get("command", [])
    for word in re.findall(r"manage\.py (\w+)", " ".join(command)):
        places = [*(ROOT.glob(f"*/management/commands/{word}.py")), *([ROOT] if word == "migrate" else [])]
        assert places, word
    probe = SERVICES[name].get("healthcheck", {}).get("test", [])
    if probe:
        assert probe[:3] == ["CMD", "python", "deploy/probe.py"]
        assert probe[3] in {"every_minute", "every_day", "send_notifications"}


def test_a_probe_is_more_patient_than_the_loop_may_be_silent():
    for one in SITE.values():
        probe = one.get("healthcheck", {}).get("test", [])
        if probe:
            assert float(probe[4]) >= min(LOOPS[probe[3]], runs.LEASE).total_seconds()


def test_the_one_command_may_be_run():
    assert os.access(ROOT / "deploy" / "up", os.X_OK)
