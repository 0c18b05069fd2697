"""An application that logs evaluations; a process of its own, since a LoggerProvider can be set once in each."""

import json
import sys
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from opentelemetry import _logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from reliakit import Reliakit
from reliakit_openfeature import EvaluationEvents, ReliakitProvider

FLAGS = {
    "format": 1,
    "revision": "r7",
    "flags": {"banner": {"variants": {"plain": "#444", "loud": "#f60"}, "split": {"plain": 0, "loud": 1}}},
}


def asked(client: OpenFeatureClient) -> None:
    ann = EvaluationContext("ann")
    client.get_string_value("banner", "#000", ann)
    client.get_boolean_value("banner", True, ann)
    client.get_object_value("nowhere", {"a": [1] * 200}, ann)


def logged(**settings: Any) -> list[dict[str, Any]]:
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    kit = Reliakit(FLAGS)
    api.set_provider_and_wait(ReliakitProvider(kit))
    client = api.get_client()
    client.add_hooks([EvaluationEvents(**settings)])
    asked(client)  # before there is anybody to log to
    _logs.set_logger_provider(provider)
    asked(client)
    api.shutdown()
    records = [each.log_record for each in exporter.get_finished_logs()]
    return [{"name": each.event_name, **(each.attributes or {})} for each in records]


def without_logs() -> str:
    """An OpenTelemetry whose logs look otherwise."""
    sys.modules["opentelemetry._logs"] = None  # type: ignore[assignment]
    kit = Reliakit(FLAGS)
    api.set_provider_and_wait(ReliakitProvider(kit))
    client = api.get_client()
    client.add_hooks([EvaluationEvents()])
    found = client.get_string_value("banner", "#000", EvaluationContext("ann"))
    api.shutdown()
    return found


if __name__ == "__main__":
    what = {"plain": logged, "named": lambda: logged(context_id=True), "without": without_logs}[sys.argv[1]]
    print(json.dumps(what()))
