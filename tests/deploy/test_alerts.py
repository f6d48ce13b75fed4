"""Each alert asks for a figure that exists, and says in Chinese what to do."""

import re
from datetime import timedelta

import pytest
import yaml
from django.utils import timezone

from helpdesk import figures_for_prometheus, site_state
from menpai import metrics
from menpai.models import HourCount
from tests.deploy.container_files import ROOT, compose

RULES = [rule for group in yaml.safe_load((ROOT / "deploy" / "prometheus-alerts.yml").read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


@pytest.fixture
def figures(db, monkeypatch) -> str:
    """All that a site tells of which there is something to tell."""
    monkeypatch.setattr(figures_for_prometheus, "_kept", {"at": -1000, "state": None, "versions": None})
    monkeypatch.setattr(site_state, "certificate_ends", lambda: timezone.now() + timedelta(days=1))
    HourCount.objects.create(kind="error", where="help:follow", hour=timezone.now(), count=1, last_at=timezone.now())
    metrics.count("help:follow", "GET", 500, 0.1)
    metrics.DATABASE_ERRORS.labels("OperationalError").inc()
    return figures_for_prometheus.text().decode()


def test_each_rule_asks_for_a_figure_and_a_label_that_exist(figures):
    assert len(RULES) >= 8
    for rule in RULES:
        names = re.findall(r"menpai_\w+", rule["expr"])
        assert names, rule["alert"]
        for name in names:
            assert re.search(rf"^{name}(\{{| )", figures, re.M), f"{rule['alert']}: {name}"
        for label in re.findall(r'(\w+)="|by \((\w+)\)|\$labels\.(\w+)', rule["expr"] + rule["annotations"]["summary"]):
            assert any(line.startswith(tuple(names)) and f'{"".join(label)}="' in line for line in figures.splitlines()), f"{rule['alert']}: {label}"


def test_each_rule_says_what_to_do_in_words_of_the_operator():
    services = set(compose()["services"])
    for rule in RULES:
        words = rule["annotations"]
        assert re.search(r"[\u4e00-\u9fff]{3}", words["summary"])
        assert len(words["what_to_do"]) > 20
        assert rule["labels"]["severity"] in {"warning", "critical"}
        for command in re.findall(r"docker compose (?:up -d|logs|restart|exec -T) ([a-z]+)\b", words["what_to_do"]):
            assert command in services, command
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
