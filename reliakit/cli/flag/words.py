"""What the file says about a flag, and what a pin does, in words."""

from reliakit.cli.moments import moment, span
from reliakit.cli.printing import plural
from reliakit.definitions.difference import served
from reliakit.definitions.models import Flag
from reliakit.runtime.documents import Pin

__all__ = ["pinned", "spoken", "value_of", "written"]


def written(flag: Flag) -> str:
    """Returns "allowlist of 2, 1 rule, 10 %"."""
    if not flag.enabled:
        return "disabled"
    listed = [len(users) for users in flag.allowlist.values()] if isinstance(flag.allowlist, dict) else []
    allowed = sum(listed) or len(flag.allowlist)
    parts = [f"allowlist of {allowed}"] * bool(flag.allowlist)
    parts += [plural(len(flag.rules), "rule")] * bool(flag.rules)
    return ", ".join([*parts, served(flag)])


def value_of(pin: Pin) -> str:
    """Returns the variant that everybody gets."""
    return pin.value if isinstance(pin.value, str) else "on" if pin.value else "off"


def spoken(pin: Pin, now: float) -> str:
    """Returns "off for everyone for 4.0 h, until 2026-11-24 21:48:46Z"."""
    if pin.until is None:
        return f"{value_of(pin)} for everyone until somebody clears it"
    return f"{value_of(pin)} for everyone for {span(pin.until - now)}, until {moment(pin.until)}"


def pinned(pin: Pin, now: float) -> str:
    """Returns the same with who did it, and why."""
    return f"{spoken(pin, now)}: {pin.reason} - {pin.by}, {span(now - pin.at)} ago"
