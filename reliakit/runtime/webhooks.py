"""What is told to webhooks, and how it is signed, in the form of Standard Webhooks."""

import base64
import hmac
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from reliakit.core.acting import Actor
from reliakit.failover.events import Event as Failover
from reliakit.rollouts.events import Event
from reliakit.rollouts.verdict import Verdict
from reliakit.runtime.journal import Chained
from reliakit.stores.protocol import Scope

__all__ = ["Message", "headers", "message_of", "shown", "signature", "verdict_body"]

_PREFIX = "whsec_"
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One event for others.

    Attributes:
        id: the same however often it is sent.
        what: the event, as `notify` names it.
        at: seconds since 1970-01-01 UTC when it happened.
        body: JSON.
    """

    id: str
    what: str
    at: float
    body: bytes


def message_of(entry: Chained, scope: Scope) -> Message | None:
    """Returns what an entry of the journal says to others; None where it is of a kind that nobody is told.

    Raises:
        ValueError: it was written by a version that this one can't read.
    """
    record = entry.event
    kind = record.get("kind")
    if kind == "event":
        data = _of_rollout(Event.from_record(record))
    elif kind == "failover_event":
        data = _of_upstream(Failover.from_record(record))
    elif kind == "definitions" and record.get("what") == "config_rejected":
        data = _of_definitions(record)
    else:
        return None
    what, at = str(record["what"]), float(record["at"])
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"type": what, "timestamp": moment, "data": {**data, "scope": scope, "entry": entry.number}}
    return Message(f"msg_{entry.hash[:32]}", what, at, msgspec.json.encode(told))


def _of_rollout(event: Event) -> dict[str, Any]:
    return {
        "rollout": event.rollout,
        "release": {"number": event.number, "slot": event.slot, "version": event.version},
        "phase": {"before": event.before, "after": event.after},
        "weight": event.weight,
        "sentence": event.sentence,
        "actor": _by(event.actor),
        "verdicts": [verdict_body(each) for each in event.verdicts],
    }


def _of_upstream(event: Failover) -> dict[str, Any]:
    return {
        "upstream": event.upstream,
        "number": event.number,
        "phase": {"before": event.before, "after": event.after},
        "sentence": event.sentence,
        "actor": _by(event.actor),
        "facts": dict(event.facts),
    }


def _by(actor: Actor) -> dict[str, str]:
    return {"kind": actor.kind, "name": actor.name, "user": actor.user, "host": actor.host}


def _of_definitions(record: Mapping[str, Any]) -> dict[str, Any]:
    lines, source = [str(line) for line in record.get("lines", ())], str(record.get("source", ""))
    named = "the definitions" if "://" in source else source  # a URL may hold a token
    first = f": {lines[0]}" if lines else ""
    sentence = f"{named} can't be used as it stands{first}"
    return {"source": named, "sentence": sentence, "problems": lines[:_MOST_LINES]}


def verdict_body(verdict: Verdict) -> dict[str, Any]:
    """Returns a verdict in words that need no documents."""
    counts, found = verdict.counts, verdict.estimate
    return {
        "test": verdict.test,
        "metric": verdict.metric,
        "advice": verdict.advice.value,
        "value": verdict.value,
        "threshold": verdict.threshold,
        "canary": {"requests": counts.n_c, "bad": counts.e_c},
        "stable": {"requests": counts.n_s, "bad": counts.e_s},
        "estimate": found and {"ratio": found.ratio, "low": found.low, "high": found.high},
        "sentence": verdict.sentence,
    }


def headers(identity: str, now: float, body: bytes, secret: str | None) -> dict[str, str]:
    """Returns the headers of a message; its time is that of the sending, so that an old copy shows as that."""
    moment = str(int(now))
    found = {"content-type": "application/json", "webhook-id": identity, "webhook-timestamp": moment}
    if secret is not None:
        found["webhook-signature"] = signature(secret, identity, moment, body)
    return found


def signature(secret: str, identity: str, moment: str, body: bytes) -> str:
    """Returns HMAC-SHA256 over id, time and body, as `v1,` and base64.

    Args:
        secret: text, or `whsec_` and the base64 of a key, as libraries for Standard Webhooks have it.
        identity, moment: as in the headers.
        body: bytes, as they are sent.
    """
    signed = f"{identity}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, sha256)).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except NotBase64:
            pass  # then it is a text that happens to begin so
    return secret.encode()


def shown(text: object, most: int = 200) -> str:
    """Returns what somebody else wrote in a form that is safe in logs and on terminals: one short line."""
    line = " ".join(str(text).split())
    safe = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line
    )
    return safe if len(safe) <= most else safe[: most - 1] + "…"
