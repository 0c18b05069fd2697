"""What nobody has documented is found: a check that can't fail would let everything pass."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from docs._site import metrics, phases, settings
from reliakit import errors
from reliakit.definitions.operators import OPERATORS, SCALAR, Operator
from reliakit.rollouts.phases import TRANSITIONS, Phase, Trigger
from reliakit.telemetry import METRICS
from reliakit.telemetry.fleet_metrics import FLEET
from tests.docs import (
    test_alerts,
    test_framework_settings,
    test_pictures,
    test_reference_metrics,
    test_reference_names,
    test_reference_settings,
)

Patch = pytest.MonkeyPatch


def a_metric(patch: Patch) -> None:
    known = (*METRICS, replace(METRICS[0], name="reliakit.new", attributes=("reliakit.new.attribute",)))
    patch.setattr(metrics, "METRICS", known)
    patch.setattr(test_reference_metrics, "METRICS", known)


def a_metric_of_the_fleet(patch: Patch) -> None:
    patch.setattr(test_reference_metrics, "FLEET", (*FLEET, replace(FLEET[0], name="reliakit_fleet_new")))


def an_operator(patch: Patch) -> None:
    known = {**OPERATORS, "resembles": Operator(SCALAR, OPERATORS["equals"].build)}
    patch.setattr(settings, "OPERATORS", known)
    patch.setattr(test_reference_settings, "OPERATORS", known)


def a_variable(patch: Patch) -> None:
    known = {*test_reference_names.variables(), "RELIAKIT_NEW"}
    patch.setattr(test_reference_names, "variables", lambda: known)


def a_key_of_django(patch: Patch) -> None:
    patch.setattr(test_framework_settings, "KEYS", ("NEW",))


def an_exception(patch: Patch) -> None:
    patch.setattr(errors, "__all__", ["NewError"])


def a_transition(patch: Patch) -> None:
    row = {**TRANSITIONS[Phase.SUCCESSFUL], Trigger.FAULT: Phase.FAILED}
    patch.setattr(phases, "TRANSITIONS", {**TRANSITIONS, Phase.SUCCESSFUL: row})


def a_query(patch: Patch) -> None:
    patch.setattr(test_alerts, "RULES", ["rate(reliakit_nothing_total[5m])"])


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (a_metric, test_reference_metrics.test_every_metric_is_documented),
        (a_metric, test_reference_metrics.test_every_attribute_is_documented_and_no_other),
        (a_metric_of_the_fleet, test_reference_metrics.test_every_metric_of_the_fleet_is_documented),
        (an_operator, test_reference_settings.test_every_operator_is_documented),
        (a_variable, test_reference_names.test_every_environment_variable_is_documented_and_no_other),
        (an_exception, test_reference_names.test_every_exception_is_in_the_tree),
        (a_key_of_django, test_framework_settings.test_every_key_of_django_is_documented),
        (a_transition, test_pictures.test_the_pictures_are_as_they_would_be_drawn_now),
        (a_query, test_alerts.test_the_rules_of_the_page_ask_for_what_there_is),
    ],
)
def test_what_is_new_is_missed(
    change: Callable[[Patch], None], check: Callable[[], None], monkeypatch: Patch
) -> None:
    """Otherwise one of these checks passes whatever anybody forgets."""
    check()
    change(monkeypatch)
    with pytest.raises(AssertionError):
        check()


def test_a_mistake_in_a_page_is_noticed(tmp_path: Path, monkeypatch: Patch) -> None:
    """Otherwise snippets could be wrong for years."""
    from tests.docs.test_snippets import test_a_page_can_be_followed

    for body in (
        "```yaml a.yaml\nflags: {a: {percent: 1}}\n```\n",
        "```sh\nreliakit check nowhere.yaml\n```\n",
    ):
        page = tmp_path / "page.md"
        page.write_text(body)
        with pytest.raises(AssertionError):
            test_a_page_can_be_followed(page, tmp_path, monkeypatch)
