"""From a WSGI environ to what an ASGI scope would say, as far as it still can. Pure."""

from urllib.parse import quote

from reliakit.upstreams.protocol import Environ, Headers, Scope

__all__ = ["scope_of"]


def scope_of(environ: Environ) -> Scope:
    """Returns the scope of a WSGI request.

    The order of headers, and which of them came twice, is lost in WSGI. The exact target is there where the server
    tells it (`RAW_URI` of gunicorn and werkzeug, `REQUEST_URI` of uWSGI, mod_wsgi and waitress); else it is quoted
    anew, which is right but for the choice of what was quoted.
    """
    path, query = _target(environ)
    peer = environ.get("REMOTE_ADDR")
    return {
        "type": "http",
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "raw_path": path,
        "query_string": query,
        "headers": _headers(environ),
        "client": (peer, 0) if peer else None,
    }


def _target(environ: Environ) -> tuple[bytes, bytes]:
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if "://" in raw.partition("?")[0]:
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    if raw[:1] not in ("/", "*"):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        raw = quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~") or "/"
        return raw.encode("latin-1"), environ.get("QUERY_STRING", "").encode("latin-1")
    path, _, query = raw.partition("?")
    return path.encode("latin-1"), query.encode("latin-1")


def _headers(environ: Environ) -> Headers:
    headers = []
    for variable, value in environ.items():
        if variable.startswith("HTTP_"):
            name = variable[5:]
        elif variable in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            name = variable
        else:
            continue
        headers.append((name.lower().replace("_", "-").encode("latin-1"), value.encode("latin-1")))
    return headers
