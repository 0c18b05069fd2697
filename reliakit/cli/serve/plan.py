"""What a gateway is started with: the definitions' section `listen`, and what the command line says instead."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from reliakit.cli.printing import Failure
from reliakit.definitions.documents import read, run
from reliakit.definitions.gateways import gateway_problems
from reliakit.definitions.listen_models import ListenSection
from reliakit.definitions.loading import load
from reliakit.definitions.models import Definitions
from reliakit.definitions.quantities import seconds
from reliakit.runtime.demands import demanded

__all__ = ["Plan", "decode", "encode", "planned"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a supervisor and its workers run; paths are absolute, times are seconds."""

    file: str
    store: str | None
    address: str
    port: int
    admin: str
    workers: int
    server: Literal["uvicorn", "granian"]
    access_log: Literal["off", "text", "json"]
    certificate: str | None
    key: str | None
    header_bytes: int
    uri_bytes: int
    keep_alive: float
    drain: float

    @property
    def url(self) -> str:
        """Where it listens, for people."""
        if self.address.startswith("unix:"):
            return self.address
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http{'s' if self.certificate else ''}://{host}:{self.port}"


def planned(file: Path, store: str | None, instead: dict[str, Any]) -> Plan:
    """Reads the definitions.

    Args:
        file: of the definitions.
        store: a URL; None for what the definitions say.
        instead: what the command line says in place of the section `listen`, by the fields of `Plan`.

    Raises:
        Failure: they can't be used by a gateway; the message holds every reason.
    """
    listen = _definitions(file).listen
    folder = file.absolute().parent
    plan = Plan(
        file=os.path.abspath(file),
        store=store,
        address=listen.address,
        port=listen.port,
        admin=listen.admin,
        workers=listen.workers or _processors(),
        server=listen.server,
        access_log=listen.access_log,
        certificate=str(folder / listen.tls.certificate) if listen.tls else None,
        key=_key(listen, folder),
        header_bytes=listen.header_bytes,
        uri_bytes=listen.uri_bytes,
        keep_alive=seconds(listen.keep_alive),
        drain=seconds(listen.drain),
    )
    return replace(plan, **{name: value for name, value in instead.items() if value is not None})


def encode(plan: Plan) -> str:
    """Returns a plan as text, for the command line of a worker."""
    return msgspec.json.encode(plan).decode()


def decode(text: str) -> Plan:
    """Returns the plan of a text."""
    return msgspec.json.decode(text, type=Plan)


def _definitions(file: Path) -> Definitions:
    try:
        text = file.read_bytes()
    except OSError as failed:
        raise Failure(f"{file}: {failed.strerror or failed}") from failed
    document, problems = run(read(text, str(file)))
    found: tuple[object, ...] = tuple(problems)
    if document is not None:
        loaded = demanded([gateway_problems], document, run(load(document, os.environ, None, problems)))
        if loaded.definitions is not None and not loaded.problems:
            return loaded.definitions
        found = loaded.problems
    raise Failure(
        "\n".join(["the gateway can't run on these definitions:", *(f"  {each}" for each in found)])
    )


def _key(listen: ListenSection, folder: Path) -> str | None:
    return str(folder / listen.tls.key) if listen.tls and listen.tls.key else None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
