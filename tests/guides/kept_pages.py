"""A page made from what is kept, and the same made anew."""

from guides import gazetteer, shelf


def anew(client, path: str, monkeypatch) -> bytes:
    """The page as it is made where nothing may be kept."""
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "generation", lambda: None)
        patch.setattr(gazetteer, "generation", lambda: None)
        return client.get(path).content
