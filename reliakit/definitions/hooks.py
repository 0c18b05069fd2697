"""Hooks as they are written: what is wrong with them, and what decisions know of them."""

from collections.abc import Iterator

from reliakit.definitions.hook_models import HookSection, SharedHookSection
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.quantities import seconds
from reliakit.failover.hooks import Hook

__all__ = ["hook_of", "hook_problems"]

_LONGEST = 86_400.0


def hook_of(name: str, section: SharedHookSection) -> Hook:
    """Returns a hook as decisions see it; its name is the path of its section, such as `upstreams.shop.rolling.undo`."""
    alone = isinstance(section, HookSection) and section.alone
    return Hook(name, seconds(section.timeout), section.attempts, alone)


def hook_problems(path: Path, section: SharedHookSection) -> Iterator[Problem]:
    """Yields the problems of one hook."""
    if (section.command is None) == (section.webhook is None):
        hint = "write command: [./replace.sh], or webhook: env:HOOK_URL"
        yield Problem(path, "expected exactly one of command and webhook", hint)
    if section.secret is not None and section.webhook is None:
        yield Problem((*path, "secret"), "a secret signs what is posted to a webhook, and there is none")
    if not 0 < seconds(section.timeout) <= _LONGEST:
        hint = "60s is usual: longer than it ever takes"
        yield Problem((*path, "timeout"), "expected a duration above 0s, of a day at most", hint)
