"""The part of a kit that hands out apps of its own, to be mounted in the application or served beside it, and what
frameworks are built on whose applications can't be wrapped."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reliakit.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from reliakit.middleware.ofrep.answers import Evaluate
    from reliakit.middleware.passage import Passages
    from reliakit.middleware.protocol import ASGIApp, WSGIApp
    from reliakit.runtime.demands import Demand
    from reliakit.runtime.joining import Joined
    from reliakit.runtime.keeper import Keeper
    from reliakit.runtime.runtime import Runtime

__all__ = ["Mounted"]

_LIMIT = 64 * 1024


class _Kit(Protocol):
    _runtime: "Runtime"
    _keeper: "Keeper"

    @property
    def evaluate(self) -> "Evaluate": ...


class Mounted:
    """Apps that show what a kit knows."""

    _runtime: "Runtime"
    _keeper: "Keeper"
    _joined: "Joined"
    _folder: Path
    _bypassed: bool
    _demands: "Sequence[Demand]" = ()
    """What is asked of definitions from the first ones on."""

    def passages(self) -> "Passages | None":
        """Returns what takes the requests of an application from inside of it; None where reliakit is inert.

        For authors of integrations, where a framework gives its middleware requests and responses of its own. It has
        the effect of `asgi` and `wsgi`, but that requests go to no upstream but the application.
        """
        if self._bypassed:
            return None
        from reliakit.middleware.passage import Passages

        return Passages(self._runtime, self._folder)

    def gateway(self) -> "ASGIApp":
        """Returns an ASGI app that has no application behind it: all requests go to upstreams that are elsewhere.

        It is what `reliakit serve` serves. What no route leads anywhere is answered with 404.

        Raises:
            ConfigurationError: the definitions name `app`, or an upstream that is `in_process`.
            MissingExtraError: what a transport needs is not installed.
            UsageError: reliakit is told to be inert, and a gateway can't be.
        """
        from reliakit.definitions.gateways import gateway_problems
        from reliakit.middleware.asgi import ASGIShell
        from reliakit.middleware.gateway import Nowhere

        if self._bypassed:
            raise UsageError(
                "RELIAKIT_BYPASS=1 leaves a gateway nothing to do: take it out of the environment"
            )
        problems = list(gateway_problems(self._keeper.state.definitions))
        if problems:
            name = self._keeper.source_name
            raise ConfigurationError(replace(each, source=name) for each in problems)
        if gateway_problems not in self._keeper.demands:
            self._keeper.demands.append(gateway_problems)
        return ASGIShell(Nowhere(), self._runtime, self._folder, {})

    def metrics_asgi(self) -> "ASGIApp":
        """Returns an ASGI app that shows what all workers have counted together, as OpenMetrics.

        Mount it in any worker, where a Prometheus may ask and the public may not. It answers 503 while the store
        can't be read.
        """
        from reliakit.middleware.metrics import MetricsASGI

        return MetricsASGI(self._exposed)

    def metrics_wsgi(self) -> "WSGIApp":
        """Returns the same as a WSGI app."""
        from reliakit.middleware.metrics import MetricsWSGI

        return MetricsWSGI(self._exposed)

    def ofrep_asgi(
        self: _Kit,
        *,
        tokens: Sequence[str] = (),
        origins: Sequence[str] = (),
        limit: int = _LIMIT,
    ) -> "ASGIApp":
        """Returns an ASGI app that evaluates flags for front ends and other languages, by OpenFeature's OFREP.

        Anybody sees the flags that their definitions call `public: true`; a bearer token opens all of them. The user
        is the `targetingKey` of the request alone, and no visitor of an application around it.

        Args:
            tokens: bearer tokens of 16 characters or more; several while one replaces the other.
            origins: web origins whose pages may ask, such as `https://shop.example.com`; `*` for all.
            limit: bytes that a request may have.

        Raises:
            UsageError: a token is too short, or an origin none.
        """
        from reliakit.middleware.ofrep.app import OFREP

        keeper = self._keeper
        return OFREP(self.evaluate, lambda: keeper.state.definitions, self._runtime, tokens, origins, limit)

    def _exposed(self) -> "Future[str]":
        self._runtime.wake()
        return self._runtime.engine.submit(self._joined.exposer.text())
