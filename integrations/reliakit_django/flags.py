"""`request.reliakit`: the flags of one request."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from django.http import HttpRequest

from reliakit import Evaluation, Reliakit
from reliakit_django.asking import Asker
from reliakit_django.kits import InForce, in_force

__all__ = ["ATTRIBUTE", "RequestFlags", "flags_of"]

ATTRIBUTE = "reliakit"
T = TypeVar("T")
Context = Mapping[str, Any]


class RequestFlags:
    """Flags as whoever sent the request has them, wherever they are checked: also in a thread of its own.

    `aenabled`, `avalue` and `aevaluate` are for async views: the first of them finds out who is signed in, which may
    take a query. After it, or `aidentify`, the others know as well.

    Attributes:
        kit: the kit.
    """

    def __init__(self, request: HttpRequest, in_force: InForce, passage: Any) -> None:
        self.kit: Reliakit = in_force.kit
        self._passage = passage
        self._asker = Asker(request, in_force.configured, passage)
        self.renew()

    def enabled(self, key: str, *, context: Context | None = None, default: bool = False) -> bool:
        """Tells whether a flag is on; as `Reliakit.enabled`."""
        return self._run(self.kit.enabled, key, context=context, default=default)

    @overload
    def value(self, key: str, default: None = None, *, context: Context | None = None) -> Any: ...
    @overload
    def value(self, key: str, default: T, *, context: Context | None = None) -> T: ...
    def value(self, key: str, default: Any = None, *, context: Context | None = None) -> Any:
        """Returns the value of a flag's variant; as `Reliakit.value`."""
        return self._run(self.kit.value, key, default, context=context)

    def evaluate(self, key: str, default: Any = None, *, context: Context | None = None) -> Evaluation:
        """Returns the value of a flag with variant and reason; as `Reliakit.evaluate`."""
        return self._run(self.kit.evaluate, key, default, context=context)

    async def aenabled(self, key: str, *, context: Context | None = None, default: bool = False) -> bool:
        """As `enabled`, in async code."""
        await self.aidentify()
        return self.enabled(key, context=context, default=default)

    @overload
    async def avalue(self, key: str, default: None = None, *, context: Context | None = None) -> Any: ...
    @overload
    async def avalue(self, key: str, default: T, *, context: Context | None = None) -> T: ...
    async def avalue(self, key: str, default: Any = None, *, context: Context | None = None) -> Any:
        """As `value`, in async code."""
        await self.aidentify()
        return self.value(key, default, context=context)

    async def aevaluate(self, key: str, default: Any = None, *, context: Context | None = None) -> Evaluation:
        """As `evaluate`, in async code."""
        await self.aidentify()
        return self.evaluate(key, default, context=context)

    async def aidentify(self) -> None:
        """Finds out who is signed in, unless it is known; for async code that goes on to what is not async."""
        if self._passage is not None and self._passage.asks:
            await self._asker.later()

    def identify(self, user: Any, /, **attributes: Any) -> None:
        """Says who is asking, in place of what the settings would find out; None says that nobody is signed in."""
        if self._passage is not None:
            self._passage.identify(user, attributes)

    def renew(self) -> None:
        """Has the user asked for again; done for you when somebody logs in or out."""
        if self._passage is not None:
            self._passage.ask(self._asker)

    def track(self, metric: str, value: float = 1) -> None:
        """Reports that something happened; as `Reliakit.track`."""
        self._run(self.kit.track, metric, value)

    def fail(self, metric: str) -> None:
        """Reports that the request went wrong for the business; as `Reliakit.fail`."""
        self._run(self.kit.fail, metric)

    def _run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        run: Callable[..., T] | None = self._passage and self._passage.run
        return function(*args, **kwargs) if run is None else run(function, *args, **kwargs)


def flags_of(request: HttpRequest) -> RequestFlags:
    """Returns `request.reliakit`; makes it for a request that came by no middleware, as those of RequestFactory."""
    found = getattr(request, ATTRIBUTE, None)
    if isinstance(found, RequestFlags):
        return found
    current = in_force()
    passage = current.passages and current.passages.admit(request.META)
    made = RequestFlags(request, current, passage)
    setattr(request, ATTRIBUTE, made)
    return made
