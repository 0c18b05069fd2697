"""What every transport to upstreams has to do, as tests that a transport of your own inherits.

```python
class TestMyTransport(TransportContract):
    def make_transport(self, url: str, settings: Settings, forwarding: Forwarding) -> Transport:
        return MyTransport(address_of(url), settings, forwarding)
```
"""

from reliakit.testing.upstream_bytes import ByteContract
from reliakit.testing.upstream_failures import FailureContract
from reliakit.testing.upstream_forwarding import ForwardingContract
from reliakit.testing.upstream_messages import MessageContract
from reliakit.testing.upstream_pools import PoolContract

__all__ = ["MessageContract", "TransportContract"]


class TransportContract(MessageContract, ByteContract, FailureContract, PoolContract, ForwardingContract):
    """Inherit it in a class whose name starts with `Test`, and say how to make a transport to a URL.

    Every test runs an event loop of its own, so no plugin is needed. The upstream is a server of raw sockets, which
    records what arrives and answers what a test says.

    `MessageContract` is the part that an application in this process keeps, too: give it an `AppHop`.

    Attributes:
        within: seconds that a test may take at most.
        lacks: what the transport can't do, so that its tests are skipped: `order` of different headers, `latin-1`
            in requests, `early` answers, `interim` responses, `trailers`, waiting for 100 `continue`, being `strict`
            about malformed responses, a limit of `total` time, `expiry` without a next request, `dialling` with a
            limit, asking a `single` time, `cancellation`, `peeking` at a socket before it is used.
    """
