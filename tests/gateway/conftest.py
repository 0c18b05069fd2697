"""One gateway for the tests that change nothing about it."""

from collections.abc import Iterator

import pytest

from tests.gateway.running import Gateway, Upstream, gateway, upstream
from tests.servers.serving import free_port

DEFINITIONS = """
upstreams:
  shop: {{endpoints: [{{url: "{shop}"}}]}}
  impatient: {{endpoints: [{{url: "{shop}"}}], timeouts: {{read: 200ms}}}}
  narrow: {{endpoints: [{{url: "{shop}"}}], pool: {{connections: 1, wait: 100ms}}}}
  gone: {{endpoints: [{{url: "http://127.0.0.1:{closed}"}}]}}
  partly: {{endpoints: [{{url: "http://127.0.0.1:{closed}"}}, {{url: "{shop}"}}]}}
routes:
  - {{host: impatient.test, upstream: impatient}}
  - {{host: narrow.test, upstream: narrow}}
  - {{host: gone.test, upstream: gone}}
  - {{host: partly.test, upstream: partly}}
  - {{path_prefix: /, host: 127.0.0.1, upstream: shop}}
  - {{path_prefix: /, host: shop.test, upstream: shop}}
listen: {{header_bytes: 32768, uri_bytes: 2048}}
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Upstream]:
    with upstream("blue") as found:
        yield found


@pytest.fixture(scope="module")
def served(shop: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    definitions = DEFINITIONS.format(shop=shop.url, closed=free_port())
    with gateway(folder, definitions, "--access-log", "json") as found:
        yield found
