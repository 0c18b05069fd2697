"""`reliakit metrics` tells a Prometheus, or a person, what all workers have counted together."""

import asyncio
from pathlib import Path

from reliakit.stores.protocol import Report
from reliakit.stores.sqlite import SQLiteStore
from reliakit.telemetry.fleet_metrics import FLEET
from tests.cli.files import GOOD
from tests.cli.running import reliakit
from tests.telemetry.parsed import families, samples


async def _counted(file: Path) -> None:
    store = SQLiteStore(file)
    await store.publish(
        Report("one", 1, {"f|banner|loud|split": 7, "r|shop|1|blue|split|eu/a|success": 5, "later|kind": 1})
    )
    await store.publish(Report("two", 1, {"f|banner|loud|split": 1, "r|shop|2|blue|split||success": 4}))
    await store.close()


def test_it_prints_what_all_workers_have_counted(tmp_path):
    """Otherwise whoever can mount no app would see one worker at most."""
    (tmp_path / "reliakit.yaml").write_text(GOOD)
    asyncio.run(_counted(tmp_path / ".reliakit" / "reliakit.db"))
    found = reliakit("metrics", cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert set(families(found.stdout)) == {metric.name for metric in FLEET}
    assert samples(found.stdout, "reliakit_fleet_flag_evaluations_total") == {("banner", "split", "loud"): 8}
    assert samples(found.stdout, "reliakit_fleet_requests_total") == {("split", "success", "shop", "blue"): 9}
    assert samples(found.stdout, "reliakit_fleet_workers") == {(): 2}


def test_without_a_store_yet_it_prints_zeros_and_makes_no_file(tmp_path):
    """Otherwise a cron job that runs first would own the file that the application needs."""
    (tmp_path / "reliakit.yaml").write_text(GOOD)
    found = reliakit("metrics", cwd=tmp_path)
    assert found.returncode == 0
    assert samples(found.stdout, "reliakit_fleet_workers") == {(): 0}
    assert [each.name for each in tmp_path.iterdir()] == ["reliakit.yaml"]


def test_a_store_that_is_away_is_told_on_stderr_alone(tmp_path):
    """Otherwise the text collector would read half a page, or nothing, as the truth."""
    (tmp_path / "reliakit.yaml").write_text(GOOD)
    found = reliakit("metrics", "--store", "redis://127.0.0.1:1/0", cwd=tmp_path)
    assert (found.returncode != 0, found.stdout) == (True, "")
    assert "127.0.0.1:1" in found.stderr
