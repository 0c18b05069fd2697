"""The gateway beside nginx, HAProxy and Envoy: requests, large bodies, WebSockets; and WSGI beside a plain proxy."""

from benchmarks.hops.bodies import bodies
from benchmarks.hops.ours import HTTP1, chosen, ours
from benchmarks.hops.proxies import Absent, Recipe, others
from benchmarks.hops.requests import requests
from benchmarks.hops.websockets import websockets
from benchmarks.hops.wsgi import wsgi
from benchmarks.table import Table

__all__ = ["run"]


def run(smoke: bool) -> list[Table]:
    """Measures our gateway as it comes, and unless it is a `smoke` test, all its choices and all that others have."""
    alone = [chosen(HTTP1)]
    if smoke:
        beside, absent, choices = list[Recipe](), Absent(), alone
    else:
        beside, absent = others(install=True)
        choices = ours()
    return [
        requests([*beside, *choices], absent, smoke=smoke),
        bodies([*beside, *alone], absent, smoke=smoke),
        websockets([*beside, *alone], absent, smoke=smoke),
        wsgi(smoke=smoke),
    ]
