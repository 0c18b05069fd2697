"""What all sections are made of: the base of the models, and the words that they share.

Field descriptions are phrases that complete "expected ...", so the same words serve error messages, the JSON Schema
and the reference.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

__all__ = [
    "END",
    "Address",
    "Condition",
    "CookieName",
    "HeaderName",
    "Key",
    "Model",
    "Percentage",
    "Requests",
    "Secret",
    "Text",
    "Webhook",
]

END = r"$(?!\n)"
"""The very end, in the dialects of Python and of JSON Schema: to Python alone, `$` also stands before a last newline."""

Key = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_][A-Za-z0-9_.:/-]{{0,199}}{END}",
        description="a name of letters, digits and _ . : / -, 200 characters at most",
    ),
]
Percentage = Annotated[float, Meta(ge=0, le=100, description="a percentage from 0 to 100")]
Requests = Annotated[int, Meta(ge=1, le=1_000_000_000, description="a whole number of requests, 1 or more")]
Text = Annotated[str, Meta(min_length=1, description="text")]
HeaderName = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9-]{{1,64}}{END}", description="a header name")]
CookieName = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_-]{{1,64}}{END}", description="a cookie name")]
Secret = Annotated[
    str, Meta(min_length=16, description="a secret of 16 characters or more", extra={"secret": True})
]
# Both may hold a password or a token, so neither is shown.
Webhook = Annotated[
    str,
    Meta(
        pattern=rf"^https?://[^\s/]\S{{0,1999}}{END}",
        description="a URL such as https://hooks.example.com/ops",
        extra={"secret": True},
    ),
]
Address = Annotated[
    str,
    Meta(
        min_length=1,
        description="a store such as sqlite, redis://… or postgresql://…",
        extra={"secret": True},
    ),
]
Condition = Annotated[
    dict[str, Any],
    Meta(
        description="a condition such as {plan: [pro, team]}", extra_json_schema={"$ref": "#/$defs/Condition"}
    ),
]


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The base of all sections: frozen, and no key goes unnoticed. They hold no cycles, so the collector skips them."""
