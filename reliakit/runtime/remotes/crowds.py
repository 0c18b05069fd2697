"""Requests in flight, counted by threads without a lock: each is a member of a set, and to join one or leave it is one
C call.
"""

from collections.abc import Sequence
from typing import overload

__all__ = ["Crowds"]


class Crowds(Sequence[int]):
    """How many requests are in flight to each endpoint.

    Args:
        endpoints: how many there are.

    Attributes:
        members: the requests of each, by anything that is equal to itself alone.
    """

    def __init__(self, endpoints: int) -> None:
        self.members: list[set[object]] = [set() for _ in range(endpoints)]

    @overload
    def __getitem__(self, endpoint: int) -> int: ...
    @overload
    def __getitem__(self, endpoint: slice) -> list[int]: ...

    def __getitem__(self, endpoint: int | slice) -> int | list[int]:
        if isinstance(endpoint, slice):
            return [len(each) for each in self.members[endpoint]]
        return len(self.members[endpoint])

    def __len__(self) -> int:
        return len(self.members)
