"""`python -m benchmarks evaluation|footprint|middleware|functions|provider|durations|canary|balancing|gateway_transports|gateway|failures|all [--smoke]`: prints the tables as Markdown."""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec

from benchmarks.machine import described
from benchmarks.table import Table

__all__: list[str] = []

_SUBCOMMANDS = (
    "evaluation",
    "footprint",
    "middleware",
    "functions",
    "provider",
    "durations",
    "canary",
    "balancing",
    "upstream_balancing",
    "gateway_transports",
    "gateway",
    "failures",
)


def _arguments(known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure reliakit and its peers."
    )
    parser.add_argument("what", choices=[*known, "all"])
    parser.add_argument(
        "--smoke", action="store_true", help="few calls, installs nothing: does it work at all?"
    )
    return parser.parse_args()


def main() -> int:
    known = [name for name in _SUBCOMMANDS if find_spec(f"benchmarks.{name}")]
    arguments = _arguments(known)
    print(f"{described()}\n", flush=True)
    problems: list[str] = []
    for name in known if arguments.what == "all" else [arguments.what]:
        tables: list[Table] = import_module(f"benchmarks.{name}").run(arguments.smoke)
        for table in tables:
            print(f"{table.markdown()}\n", flush=True)
            problems.extend(table.problems)
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
