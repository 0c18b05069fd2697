"""What is stored of regions is read by the version before and after."""

import asyncio
import json
from pathlib import Path

import pytest

from reliakit.failover.recovery.phases import Phase
from reliakit.failover.recovery.state import RecoveryState
from reliakit.stores.protocol import Write
from tests.recovery.stage import Stage

WRITTEN = """{"kind":"recovery","version":1,"upstream":"shop","at":1800000010.0,"phase":"Away","number":1,"incident":
{"away":"eu","to":"us","base":1800000004.0,"elapsed":6.0,"asked":false,"drill":false,"lag":2.5,"rto":6.5},"weight":1.0,
"elapsed":1.0,"bad":6.0,"well":0.0,"rested":1.0,"run":{"purpose":"back","series":2,"attempt":1,"waited":3.0},"series":2,
"hasty":false,"why":"us serves in place of eu"}"""
"""As the first version has written it. It stays as it is: whoever must change it breaks a fleet that is being deployed."""


@pytest.mark.parametrize("later", [{}, {"later": [1, 2]}])
def test_what_the_first_version_has_written_is_read_and_so_is_what_a_later_one_adds(
    later: dict[str, object],
) -> None:
    """Otherwise a deploy of reliakit in the middle of a disaster brings the traffic back to a region that is gone."""
    state = RecoveryState.from_record(json.loads(WRITTEN) | later)
    assert (state.phase, state.weight, state.incident and state.incident.rto) == (Phase.AWAY, 1.0, 6.5)
    assert state.to_record() == json.loads(WRITTEN)


def test_a_state_of_a_version_that_is_not_known_is_left_alone_and_what_was_in_force_stays(
    tmp_path: Path,
) -> None:
    """Otherwise an old worker overwrites what a new one has decided, or stops sending requests anywhere."""
    stage = Stage(tmp_path)

    async def scene() -> None:
        stage.lose("eu")
        await stage.phase(Phase.AWAY)
        text = json.dumps(json.loads(WRITTEN) | {"version": 9})
        [document] = (await stage.store.read(("recovery/",))).found.values()
        assert await stage.store.commit([Write("recovery/shop", text, document.version)])
        await stage.seconds(30)
        assert stage.where == [{"eu": 0.0, "us": 1.0}] * 3
        [document] = (await stage.store.read(("recovery/",))).found.values()
        assert document.text == text

    asyncio.run(scene())
    stage.close()
