"""All tests of one release together: one state that is folded, stepped and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.counted import Counted, Held
from reliakit.rollouts.definition import AnalysisRules, ErrorRules, Step
from reliakit.rollouts.guards import Guarded
from reliakit.rollouts.mismatch import Mismatch
from reliakit.rollouts.ratio_rule import RatioStep
from reliakit.rollouts.records import Record, opened, stamped
from reliakit.rollouts.slices import Slice
from reliakit.rollouts.timed import Timed
from reliakit.rollouts.usual import Usual

__all__ = ["Analysis"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Every test of a release, under the rules it was last folded with."""

    errors: Counted
    client_errors: Held | None = None
    latency: Timed | None = None
    metrics: Mapping[str, Counted] = field(default_factory=dict)
    guards: Mapping[str, Guarded] = field(default_factory=dict)
    ratio: RatioStep | None = None
    mismatch: Mismatch | None = None

    @classmethod
    def begun(cls, rules: AnalysisRules, usual: Usual | None = None) -> "Analysis":
        """Returns all tests before the first block; `usual` is how often stable is known to fail."""
        held, latency = rules.client_errors, rules.latency
        return cls(
            errors=Counted.begun(rules.errors, usual),
            client_errors=None if held is None else Held.begun(held),
            latency=None if latency is None else Timed.begun(latency),
            metrics={each.name: Counted.begun(each.rules) for each in rules.metrics},
            guards={each.name: Guarded() for each in rules.guards},
            ratio=None if rules.ratio is None else RatioStep(),
        )

    def under(self, rules: AnalysisRules, step: Step) -> "Analysis":
        """Returns the tests under rules that may have been edited: what is judged otherwise now begins anew, so that
        it inherits no evidence that it should not.
        """
        errors, held, latency = rules.errors, rules.client_errors, rules.latency
        if step.promotion is not None:
            errors = ErrorRules(errors.rollback, step.promotion)
        return Analysis(
            errors=Counted.under(self.errors, errors),
            client_errors=None if held is None else Held.under(self.client_errors, held),
            latency=None if latency is None else Timed.under(self.latency, latency),
            metrics={
                each.name: Counted.under(self.metrics.get(each.name), each.rules) for each in rules.metrics
            },
            guards={each.name: self.guards.get(each.name, Guarded()) for each in rules.guards},
            ratio=None if rules.ratio is None else self.ratio or RatioStep(),
            mismatch=self.mismatch,
        )

    def folded(self, piece: Slice) -> "Analysis":
        """Returns every test that compares what one locality served, after one more slice."""
        held, fresh = self.client_errors, piece.client_errors
        return replace(
            self,
            errors=self.errors.folded(piece.errors),
            client_errors=held if held is None or fresh is None else held.folded(fresh),
            latency=self.latency and self.latency.folded(piece.durations),
            metrics={name: test.folded(piece.metrics[name]) for name, test in self.metrics.items()},
            ratio=self.ratio and self.ratio.folded(piece.errors),
        )

    def split(self, requests: Block) -> "Analysis":
        """Returns the test of the split after some more requests.

        It takes those of all localities together: where the canary runs in one zone of two, it gets its share of
        all requests and twice that share of the zone.
        """
        return replace(self, mismatch=self.mismatch and self.mismatch.folded(requests))

    def guarded(
        self, rules: AnalysisRules, counts: Mapping[str, tuple[int, int]], elapsed: float
    ) -> "Analysis":
        """Returns the guards after `elapsed` seconds in which each saw these requests and bad ones, by its name."""
        guards = {
            each.name: self.guards[each.name].folded(each.guard, *counts.get(each.name, (0, 0)), elapsed)
            for each in rules.guards
        }
        return replace(self, guards=guards)

    def stepped(self, rules: AnalysisRules) -> "Analysis":
        """Returns the tests at a change of the weight: new epochs against, nothing in favour yet."""
        return replace(
            self,
            errors=self.errors.stepped(),
            client_errors=self.client_errors and self.client_errors.stepped(),
            latency=self.latency and self.latency.stepped(),
            metrics={name: test.stepped() for name, test in self.metrics.items()},
            guards={each.name: Guarded() for each in rules.guards},
            ratio=self.ratio and RatioStep(),
            mismatch=None,
        )

    def to_record(self) -> Record:
        """Returns what JSON can hold."""
        return stamped(
            "analysis",
            errors=self.errors.to_record(),
            client_errors=self.client_errors and self.client_errors.to_record(),
            latency=self.latency and self.latency.to_record(),
            metrics={name: test.to_record() for name, test in self.metrics.items()},
            guards={name: state.to_record() for name, state in self.guards.items()},
            ratio=self.ratio and self.ratio.to_record(),
            mismatch=self.mismatch and self.mismatch.to_record(),
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Analysis":
        """Reads `to_record`; raises ValueError where it is something else."""
        fields = opened("analysis", record)
        held, latency, ratio, mismatch = (
            fields[name] for name in ("client_errors", "latency", "ratio", "mismatch")
        )
        return cls(
            errors=Counted.from_record(fields["errors"]),
            client_errors=held and Held.from_record(held),
            latency=latency and Timed.from_record(latency),
            metrics={name: Counted.from_record(each) for name, each in fields["metrics"].items()},
            guards={name: Guarded.from_record(each) for name, each in fields["guards"].items()},
            ratio=ratio and RatioStep.from_record(ratio),
            mismatch=mismatch and Mismatch.from_record(mismatch),
        )
