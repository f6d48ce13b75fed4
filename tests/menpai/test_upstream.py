"""What deploy/nginx.conf says of several web machines. drills/two_machines.py shows it at work."""

import re

from tests.conftest import ROOT

NGINX = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
GUNICORN = (ROOT / "deploy" / "gunicorn.conf.py").read_text(encoding="utf-8")


def test_nginx_lets_a_kept_line_go_before_gunicorn_closes_it():
    """Else a form is now and then sent on a line that is just being closed, and nobody may send it again."""
    [kept] = re.findall(r"^\s+keepalive_timeout (\d+)s;", NGINX, re.MULTILINE)
    [closed] = re.findall(r"^keepalive = (\d+)$", GUNICORN, re.MULTILINE)
    assert int(kept) < int(closed)


def test_another_machine_is_asked_for_pages_and_never_for_a_form_that_was_sent():
    assert "proxy_next_upstream error timeout;" in NGINX
    assert not re.search(r"^\s*proxy_next_upstream\b.*non_idempotent", NGINX, re.MULTILINE)
