"""Regular expressions in linear time, so that no rule and no visitor's text can hang a request.

The standard library's engine backtracks: `(a+)+$` takes it seconds for thirty letters. RE2 does not, at the price
of look-around and back-references.

Source: Russ Cox, 2007, Regular Expression Matching Can Be Simple And Fast.
"""

from reliakit.core.operators import Matcher
from reliakit.errors import MissingExtraError

__all__ = ["search"]


def search(pattern: str) -> Matcher:
    """Compiles `pattern` for searching anywhere in a text.

    Raises:
        MissingExtraError: google-re2 is not installed.
        ValueError: RE2 can't read the pattern.
    """
    try:
        import re2
    except ImportError:
        raise MissingExtraError("the operator `matches`", "regex") from None
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as refused:
        reason = refused.args[0]
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"not a regular expression that runs in linear time: {said}") from None
    return lambda text: compiled.search(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
