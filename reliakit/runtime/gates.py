"""Asks the webhooks of gates whether a release may go on, for as long as a gate holds it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec

from reliakit.clock import Clock
from reliakit.errors import MissingExtraError
from reliakit.rollouts.assessment import verdicts
from reliakit.rollouts.definition import RolloutDefinition
from reliakit.rollouts.observed import GateAnswer
from reliakit.rollouts.state import Hold, RolloutState
from reliakit.runtime.documents import EVIDENCE, ROLLOUT, Versioned, states_in
from reliakit.runtime.errands import Errands, Pace
from reliakit.runtime.http_calls import Answer, Call, Caller, Unanswered, call
from reliakit.runtime.webhooks import headers, shown, verdict_body
from reliakit.stores.protocol import Store, StoreError

__all__ = ["Gates"]

_log = logging.getLogger("reliakit")
_PACE = Pace(every=0.0, first=5.0, last=60.0)
_ACCEPTED = 202
_ANSWER = '{"approve": true, "reason": "..."}'


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A release at its gate."""

    definition: RolloutDefinition
    state: RolloutState
    webhook: str

    @property
    def key(self) -> str:
        """The same for as long as the question is."""
        return f"{self.state.rollout} {self.state.number} {self.state.step}"


class _Said(msgspec.Struct):
    approve: bool
    reason: str = ""


class Gates:
    """What is known of the gates at which releases wait. Whoever decides asks; the answers live as long as the wait.

    Args:
        store: where the evidence is.
        definitions: the rollouts that are judged.
        states: where they stand, as this worker knows.
        leads: whether this worker is the one who decides.
        now: the store's clock, in seconds since 1970-01-01 UTC.
        clock: of the process, for rests between questions.
        caller: asks a server.
    """

    def __init__(
        self,
        store: Store,
        definitions: Callable[[], Mapping[str, RolloutDefinition]],
        states: Callable[[], Mapping[str, Versioned]],
        leads: Callable[[], bool],
        now: Callable[[], float],
        clock: Clock,
        caller: Caller = call,
    ) -> None:
        self._store, self._definitions, self._states, self._leads = store, definitions, states, leads
        self._now, self._call = now, caller
        self.errands = Errands(clock, _PACE)
        self._answers: dict[str, GateAnswer] = {}
        self._complained: set[str] = set()

    def answer(self, rollout: str) -> GateAnswer | None:
        """Returns what the webhook of a rollout's present gate has answered; None while it has not."""
        waiting = self._waiting().get(rollout)
        return self._answers.get(waiting.key) if waiting else None

    async def ask(self) -> None:
        """Begins to ask where that is due, and waits for no answer."""
        waiting = {each.key: each for each in self._waiting().values()} if self._leads() else {}
        self.errands.keep(waiting)
        self._answers = {key: answer for key, answer in self._answers.items() if key in waiting}
        self._complained &= waiting.keys()
        for key, each in waiting.items():
            if key not in self._answers:
                self.errands.begin(key, partial(self._asked, each))

    def leave(self) -> None:
        """Asks no more."""
        self.errands.keep(())

    def _waiting(self) -> dict[str, _Waiting]:
        definitions, found = self._definitions(), {}
        for name, each in self._states().items():
            definition, state = definitions.get(name), each.state
            if definition is not None and state.hold is Hold.WEBHOOK:
                webhook = state.present_step(definition).webhook
                if webhook is not None:
                    found[name] = _Waiting(definition, state, webhook)
        return found

    async def _asked(self, waiting: _Waiting) -> bool:
        """Asks once; tells whether there is an answer."""
        try:
            body = msgspec.json.encode(await self._question(waiting))
            identity = f"gate_{sha256(waiting.key.encode()).hexdigest()[:32]}"
            signed = headers(identity, self._now(), body, None)
            answer = await self._call(Call(waiting.webhook, headers=signed, body=body))
        except (StoreError, Unanswered, MissingExtraError) as failed:
            return self._complain(waiting, str(failed))
        return answer.status != _ACCEPTED and self._heard(waiting, answer)

    def _heard(self, waiting: _Waiting, answer: Answer) -> bool:
        if not answer.fine:
            return self._complain(waiting, f"it answered {answer.status}")
        try:
            said = msgspec.json.decode(answer.body, type=_Said)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._complain(waiting, f"its answer is not JSON such as {_ANSWER}")
        state = waiting.state
        self._answers[waiting.key] = GateAnswer(state.number, state.step, said.approve, shown(said.reason))
        return True

    def _complain(self, waiting: _Waiting, why: str) -> bool:
        if waiting.key not in self._complained:
            self._complained.add(waiting.key)
            name = waiting.state.rollout
            _log.warning("the webhook at which %s waits decides nothing: %s; it is asked again", name, why)
        return False

    async def _question(self, waiting: _Waiting) -> dict[str, Any]:
        state, definition = waiting.state, waiting.definition
        release = state.release
        return {
            "rollout": state.rollout,
            "release": release
            and {"number": release.number, "slot": release.slot, "version": release.version},
            "step": state.step,
            "weight": state.weight,
            "verdicts": [verdict_body(each) for each in await self._verdicts(state, definition)],
        }

    async def _verdicts(self, state: RolloutState, definition: RolloutDefinition) -> tuple[Any, ...]:
        name = state.rollout
        documents = await self._store.read((ROLLOUT + name, EVIDENCE + name))
        found = states_in(documents.found).get(name)
        if found is None or found.state.evidence is None:
            return ()
        rules = definition.analysis
        analysis = found.state.evidence.analysis.under(rules, state.present_step(definition))
        return verdicts(analysis, definition)
