"""Feature flags, releases and resilience inside a Python web process."""

from reliakit.core.evaluation import ErrorCode, Evaluation, Reason
from reliakit.core.outcome import Outcome
from reliakit.errors import ConfigurationError, MissingExtraError, ReliakitError, UsageError
from reliakit.kit import Reliakit
from reliakit.runtime.flag_news import Change
from reliakit.sources.protocol import Content, Source, SourceError

__all__ = [
    "Change",
    "ConfigurationError",
    "Content",
    "ErrorCode",
    "Evaluation",
    "MissingExtraError",
    "Outcome",
    "Reason",
    "Reliakit",
    "ReliakitError",
    "Source",
    "SourceError",
    "UsageError",
]
