"""A hook that logs evaluations through OpenTelemetry, by its API alone: without a LoggerProvider they go nowhere.

Names: Semantic Conventions for Feature Flags in Logs, OpenTelemetry 1.37; the helper of the SDK has older ones.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints

__all__ = ["EvaluationEvents"]

_log = logging.getLogger("reliakit")
_SCOPE = "reliakit.openfeature"
_NAME = "feature_flag.evaluation"
_ERROR = "error"
_LONGEST = 256
"""Characters of a value that are logged; conventions ask for a limit and name none."""


class EvaluationEvents(Hook):
    """Logs each evaluation as a `feature_flag.evaluation` event: `api.add_hooks([EvaluationEvents()])`.

    Each costs tens of microseconds, and what the LoggerProvider makes of it; reliakit's own metrics count evaluations
    for next to nothing.

    Args:
        context_id: whether events name the targeting key, which is who was asking.
    """

    def __init__(self, *, context_id: bool = False) -> None:
        self._context_id = context_id

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints
    ) -> None:
        """Logs it. Never raises."""
        try:
            _emitter()(time.time_ns(), self._attributes(hook_context, details))
        except Exception:
            _log.debug("an evaluation was not logged through OpenTelemetry", exc_info=True)

    def _attributes(self, asked: HookContext, details: FlagEvaluationDetails[Any]) -> dict[str, Any]:
        reason = str(details.reason or "unknown").lower()
        provider = asked.provider_metadata
        found = {
            "feature_flag.key": details.flag_key,
            "feature_flag.provider.name": provider.name if provider else None,
            "feature_flag.result.reason": reason,
            "feature_flag.result.variant": details.variant,
            "feature_flag.result.value": _plain(details.value) if details.variant is None else None,
            **_said(details.flag_metadata),
            **(_failure(details) if reason == _ERROR else {}),
        }
        if self._context_id:
            found.setdefault("feature_flag.context.id", asked.evaluation_context.targeting_key)
        else:
            found.pop("feature_flag.context.id", None)
        return {name: value for name, value in found.items() if value is not None}


def _said(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """OpenFeature's Appendix D gives these names a meaning."""
    names = {"contextId": "context.id", "flagSetId": "set.id", "version": "version"}
    return {f"feature_flag.{names[name]}": str(value) for name, value in metadata.items() if name in names}


def _failure(details: FlagEvaluationDetails[Any]) -> dict[str, Any]:
    code = str(details.error_code or "general").lower()
    return {"error.type": code, "feature_flag.error.message": details.error_message or None}


def _plain(value: Any) -> Any:
    """What is logged of a value."""
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:_LONGEST]


@cache
def _emitter() -> Callable[[int, dict[str, Any]], None]:
    """The API of logs is not stable; these are its two forms."""
    from opentelemetry._logs import SeverityNumber, get_logger

    info = SeverityNumber.INFO
    if "event_name" in signature(get_logger(_SCOPE).emit).parameters:
        # The logger is asked for anew each time: an application may set its LoggerProvider later.
        return lambda moment, attributes: get_logger(_SCOPE).emit(
            timestamp=moment, severity_number=info, attributes=attributes, event_name=_NAME
        )
    events = import_module("opentelemetry._events")  # gone since 1.38, so that no checker would find it
    return lambda moment, attributes: events.get_event_logger(_SCOPE).emit(
        events.Event(_NAME, moment, severity_number=info, attributes=attributes)
    )
