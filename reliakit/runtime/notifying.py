"""Tells webhooks what the journal says: each event at least once, in order, also where whoever sends is killed.

How far each receiver has been told is a document beside the journal. One worker sends at a time, by a lease; it moves
the document after an answer, so whoever comes next goes on from there.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from reliakit.clock import Clock
from reliakit.definitions.operating_models import NotifySection
from reliakit.errors import MissingExtraError
from reliakit.rollouts.records import Record, stamped
from reliakit.runtime.cursors import Cursors
from reliakit.runtime.errands import Errands, Pace
from reliakit.runtime.http_calls import Call, Caller, Unanswered, call
from reliakit.runtime.journal import read_entry
from reliakit.runtime.reconciler import LEASE
from reliakit.runtime.webhooks import Message, headers, message_of, shown
from reliakit.stores.protocol import Entry, Store, StoreError

__all__ = ["GIVE_UP", "UNDELIVERED", "Notifier"]

_log = logging.getLogger("reliakit")
GIVE_UP = 24 * 3_600.0
"""Seconds after which an event that can't be delivered is left out, so that those after it get their turn."""
UNDELIVERED = "undelivered"
"""The kind of a journal entry about an event that a receiver was not told."""
_PACE = Pace(every=0.0, first=1.0, last=3_600.0)
_NAME = "notifier"
_PAGE = 100
_RARELY = 3
"""Beats between attempts to get the lease."""


@dataclass(frozen=True, slots=True)
class _Receiver:
    label: str
    section: NotifySection


class Notifier:
    """The sender of a worker.

    Args:
        store: where the journal is.
        receivers: the section `notify` in force, asked anew each time.
        holder: names this incarnation, for the lease.
        now: the store's clock, in seconds since 1970-01-01 UTC.
        clock: of the process, for rests between attempts.
        undelivered: is given the record of an event that a receiver will not be told.
        caller: asks a server.
    """

    def __init__(
        self,
        store: Store,
        receivers: Callable[[], Sequence[NotifySection]],
        holder: Callable[[], str],
        now: Callable[[], float],
        clock: Clock,
        undelivered: Callable[[Record], None],
        caller: Caller = call,
    ) -> None:
        self._store, self._receivers, self._holder, self._now = store, receivers, holder, now
        self._undelivered, self._call = undelivered, caller
        self.errands = Errands(clock, _PACE)
        self._cursors = Cursors(store)
        self._silent: set[str] = set()
        self._sends, self._turns = False, 0

    async def post(self) -> None:
        """Begins what is due, and waits for none of it.

        Raises:
            StoreError: the store can't be used now.
        """
        receivers = _named(self._receivers())
        if not receivers or not await self._leads():
            self.leave()
            return
        self.errands.keep(receivers)
        last = await self._store.last()
        head = last.number if last else 0
        for key, receiver in receivers.items():
            if self._cursors.behind(key, head):
                self.errands.begin(key, partial(self._tell, key, receiver))

    def leave(self) -> None:
        """Sends nothing more: somebody else does."""
        self.errands.keep(())
        self._cursors.forget()

    async def _leads(self) -> bool:
        # Not the lease of whoever decides: without rollouts nobody holds that, and definitions are rejected there too.
        self._turns += 1
        if self._sends or self._turns % _RARELY == 1:
            self._sends = await self._store.lease(_NAME, self._holder(), LEASE)
        return self._sends

    async def _tell(self, key: str, receiver: _Receiver) -> bool:
        """Tells a receiver all there is; tells itself whether that went well."""
        try:
            return await self._told(key, receiver)
        except StoreError as failed:  # the beat says so too
            _log.debug("%s: %s", receiver.label, failed)
        except MissingExtraError as missing:
            self._complain(receiver, str(missing))
        return False

    async def _told(self, key: str, receiver: _Receiver) -> bool:
        position = await self._cursors.of(key)
        if position is None:
            return False
        while entries := await self._store.journal(position.after, _PAGE):
            for entry in entries:
                if not await self._pass(key, receiver, entry):
                    return False
        return True

    async def _pass(self, key: str, receiver: _Receiver, entry: Entry) -> bool:
        """Goes past an entry; tells whether that was possible."""
        message = self._message(receiver, entry)
        if message is not None and not await self._sent(receiver, message, entry.number):
            return False
        return await self._cursors.moved(key, entry.number, told=message is not None)

    def _message(self, receiver: _Receiver, entry: Entry) -> Message | None:
        try:
            message = message_of(read_entry(entry.text), self._store.scope)
        except (ValueError, TypeError, KeyError, OverflowError) as unread:
            why = shown(unread)
            _log.warning("%s is not told of entry %d of the journal: %s", receiver.label, entry.number, why)
            return None
        return message if message is not None and message.what in receiver.section.on else None

    async def _sent(self, receiver: _Receiver, message: Message, number: int) -> bool:
        section = receiver.section
        signed = headers(message.id, self._now(), message.body, section.secret)
        try:
            answer = await self._call(Call(section.webhook, headers=signed, body=message.body))
        except Unanswered as failed:
            return self._failed(receiver, message, number, str(failed))
        if not answer.fine:
            return self._failed(receiver, message, number, f"it answered {answer.status}")
        if receiver.label in self._silent:
            self._silent.discard(receiver.label)
            _log.info("%s takes what it is told again", receiver.label)
        return True

    def _failed(self, receiver: _Receiver, message: Message, number: int, why: str) -> bool:
        """Tells whether the event is given up."""
        self._complain(receiver, why)
        if self._now() - message.at <= GIVE_UP:
            return False
        sentence = f"{receiver.label} was never told of {message.what} (entry {number}): {why}"
        _log.error("%s", sentence)
        told = {"what": UNDELIVERED, "at": self._now(), "entry": number, "sentence": sentence}
        self._undelivered(stamped(UNDELIVERED, **told))
        return True

    def _complain(self, receiver: _Receiver, why: str) -> None:
        if receiver.label not in self._silent:
            self._silent.add(receiver.label)
            _log.error("%s can't be told what happens: %s; it is tried again", receiver.label, why)


def _named(sections: Sequence[NotifySection]) -> Mapping[str, _Receiver]:
    """Returns receivers by what the store knows them by: not their place, which an edit changes, nor their URL."""
    found: dict[str, _Receiver] = {}
    for index, section in enumerate(sections):
        same = sum(each.webhook == section.webhook for each in sections[:index])
        digest = sha256(f"{same} {section.webhook}".encode()).hexdigest()[:16]
        found[digest] = _Receiver(f"notify[{index}]", section)
    return found
