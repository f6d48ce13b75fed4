"""The real guides through the open data: each answer as described, and nothing of the files lost on the way."""

from datetime import date

import pytest
import yaml

from guides.models import Guide
from tests.content import FIXTURES, all_content  # noqa: F401
from tests.open_data import ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]


def contains(answer, document) -> bool:
    """Whether everything that stands in the file stands in the answer, at the same place."""
    if isinstance(document, dict):
        return isinstance(answer, dict) and all(contains(answer.get(key), value) for key, value in document.items())
    if isinstance(document, list):
        return isinstance(answer, list) and len(answer) == len(document) and all(map(contains, answer, document))
    return answer == (document.isoformat() if isinstance(document, date) else document)


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("guides/*.yaml")), ids=lambda file: file.stem)
def test_every_guide_of_the_files_comes_back_whole(file):
    published = {*Guide.objects.values_list("slug", flat=True)}
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for entry in document["guides"]:
        for material in entry.get("materials", []):
            if material.get("issued_by") not in published:
                material.pop("issued_by", None)
        entry.pop("phrasings", None)  # what search listens for is not published
        answer = ask(f"/api/v1/guides/{entry['slug']}")
        assert answer["topic"] == {"slug": document["domain"]["slug"], "name": document["domain"]["name"]}
        for key, value in entry.items():
            assert contains(answer[key], value), (entry["slug"], key)
