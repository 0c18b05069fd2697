"""A provider that asks a server by OFREP, as reliakit and others serve it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from reliakit_openfeature.ofrep_link import Answer, OFREPLink, Unanswered

__all__ = ["OFREPProvider"]

T = TypeVar("T")
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]

_REASONS = {reason.value: reason for reason in Reason}
_CODES = {code.value: code for code in ErrorCode}
_PLAIN = (str, int, float, bool)
_REFUSED = {
    401: "the server does not know the token",
    403: "the token does not allow it",
    429: "the server is asked too often",
}


class OFREPProvider(AbstractProvider):
    """Answers the SDK from an OFREP server: `api.set_provider(OFREPProvider("https://flags.example.com"))`.

    Each check is a request, since the server decides and who is asking differs each time. So it is for the few flags
    that only another service knows; where the definitions can be had, a kit over an HTTP source decides in the process.
    The asynchronous methods wait in a thread, and hold up no event loop. Whatever goes wrong, the caller's default is
    served, with an error code.

    Args:
        url: of the server, up to where `/ofrep` begins.
        token: a bearer token.
        timeout: seconds that the server may take for each step of an answer.
        rest: seconds for which defaults are served without a request, after one that failed; the server may say
            longer by `Retry-After`.

    Raises:
        UsageError: the URL can't be used, or the token would be readable on its way.
    """

    def __init__(
        self, url: str, *, token: str | None = None, timeout: float = 1.0, rest: float = 1.0
    ) -> None:
        super().__init__()
        self._link = OFREPLink(url, token, timeout, rest)

    def get_metadata(self) -> Metadata:
        """Returns the name of the provider."""
        return Metadata(name="OFREP")

    def shutdown(self) -> None:
        """Closes the connections."""
        self._link.close()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Answers True or False."""
        return self._resolved(flag_key, default_value, evaluation_context, bool)

    async def resolve_boolean_details_async(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """The same; it waits in a thread."""
        return await self._later(flag_key, default_value, evaluation_context, bool)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Answers text."""
        return self._resolved(flag_key, default_value, evaluation_context, str)

    async def resolve_string_details_async(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """The same; it waits in a thread."""
        return await self._later(flag_key, default_value, evaluation_context, str)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Answers a whole number."""
        return self._resolved(flag_key, default_value, evaluation_context, int)

    async def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """The same; it waits in a thread."""
        return await self._later(flag_key, default_value, evaluation_context, int)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Answers a number."""
        return self._resolved(flag_key, default_value, evaluation_context, float)

    async def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """The same; it waits in a thread."""
        return await self._later(flag_key, default_value, evaluation_context, float)

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """Answers a list or a mapping."""
        return self._resolved(flag_key, default_value, evaluation_context, list, dict)

    async def resolve_object_details_async(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """The same; it waits in a thread."""
        return await self._later(flag_key, default_value, evaluation_context, list, dict)

    async def _later(
        self, key: str, default: T, context: EvaluationContext | None, *kinds: type
    ) -> FlagResolutionDetails[T]:
        return await asyncio.to_thread(self._resolved, key, default, context, *kinds)

    def _resolved(
        self, key: str, default: T, context: EvaluationContext | None, *kinds: type
    ) -> FlagResolutionDetails[T]:
        try:
            body = json.dumps({"context": _told(context)}, default=_plain, allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as odd:
            return _failed(default, ErrorCode.INVALID_CONTEXT, f"the context can't be sent: {odd}")
        try:
            status, found = self._link.post(f"/ofrep/v1/evaluate/flags/{quote(key, safe='')}", body)
        except Unanswered as failure:
            return _failed(default, ErrorCode.GENERAL, str(failure))
        if status != 200:
            return _refused(default, (status, found))
        reason, variant, metadata = found.get("reason"), found.get("variant"), found.get("metadata")
        value = found.get("value", default)  # an answer without one leaves it to the caller
        if value is not default:
            value = _fitting(value, kinds)
            if value is None:
                return _failed(default, ErrorCode.TYPE_MISMATCH, f"the value is no {_kind(kinds)}")
        return FlagResolutionDetails(
            value,
            reason=_REASONS.get(reason, reason) if isinstance(reason, str) else None,
            variant=variant if isinstance(variant, str) else None,
            flag_metadata=_scalars(metadata),
        )


def _told(context: EvaluationContext | None) -> dict[str, Any]:
    if context is None:
        return {}
    key = {} if context.targeting_key is None else {"targetingKey": context.targeting_key}
    return {**context.attributes, **key}


def _plain(value: object) -> str:
    """A moment as rules read it; what has no form in JSON, as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _fitting(value: Any, kinds: tuple[type, ...]) -> Any:
    """Returns a value in the type that was asked for, or None; a whole number is a float too, and True no number."""
    if kinds == (float,) and type(value) is int:
        return float(value)
    return value if type(value) in kinds else None


def _kind(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def _scalars(metadata: Any) -> Mapping[str, bool | int | float | str]:
    found = metadata if isinstance(metadata, dict) else {}
    return {name: value for name, value in found.items() if isinstance(value, _PLAIN)}


def _refused(default: T, answer: Answer) -> FlagResolutionDetails[T]:
    status, found = answer
    code = _CODES.get(str(found.get("errorCode")))
    if status == 404 and code is None:
        return _failed(default, ErrorCode.GENERAL, "there is no OFREP at this URL")
    details = _REFUSED.get(status) or str(found.get("errorDetails") or f"the server answers {status}")
    return _failed(default, code or ErrorCode.GENERAL, details)


def _failed(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(default, code, message, Reason.ERROR)
