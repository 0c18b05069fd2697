"""What a person at a terminal sees of a release that is being judged."""

from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from reliakit.cli.demo.figures import Figures
from reliakit.cli.demo.table import drawn
from reliakit.cli.demo.view import View
from reliakit.cli.demo.watch import Watch
from reliakit.rollouts.blocks import Block
from reliakit.rollouts.phases import Phase
from reliakit.rollouts.state import Release, RolloutState
from reliakit.rollouts.verdict import Advice, Verdict


def verdict(test: str, value: float, threshold: float) -> Verdict:
    return Verdict(test, "errors", Advice.WAIT, value, threshold, Block(10, 40, 1, 0), None, "so far")


def shown(state: RolloutState, *evidence: Verdict) -> list[str]:
    no_store: Any = None
    screen = StringIO()
    watch = Watch(no_store, lambda text: None, state=state, evidence=evidence)
    view = View("http://127.0.0.1:1", Path("flags.yaml"), None, Figures(), watch, {})
    console = Console(file=screen, width=80, no_color=True)
    console.print(drawn(view))
    return screen.getvalue().splitlines()


RUNNING = RolloutState(
    "shop",
    "blue",
    number=1,
    release=Release(1, "green", "2.0", 0.0),
    phase=Phase.RUNNING,
    weight=20.0,
    why="wait",
)


def test_the_evidence_stands_beside_its_threshold():
    """Otherwise one would see that a release is judged, and not how near it is to its end."""
    lines = shown(RUNNING, verdict("rollback", 10.0, 100.0), verdict("promotion", 0.25, 20.0))
    [against] = [line for line in lines if "against it" in line]
    [favour] = [line for line in lines if line.startswith("for it")]
    assert "E = 10 of 100" in against
    assert "E = 0.25 of 20" in favour
    assert against.count("━") == 20, "half of the way, since evidence multiplies"
    assert "━" not in favour
    assert any("release 1 (2.0 in green) Running at 20 %: wait" in line for line in lines)


def test_what_is_below_a_release_stays_where_it_is():
    """Otherwise the tables would jump whenever a release begins or ends."""
    ended = RolloutState("shop", "blue", number=1, release=RUNNING.release, phase=Phase.FAILED)
    assert len(shown(ended)) == len(shown(RUNNING, verdict("rollback", 10.0, 100.0)))
