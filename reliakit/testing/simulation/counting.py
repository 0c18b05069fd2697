"""What has to be true of counts at every step. Each function returns what is wrong, or None."""

from collections import Counter
from collections.abc import Mapping

from reliakit.rollouts.evidence import Evidence
from reliakit.rollouts.state import RolloutState
from reliakit.testing.simulation.served import Kind, Ledger, Life

__all__ = [
    "counted_once",
    "evidence_was_served",
    "nothing_is_lost",
    "one_bin_for_each_request",
    "sums_are_what_was_told",
]


def sums_are_what_was_told(ledger: Ledger, sums: Mapping[str, int]) -> str | None:
    """The store's sums are those of the reports that it has accepted: late, doubled and disordered ones count once."""
    told = ledger.sums
    wrong = [name for name in {*told, *sums} if told[name] != sums.get(name, 0)]
    if not wrong:
        return None
    name = min(wrong)
    return f"{name} is {sums.get(name, 0):,} and workers told {told[name]:,}"


def counted_once(ledger: Ledger, sums: Mapping[str, int]) -> str | None:
    """No outcome is counted twice. What was counted for releases long gone is merged into number 0."""
    most: Counter[Kind] = Counter()
    for kind, served in ledger.served.items():
        most[kind] += served
        most[0, kind[1], kind[2], kind[3]] += served if kind[0] else 0
    for kind, served in most.items():
        if (counted := sums.get(ledger.named(kind), 0)) > served:
            return f"{ledger.named(kind)} is {counted:,} of {served:,} that were served"
    return None


def nothing_is_lost(ledger: Ledger, life: Life) -> str | None:
    """What a worker had counted when it made a report that was accepted is in the store, whatever was before."""
    if life.unsure:
        return None
    for kind, served in life.told.items():
        counted = ledger.counted(life, kind)
        if counted < served:
            return f"{served:,} of {ledger.named(kind)} were published by {life.names[-1]}, {counted:,} are counted"
    return None


def one_bin_for_each_request(ledger: Ledger, sums: Mapping[str, int]) -> str | None:
    """Outcomes and durations are of the same requests: no report is counted by halves."""
    for start in sorted(
        {name.rpartition("|")[0] for name in sums if name.startswith(f"r|{ledger.rollout}|")}
    ):
        parts = {name.rpartition("|")[2]: n for name, n in sums.items() if name.rpartition("|")[0] == start}
        bins = sum(count for what, count in parts.items() if what[0] == "b" and what[1:].isdigit())
        outcomes = sum(count for what, count in parts.items() if not (what[0] == "b" and what[1:].isdigit()))
        if bins != outcomes - parts.get("ns", 0):
            return f"{start} has {bins:,} durations of {outcomes - parts.get('ns', 0):,} requests"
    return None


def evidence_was_served(ledger: Ledger, state: RolloutState, evidence: Evidence) -> str | None:
    """Nothing has entered the evidence that was not served, nor twice."""
    for (slot, assignment, _), served in evidence.cursor.items():
        names = ("success", "error", "client_error", "cancelled")
        for outcome, count in zip(names, served.outcomes, strict=False):
            truth = ledger.served[state.number, slot, assignment, outcome]
            if count > truth:
                return f"the cursor has {count:,} {outcome} of {slot}, and {truth:,} were served"
    canary = state.release.slot if state.release else ""
    counts = evidence.analysis.errors.against.evidence.counts
    truth = ledger.requests(state.number, canary)
    return f"{counts.n_c:,} canary requests were judged of {truth:,}" if counts.n_c > truth else None
