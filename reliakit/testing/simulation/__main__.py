"""`python -m reliakit.testing.simulation`: runs seeds, and says how to see a failure again."""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from reliakit.testing.simulation.scenarios import SCENARIOS
from reliakit.testing.simulation.simulation import simulate
from reliakit.testing.simulation.watching import Broken

__all__ = ["again", "main"]


def again(seed: int, scenario: str) -> str:
    """Returns the command that shows what a seed does."""
    return f"python -m reliakit.testing.simulation --seed {seed} --scenario {scenario} --trace"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is asked for; returns how many simulations went wrong, 99 at most."""
    asked = _parser().parse_args(arguments)
    ends: Counter[str] = Counter()
    broken = 0
    for seed, scenario in _chosen(asked):
        try:
            result = simulate(seed, scenario, trace=_say if asked.trace else lambda line: None)
            ends[str(result.phase)] += 1
            if asked.seed is not None:
                _say(f"{scenario} {seed}: {result.phase}, {', '.join(result.happened)}\n{result.digest}")
        except Broken as wrong:
            broken += 1
            _say(f"{scenario} {seed}: {wrong}\n    {again(seed, scenario)}")
    _say(f"{sum(ends.values())} simulations hold, {broken} do not; {dict(sorted(ends.items()))}")
    return min(broken, 99)


def _chosen(asked: argparse.Namespace) -> Iterator[tuple[int, str]]:
    seeds = asked.seeds if asked.seed is None else range(asked.seed, asked.seed + 1)
    for seed in seeds:
        for scenario in [asked.scenario] if asked.scenario else SCENARIOS:
            yield seed, scenario


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m reliakit.testing.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument(
        "--seeds", type=_range, default=range(1, 11), help="several, as 1-100; 1-10 by default"
    )
    parser.add_argument("--scenario", choices=SCENARIOS, help="one of them; all by default")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    return parser


def _range(written: str) -> range:
    first, _, last = written.partition("-")
    return range(int(first), int(last or first) + 1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    logging.getLogger("reliakit").setLevel(logging.CRITICAL)  # here, not in `main`: a caller keeps its own
    sys.exit(main())
