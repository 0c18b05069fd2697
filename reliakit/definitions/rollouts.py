"""From a rollout as written to the definition that the controller follows: every strategy becomes a ladder of steps."""

import math
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from reliakit.definitions.analysis import AnalysisReader
from reliakit.definitions.analysis_models import AnalysisSection
from reliakit.definitions.problems import Path, Problem
from reliakit.definitions.quantities import duration_text, seconds, share
from reliakit.definitions.rollout_models import (
    ObjectiveSection,
    PrePromotionSection,
    RolloutSection,
    StepSection,
    WebhookSection,
)
from reliakit.rollouts.definition import Gate, Objective, RolloutDefinition, Step, Strategy, Target

__all__ = ["RolloutReader", "rollout_definition", "strategy_of"]

_STEPS = (5.0, 10.0, 20.0, 40.0, 80.0)
_DEADLINE = 86_400.0
_ROLLBACK_WINDOW = 3_600.0
_LONGEST_WINDOW = 35 * 86_400.0


def strategy_of(section: RolloutSection) -> Strategy | None:
    """Returns how releases reach everybody; None for a plain split, which knows no releases."""
    if section.strategy is None:
        return None if section.steps is None else Strategy.CANARY
    return Strategy(section.strategy)


def rollout_definition(name: str, section: RolloutSection) -> RolloutDefinition | None:
    """Returns the definition of a valid section; None for a plain split, whose weight nobody judges.

    The fingerprint leaves the release out: asking for another one changes no rule.
    """
    strategy = strategy_of(section)
    if strategy is None:
        return None
    reader = RolloutReader(name, section, strategy)
    first, second = section.slots
    return RolloutDefinition(
        name=name,
        slots=(first, second),
        initial=section.initial,
        strategy=strategy,
        steps=reader.steps(),
        analysis=reader.analysis.rules(),
        deadline=reader.deadline(),
        rollback_window=_seconds(section.rollback_window, _ROLLBACK_WINDOW),
        sticky=section.sticky != "none",
        objective=None if section.slo is None else reader.objective(section.slo),
        release=None if section.release is None else Target(section.release.to, str(section.release.version)),
        fingerprint=_fingerprint(section),
    )


def _fingerprint(section: RolloutSection) -> str:
    rules = msgspec.structs.replace(section, release=None)
    return sha256(msgspec.json.encode(rules, order="sorted")).hexdigest()[:16]


def _seconds(written: str | None, default: float = 0.0) -> float:
    return default if written is None else seconds(written)


@dataclass(slots=True)
class RolloutReader:
    """Turns one section into the parts of its definition, and collects what is wrong with it."""

    name: str
    section: RolloutSection
    strategy: Strategy
    analysis: AnalysisReader = field(init=False)
    _problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.analysis = AnalysisReader(self.section.analysis or AnalysisSection(), (*self.path, "analysis"))

    @property
    def path(self) -> Path:
        """Where the section stands."""
        return ("rollouts", self.name)

    def problems(self) -> list[Problem]:
        """Reads all parts, and returns what is wrong with them."""
        self.steps()
        if self.deadline() <= 0:
            self._wrong(("deadline",), "expected a duration above 0s", "1d is usual")
        self.analysis.rules()
        if self.section.slo is not None:
            self.objective(self.section.slo)
        return [*self._problems, *self.analysis.problems]

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self._problems.append(Problem((*self.path, *path), message, hint))

    def steps(self) -> tuple[Step, ...]:
        """Returns the ladder."""
        if self.strategy is Strategy.AB:
            return (Step(self._half(), gate=Gate.MANUAL),)
        return self._switch() if self.strategy is Strategy.BLUE_GREEN else self._ladder()

    def deadline(self) -> float:
        """Returns the seconds in a step after which it is inconclusive; an A/B test runs until somebody ends it."""
        return math.inf if self.strategy is Strategy.AB else _seconds(self.section.deadline, _DEADLINE)

    def objective(self, section: ObjectiveSection) -> Objective:
        """Returns the service level objective."""
        good, window = share(section.objective), seconds(section.window)
        if not 0 < good < 1:
            hint = "100% leaves no errors to spend" if good else "99.9% is usual"
            self._wrong(("slo", "objective"), "expected a percentage above 0% and below 100%", hint)
        if not 0 < window <= _LONGEST_WINDOW:
            hint = "outcomes are kept for 35 days"
            self._wrong(
                ("slo", "window"), f"expected a duration above 0s and up to 35d, got {section.window}", hint
            )
        return Objective(good, window)

    def _half(self) -> float:
        weight = self.section.weight
        if weight is None:
            self._wrong(
                (), 'the key "weight" is missing', "ab needs a share for the canary, as in weight: 50"
            )
        elif not 0 < weight < 100:
            self._wrong(
                ("weight",), f"expected a weight above 0 and below 100, got {weight:g}", "50 shows most"
            )
        return weight or 50.0

    def _switch(self) -> tuple[Step, ...]:
        before, after = self.section.pre_promotion or PrePromotionSection(), self.section.post_promotion
        gate, webhook = _gate("manual" if before.gate is None else before.gate)
        self._in_time(before.bake, ("pre_promotion", "bake"))
        preview = Step(0.0, _seconds(before.bake), before.requests or 0, gate=gate, webhook=webhook)
        if after is None:
            # 100 % follows the last gate. A step there would wait for guards, of which there may be none.
            return (preview,)
        self._in_time(after.bake, ("post_promotion", "bake"))
        return preview, Step(100.0, _seconds(after.bake), after.requests or 0)

    def _ladder(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        for index, written in enumerate(self.section.steps or _STEPS):
            step = self._step(written, index)
            self._rises(step.weight, steps, index)
            steps.append(step)
        return tuple(steps)

    def _step(self, written: float | StepSection, index: int) -> Step:
        if not isinstance(written, StepSection):
            return Step(written)
        path = ("steps", index)
        self._in_time(written.bake, (*path, "bake"))
        own = written.error_rate
        gate, webhook = _gate("auto" if written.gate is None else written.gate)
        return Step(
            weight=written.weight,
            bake=_seconds(written.bake),
            requests=written.requests or 0,
            pause=_seconds(written.pause),
            gate=gate,
            webhook=webhook,
            promotion=None if own is None else self.analysis.of_step(own, (*self.path, *path, "error_rate")),
        )

    def _rises(self, weight: float, earlier: list[Step], index: int) -> None:
        path = ("steps", index)
        if weight == 100:
            self._wrong(path, "100 follows the last step by itself", "take it out")
        elif weight == 0:
            self._wrong(
                path, "at 0 there is nothing to judge", "start with 1 or more; blue_green has a preview"
            )
        elif earlier and weight <= earlier[-1].weight:
            message = f"weights must rise, and {weight:g} follows {earlier[-1].weight:g}"
            self._wrong(path, message, "put the steps in order")

    def _in_time(self, bake: str | None, path: Path) -> None:
        if bake is not None and seconds(bake) >= self.deadline() > 0:
            message = (
                f"{bake} can't pass before the deadline of a step, which is {duration_text(self.deadline())}"
            )
            self._wrong(path, message, "set `deadline` to more")


def _gate(written: str | WebhookSection) -> tuple[Gate, str | None]:
    if isinstance(written, WebhookSection):
        return Gate.WEBHOOK, written.webhook
    return Gate(written), None
