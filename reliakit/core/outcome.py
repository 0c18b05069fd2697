"""How a request ended, and the rules that say so."""

from collections.abc import Callable
from enum import IntEnum

__all__ = ["FAILURES", "Classifier", "Outcome", "classify", "guarded"]


class Outcome(IntEnum):
    """The classes of outcomes; their numbers are places in a tally's row."""

    SUCCESS = 0
    ERROR = 1
    CLIENT_ERROR = 2
    CANCELLED = 3
    INJECTED = 4


FAILURES = (Outcome.ERROR, Outcome.CLIENT_ERROR)
"""What is judged once for each client: a client that fails tends to try again."""

Classifier = Callable[[int], Outcome]
"""Judges a response by its status code."""


def classify(
    errors: frozenset[int] = frozenset(range(500, 600)),
    client_errors: frozenset[int] = frozenset(range(400, 500)),
) -> Classifier:
    """Builds a classifier from two sets of status codes; a code in both is an error."""
    table = dict.fromkeys(client_errors, Outcome.CLIENT_ERROR) | dict.fromkeys(errors, Outcome.ERROR)
    success = Outcome.SUCCESS

    def judge(status: int) -> Outcome:
        return table.get(status, success)

    return judge


def guarded(judge: Classifier, otherwise: Classifier, failed: Callable[[], None]) -> Classifier:
    """Makes a caller's classifier safe: where it raises or answers with anything else, `otherwise` judges."""

    def classify(status: int) -> Outcome:
        try:
            return Outcome(judge(status))
        except Exception:
            failed()
            return otherwise(status)

    return classify
