"""OpenTelemetry log events, by its API alone: without a LoggerProvider they go nowhere.

The API of logs is not stable, so this is the one place that knows it, in its two forms. Where a third one comes,
nothing is logged: the journal and the webhooks tell the same.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import Any

__all__ = ["Told", "emit"]

_log = logging.getLogger("reliakit")
_SCOPE = "reliakit"
_NANOSECONDS = 1_000_000_000
_SERIOUS = (
    "rolled_back",
    "aborted",
    "inconclusive",
    "error",
    "stopped",
    "counts_lost",
    "detected",
    "failed_over",
    "hook_failed",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One event.

    Attributes:
        name: of its kind.
        at: seconds since 1970-01-01 UTC.
        body: a sentence for people.
        attributes: texts and numbers.
    """

    name: str
    at: float
    body: str
    attributes: Mapping[str, Any]

    @property
    def serious(self) -> bool:
        """Whether somebody may want to look."""
        return self.name.rpartition(".")[2] in _SERIOUS


def emit(told: Told) -> None:
    """Hands an event to the LoggerProvider of the application. Never raises."""
    try:
        _emit(told)
    except Exception:
        _log.debug("an event was not logged through OpenTelemetry", exc_info=True)


def _emit(told: Told) -> None:
    from opentelemetry._logs import SeverityNumber, get_logger

    severity = SeverityNumber.WARN if told.serious else SeverityNumber.INFO
    moment, attributes = int(told.at * _NANOSECONDS), dict(told.attributes)
    logger = get_logger(_SCOPE)
    if "event_name" in signature(logger.emit).parameters:
        logger.emit(
            timestamp=moment,
            severity_number=severity,
            severity_text=severity.name,
            body=told.body,
            attributes=attributes,
            event_name=told.name,
        )
    else:
        _emit_before_1_38(told.name, moment, severity, told.body, attributes)


def _emit_before_1_38(name: str, moment: int, severity: Any, body: str, attributes: dict[str, Any]) -> None:
    events = import_module("opentelemetry._events")  # gone since, so that no checker would find it
    event = events.Event(name, moment, severity_number=severity, body=body, attributes=attributes)
    events.get_event_logger(_SCOPE).emit(event)
