"""What a plain text stands for: the core schema of YAML 1.2.

Source: YAML Ain't Markup Language 1.2.2, section 10.3.2, with one deviation: a number with needless leading zeros stays
text, since zip codes, phone numbers and ids such as 007 would silently lose them.
"""

import math
import re
from collections.abc import Callable

__all__ = ["Scalar", "resolve"]

Scalar = None | bool | int | float | str

_FIXED: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (_WHOLE, int),
    (_REAL, float),
    (_OCTAL, lambda text: int(text[2:], 8)),
    (_HEXADECIMAL, lambda text: int(text[2:], 16)),
)
_FIRST_OF_NUMBERS = frozenset("+-.0123456789")
_LONGEST = 400


def resolve(text: str) -> Scalar:
    """Returns what `text`, written without quotes, stands for.

    A number of more than 400 characters, or beyond what a float can hold, stays text: reading it would be slow or lossy.
    """
    if text in _FIXED:
        return _FIXED[text]
    if text[0] not in _FIRST_OF_NUMBERS or len(text) > _LONGEST:
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    for pattern, read in _NUMBERS:
        if pattern.fullmatch(text):
            number = read(text)
            return text if number in (math.inf, -math.inf) else number
    return text
