"""What a hook is told: in the environment of a command, or in the body of a webhook."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from reliakit.definitions.hook_models import SharedHookSection
from reliakit.errors import MissingExtraError
from reliakit.failover.hooks import Command, HookResult
from reliakit.runtime.hooks.programs import Program
from reliakit.runtime.http_calls import Answer, Call, Caller, Unanswered
from reliakit.runtime.webhooks import headers, shown

__all__ = ["Asked", "carry_out"]

_VARIABLES = {
    "upstream": "RELIAKIT_UPSTREAM",
    "target": "RELIAKIT_TARGET",
    "verb": "RELIAKIT_VERB",
    "version": "RELIAKIT_VERSION",
    "run": "RELIAKIT_RUN",
    "attempt": "RELIAKIT_ATTEMPT",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that somebody wants.

    Attributes:
        command: which.
        upstream: whose.
        version: what it is to become; empty where nobody said.
    """

    command: Command
    upstream: str
    version: str = ""

    @property
    def facts(self) -> Mapping[str, str]:
        """What it is told, by name."""
        command = self.command
        told = {
            "upstream": self.upstream,
            "target": command.target,
            "verb": command.verb,
            "run": command.id,
            "attempt": str(command.attempt),
        }
        return {**told, "version": self.version} if self.version else told


async def carry_out(
    asked: Asked, section: SharedHookSection, folder: Path, now: float, caller: Caller
) -> HookResult:
    """Runs a hook once, within its timeout; never raises.

    Args:
        asked: what for.
        section: what is run.
        folder: in which a command runs.
        now: seconds since 1970-01-01 UTC, for the signature.
        caller: asks a server.
    """
    timeout = asked.command.hook.timeout
    if section.command is not None:
        environ = {_VARIABLES[name]: fact for name, fact in asked.facts.items()}
        return await Program(section.command, environ, folder, timeout).run()
    assert section.webhook is not None
    facts = {**asked.facts, "attempt": asked.command.attempt}
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = msgspec.json.encode({"type": "hook", "timestamp": moment, "data": facts})
    identity = f"hook_{sha256(asked.command.id.encode()).hexdigest()[:32]}"
    signed = headers(identity, now, body, section.secret)
    try:
        return _heard(await caller(Call(section.webhook, headers=signed, body=body, within=timeout)))
    except (Unanswered, MissingExtraError) as failed:
        return HookResult(False, str(failed))


def _heard(answer: Answer) -> HookResult:
    lines = answer.body.decode(errors="replace").splitlines()
    said = next((shown(line) for line in reversed(lines) if line.strip()), "")
    return HookResult(answer.fine, said if said and answer.fine else f"it answered {answer.status}")
