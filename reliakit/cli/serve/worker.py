"""One worker: it serves the gateway on a socket that it is given, and tells its supervisor how it is.

    python -m reliakit.cli.serve.worker PLAN LISTENER CHANNEL

PLAN is JSON; the others are numbers of file descriptors.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from reliakit import Reliakit
from reliakit.cli.serve.channel import Reporter
from reliakit.cli.serve.plan import Plan, decode
from reliakit.definitions.gateways import gateway_problems
from reliakit.errors import ReliakitError
from reliakit.middleware.protocol import ASGIApp

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Serves until it is told to end, or the supervisor is gone."""
    # Ctrl-C reaches the whole group; the supervisor tells us what to do then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan, listener, channel = decode(arguments[0]), _socket(arguments[1]), _socket(arguments[2])
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(levelname)s %(message)s")
    try:
        kit = _Kit(plan.file, store=plan.store)
        app = _logged(kit.gateway(), plan)
        serve = _server(plan)
    except (ReliakitError, OSError) as failed:
        print(f"reliakit: {failed}", file=sys.stderr)
        sys.exit(2)
    serve(app, plan, listener, Reporter(channel, partial(_state, kit)))
    kit.close()


Serve = Callable[[ASGIApp, Plan, socket.socket, Reporter], None]


class _Kit(Reliakit):
    # So that a worker which starts on a file for applications runs on what its siblings do.
    _demands = (gateway_problems,)


def _state(kit: Reliakit) -> dict[str, Any]:
    return {"ready": kit.ready, "unreachable": kit.status().unreachable}


def _server(plan: Plan) -> Serve:
    if plan.server == "granian":
        from reliakit.cli.serve.granian_server import serve as by_granian

        return by_granian
    from reliakit.cli.serve.uvicorn_server import serve

    return serve


def _logged(app: ASGIApp, plan: Plan) -> ASGIApp:
    if plan.access_log == "off":
        return app
    from reliakit.cli.serve.access import AccessLog

    return AccessLog(app, plan.access_log)


def _socket(descriptor: str) -> socket.socket:
    return socket.socket(fileno=int(descriptor))


if __name__ == "__main__":
    main(sys.argv[1:])
