"""What an evaluation answers, in OpenFeature's terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

__all__ = ["Answer", "ErrorCode", "Evaluation", "Reason", "Withheld"]


class Reason(StrEnum):
    """Why a variant was served. Telemetry writes them in lower case."""

    STATIC = "STATIC"
    """The same for everybody, or pinned by somebody."""
    DEFAULT = "DEFAULT"
    """A flag with an allowlist, rules or prerequisites, none of which applied; of a flagd flag, targeting came to null."""
    TARGETING_MATCH = "TARGETING_MATCH"
    """The allowlist or a rule."""
    SPLIT = "SPLIT"
    """A bucket of the flag's own percentage or split."""
    DISABLED = "DISABLED"
    """The flag has `enabled` at false."""
    STALE = "STALE"
    """OpenFeature's word for a value that may be out of date. Never an answer's: the provider tells it as an event."""
    ERROR = "ERROR"
    """The caller's default, because of the error code."""


class ErrorCode(StrEnum):
    """Why the caller's default was served."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    """No definition has the flag."""
    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The value is of another type than the caller's default."""
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    """A share needs a user, and nobody is known."""
    INVALID_CONTEXT = "INVALID_CONTEXT"
    """The user or the context is nothing that can be one, such as a bool for a user."""
    PARSE_ERROR = "PARSE_ERROR"
    """A flagd flag has a mistake, and there is no earlier form of it; over OFREP also a request that can't be read."""
    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    """OpenFeature's; a kit is ready when it is made."""
    PROVIDER_FATAL = "PROVIDER_FATAL"
    """OpenFeature's; a kit that can't be used raises when it is made."""
    GENERAL = "GENERAL"
    """Anything else, such as targeting of a flagd flag that failed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a flag answered to one question.

    Attributes:
        flag_key: the flag.
        value: the variant's value, or the caller's default where there is an error code.
        variant: the variant's name; None where there is none.
        reason: why.
        error_code: why the default was served.
        error_message: the same for people.
        metadata: what the flag's definition says beside (`owner`, `kind`, and as `version` the revision; of a flagd
            flag its `metadata`); empty where there is an error. Not to be changed.
    """

    flag_key: str
    value: Any
    variant: str | None
    reason: Reason
    error_code: ErrorCode | None = None
    error_message: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"an Evaluation is neither true nor false: use `.value`, or kit.enabled({self.flag_key!r}, ...)"
        )


class Answer:
    """One of the few answers that a flag can give. A compiled flag holds them, so evaluating allocates nothing.

    `counter` counts how often it was given, and `evaluation` is what callers get who ask for more than the value, where
    its value can't be changed by them. Both are None until it is given for the first time, since most never are.
    """

    __slots__ = ("counter", "evaluation", "reason", "value", "variant")

    def __init__(self, value: Any, variant: str | None, reason: Reason) -> None:
        self.value, self.variant, self.reason = value, variant, reason
        self.counter: Iterator[int] | None = None
        self.evaluation: Evaluation | None = None


class Withheld(Answer):
    """The answer of a flag that leaves the value to its caller: without an error, or because of one."""

    __slots__ = ("code", "message")

    def __init__(self, reason: Reason, code: ErrorCode | None = None, message: str | None = None) -> None:
        super().__init__(None, None, reason)
        self.code, self.message = code, message
