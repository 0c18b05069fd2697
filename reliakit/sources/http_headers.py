"""What the headers of an answer, by their names in small letters, say of a document."""

import re
from collections.abc import Mapping
from posixpath import splitext
from urllib.parse import urlsplit

from reliakit.definitions.documents import Format

__all__ = ["conditions", "form_of", "max_age", "stream_of"]

_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_FORMS: Mapping[str, Format] = {"json": "json", "toml": "toml", "yaml": "yaml", "yml": "yaml"}
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s,;\"]+))?)*)")
_MONITOR = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bmonitor\b[^\"]*\"|monitor\b)", re.IGNORECASE)


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the headers that ask for a document only where it is another by now."""
    wanted = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {name: value for name, value in wanted.items() if value}


def max_age(headers: Mapping[str, str]) -> float | None:
    """Returns for how many seconds the answer stays good; None where it does not say."""
    said = _AGE.search(headers.get("cache-control", ""))
    if said is None:
        return None
    age = headers.get("age", "0")
    return max(0.0, float(said[1]) - (float(age) if age.isascii() and age.isdigit() else 0.0))


def form_of(headers: Mapping[str, str], url: str) -> Format | None:
    """Returns the format by the content type, else by the suffix, else YAML; None where it is a page for people."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        return None
    subtype = re.split(r"[/+]", kind)[-1].removeprefix("x-")
    suffix = splitext(urlsplit(url).path)[1].lower().removeprefix(".")
    return _FORMS.get(subtype) or _FORMS.get(suffix) or "yaml"


def stream_of(headers: Mapping[str, str]) -> str | None:
    """Returns where the server tells of changes: the target of `Link: <…>; rel="monitor"`.

    Source: RFC 5989, section 4, which registers the relation; RFC 8288, the header.
    """
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _MONITOR.search(parameters):
            return str(target)
    return None
