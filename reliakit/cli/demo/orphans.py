"""No server outlives its demo, even one that was killed without a chance to clean up."""

import os
import signal
import threading
import time

__all__ = ["DEMO", "watch"]

DEMO = "RELIAKIT_DEMO_PID"
_EVERY = 1.0


def watch() -> None:
    """Starts a thread, in a worker, that ends the server when the demo's process is gone."""
    demo, server = int(os.environ[DEMO]), os.getppid()
    threading.Thread(target=_watch, args=(demo, server), name="demo-watch", daemon=True).start()


def _watch(demo: int, server: int) -> None:
    while _is_alive(demo):
        time.sleep(_EVERY)
    # Only our own parent: a worker that was orphaned itself has been given another one.
    os.kill(server if os.getppid() == server else os.getpid(), signal.SIGTERM)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
