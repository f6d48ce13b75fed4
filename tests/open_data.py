"""Asks the open data as a stranger does, and holds every answer against the description it publishes itself."""

import json
import re
from functools import cache

from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

SENTENCE = re.compile(r"[\u3400-\u9fff].*。$")


@cache
def description() -> dict:
    """/api/openapi.json, made strict: a key that it does not name is not in an answer."""
    found = json.loads(Client().get("/api/openapi.json").content)
    for shape in found["components"]["schemas"].values():
        shape["additionalProperties"] = False
    return found


def _described(path: str) -> dict:
    plain = path.partition("?")[0]
    for template, methods in description()["paths"].items():
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), plain):
            return methods["get"]["responses"]
    raise AssertionError(f"{plain} stands nowhere in the description")


def ask(path: str, *, status: int = 200, client: Client | None = None):
    """The answer of an address, checked against the schema that the description gives for this status."""
    response = (client or Client()).get(path)
    assert response.status_code == status, response.content.decode()
    answer = json.loads(response.content)
    schema = _described(path)[str(status)]["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": description()["components"]}, format_checker=FormatChecker()).validate(answer)
    return answer


def refusal(path: str, *, status: int, method: str = "get") -> str:
    """The sentence of a refusal: Chinese, in JSON, nothing else in it and kept by no cache. Reads addresses outside the description too."""
    response = getattr(Client(), method)(path)
    assert response.status_code == status
    assert response["Cache-Control"] == "no-store"
    answer = json.loads(response.content)
    assert list(answer) == ["detail"]
    assert SENTENCE.search(answer["detail"]), answer
    return answer["detail"]
