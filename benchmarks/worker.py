"""One subject in one process: `python -m benchmarks.worker ADAPTER_MODULE FLAGS`.

Writes a line of JSON when ready, `{"ready": true}` or `{"error": "..."}`. Then answers each line such as
`{"kind": "rule", "seconds": 0.2}` with `{"ns": 812.4}`: nanoseconds per call, the loop around it taken off.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from time import perf_counter
from typing import Any, TextIO, cast

from benchmarks.workload import KINDS, PEOPLE, Adapter, anonymous, flags, wrong_answers

__all__: list[str] = []

Sweep = Callable[[], list[Any]]


def _sweeps(adapter: Adapter, count: int) -> dict[str, Sweep]:
    client = adapter.load(flags(count))
    nobody, somebody = adapter.crowd(anonymous(PEOPLE)), adapter.crowd(PEOPLE)
    crowds = {kind: somebody if kind == "rule" else nobody for kind in KINDS}
    return {kind: partial(adapter.answers, client, kind, crowds[kind]) for kind in KINDS}


def _loop() -> list[Any]:
    return [context for _, context in PEOPLE]


def _timed(sweep: Sweep, seconds: float) -> float:
    """Nanoseconds per call, over whole sweeps until `seconds` are gone."""
    sweeps, start = 0, perf_counter()
    while (elapsed := perf_counter() - start) < seconds or not sweeps:
        sweep()
        sweeps += 1
    return elapsed / sweeps / len(PEOPLE) * 1e9


def _serve(requests: TextIO, replies: TextIO, sweeps: dict[str, Sweep]) -> None:
    for line in requests:
        request = json.loads(line)
        loop = _timed(_loop, request["seconds"] / 10)
        _reply(replies, {"ns": _timed(sweeps[request["kind"]], request["seconds"]) - loop})


def _reply(replies: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=replies, flush=True)


def _ready(module: str, count: int) -> dict[str, Sweep]:
    sweeps = _sweeps(cast("Adapter", import_module(module)), count)
    wrong = [wrong_answers(kind, sweep()) for kind, sweep in sweeps.items()]
    if any(wrong):
        raise ValueError("; ".join(text for text in wrong if text))
    return sweeps


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # SDKs that print would break the protocol
    try:
        sweeps = _ready(sys.argv[1], int(sys.argv[2]))
    except Exception as error:
        traceback.print_exc()
        _reply(replies, {"error": f"{type(error).__name__}: {error}"})
    else:
        _reply(replies, {"ready": True})
        _serve(sys.stdin, replies, sweeps)


if __name__ == "__main__":
    main()
