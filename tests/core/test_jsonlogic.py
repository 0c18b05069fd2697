"""Every operator of JsonLogic, and those of flagd, on every kind of value: none means something else than in flagd."""

import logging
import sys
from contextlib import redirect_stdout
from io import StringIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openfeature.contrib.tools.flagd.core.targeting import targeting
from openfeature.evaluation_context import EvaluationContext

from reliakit.core.jsonlogic.compiling import compile_logic
from reliakit.core.jsonlogic.work import STEPS, Exhausted
from reliakit.core.targeting import context_of
from tests.definitions.flagd_documents import contexts, logic
from tests.definitions.flagd_reference import GENERATION, NOW

_MODULE = "openfeature.contrib.tools.flagd.core.targeting.targeting"
logging.getLogger("openfeature.contrib").disabled = True


def theirs(written: Any, user: str | None, attributes: dict[str, Any]) -> str:
    """What flagd's evaluator comes to, written out so that true is not 1; "failed" where it raises."""
    stopped = SimpleNamespace(time=lambda: NOW)
    with patch.object(sys.modules[_MODULE], "time", stopped), redirect_stdout(StringIO()):
        try:
            return repr(targeting("f", written, EvaluationContext(user, attributes)))
        except Exception:
            return "failed"


def ours(written: Any, user: str | None, attributes: dict[str, Any]) -> str:
    data = context_of("f", user, attributes, lambda: NOW)
    try:
        return repr(compile_logic(written, GENERATION).run(data, [STEPS]))
    except Exhausted:
        raise
    except Exception:
        return "failed"


def agree(written: list[Any], asked: tuple[str | None, dict[str, Any]]) -> None:
    for each in written:
        assert ours(each, *asked) == theirs(each, *asked), (each, asked)


CALLS = st.lists(logic().filter(lambda written: isinstance(written, dict)), min_size=1, max_size=6)


@given(CALLS, contexts())
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
def test_a_rule_means_what_it_means_in_flagd(written, asked):
    agree(written, asked)


@pytest.mark.soak
@given(CALLS, contexts())
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
def test_twenty_thousand_rules_mean_what_they_mean_in_flagd(written, asked):
    agree(written, asked)
