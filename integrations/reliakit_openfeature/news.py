"""What a kit learns of its definitions, as the events of OpenFeature."""

from collections.abc import Callable

from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode

from reliakit import Change

__all__ = ["Newsreader"]

Emit = Callable[[ProviderEvent, ProviderEventDetails], None]


class Newsreader:
    """Turns changes into events. It is called by one thread.

    A source that holds what can't be in force is an error, since only a person can mend it; one that can't be read
    makes the flags stale, once that lasts. Either way the flags answer as they did, and when it is over the provider
    is ready again.

    Args:
        emit: of the provider.
        stale_after: seconds.
    """

    def __init__(self, emit: Emit, stale_after: float) -> None:
        self._emit, self._stale_after = emit, stale_after
        self._told: ProviderEvent = ProviderEvent.PROVIDER_READY
        self._problems: tuple[str, ...] = ()

    def hear(self, change: Change) -> None:
        """Emits what follows from a change."""
        event = self._event(change)
        if event is not None and (event is not self._told or self._worth_repeating(event, change)):
            self._told, self._problems = event, change.problems
            self._emit(event, _details(event, change))
        if change.flags:
            changed = ProviderEvent.PROVIDER_CONFIGURATION_CHANGED
            self._emit(changed, ProviderEventDetails(flags_changed=sorted(change.flags)))

    def _event(self, change: Change) -> ProviderEvent | None:
        """The state that a change leads to; None where it is too early to say."""
        if change.unread is not None:
            return ProviderEvent.PROVIDER_STALE if change.unread >= self._stale_after else None
        return ProviderEvent.PROVIDER_ERROR if change.problems else ProviderEvent.PROVIDER_READY

    def _worth_repeating(self, event: ProviderEvent, change: Change) -> bool:
        return event is ProviderEvent.PROVIDER_ERROR and change.problems != self._problems


def _details(event: ProviderEvent, change: Change) -> ProviderEventDetails:
    if event is ProviderEvent.PROVIDER_ERROR:
        return ProviderEventDetails(message="; ".join(change.problems), error_code=ErrorCode.PARSE_ERROR)
    if event is ProviderEvent.PROVIDER_STALE:
        message = "; ".join((f"not read for {change.unread:.0f} s", *change.problems))
        return ProviderEventDetails(message=message)
    return ProviderEventDetails()
