"""URLs that name several hosts, as drivers take them and RFC 3986 does not."""

import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["split"]

_PARTS = re.compile(r"(?P<scheme>[^:/?#]*)://(?P<hosts>[^/?#]*)(?P<rest>.*)", re.DOTALL)


def split(url: str) -> SplitResult:
    """Splits a URL like `urlsplit`, which in newer releases of Python refuses an IPv6 address beside another host.

    Raises:
        ValueError: it can't be split; the message may hold parts of it.
    """
    found = _PARTS.fullmatch(url)
    if found is None:
        return urlsplit(url)
    return urlsplit(f"{found['scheme']}://{found['rest']}")._replace(netloc=found["hosts"])
