"""What is wrong with upstreams that are elsewhere, and with where the gateway listens."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from reliakit.definitions.balancing import balancing_problems
from reliakit.definitions.listen_models import ListenSection
from reliakit.definitions.models import Definitions
from reliakit.definitions.problems import Path, Problem, describe
from reliakit.definitions.quantities import seconds
from reliakit.definitions.recovery import recovery_problems
from reliakit.definitions.rolling import rolling_problems
from reliakit.definitions.upstream_models import UpstreamSection

__all__ = ["host_and_port", "is_elsewhere", "listen_problems", "upstream_problems", "upstream_warnings"]

_PORTS = {"http": 80, "https": 443}
_EXPECTED = "expected a URL such as http://10.0.1.5:8000, https://shop.internal or unix:/run/shop.sock"
_ABOVE_ZERO = ("connect", "read", "total")


def is_elsewhere(definitions: Definitions, upstream: str | None) -> bool:
    """Tells whether an upstream is reached over the network."""
    return isinstance(definitions.upstreams.get(upstream or ""), UpstreamSection)


def upstream_problems(definitions: Definitions) -> Iterator[Problem]:
    """Yields the problems of the section `upstreams`."""
    for name, section in definitions.upstreams.items():
        if isinstance(section, UpstreamSection):
            path: Path = ("upstreams", name)
            yield from _endpoints(path, section)
            yield from _times(path, section)
            yield from balancing_problems(path, section, definitions)
            yield from recovery_problems(path, section)
            yield from rolling_problems(path, section)
            if section.tls and section.tls.key and not section.tls.certificate:
                hint = "name its file: certificate: client.pem"
                yield Problem((*path, "tls", "key"), "there is a key, and no certificate that it is of", hint)


def _endpoints(path: Path, section: UpstreamSection) -> Iterator[Problem]:
    seen: dict[tuple[str, str, int], int] = {}
    for index, endpoint in enumerate(section.endpoints):
        here: Path = (*path, "endpoints", index, "url")
        found = _split(endpoint.url)
        if found is None:
            yield Problem(here, f"{_EXPECTED}, got {_shown(endpoint.url)}", _missing_scheme(endpoint.url))
            continue
        if (found.path.strip("/") and found.scheme != "unix") or found.query or found.fragment:
            hint = "take it out: what a request asks for is passed on as it is"
            yield Problem(here, "expected no path and no query in the URL of an endpoint", hint)
        if section.tls is not None and found.scheme == "http":
            yield Problem(
                here, "there are settings of TLS, and this is http", "write https://, or take `tls` out"
            )
        first = seen.setdefault(_address(found), index)
        if first != index:
            hint = "take one of them out; to send it more requests, give it a weight"
            yield Problem(here, f"endpoints[{first}] is the same address", hint)


def _split(url: str) -> SplitResult | None:
    """Returns the parts of a URL that names an endpoint."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return parts if parts.path.startswith("/") and not parts.netloc else None
        sound = parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    return parts if sound and url.isascii() and not any(each.isspace() for each in url) else None


def _address(parts: SplitResult) -> tuple[str, str, int]:
    if parts.scheme == "unix":
        return "unix", parts.path, 0
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]


def _shown(url: str) -> str:
    """A URL may hold a password before its @."""
    return "one with a user" if "@" in url else describe(url)


def _missing_scheme(url: str) -> str | None:
    meant = f"http://{url}"
    return f"did you mean {meant}?" if "://" not in url and "@" not in url and _split(meant) else None


def _times(path: Path, section: UpstreamSection) -> Iterator[Problem]:
    for key in _ABOVE_ZERO:
        written = getattr(section.timeouts, key)
        if written is not None and seconds(written) <= 0:
            hint = "take it out for the default"
            yield Problem((*path, "timeouts", key), "expected a duration above 0s", hint)


def upstream_warnings(definitions: Definitions) -> Iterator[Problem]:
    """Yields the upstreams that no request can reach."""
    slots = {slot.upstream for rollout in definitions.rollouts.values() for slot in rollout.slots.values()}
    mirrors = {
        section.mirror.to
        for section in definitions.upstreams.values()
        if isinstance(section, UpstreamSection) and section.mirror
    }
    named = slots | mirrors | {route.upstream for route in definitions.routes}
    for name in definitions.upstreams:
        if name not in named and is_elsewhere(definitions, name):
            hint = f"add it: routes: [{{path_prefix: /, upstream: {name}}}]"
            message = "no route and no slot leads to this upstream"
            yield Problem(("upstreams", name), message, hint, severity="warning")


def listen_problems(listen: ListenSection) -> Iterator[Problem]:
    """Yields the problems of the section `listen`."""
    if listen.address.startswith("unix:"):
        if not listen.address.startswith("unix:/"):
            yield Problem(
                ("listen", "address"), "expected the whole path of a socket, as in unix:/run/shop.sock"
            )
    elif not _is_address(listen.address):
        expected = "an address of this host such as 127.0.0.1, 0.0.0.0 or ::"
        yield Problem(("listen", "address"), f"expected {expected}, got {describe(listen.address)}")
    if listen.admin != "off" and host_and_port(listen.admin) is None:
        expected = "an address and a port such as 127.0.0.1:9901, or off"
        yield Problem(("listen", "admin"), f"expected {expected}, got {describe(listen.admin)}")


def host_and_port(written: str) -> tuple[str, int] | None:
    """Returns the parts of `127.0.0.1:9901` or `[::1]:9901`; None where it is neither."""
    host, _, port = written.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    sound = _is_address(host) and port.isascii() and port.isdigit() and int(port) <= 65_535
    return (host, int(port)) if sound else None


def _is_address(written: str) -> bool:
    if written == "localhost":
        return True
    try:
        ip_address(written)
    except ValueError:
        return False
    return True
