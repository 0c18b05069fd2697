"""Which documents are flagd's.

One that says `format: flagd`; or one that says no format, and whose `$schema` is flagd's or whose file is called
`*.flagd.json` or `*.flagd.yaml`. Everything else is the native format, as strict as ever.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["FLAGD", "is_flagd", "marked"]

FLAGD = "flagd"
_NAMES = (".flagd.json", ".flagd.yaml", ".flagd.yml")


def is_flagd(data: Mapping[str, Any]) -> bool:
    """Whether a document, as `marked` returns it, is flagd's."""
    return data.get("format") == FLAGD


def marked(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Returns a document that says itself which format it is: copies of it are kept under other names.

    Args:
        name: of the file.
        data: the top mapping.
    """
    if "format" in data:
        return data
    schema = data.get("$schema")
    known = isinstance(schema, str) and FLAGD in schema.lower()
    return {"format": FLAGD, **data} if known or name.lower().endswith(_NAMES) else data
