"""The URL of a Redis store."""

import pytest

from reliakit.drivers.redis_urls import parse
from reliakit.errors import UsageError
from reliakit.stores.redis import RedisStore


@pytest.mark.parametrize(
    ("url", "name", "kind", "hosts"),
    [
        ("redis://localhost", "redis://localhost:6379", "server", [("localhost", 6379)]),
        ("redis://u:secret@h:1/2", "redis://h:1/2", "server", [("h", 1)]),
        ("rediss://:secret@h/0?ssl_cert_reqs=none", "rediss://h:6379/0", "server", [("h", 6379)]),
        ("redis://[::1]:7", "redis://[::1]:7", "server", [("::1", 7)]),
        ("redis://h?password=secret", "redis://h:6379", "server", [("h", 6379)]),
        ("unix://:secret@/run/valkey.sock?db=1", "unix:///run/valkey.sock", "server", []),
        (
            "redis+sentinel://:secret@a,b:2/main/3", "redis+sentinel://a:26379,b:2/main/3", "sentinel",
            [("a", 26379), ("b", 2)],
        ),
        ("rediss+cluster://a,[::1]:8", "rediss+cluster://a:6379,[::1]:8", "cluster", [("a", 6379), ("::1", 8)]),
    ],
)  # fmt: skip
def test_it_is_read_and_named_without_the_password(url: str, name: str, kind: str, hosts: list) -> None:
    """Otherwise a store would go elsewhere, or its password into logs and dashboards."""
    address = parse(url)
    assert (address.name, address.kind, list(address.hosts)) == (name, kind, hosts)
    assert "secret" not in repr(address)
    assert RedisStore(url).name == name


@pytest.mark.parametrize(
    "url",
    [
        "http://h", "localhost:6379", "", "redis://:secret/x@h", "redis://h:port", "redis://h:99:99", "redis://a,b",
        "redis://h/main", "redis://h/1/2", "redis+sentinel://h", "redis+sentinel://h/main/x", "redis+cluster://h/1",
        "unix://", "unix+cluster:///secret", "redis://[::secret", "redis+other://h", "redis://h?secret=1",
        "redis://h?health_check_interval=often",
    ],
)  # fmt: skip
def test_one_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    """Otherwise a slip of the pen would only be found when the store is needed."""
    with pytest.raises(UsageError) as refused:
        RedisStore(url)
    if "h?" not in url:
        assert "secret" not in str(refused.value)
        assert "redis+sentinel://host" in str(refused.value)


@pytest.mark.parametrize("namespace", ["", "a}b", "{a", "a b", "ä"])
def test_a_namespace_that_would_part_its_keys_is_refused(namespace: str) -> None:
    """Otherwise a cluster would spread the keys, and every script would fail."""
    with pytest.raises(UsageError, match="a namespace is made of"):
        RedisStore("redis://localhost", namespace)
