"""What sharing costs the store: the same few calls a second whatever the traffic, and no bytes for what has not changed."""

from collections import Counter
from pathlib import Path
from typing import Any

from reliakit.rollouts.phases import Phase
from tests.fleet.clients import Clients
from tests.fleet.fleets import Watched
from tests.fleet.odd_servers import Log, config, now, odd_server
from tests.servers.serving import until

_BEATS = 4


def test_calls_are_constant_in_traffic_and_reports_say_what_changed(tmp_path: Path) -> None:
    """Otherwise a busy day of the shop would be a busy day of its database, just when that can't be had."""
    url = f"sqlite:///{tmp_path}/shared.db"
    file, watched = config(tmp_path / "reliakit.yaml"), Watched(url)
    with odd_server(file, url, "counted", workers=2) as (server, log):
        with Clients(server.port, threads=1, pause=0.05) as few:
            until(lambda: (at := watched.state()) and at.state.phase is Phase.RUNNING, 30)
            quiet = _beats(log)
        with Clients(server.port, threads=4, pause=0.0) as many:
            busy = _beats(log)
        until(lambda: all(not line["series"] for line in _last(log)), 15)
        idle = _beats(log)
    assert many.answered > 5 * few.answered
    for pid, lines in quiet.items():
        said = [(_calls(each) / _BEATS, _series(each)) for each in (idle[pid], lines, busy[pid])]
        print(
            f"\n{pid}: " + "; ".join(f"{calls:.1f} calls a beat, {series} series" for calls, series in said)
        )
        assert not _series(idle[pid])
        assert abs(_calls(busy[pid]) - _calls(lines)) <= _BEATS  # a fold more or less in each beat
        assert _calls(busy[pid]) <= 8 * _BEATS


def _beats(log: Log) -> dict[int, list[dict[str, Any]]]:
    """Returns the next reports of each worker, by its pid."""
    begun, pids = now(), {line["pid"] for line in log.lines("calls")}

    def told() -> dict[int, list[dict[str, Any]]] | None:
        lines = [line for line in log.lines("calls") if line["at"] > begun]
        found = {pid: [line for line in lines if line["pid"] == pid][: _BEATS + 1] for pid in pids}
        return found if all(len(each) > _BEATS for each in found.values()) else None

    found: dict[int, list[dict[str, Any]]] = until(told, 30)
    return found


def _last(log: Log) -> list[dict[str, Any]]:
    return list({line["pid"]: line for line in log.lines("calls")}.values())


def _calls(lines: list[dict[str, Any]]) -> int:
    first, last = (Counter(line["calls"]) for line in (lines[0], lines[-1]))
    return (last - first).total()


def _series(lines: list[dict[str, Any]]) -> int:
    return sum(line["series"] for line in lines[1:])
