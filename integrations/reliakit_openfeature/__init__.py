"""reliakit in OpenFeature: providers for its SDK, and a hook that logs evaluations through OpenTelemetry."""

from reliakit import MissingExtraError

try:
    import openfeature.provider as _openfeature
except ImportError as missing:
    raise MissingExtraError("reliakit_openfeature", "openfeature") from missing

from reliakit_openfeature.evaluation_events import EvaluationEvents
from reliakit_openfeature.ofrep import OFREPProvider
from reliakit_openfeature.provider import ReliakitProvider

__all__ = ["EvaluationEvents", "OFREPProvider", "ReliakitProvider"]

del _openfeature
