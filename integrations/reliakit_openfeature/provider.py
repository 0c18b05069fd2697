"""The provider: the SDK's questions, asked of a kit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

import reliakit
from reliakit import Evaluation, Reliakit
from reliakit_openfeature.news import Newsreader

__all__ = ["ReliakitProvider"]

T = TypeVar("T")
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]

# By text: an enumeration's hash is a call in Python.
_REASONS = {reason.value: Reason(reason.value) for reason in reliakit.Reason}
_CODES = {code: ErrorCode(code.value) for code in reliakit.ErrorCode}
_NOBODY = EvaluationContext()
_NO_STRUCTURE = "the value is neither a list nor a mapping"


class ReliakitProvider(AbstractProvider):
    """Answers the SDK from a kit: `api.set_provider(ReliakitProvider(kit))`.

    The targeting key of the evaluation context is the user, its attributes are what rules see. Without a targeting key
    they are added to what the kit knows of the request: whom it recognised, and what `kit.identify` said.

    The kit's background thread starts with the provider and stops with it. A kit that is used elsewhere too wakes
    again with its next use.

    Args:
        kit: decides.
        stale_after: seconds for which definitions can't be read until PROVIDER_STALE says so.
    """

    def __init__(self, kit: Reliakit, *, stale_after: float = 60.0) -> None:
        super().__init__()
        self._kit, self._evaluate = kit, kit.evaluate
        self._metadata = Metadata(name="reliakit")
        self._news = Newsreader(self.emit, stale_after)
        self._end: Callable[[], None] | None = None

    def get_metadata(self) -> Metadata:
        """Returns the name of the provider."""
        return self._metadata

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Starts what keeps the flags current; they are there already."""
        if self._end is None:
            self._end = self._kit.on_change(self._news.hear)
        with self._kit.identify(
            None
        ):  # a block keeps the flags that it begins with, so it begins with current ones
            pass

    def shutdown(self) -> None:
        """Tells no more events, and stops the kit."""
        end, self._end = self._end, None
        if end is not None:
            end()
        self._kit.close()

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Reports a business metric of the current request, as `kit.track` does; 1 where there is no value."""
        value = None if tracking_event_details is None else tracking_event_details.value
        self._kit.track(tracking_event_name, 1 if value is None else value)

    # The asynchronous methods are inherited: they call these, which never wait.
    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Answers True or False."""
        return self._resolved(bool, flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Answers text."""
        return self._resolved(str, flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Answers a whole number."""
        return self._resolved(int, flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Answers a number."""
        return self._resolved(float, flag_key, default_value, evaluation_context)

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """Answers a list or a mapping."""
        context = evaluation_context or _NOBODY
        # Without a default of its own: to the SDK a list and a mapping are of one type.
        found = self._evaluate(flag_key, user=context.targeting_key, context=context.attributes)
        if found.variant is None and found.value is None:
            return self._details(default_value, found)
        if isinstance(found.value, list | dict):
            return self._details(found.value, found)
        return FlagResolutionDetails(default_value, ErrorCode.TYPE_MISMATCH, _NO_STRUCTURE, Reason.ERROR)

    def _resolved(
        self, kind: type[T], key: str, default: T, context: EvaluationContext | None
    ) -> FlagResolutionDetails[T]:
        context = context or _NOBODY
        # The SDK lets any default through, also one of a subclass; the flag has to be of the type that was asked for.
        probe = default if default.__class__ is kind else kind(default)  # type: ignore[call-arg]
        found = self._evaluate(key, probe, user=context.targeting_key, context=context.attributes)
        if found.variant is None:
            return self._details(default if found.value is probe else found.value, found)
        reason = _REASONS[found.reason._value_]
        return FlagResolutionDetails(found.value, None, None, reason, found.variant, found.metadata)

    def _details(self, value: Any, found: Evaluation) -> FlagResolutionDetails[Any]:
        code = None if found.error_code is None else _CODES[found.error_code]
        reason = _REASONS[found.reason._value_]
        return FlagResolutionDetails(value, code, found.error_message, reason, found.variant, found.metadata)
