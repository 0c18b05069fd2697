"""Asks how far regions are behind, and whether they may get requests: again and again, and never waited for."""

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from reliakit.clock import Clock
from reliakit.definitions.quantities import seconds
from reliakit.definitions.recovery_models import GateSection, LagSection, RecoverySection
from reliakit.errors import MissingExtraError
from reliakit.runtime.errands import Errands, Pace
from reliakit.runtime.hooks.programs import Program
from reliakit.runtime.http_calls import Call, Caller, Unanswered, call
from reliakit.runtime.webhooks import shown

__all__ = ["Probes"]

_log = logging.getLogger("reliakit")
_REGION = "{region}"
_UNASKED = "its gate has not answered yet"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked about some regions at once."""

    upstream: str
    section: GateSection | LagSection
    regions: tuple[str, ...]

    @property
    def lags(self) -> bool:
        return isinstance(self.section, LagSection)

    @property
    def name(self) -> str:
        """Names it to people: no URL and no argument is in it, which may hold secrets."""
        return f"upstreams.{self.upstream}.recovery.{'lag' if self.lags else 'gate'} of {', '.join(self.regions)}"


class Probes:
    """The probes of one process, for as long as it decides.

    Args:
        folder: in which commands run.
        clock: of the process.
        caller: asks a server.
    """

    def __init__(self, folder: Path, clock: Clock, caller: Caller = call) -> None:
        self._folder, self._clock, self._call = folder, clock, caller
        self._errands: dict[float, Errands] = {}
        self._lags: dict[tuple[str, str], float] = {}
        self._gates: dict[tuple[str, str], str] = {}
        self._complained: set[str] = set()

    def ask(self, sections: Mapping[str, RecoverySection]) -> None:
        """Begins what is due.

        Args:
            sections: what is written of regions, by upstream.
        """
        questions = [each for name, section in sections.items() for each in _questions(name, section)]
        for errands in self._errands.values():
            errands.keep({each.name for each in questions})
        for each in questions:
            pause = seconds(each.section.interval)
            errands = self._errands.setdefault(pause, Errands(self._clock, Pace(pause, pause, pause)))
            errands.begin(each.name, partial(self._ask, each))

    def known(self, upstream: str, section: RecoverySection) -> dict[str, tuple[float | None, str]]:
        """Returns the lag of each region, and what its gate has against it; None and nothing where nobody asks."""
        gated = {region for each in _questions(upstream, section) if not each.lags for region in each.regions}
        return {
            region: (
                self._lags.get((upstream, region)),
                self._gates.get((upstream, region), _UNASKED) if region in gated else "",
            )
            for region in section.regions
        }

    def leave(self) -> None:
        """Asks no more, and forgets: somebody else does."""
        for errands in self._errands.values():
            errands.keep(())
        self._lags.clear()
        self._gates.clear()

    async def _ask(self, question: _Question) -> bool:
        """Asks once; tells whether there was an answer."""
        good, said = await self._answer(question)
        if not question.lags:
            against = "" if good else f"its gate says no: {said}" if said else "its gate says no"
            self._gates.update({(question.upstream, region): against for region in question.regions})
            return True
        try:
            lag = _number(said, question.section) if good else None
        except ValueError as wrong:
            good, lag, said = False, None, str(wrong)
        if lag is None:
            return self._complain(question, said)
        self._complained.discard(question.name)
        self._lags.update({(question.upstream, region): lag for region in question.regions})
        return True

    async def _answer(self, question: _Question) -> tuple[bool, str]:
        section, region = question.section, question.regions[0]
        if section.command is not None:
            environ = {"RELIAKIT_UPSTREAM": question.upstream, "RELIAKIT_REGION": region}
            program = Program(section.command, environ, self._folder, seconds(section.timeout))
            result = await program.run()
            return result.good, result.said
        assert section.http is not None
        url = section.http.replace(_REGION, region)
        try:
            answer = await self._call(Call(url, method="GET", within=seconds(section.timeout)))
        except (Unanswered, MissingExtraError) as failed:
            return False, str(failed)
        if not answer.fine:
            return False, f"it answered {answer.status}"
        return True, answer.body.decode(errors="replace")

    def _complain(self, question: _Question, why: str) -> bool:
        if question.name not in self._complained:
            self._complained.add(question.name)
            _log.warning("%s is not known: %s; it is asked again", question.name, shown(why))
        return False


def _questions(upstream: str, section: RecoverySection) -> Iterator[_Question]:
    for each in (section.gate, section.lag):
        if each is None:
            continue
        if each.command is not None or _REGION in (each.http or ""):
            for region in section.regions:
                yield _Question(upstream, each, (region,))
        else:
            yield _Question(upstream, each, section.regions[1:])


def _number(said: str, section: GateSection | LagSection) -> float:
    """Returns the seconds that an answer tells.

    Raises:
        ValueError: it is no number.
    """
    key = section.key if isinstance(section, LagSection) else None
    try:
        found = float(msgspec.json.decode(said, type=dict[str, object])[key] if key else said)  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError) as wrong:
        expected = f"a JSON object with a number called {key!r}" if key else "a number of seconds"
        raise ValueError(f"its answer is not {expected}") from wrong
    if not math.isfinite(found):
        raise ValueError("its answer is no finite number of seconds")
    return max(0.0, found)
