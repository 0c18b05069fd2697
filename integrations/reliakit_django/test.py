"""For tests: `override_flag`, which is used as `override_settings` is."""

from typing import Any

from django.test.utils import TestContextDecorator

from reliakit_django.kits import kit

__all__ = ["override_flag"]


class override_flag(TestContextDecorator):  # noqa: N801 - named as Django names what is used like it
    """Pins a flag: a context manager, and a decorator of functions, methods and test cases, sync and async.

    It holds for the whole process from then on: for requests of the test client, for those that a live server of the
    same process answers in its threads, and for tasks. So tests that pin flags run beside each other in processes, as
    those of `manage.py test --parallel` do, and not in threads.

    Args:
        key: the flag.
        value: True or False for on/off flags, the name of a variant, or else a value.
    """

    def __init__(self, key: str, value: Any = True) -> None:
        super().__init__()
        self._flags = {key: value}
        self._pinned: list[Any] = []

    def enable(self) -> None:
        """Pins it."""
        pinned = kit().override(self._flags)
        pinned.__enter__()
        self._pinned.append(pinned)

    def disable(self) -> None:
        """Lets go of it."""
        self._pinned.pop().__exit__()
