"""The calls that application code makes: flag checks, and saying who is asking."""

from collections.abc import Mapping
from contextvars import Token
from copy import deepcopy
from dataclasses import replace
from typing import Any, Literal, TypeVar, overload
from uuid import UUID

from reliakit.core.bucketing import key_text
from reliakit.core.counters import Given, Unknown
from reliakit.core.evaluation import Answer, ErrorCode, Evaluation, Reason, Withheld
from reliakit.core.scope import NOTHING, Scope
from reliakit.runtime.bounded import Bounded
from reliakit.runtime.flag_functions import FlagFunctions
from reliakit.runtime.runtime import Runtime

__all__ = ["FlagCalls", "Identified", "User"]

User = str | int | UUID
"""A targeting key. A bool is an int to a type checker, and refused at run time."""

Context = Mapping[str, Any]
Asked = Answer | Literal[False] | None
"""What a flag has answered; False before it was asked."""
T = TypeVar("T")
_KEYLESS = "this flag needs a targeting key: pass a user, or call kit.identify"


class FlagCalls(FlagFunctions):
    """Flag checks over whatever scope is current: a request's, an `identify` block's, or the process's own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._scope = runtime.scope
        self._current = runtime.scope.get
        self._counters = runtime.tallies.counters
        self._bounded = Bounded().name

    # `context` and `default` are meant as keywords and not marked so: CPython calls functions that have
    # keyword-only parameters by a slower path, which costs a tenth of a flag check.
    def enabled(
        self, key: str, user: User | None = None, context: Context | None = None, default: bool = False
    ) -> bool:
        """Tells whether a flag is on.

        Args:
            key: the flag.
            user: the targeting key; by default the request's own, and what `identify` said. Where it is given,
                nothing else of the request's identity is used.
            context: attributes for rules, beside those that `identify` said.
            default: what to answer where the flag is missing, isn't an on/off flag, or needs a user and has none.

        Never raises.
        """
        answer: Asked = False
        try:
            scope = self._current() or self._runtime.outside
            if user is None:
                user = scope.subject or scope.key()
                context = scope.attributes if context is None else scope.merged(context)
            if user.__class__ is str:
                answer = scope.compiled[key](user, context or NOTHING)
                value = answer.value  # type: ignore[union-attr]
                if value is True or value is False:
                    next(answer.counter)  # type: ignore[union-attr, arg-type]
                    return value
        except Exception:  # told apart, counted and answered by the careful path
            pass
        careful = self._checked(key, user, context, bool, answer)
        return default if careful.value is None else bool(careful.value)

    @overload
    def value(
        self, key: str, default: None, *, user: User | None = None, context: Context | None = None
    ) -> Any: ...
    @overload
    def value(
        self, key: str, default: T, *, user: User | None = None, context: Context | None = None
    ) -> T: ...
    def value(
        self, key: str, default: Any, *, user: User | None = None, context: Context | None = None
    ) -> Any:
        """Returns the value of a flag's variant, which must be of the type of `default`; otherwise `default`.

        A whole number is accepted where `default` is a float. Lists and mappings are copies. Never raises.
        """
        return self.evaluate(key, default, user=user, context=context).value

    def evaluate(
        self, key: str, default: Any = None, *, user: User | None = None, context: Context | None = None
    ) -> Evaluation:
        """Returns the value of a flag with variant, reason and, where `default` was served, the error code.

        Any type of value is accepted where `default` is None. Never raises.
        """
        answer: Asked = False
        try:
            scope = self._current() or self._runtime.outside
            if user is None:
                user = scope.subject or scope.key()
                context = scope.attributes if context is None else scope.merged(context)
            if user.__class__ is str and (context is None or context.__class__ is dict):
                answer = scope.compiled[key](user, context or NOTHING)
                ready = answer.evaluation  # type: ignore[union-attr]
                if ready is not None and (default is None or ready.value.__class__ is default.__class__):
                    next(answer.counter)  # type: ignore[union-attr, arg-type]
                    return ready
        except Exception:  # as in `enabled`
            pass
        found = self._checked(key, user, context, type(default), answer)
        withheld = found.error_code is not None or (found.variant is None and found.value is None)
        return replace(found, value=default) if withheld else found

    def identify(self, user: User | None, /, **attributes: Any) -> "Identified":
        """Says who is asking, from now on and to the end of the request.

        Outside of a request, or for a part of one, use it in a `with` statement: at its end, what was said before
        counts again. `user` None says that nobody is signed in.
        """
        around = self._scope.get()
        if around is not None and type(around) is not Scope:
            return Identified(self, around, None, key_text(user), attributes)
        # Only a request is shared with others who work on it. A block in a block has a scope of its own, so that
        # tasks which run beside each other don't take each other's users for theirs.
        scope = self._own_scope(around)
        return Identified(self, scope, self._scope.set(scope), key_text(user), attributes)

    def _own_scope(self, around: Scope | None) -> Scope:
        if around is None and self._runtime.dormant:
            self._runtime.wake()  # the block keeps the flags that it begins with
        around = around or self._runtime.outside
        scope = Scope(around.snapshot, around.flags)
        scope.taken = around.taken
        return scope

    def _checked(
        self, key: str, user: User | None, context: Context | None, wanted: type, answer: Asked
    ) -> Evaluation:
        """Evaluates with every check, and counts the answer or the error.

        What was answered is not asked again: the attributes that it missed have been counted.
        """
        try:
            if answer is not False:
                return self._given(key, answer, wanted)
            return self._found(self._current() or self._runtime.outside, key, user, context, wanted)
        except Exception as fault:
            return self._refused(self._bounded(key), ErrorCode.GENERAL, _said(fault))

    def _found(
        self, scope: Scope, key: str, user: User | None, context: Context | None, wanted: type
    ) -> Evaluation:
        evaluate = scope.flags.find(key)
        if evaluate is None:
            self._counters.add(Unknown(self._bounded(key)))
            return _error(key, ErrorCode.FLAG_NOT_FOUND, "no definition has this flag")
        subject = scope.key() if user is None else key_text(user)
        attributes = scope.merged(context) if user is None else context or NOTHING
        if user is not None and subject is None:
            kind = type(user).__name__
            expected = f"a user is text, a whole number or a UUID, not {kind}"
            return self._refused(key, ErrorCode.INVALID_CONTEXT, expected)
        if not isinstance(attributes, Mapping):
            return self._refused(key, ErrorCode.INVALID_CONTEXT, "the context is not a mapping")
        return self._given(key, evaluate(subject, attributes), wanted)

    def _given(self, key: str, answer: Answer | None, wanted: type) -> Evaluation:
        """Counts an answer, for the first time by its name, and turns it into an evaluation."""
        if answer is None:
            return self._refused(key, ErrorCode.TARGETING_KEY_MISSING, _KEYLESS)
        if isinstance(answer, Withheld):
            return self._withheld(key, answer)
        if not _fits(answer.value, wanted):
            expected = f"the value is not of the type of the default, {wanted.__name__}"
            return self._refused(key, ErrorCode.TYPE_MISMATCH, expected)
        value = _handed_out(answer.value, wanted)
        if answer.counter is None:
            answer.counter = self._counters.of(Given(key, answer.variant, answer.reason))
        next(answer.counter)
        given = Evaluation(key, value, answer.variant, answer.reason, metadata=self._metadata(key))
        if value is answer.value:
            answer.evaluation = given
        return given

    def _withheld(self, key: str, answer: Withheld) -> Evaluation:
        """Counts an answer that leaves the value to the caller."""
        self._counters.add(Given(key, None, answer.reason, answer.code))
        metadata = {} if answer.code else self._metadata(key)
        return Evaluation(key, None, None, answer.reason, answer.code, answer.message, metadata)

    def _metadata(self, key: str) -> Context:
        return (self._current() or self._runtime.outside).flags.metadata(key)

    def _refused(self, key: str, code: ErrorCode, message: str) -> Evaluation:
        self._counters.add(Given(key, None, Reason.ERROR, code))
        return _error(key, code, message)


class Identified:
    """What `identify` returns: nothing to look at, but usable in a `with` statement."""

    def __init__(
        self,
        calls: FlagCalls,
        scope: Scope,
        token: Token[Scope | None] | None,
        user: str | None,
        attributes: Context,
    ) -> None:
        self._calls, self._scope, self._token = calls, scope, token
        self._before = scope.identified, scope.attributes, scope.ask
        scope.identify(user, attributes)

    def __enter__(self) -> "Identified":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._token is not None:
            self._calls._scope.reset(self._token)
        else:
            self._scope.identify(*self._before)


def _error(key: str, code: ErrorCode, message: str) -> Evaluation:
    return Evaluation(key, None, None, Reason.ERROR, code, message)


def _fits(value: Any, wanted: type) -> bool:
    if wanted is type(None):
        return True
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is wanted


def _handed_out(value: Any, wanted: type) -> Any:
    """What callers may change without changing the flag, in the type that they asked for."""
    if isinstance(value, list | dict):
        return deepcopy(value)
    return float(value) if wanted is float else value


def _said(fault: Exception) -> str:
    try:
        return repr(fault)
    except Exception:  # of something that can't even say what it is
        return type(fault).__name__
