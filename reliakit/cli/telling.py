"""Entries of the journal in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reliakit.cli.moments import moment, span
from reliakit.cli.people import named
from reliakit.rollouts.events import Actor, Event, Happening
from reliakit.rollouts.verdict import Verdict
from reliakit.runtime.documents import PIN_CHANGED

__all__ = ["labelled", "looked", "sentence", "told", "who"]

_MOST_LINES = 3
_HEADS = {
    Happening.ADVANCED: "advanced to {weight:g} %",
    Happening.PROMOTED: "promoted to 100 %",
    Happening.RUNNING: "running at {weight:g} %",
    Happening.ROLLED_BACK: "rolled back",
    Happening.ABORTED: "aborted",
    Happening.PAUSED: "paused",
    Happening.RESUMED: "resumed",
    Happening.RETRIED: "tried again",
    Happening.DEFINED: "definition changed",
    Happening.ERROR: "error",
}

_SIDES = {"promotion": ", in favour", "rollback": ", against", "guard": ", guard"}


def told(event: Event) -> str:
    """Returns "advanced to 10 %: the evidence suffices: 3 of 900 canary requests failed … E = 25 >= 20"."""
    head = _HEADS.get(event.what, event.what.value.replace("_", " ")).format(weight=event.weight)
    said = event.sentence
    verb = head.split()[0]
    text = (
        said if said.startswith((head, verb)) and event.what is not Happening.ADVANCED else f"{head}: {said}"
    )
    shown = looked(event.verdicts)
    return text if not shown or shown[0].sentence in text else f"{text}: {shown[0].sentence}"


def looked(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Returns the verdicts that rest on anything: a test that has seen no request yet says nothing."""
    return [each for each in verdicts if each.counts.n_c or each.counts.n_s]


def labelled(verdict: Verdict) -> str:
    """Returns "errors, in favour": two tests look at most metrics, with an E and a threshold each."""
    return f"{verdict.metric}{_SIDES.get(verdict.test, '')}"


def sentence(record: Mapping[str, Any]) -> str:
    """Returns an entry's event in one line, whatever wrote it: of what this version does not know, what it can read."""
    kind = record.get("kind")
    if kind == "event":
        return _of_rollout(record)
    if kind == "failover_event":
        return _of_upstream(record)
    if kind == "definitions":
        return "; ".join(_of_definitions(record))
    if kind == PIN_CHANGED:
        return _of_pin(record)
    return str(record.get("sentence") or record.get("what") or kind)


def who(record: Mapping[str, Any]) -> str:
    """Returns who did it; nothing where the rules did, or nobody knows."""
    actor = record.get("actor")
    return named(Actor(*map(str, actor[:4]))) if isinstance(actor, list) and len(actor) >= 2 else ""


def _of_rollout(record: Mapping[str, Any]) -> str:
    try:
        event = Event.from_record(record)
    except (ValueError, TypeError):
        return f"{record.get('rollout')}: {record.get('sentence') or record.get('what')}"
    release = f" {event.version} (release {event.number})" if event.number else ""
    return f"{event.rollout}{release}: {told(event)}"


def _of_upstream(record: Mapping[str, Any]) -> str:
    what = str(record.get("what")).replace("_", " ")
    return f"{record.get('upstream')}: {what}: {record.get('sentence')}"


def _of_definitions(record: Mapping[str, Any]) -> Iterator[str]:
    lines = list(record.get("lines", ()))
    revision = record.get("revision")
    # Where nobody knew an earlier content, there is nothing that it differs from.
    happened = (
        "was rejected" if record.get("what") == "config_rejected" else "changed" if lines else "was read"
    )
    yield f"{record.get('source')} {happened}{f', revision {revision}' if revision else ''}"
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"and {len(lines) - _MOST_LINES} more"


def _of_pin(record: Mapping[str, Any]) -> str:
    reason = f": {record['reason']}" if record.get("reason") else ""
    if record.get("value") is None:
        return f"flag {record.get('flag')}: as the file says again{reason}"
    until, at = record.get("until"), record.get("at") or 0.0
    limit = "until somebody clears it" if until is None else f"for {span(until - at)}, until {moment(until)}"
    return f"flag {record.get('flag')}: {record['value']} for everyone {limit}{reason}"
