"""Bad days of the whole gateway: upstreams that garble, cut and stall; clients that send nonsense, dribble, and leave."""

import asyncio
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.gateway.running import Gateway, gateway
from tests.servers.serving import until
from tests.upstreams.fuzzing import EVIL, TOKEN, FuzzedUpstream, mutated

_DEFINITIONS = """
upstreams:
  shop:
    endpoints: [{{url: "http://127.0.0.1:{port}"}}]
    timeouts: {{read: 300ms, total: 3s}}
    outlier_detection: off
routes: [{{path_prefix: /, upstream: shop}}]
"""
_CLIENTS, _AT_ONCE = 150, 12
_SECONDS = 45
"""More than a head may take to arrive, since some never do."""
_BODILESS = ("GET", "GET", "HEAD", "DELETE")


@dataclass(slots=True)
class _Client:
    """One connection: a few requests behind each other, of which some are none.

    Attributes:
        garbled: whether what it sends is not what it should be.
        leaves: whether it goes before it is answered.
        tokens: of its requests, and of those that lie in their bodies.
        received: all that came back.
        hung: whether it still waited after everything had to be over.
    """

    chance: Random
    garbled: bool = False
    leaves: bool = False
    tokens: set[bytes] = field(default_factory=set)
    received: bytes = b""
    hung: bool = False

    async def visit(self, port: int) -> None:
        chance = self.chance
        sent = b"".join(self._request(last) for last in [False] * chance.randint(0, 3) + [True])
        self.garbled, self.leaves = chance.random() < 0.4, chance.random() < 0.2
        with suppress(ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await self._talk(reader, writer, mutated(sent, chance) if self.garbled else sent)
            finally:
                writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> None:
        hearing = None if self.leaves else asyncio.create_task(self._hear(reader))
        with suppress(ConnectionError):
            while sent:
                count = self.chance.choice([3, 30, 5000, 1 << 20])
                writer.write(sent[:count])
                sent = sent[count:]
                await writer.drain()
                await asyncio.sleep(self.chance.choice([0, 0, 0.0005]))
        if hearing is not None:
            await hearing

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                while piece := await reader.read(1 << 16):
                    self.received += piece
        except TimeoutError:
            self.hung = True
        except ConnectionError:
            pass

    def _request(self, last: bool) -> bytes:
        chance, token = self.chance, self._token()
        has_body = chance.random() < 0.4
        method = chance.choice(("PUT", "POST")) if has_body else chance.choice(_BODILESS)
        end = b"Connection: close\r\n" if last else b""
        head = b"%b /%b HTTP/1.1\r\nHost: shop.test\r\n%b" % (method.encode(), token, end)
        return head + (self._body() if has_body else b"X-CRC: 0\r\n\r\n")

    def _body(self) -> bytes:
        """Returns the rest of a request; who loses the thread in it finds another request there."""
        chance = self.chance
        hidden = b"\r\n\r\nGET /%b HTTP/1.1\r\nHost: shop.test\r\nX-CRC: 0\r\n\r\n" % self._token()
        body = chance.randbytes(chance.choice([0, 10, 40_000])) + hidden
        crc = b"X-CRC: %d\r\n" % zlib.crc32(body)
        if chance.random() < 0.5:
            return crc + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        return crc + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

    def _token(self) -> bytes:
        token = b"%016x" % self.chance.getrandbits(60)
        self.tokens.add(token)
        return token


def _day(seed: int, folder: Path) -> list[str]:
    chance = Random(seed)
    clients = [_Client(Random(chance.getrandbits(60))) for _ in range(_CLIENTS)]
    return asyncio.run(_lived(FuzzedUpstream(chance), clients, folder))


async def _lived(upstream: FuzzedUpstream, clients: list[_Client], folder: Path) -> list[str]:
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 20) as server:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.to_thread(_served, folder, port, clients)


def _served(folder: Path, port: int, clients: list[_Client]) -> list[str]:
    with gateway(folder, _DEFINITIONS.format(port=port), workers=1) as served:
        (worker,) = served.workers()
        before = _descriptors(worker)
        asyncio.run(_visits(served.port, clients))
        assert served.workers() == [worker], "the worker has died"
        until(lambda: _descriptors(worker) <= before + _AT_ONCE, 30)
        return [*_problems(clients), *_traces(served)]


async def _visits(port: int, clients: list[_Client]) -> None:
    waiting = list(clients)

    async def one() -> None:
        while waiting:
            await waiting.pop().visit(port)

    await asyncio.gather(*(one() for _ in range(_AT_ONCE)))


def _problems(clients: list[_Client]) -> list[str]:
    known = {EVIL}.union(*(each.tokens for each in clients))
    found = [f"client {number} hung" for number, each in enumerate(clients) if each.hung]
    for number, each in enumerate(clients):
        if others := (set(TOKEN.findall(each.received)) & known) - each.tokens:
            found.append(f"client {number} was shown {others} in {each.received[:3000]!r}")
    well = [each for each in clients if not (each.garbled or each.leaves)]
    answered = sum(each.received.startswith(b"HTTP/1.1 ") for each in well)
    return found if answered > 0.9 * len(well) else [*found, f"{answered} of {len(well)} were answered"]


def _traces(served: Gateway) -> list[str]:
    return [line for line in served.log.splitlines() if "Traceback" in line or " ERROR " in line]


def _descriptors(worker: int) -> int:
    return len(os.listdir(f"/proc/{worker}/fd"))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_bad_day_of_the_gateway(seed: int, tmp_path: Path) -> None:
    """Otherwise one client could crash a worker, hang it, or be shown the page of somebody else."""
    print(f"seed {seed}")
    assert not _day(seed, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(1001, 1061))
def test_many_bad_days_of_the_gateway(seed: int, tmp_path: Path) -> None:
    """Otherwise what is rare would only be found by users."""
    print(f"seed {seed}")
    assert not _day(seed, tmp_path)
