"""What endpoints answered: counted where requests end, on any thread and without a lock; read by the engine.

Each endpoint has a counter, and every answer takes its next number: one C call that no other thread can come between, as
in `reliakit.core.counters`. A failure leaves a note with its number beside. So the reader knows how many good answers
came between two failures, and these cost nothing but their number.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

__all__ = ["Answers", "Failure"]

_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Failure:
    """A bad answer, or none.

    Attributes:
        endpoint: its number.
        number: of the answer, among all of the endpoint.
        status: 500 or above; None where no answer came.
        connected: whether there was a connection at all.
    """

    endpoint: int
    number: int
    status: int | None = None
    connected: bool = True


class Answers:
    """The answers of one upstream's endpoints.

    Args:
        endpoints: how many there are.

    Attributes:
        numbers: one for each endpoint; `next` on it counts a good answer.
        wake: called for the first failure after each reading.
    """

    def __init__(self, endpoints: int) -> None:
        self.numbers = [count() for _ in range(endpoints)]
        self.wake: Callable[[], None] = lambda: None
        self._failures: deque[Failure] = deque(maxlen=_MOST)
        self._noted = False
        self._read = [0] * endpoints

    def failed(self, endpoint: int, status: int | None = None, *, connected: bool = True) -> None:
        """Counts a failure, and has somebody look at it soon."""
        self._failures.append(Failure(endpoint, next(self.numbers[endpoint]), status, connected))
        if not self._noted:
            self._noted = True
            self.wake()

    def take(self) -> Iterator[tuple[int, int, Failure | None]]:
        """Yields what came since it was last called, in order: an endpoint, how many good answers, and the failure that
        followed them if any.

        A failure that is noted while it runs may come with the next call, after one good answer too many.
        """
        self._noted = False
        for failure in sorted(self._failed(), key=lambda each: (each.endpoint, each.number)):
            before = self._read[failure.endpoint]
            self._read[failure.endpoint] = max(before, failure.number + 1)
            yield failure.endpoint, max(0, failure.number - before), failure
        for endpoint, numbers in enumerate(self.numbers):
            number, before = next(numbers), self._read[endpoint]  # which takes a number, too
            self._read[endpoint] = number + 1
            if number > before:
                yield endpoint, number - before, None

    def _failed(self) -> Iterator[Failure]:
        while self._failures:
            yield self._failures.popleft()
