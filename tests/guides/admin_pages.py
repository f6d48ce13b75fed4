"""What a browser would send from an admin page: each field of its form as it stands, to be changed by the test and posted."""

import html5lib


def form_data(response, form_id: str) -> dict[str, list[str]]:
    """The values of a form's fields, by name; the template rows for JavaScript are left out."""
    tree = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
    [form] = [form for form in tree.iter("form") if form.get("id") == form_id]
    data: dict[str, list[str]] = {}
    for element in form.iter():
        name = element.get("name")
        if not name or "__prefix__" in name or element.tag not in ("input", "select", "textarea"):
            continue
        kind = element.get("type", "")
        if kind in ("submit", "file") or (kind in ("checkbox", "radio") and element.get("checked") is None):
            continue
        if element.tag == "select":
            chosen = [option.get("value") for option in element.iter("option") if option.get("selected") is not None]
            offered = [option.get("value") for option in element.iter("option")]
            if chosen or element.get("multiple") is None:  # a browser sends the first where none is chosen
                data[name] = chosen or offered[:1] or [""]
        else:
            text = element.text or "" if element.tag == "textarea" else element.get("value", "on" if kind == "checkbox" else "")
            data.setdefault(name, []).append(text.removeprefix("\n"))
    return data


def row_prefix(response, part: str, row) -> str:
    """materials-2: how a saved row's fields begin in the page, found by its hidden id."""
    data = form_data(response, "guide_form")
    return next(
        name.removesuffix("-id") for name, value in data.items() if name.startswith(part) and name.endswith("-id") and value == [str(row.pk)]
    )
