"""What is answered: evaluations as the protocol writes them."""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from reliakit.core.evaluation import ErrorCode, Evaluation
from reliakit.core.scope import Scope
from reliakit.definitions.models import Definitions, Flag
from reliakit.middleware.ofrep.requests import Asked

__all__ = ["Answers", "Evaluate", "answer_of", "is_public"]

_DETAILS = {
    ErrorCode.FLAG_NOT_FOUND: "there is no such flag",
    ErrorCode.TARGETING_KEY_MISSING: "this flag needs a `targetingKey` in the context",
    ErrorCode.INVALID_CONTEXT: "the context can't be used",
    ErrorCode.PARSE_ERROR: "the definition of this flag can't be used",
}
_FAILED = "this flag can't be evaluated"


class Evaluate(Protocol):
    """`kit.evaluate`."""

    def __call__(
        self,
        key: str,
        default: Any = None,
        *,
        user: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Evaluation: ...


class Answers:
    """The flags as they are at one moment, to somebody who may see all of them or only public ones.

    Args:
        evaluate: of the kit.
        scope: where the kit looks for who is asking: no visitor of the surrounding application counts here.
        outside: of the runtime.
        definitions: in force.
        trusted: whether all flags may be seen, and what their definitions say beside.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        scope: ContextVar[Scope | None],
        outside: Scope,
        definitions: Definitions,
        trusted: bool,
    ) -> None:
        self._evaluate, self._scope, self._trusted = evaluate, scope, trusted
        self._flags, self._own = definitions.flags, Scope(outside.snapshot, outside.flags)

    def keys(self) -> Iterator[str]:
        """Yields the flags that may be seen."""
        return (key for key, flag in self._flags.items() if self._trusted or is_public(flag))

    def of(self, key: str, asked: Asked) -> Mapping[str, Any]:
        """Returns the answer of one flag; of one that may not be seen, that there is none."""
        flag = self._flags.get(key)
        if flag is None or not (self._trusted or is_public(flag)):
            return _failure(key, ErrorCode.FLAG_NOT_FOUND, None)
        token = self._scope.set(self._own)
        try:
            found = self._evaluate(key, None, user=asked.user, context=asked.attributes)
        finally:
            self._scope.reset(token)
        return answer_of(found, self._trusted)


def is_public(flag: Flag) -> bool:
    """Tells whether anybody may see a flag; one of flagd says it in its metadata."""
    return flag.public or getattr(flag, "metadata", {}).get("public") is True


def answer_of(found: Evaluation, trusted: bool) -> Mapping[str, Any]:
    """Returns an evaluation as the protocol writes it; without a value, callers use their own."""
    if found.error_code is not None:
        return _failure(found.flag_key, found.error_code, found.error_message if trusted else None)
    said = {
        "value": found.value,
        "variant": found.variant,
        "metadata": (found.metadata if trusted else None) or None,
    }
    return {
        "key": found.flag_key,
        "reason": found.reason,
        **{name: value for name, value in said.items() if value is not None},
    }


def _failure(key: str, code: ErrorCode, message: str | None) -> Mapping[str, Any]:
    details = _DETAILS.get(code) or message or _FAILED
    if code is ErrorCode.PARSE_ERROR and message:
        details = message
    return {"key": key, "errorCode": code, "errorDetails": details}
