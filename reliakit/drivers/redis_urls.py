"""Where a Redis server is, as its URL says."""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, unquote

from reliakit.drivers import several_hosts
from reliakit.errors import UsageError

__all__ = ["Address", "parse"]

_SCHEME = re.compile(r"(redis|rediss|unix)(?:\+(sentinel|cluster))?")
_HOST = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>\d+))?")
_FORMS = (
    "redis://host:6379/0, rediss://…, unix:///path/to/socket, redis+sentinel://host:26379,host:26379/service "
    "or redis+cluster://host:6379,host:6379"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL.

    Attributes:
        name: what people may see: no user, password or option.
        kind: whether the hosts are the server itself, sentinels that know it, or nodes of a cluster.
        hosts: hosts and ports; empty for a Unix socket.
        service: what sentinels call the server.
        options: the same as a URL for the driver, with the password and without the hosts.
    """

    name: str
    kind: Literal["server", "sentinel", "cluster"]
    hosts: tuple[tuple[str, int], ...]
    service: str
    options: str = field(repr=False)


def parse(url: str) -> Address:
    """Reads the URL of a Redis server.

    Raises:
        UsageError: it has another form; the message does not repeat it, since it may hold a password.
    """
    try:
        split = several_hosts.split(url)
    except ValueError:  # whose text quotes what may be a part of a password
        raise _unusable("it can't be read") from None
    scheme = _SCHEME.fullmatch(split.scheme)
    if scheme is None:
        raise _unusable("it has another scheme")
    plain, kind = scheme.groups()
    if plain == "unix":
        return _socket(split, kind)
    user, hosts = _hosts(split, 26379 if kind == "sentinel" else 6379)
    service, database = _path(split, kind)
    name = f"{split.scheme}://{','.join(_shown(*host) for host in hosts)}{split.path}"
    options = f"{plain}://{user}@/{database}?{split.query}"
    if kind is None and len(hosts) > 1:
        raise _unusable("several hosts need +sentinel or +cluster in the scheme")
    return Address(name, kind or "server", hosts, service, options)  # type: ignore[arg-type]


def _socket(split: SplitResult, kind: str | None) -> Address:
    if kind or not split.path:
        raise _unusable("a socket needs a path and nothing else")
    user = split.netloc.rpartition("@")[0]
    return Address(f"unix://{split.path}", "server", (), "", f"unix://{user}@{split.path}?{split.query}")


def _hosts(split: SplitResult, port: int) -> tuple[str, tuple[tuple[str, int], ...]]:
    user, _, hosts = split.netloc.rpartition("@")
    found = [_HOST.fullmatch(each) for each in hosts.split(",")]
    if None in found:
        raise _unusable("a host or port can't be read; write letters like @ : / in a password as %40 %3A %2F")
    places = [match.group("v6", "host", "port") for match in found if match]
    return user, tuple((unquote(v6 or host) or "localhost", int(given or port)) for v6, host, given in places)


def _path(split: SplitResult, kind: str | None) -> tuple[str, str]:
    """Returns the name of the service and the number of the database."""
    parts = split.path.strip("/").split("/")
    service = unquote(parts.pop(0)) if kind == "sentinel" else ""
    database = parts[0] if parts else ""
    if len(parts) > 1 or not (database or "0").isdigit() or (kind == "sentinel") != bool(service):
        raise _unusable("its path can't be read")
    if kind == "cluster" and database.strip("0"):
        raise _unusable("a cluster has no databases")
    return service, database


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unusable(why: str) -> UsageError:
    return UsageError(f"the URL of Redis can't be used: {why}; expected {_FORMS}")
