"""A bad day: an upstream that answers well, badly, slowly, twice or not at all, and clients that leave; seeded.

Every request has a token, which a right answer repeats. Whatever happens, nobody may see the token of somebody else.
"""

import asyncio
import re
import zlib
from contextlib import suppress
from random import Random
from typing import Any

from reliakit.testing.upstream_clients import Reply, Request

__all__ = ["EVIL", "TOKEN", "FuzzedUpstream", "Visit", "mutated", "problems"]

TOKEN = re.compile(rb"[0-9a-f]{16}")
EVIL = b"e" * 16
"""The token of an answer that nobody has asked for."""


class Visit:
    """One request of a client, and what came of it. Some servers raise where a client has left, and others do not."""

    def __init__(self, chance: Random) -> None:
        self.token = b"%016x" % chance.getrandbits(60)
        self.reply = Reply()
        self._leaves_after = chance.choice([None, None, None, 0, 1, 3])
        self._raises = chance.random() < 0.5
        method = chance.choice(["GET", "GET", "HEAD", "PUT", "POST", "DELETE"])
        body = [chance.randbytes(chance.choice([0, 1, 100, 70_000])) for _ in range(chance.randint(1, 4))]
        body = body if method in ("PUT", "POST") else []
        headers = [(b"x-crc", b"%d" % zlib.crc32(b"".join(body)))]
        if body and chance.random() < 0.5:
            headers.append((b"content-length", b"%d" % sum(map(len, body))))
        elif body:
            headers.append((b"transfer-encoding", b"chunked"))
        if body and chance.random() < 0.2:
            headers.append((b"expect", b"100-continue"))
        self.request = Request(method, b"/" + self.token, headers, body)

    async def ask(self, transport: Any) -> None:
        """Asks, and perhaps leaves in the middle."""
        messages = [
            {"type": "http.request", "body": piece, "more_body": True} for piece in self.request.body
        ] + [{"type": "http.request", "body": b"", "more_body": False}]
        gone = asyncio.Event()
        if self._leaves_after is not None:
            asyncio.get_running_loop().call_later(self._leaves_after * 0.02, gone.set)

        async def receive() -> Any:
            if messages and not gone.is_set():
                return messages.pop(0)
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if self._raises and gone.is_set():
                raise ConnectionResetError("the client has hung up")
            reply = self.reply
            reply.messages.append(message)
            if message["type"] == "http.response.start":
                reply.status, reply.headers = message["status"], message["headers"]
            else:
                reply.body += message["body"]
                reply.complete = not message["more_body"]

        try:
            await transport(self.request.scope(), receive, send)
        except Exception as failed:
            self.reply.failed = failed
        finally:
            gone.set()


def problems(visits: list[Visit]) -> list[str]:
    """Returns what may not be."""
    found = []
    known = {visit.token for visit in visits} | {EVIL}
    for visit in visits:
        reply = visit.reply
        seen = set(TOKEN.findall(reply.body + b" ".join(value for _, value in reply.headers)))
        if others := (seen & known) - {visit.token}:
            found.append(f"{visit.request.method} {visit.token!r} was answered with {others}")
        starts = [message for message in reply.messages if message["type"] == "http.response.start"]
        ends = [message for message in reply.messages if message.get("more_body") is False]
        if len(starts) > 1 or len(ends) > 1 or (reply.messages and not starts):
            found.append(f"{visit.token!r} was answered more than once")
        ours = type(reply.failed).__module__ == "reliakit.upstreams.errors"
        if reply.failed is not None and not (ours or isinstance(reply.failed, ConnectionResetError)):
            found.append(f"{visit.token!r} failed with {reply.failed!r}")
        if reply.failed is not None and reply.complete:
            found.append(f"{visit.token!r} looks whole, but failed")
    return found


