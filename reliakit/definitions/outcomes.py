"""Which status codes a definition calls errors."""

import re

from reliakit.core.outcome import Classifier, classify
from reliakit.definitions.models import Outcomes

__all__ = ["classifier", "status_codes"]

_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_RANGE = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")


def status_codes(written: str | int) -> frozenset[int]:
    """Returns the codes that `503`, `5xx` or `500-504` stands for; none where it can't be read."""
    text = str(written)
    if whole := _CLASS.fullmatch(text):
        return frozenset(range(int(whole[1]) * 100, int(whole[1]) * 100 + 100))
    if limits := _RANGE.fullmatch(text):
        return frozenset(range(int(limits[1]), int(limits[2] or limits[1]) + 1))
    return frozenset()


def classifier(outcomes: Outcomes) -> Classifier:
    """Builds the classifier; a code that is listed by itself beats a class or range on the other side."""
    errors = frozenset().union(*map(status_codes, outcomes.errors))
    client_errors = frozenset().union(*map(status_codes, outcomes.client_errors))
    alone = frozenset(code for written in outcomes.client_errors if len(code := status_codes(written)) == 1)
    named = frozenset().union(*alone)
    listed = frozenset().union(
        *(code for written in outcomes.errors if len(code := status_codes(written)) == 1)
    )
    return classify(errors - (named - listed), client_errors)
