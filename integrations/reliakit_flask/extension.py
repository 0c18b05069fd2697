"""The extension."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Request

from reliakit import Reliakit, UsageError
from reliakit_flask.asking import BEHIND, KIT, USER, current_kit, leave
from reliakit_flask.commands import command

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["FlaskReliakit"]

_DEFAULT_FILE = "reliakit.yaml"
_ON_INVALID = ("last_good", "refuse")


class FlaskReliakit:
    """Puts Flask applications behind a kit: `FlaskReliakit(app)`, or `init_app(app)` in a factory.

    Each app gets a kit of its own, by its configuration, as `app.extensions["reliakit"]`; in views and templates it
    is `reliakit_flask.kit`. Templates have `flag("key")` and `flag_value("key", default)`, and `flask reliakit` has
    the commands of `reliakit`, for the app's own definitions and store.

    Configuration:
        RELIAKIT_CONFIG: a file, relative to the app's root path, or a URL, or a mapping; by default `reliakit.yaml`.
            The variable of that name in the environment wins.
        RELIAKIT_STORE: a URL; by default what the definitions say.
        RELIAKIT_ON_INVALID: `last_good` or `refuse`.

    Args:
        app: may come later, by `init_app`.
        kit: one for all apps, in place of what the configuration says.
        user: gives whoever is signed in as a targeting key, or a pair of it and a mapping of attributes, or None. It
            is called in the request context, once per request, when a flag is checked for the first time. Where it
            raises, nobody is signed in, and the log has the reason.
        identify: gives the targeting key of a request before the app runs, for rollouts of requests.
        upstreams: as for `init_app`; for `app` alone.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        kit: Reliakit | None = None,
        user: Callable[[], Any] | None = None,
        identify: Callable[[Request], Any] | None = None,
        upstreams: "Mapping[str, WSGIApplication] | None" = None,
    ) -> None:
        self._kit, self._user, self._identify = kit, user, identify
        if app is not None:
            self.init_app(app, upstreams=upstreams)

    def init_app(self, app: Flask, *, upstreams: "Mapping[str, WSGIApplication] | None" = None) -> None:
        """Puts one more application behind a kit.

        Args:
            app: the application, called `app` in the definitions.
            upstreams: other applications by the names that `upstreams` of the definitions has. Those of Flask share
                the kit, and are not to be initialised on their own.

        Raises:
            ConfigurationError: the definitions can't be used, and there are no last good ones.
            UsageError: the app has a kit already, or an upstream has no definition.
        """
        kit = self._kit or _configured(app)
        shell = kit.wsgi(
            app.wsgi_app, upstreams=upstreams, identify=self._identify and _by_request(self._identify)
        )
        self._join(app, kit)
        for other in (upstreams or {}).values():
            if isinstance(other, Flask):
                self._join(other, kit)
        app.cli.add_command(command(app, kit))

        def behind(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
            environ[BEHIND] = True
            return shell(environ, start_response)

        app.wsgi_app = behind  # type: ignore[method-assign]

    def _join(self, app: Flask, kit: Reliakit) -> None:
        if KIT in app.extensions:
            raise UsageError(f"the app {app.name!r} has a kit already; call init_app once")
        app.extensions[KIT], app.extensions[USER] = kit, self._user
        app.add_template_global(_flag, "flag")
        app.add_template_global(_flag_value, "flag_value")
        app.teardown_request(leave)


def _configured(app: Flask) -> Reliakit:
    source = app.config.get("RELIAKIT_CONFIG", _DEFAULT_FILE)
    if not isinstance(source, Mapping) and "://" not in str(source):
        source = Path(app.root_path, source)
    on_invalid = app.config.get("RELIAKIT_ON_INVALID", "last_good")
    if on_invalid not in _ON_INVALID:
        raise UsageError(f"RELIAKIT_ON_INVALID is {' or '.join(_ON_INVALID)}, not {on_invalid!r}")
    return Reliakit(source, store=app.config.get("RELIAKIT_STORE"), on_invalid=on_invalid)


def _by_request(identify: Callable[[Request], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda environ: identify(Request(environ))


def _flag(key: str, *, default: bool = False) -> bool:
    return current_kit().enabled(key, default=default)


def _flag_value(key: str, default: Any = None) -> Any:
    return current_kit().value(key, default)
