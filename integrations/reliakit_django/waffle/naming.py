"""How the names of waffle and the keys of reliakit go together.

A flag keeps its name, wherever that can be a key. Switches and samples, which in waffle may be called like a flag, are
`switch:name` and `sample:name`. What a key can't hold is written as `/` and two hexadecimal digits for each byte.
"""

import re
from hashlib import sha256
from typing import Literal

__all__ = ["COIN", "MARK", "NAME", "ROLLOUT", "SAMPLE", "TEST", "Kind", "key_of"]

Kind = Literal["flag", "switch", "sample"]

MARK = "waffle"
"""In the metadata of a definition: that waffle's rules apply to it, and as what."""
NAME = "waffle_name"
"""In the metadata: its name, where that is not its key."""
ROLLOUT = "waffle_rollout"
"""In the metadata: that browsers are to forget at their end that a flag was off."""
COIN, TEST, SAMPLE = "dwf_", "dwft_", "sample"
"""How the attributes are called that say what a cookie or a coin has decided, and what a tester wants: with the name of
the flag behind the first two."""

_REFUSED = re.compile(rb"[^A-Za-z0-9_.-]")
_FIRST = re.compile(r"[A-Za-z0-9_]")
_LONGEST = 180


def key_of(kind: Kind, name: str) -> str:
    """Returns the key of what waffle has under a name; the same for no two."""
    written = _REFUSED.sub(
        lambda found: b"/%02x" % found[0][0], name.encode("utf-8", "surrogatepass")
    ).decode()
    if len(written) > _LONGEST:
        written = f"{written[:100]}/{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return written if kind == "flag" and _FIRST.match(written) else f"{kind}:{written}"
