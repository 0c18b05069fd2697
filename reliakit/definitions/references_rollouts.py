"""What the parts of a rollout say of each other: which keys its strategy has a use for, and names that must exist."""

from collections.abc import Iterator, Mapping
from typing import Any

from reliakit.definitions.analysis_models import AnalysisSection
from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem, describe, enumerate_words, suggestion
from reliakit.definitions.quantities import seconds
from reliakit.definitions.rollout_models import RolloutSection
from reliakit.definitions.rollouts import RolloutReader, strategy_of
from reliakit.rollouts.definition import Strategy

__all__ = ["rollout_problems", "rollout_warnings", "without_upstream"]

_CANARY, _SWITCH, _AB = Strategy.CANARY, Strategy.BLUE_GREEN, Strategy.AB
_USED_BY: Mapping[str, tuple[Strategy, ...]] = {
    "steps": (_CANARY,),
    "weight": (_AB,),
    "match": (_AB,),
    "pre_promotion": (_SWITCH,),
    "post_promotion": (_SWITCH,),
    "deadline": (_CANARY, _SWITCH),
    "rollback_window": (_CANARY, _SWITCH, _AB),
    "analysis": (_CANARY, _SWITCH, _AB),
    "slo": (_CANARY, _SWITCH, _AB),
    "release": (_CANARY, _SWITCH, _AB),
}
"""Keys that not everybody has a use for; a plain split has one for `weight` alone."""

_INSTEAD: Mapping[tuple[str, Strategy], str] = {
    ("weight", _CANARY): "write its weights as steps: [5, 20, 50]",
    ("weight", _SWITCH): "it switches everybody at once: take it out",
    ("steps", _SWITCH): "it switches everybody at once: take it out, or write strategy: canary",
    ("steps", _AB): "write one share for the canary, as in weight: 50",
    ("deadline", _AB): "take it out: an A/B test runs until somebody promotes or aborts it",
    ("match", _CANARY): "take it out, or write strategy: ab",
    ("match", _SWITCH): "take it out; who carries a signed override sees the preview",
}
_COMPARING = ("judge", "ratio", "alpha", "error_rate", "client_errors", "latency")
_SEQUENTIAL = ("alpha", "error_rate", "client_errors", "latency")
_WRITE_A_GUARD = "add one to the analysis: guards: [{error_rate: 5%, for: 2m}]"


def rollout_problems(name: str, section: RolloutSection, segments: Mapping[str, Any]) -> Iterator[Problem]:
    """Yields what is wrong with a rollout, beside its slots."""
    path: Path = ("rollouts", name)
    strategy = strategy_of(section)
    yield from _unused_keys(path, section, strategy)
    yield from _match(path, section, segments)
    if section.release is not None and section.release.to not in section.slots:
        wanted = section.release.to
        hint = suggestion(wanted, section.slots) or f"the slots are {', '.join(section.slots)}"
        yield Problem((*path, "release", "to"), f"there is no slot {describe(wanted)}", hint)
    if strategy is not None:
        yield from RolloutReader(name, section, strategy).problems()
        yield from _analysis(path, section, strategy)


def without_upstream(section: RolloutSection) -> bool:
    """Tells whether a rollout is one of functions: nothing routes to it."""
    return all(slot.upstream is None for slot in section.slots.values())


def _unused_keys(path: Path, section: RolloutSection, strategy: Strategy | None) -> Iterator[Problem]:
    for key, users in _USED_BY.items():
        if getattr(section, key) is None or strategy in users or (strategy is None and key == "weight"):
            continue
        belongs = f"`{key}` belongs to {enumerate_words(users)}"
        if strategy is None:
            hint = f"write strategy: {users[0]}, or take it out: a plain split has no releases"
            yield Problem((*path, key), f"{belongs}, and there is no `strategy`", hint)
        else:
            hint = _INSTEAD.get((key, strategy), f"take it out, or write strategy: {users[0]}")
            yield Problem((*path, key), f"{belongs}, and this is {strategy}", hint)


def _match(path: Path, section: RolloutSection, segments: Mapping[str, Any]) -> Iterator[Problem]:
    match = section.match
    if match is None:
        return
    if not (match.headers or match.cookies or match.context):
        hint = "take it out: without `match` the test is about everybody"
        yield Problem((*path, "match"), "expected one of headers, cookies and context in it", hint)
    for key in ("headers", "cookies"):
        if getattr(match, key) and without_upstream(section):
            message = f"`{key}` belongs to requests, and slots without an upstream get none"
            yield Problem((*path, "match", key), message, "match by `context`, which a function's caller has")
    if match.context is not None:
        reader = ConditionReader(segments)
        reader.read(match.context, (*path, "match", "context"))
        yield from reader.problems


def _analysis(path: Path, section: RolloutSection, strategy: Strategy) -> Iterator[Problem]:
    analysis = section.analysis or AnalysisSection()
    if strategy is _SWITCH:
        yield from _alone(path, section, analysis)
    elif analysis.judge == "ratio":
        yield from _unjudged(path, section, analysis)
    elif analysis.ratio is not None:
        hint = "write judge: ratio, or take it out"
        yield Problem((*path, "analysis", "ratio"), "`ratio` belongs to judge: ratio", hint)


def _alone(path: Path, section: RolloutSection, analysis: AnalysisSection) -> Iterator[Problem]:
    """Under blue_green nothing stable runs beside what is judged."""
    for key in _COMPARING:
        if getattr(analysis, key) is not None:
            message = (
                f"`{key}` compares with stable, and under blue_green nothing runs beside to compare with"
            )
            yield Problem((*path, "analysis", key), message, "take it out, and let `guards` judge")
    if analysis.guards or analysis.outside:
        return
    message = "nothing runs beside to compare with, so guards must judge, and there is none"
    if section.pre_promotion is not None and section.pre_promotion.gate not in (None, "manual"):
        yield Problem((*path, "pre_promotion", "gate"), message, f"{_WRITE_A_GUARD}; or write gate: manual")
    if section.post_promotion is not None:
        yield Problem((*path, "post_promotion"), message, _WRITE_A_GUARD)


def _unjudged(path: Path, section: RolloutSection, analysis: AnalysisSection) -> Iterator[Problem]:
    """The rule of the tutorials judges by itself."""
    message = "belongs to judge: sequential, and this is judge: ratio, which judges errors by itself"
    for key in _SEQUENTIAL:
        if getattr(analysis, key) is not None:
            yield Problem((*path, "analysis", key), f"`{key}` {message}", "take one of the two out")
    for index, step in enumerate(section.steps or ()):
        if not isinstance(step, float) and step.error_rate is not None:
            yield Problem((*path, "steps", index, "error_rate"), f"`error_rate` {message}", "take it out")


def rollout_warnings(definitions: Definitions) -> Iterator[Problem]:
    """Yields what is allowed and probably not meant."""
    for name, section in definitions.rollouts.items():
        guards = section.analysis and (section.analysis.guards or section.analysis.outside)
        window = section.rollback_window is None or seconds(section.rollback_window) > 0
        if strategy_of(section) in (_CANARY, _SWITCH) and window and not guards:
            message = (
                "at 100 % nothing runs beside, so only guards roll back in the rollback window: there is none"
            )
            hint = f"{_WRITE_A_GUARD}; or write rollback_window: 0s"
            yield Problem(("rollouts", name), message, hint, severity="warning")
