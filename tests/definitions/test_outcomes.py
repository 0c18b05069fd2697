"""Which status codes a definition calls errors."""

import pytest

from reliakit.definitions.models import Outcomes
from reliakit.definitions.outcomes import classifier, status_codes


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        (503, {503}),
        ("503", {503}),
        ("500-502", {500, 501, 502}),
        ("5XX", set(range(500, 600))),
        ("502-500", set()),
        ("600", set()),
        (99, set()),
        ("5x", set()),
        ("", set()),
    ],
)
def test_codes_are_read_alone_as_classes_and_as_ranges(written: str | int, codes: set[int]) -> None:
    """Otherwise a class is taken for nothing, and no release is ever rolled back for its errors."""
    assert status_codes(written) == codes


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (Outcomes(), {200: "success", 302: "success", 404: "client_error", 499: "client_error", 500: "error", 599: "error"}),
        (Outcomes(errors=("5xx", 429)), {429: "error", 404: "client_error"}),
        (Outcomes(client_errors=("4xx", 503)), {503: "client_error", 500: "error"}),
        (Outcomes(errors=(503,), client_errors=(503,)), {503: "error"}),
        (Outcomes(errors=(), client_errors=()), {500: "success", 404: "success"}),
    ],
)  # fmt: skip
def test_a_code_that_is_listed_by_itself_beats_a_class(outcomes: Outcomes, expected: dict[int, str]) -> None:
    """Otherwise an exception from a class counts as what it was taken out of."""
    classify = classifier(outcomes)
    assert {code: classify(code).name.lower() for code in expected} == expected
