"""What a hostile visitor sends, as hypothesis strategies, and what no answer may be: a fault, an echo that is markup, a header with a line of its own."""

from urllib.parse import quote, quote_from_bytes, unquote

import html5lib
from hypothesis import strategies as st

ELEMENT = "zq7x"
MARK = f"""zq7'"><{ELEMENT} onzq7=1>&amp<script>zq7()</script>{{{{7*7}}}}"""
RAW = (f"'\"><{ELEMENT}", f"<{ELEMENT}", "<script>zq7")
LONG = 6000

ODD = [
    "", " ", "\0", "a\0b", "\r\nSet-Cookie: zq7=1", "\u2028", "\u202e", "﻿", "\ufdd0", "\ud800", "é́́́", "𠮷", "🏳️‍🌈", "İ", "ß", "ﬃ", "½", "²", "४८२९", "１２３", "①",
    "0", "-1", "1e400", "NaN", "Infinity", "9" * 30, "9" * 5000, "0x10", "1_000", "true", "null", "[]", "{}", "None", "../../etc/passwd", "..%2f..%2f", "%", "%zz", "%%", "'", '"', "\\",
    "' OR 1=1 --", "{{7*7}}", "{% debug %}", "${7*7}", "javascript:alert(1)", "//evil.example/", "\\\\evil.example", "http://evil.example", "data:text/html,x", "=1+1", "@SUM(1)",
    "x" * LONG, "医" * LONG, "&" * 300, "640205102006", "640205000000", "2026-02-30", "24:60", "00000000-0000-0000-0000-000000000000", "7K3M9Q2X", MARK, MARK * 20,
]  # fmt: skip
texts = st.one_of(st.just(MARK), st.sampled_from(ODD), st.text(max_size=40), st.integers().map(str), st.text(max_size=10).map(lambda text: text + MARK))
raw_bytes = st.sampled_from([b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"%", b"%e4%bd", b"\xe5\x8c", b"%00", b"%0d%0aX: y", b"%u0031", b"\x80" * 50])


def _as_bytes(value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def escaped(value) -> str:
    """Percent-encoded for one part of an address, whatever it holds."""
    return quote_from_bytes(_as_bytes(value), safe="") or "%20"


parts = st.one_of(texts, raw_bytes).map(escaped)


@st.composite
def fields(draw, names: list[str], *, most: int = 6) -> str:
    """A query string or the body of a form: known names more often than others, repeated, as lists and nested, with nothing or too much in them."""
    pairs = []
    for _ in range(draw(st.integers(0, most))):
        name = draw(st.one_of(st.sampled_from(names), st.sampled_from(names).map(lambda n: f"{n}[]"), st.sampled_from(names).map(lambda n: f"{n}[a][0]"), texts.map(lambda t: t[:60])))
        value = draw(st.one_of(texts, raw_bytes))
        pairs += [f"{escaped(name)}={escaped(value)}"] * draw(st.sampled_from([1, 1, 1, 2, 30]))
    return "&".join(pairs)


def header_text(value: str) -> str:
    """As it reaches an application: latin-1 without line ends, which a web server takes out."""
    return "".join(c for c in _as_bytes(value).decode("latin-1") if c >= " " and c != "\x7f")[:4000]


HEADERS = (
    "HTTP_ACCEPT_LANGUAGE", "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE", "HTTP_X_REQUEST_ID", "HTTP_X_REAL_IP",
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_HX_REQUEST", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_COOKIE", "HTTP_X_HTTP_METHOD_OVERRIDE",
    "HTTP_X_CSRFTOKEN", "HTTP_AUTHORIZATION",
)  # fmt: skip
cookie_names = st.sampled_from(["follow", "sessionid", "csrftoken", "plate", "scan", "messages", "x"])
cookies = st.lists(st.tuples(cookie_names, texts), max_size=3).map(lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs))
headers = st.dictionaries(st.sampled_from(HEADERS), texts, max_size=3)
content_types = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain; charset=zq7", "application/x-www-form-urlencoded; charset=utf-16", ""]
)
methods = st.sampled_from(["GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ZQ7"])


def tokens(root):
    for element in root.iter():
        if isinstance(element.tag, str):
            yield element


def assert_harmless(response, told: str = "") -> None:
    """Nothing that was sent became an element, an attribute, a script or a header."""
    for name, value in response.items():
        assert "\n" not in value and "\r" not in value, f"{name}: {value!r} {told}"
        assert "<" not in value or name == "Content-Security-Policy", f"{name} holds what was sent: {value!r} {told}"
    assert "zq7" not in {cookie.lower() for cookie in response.cookies}, told
    body = (b"".join(response.streaming_content) if response.streaming else response.content).decode("utf-8", "replace")
    kind = response.get("Content-Type", "")
    if "html" not in kind:
        assert response.get("X-Content-Type-Options") == "nosniff", f"{kind} {told}"
        return
    for raw in RAW:
        assert raw not in body, f"{raw} came back as it was sent: {told}"
    if "zq7" in body or "javascript:" in body or "evil.example" in body:
        assert_no_markup(body, told)


def assert_no_markup(body: str, told: str = "") -> None:
    """The payload is text and nothing else, as a browser's parser sees the page."""
    for element in tokens(html5lib.parse(body, namespaceHTMLElements=False)):
        assert ELEMENT not in element.tag and "zq7" not in element.tag, f"an element: {told}"
        for name, value in element.attrib.items():
            assert "zq7" not in str(name), f"an attribute {name} of {element.tag}: {told}"
            assert not str(name).startswith("on"), f"{element.tag} {name}: {told}"
            if name in ("href", "src", "action", "formaction", "data", "hx-get", "hx-post"):
                leads = unquote(value).strip().lower()
                assert not leads.startswith(("javascript:", "data:text", "vbscript:")), f"{element.tag} {name}={value}: {told}"
                assert not leads.startswith(("//", "\\", "/\\", "http://evil", "https://evil")), f"{element.tag} {name}={value}: {told}"
        if element.tag in ("script", "style"):
            assert "zq7" not in "".join(element.itertext()), f"inside {element.tag}: {told}"


__all__ = ["MARK", "assert_harmless", "assert_no_markup", "content_types", "cookies", "escaped", "fields", "header_text", "headers", "methods", "parts", "quote", "texts"]