class FuzzedUpstream:
    """Answers as chance has it.

    Attributes:
        wrong: what requests have arrived that nobody has sent.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.wrong: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        chance = self._chance
        head = await reader.readuntil(b"\r\n\r\n")
        line = re.fullmatch(
            rb"(GET|HEAD|PUT|POST|DELETE) /([0-9a-f]{16}) HTTP/1.1", head.partition(b"\r\n")[0]
        )
        if line is None:
            self.wrong.append(f"no request: {head[:80]!r}")
            return False
        early = chance.random() < 0.1
        if not early:
            await self._body(head, reader, writer)
        return await self._answer(line[1] == b"HEAD", line[2], writer) and not early

    async def _body(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"\r\nexpect:" in head and self._chance.random() < 0.7:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head)
        body = b""
        if length is not None:
            body = await reader.readexactly(int(length[1]))
        elif b"\r\ntransfer-encoding: chunked\r\n" in head:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            assert await reader.readexactly(2) == b"\r\n"
        told = re.search(rb"\r\nx-crc: (\d+)\r\n", head)
        if told is None or int(told[1]) != zlib.crc32(body):
            self.wrong.append(f"another body: {head[:80]!r}")

    async def _answer(self, is_head: bool, token: bytes, writer: asyncio.StreamWriter) -> bool:
        chance = self._chance
        response, stays = self._response(is_head, token)
        mood = chance.choices(
            ["well", "cut", "reset", "mutated", "twice", "half", "silent", "later"],
            [60, 6, 4, 12, 6, 4, 3, 5],
        )[0]
        if mood == "silent":
            await asyncio.sleep(1)
            return False
        if mood in ("cut", "reset", "half"):
            response = response[: chance.randrange(len(response))]
        if mood == "mutated":
            response = mutated(response, chance)
        evil = b"HTTP/1.1 200 OK\r\nX-Evil: %b\r\nContent-Length: 16\r\n\r\n%b" % (EVIL, EVIL)
        if mood == "twice" and stays:
            # What comes by itself while the next request is under way is its answer, as far as anybody can tell; so
            # the second answer begins in the same packet in which the first one ends.
            await self._write(writer, response[:-10])
            writer.write(response[-10:] + evil)
        else:
            await self._write(writer, response)
        if mood == "reset":
            writer.transport.abort()
        elif mood == "half":
            writer.write_eof()
            await asyncio.sleep(0.05)
        return stays and mood in ("well", "mutated", "twice")

    def _response(self, is_head: bool, token: bytes) -> tuple[bytes, bool]:
        """Returns a right answer, and whether the connection stays open after it."""
        chance = self._chance
        body = token * chance.choice([0, 1, 1, 50, 6000])
        interim = chance.choice([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: <%b>\r\n\r\n" % token])
        kind = chance.choice(["length", "chunked", "close", "204", "304"])
        head = interim + b"HTTP/1.1 %d X\r\nX-Token: %b\r\n" % (int(kind) if kind.isdigit() else 200, token)
        if kind.isdigit():
            return head + b"\r\n", True
        if kind == "close":
            return head + b"Connection: close\r\n\r\n" + (b"" if is_head else body), False
        if kind == "length":
            return head + b"Content-Length: %d\r\n\r\n" % len(body) + (b"" if is_head else body), True
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        return head if is_head else head + _chunked(body, chance), True

    async def _write(self, writer: asyncio.StreamWriter, response: bytes) -> None:
        chance = self._chance
        if chance.random() < 0.5:
            writer.write(response)
            return
        while response:
            count = chance.choice([1, 7, 100, 5000, 50_000])
            writer.write(response[:count])
            response = response[count:]
            await asyncio.sleep(chance.choice([0, 0, 0.0005]))
            if len(response) > 2000 and count < 100:
                writer.write(response[:2000])
                response = response[2000:]


def _chunked(body: bytes, chance: Random) -> bytes:
    raw = b""
    while body:
        count = chance.choice([1, 16, 1000, 40_000])
        raw += b"%x%b\r\n%b\r\n" % (len(body[:count]), chance.choice([b"", b"", b";a=b"]), body[:count])
        body = body[count:]
        if len(raw) > 20_000 and body:
            raw, body = raw + b"%x\r\n%b\r\n" % (len(body), body), b""
    return raw + b"0\r\n" + chance.choice([b"", b"X-Trailer: 1\r\n"]) + b"\r\n"


def mutated(sent: bytes, chance: Random) -> bytes:
    """Returns it with a few bytes changed, most of them in its head or its last line."""
    changed = bytearray(sent)
    for _ in range(chance.randint(1, 3)):
        end = chance.choice([len(changed), min(len(changed), 120)])
        at = chance.randrange(end) if chance.random() < 0.9 else max(0, len(changed) - 3)
        what = chance.randrange(3)
        if what == 0:
            changed[at] = chance.randrange(256)
        elif what == 1:
            changed[at:at] = chance.choice([b"\r\n", b"\n", b" ", b"0", b":", b"\x00", b"\xff"])
        else:
            del changed[at]
    return bytes(changed)
