"""How `reliakit serve` starts, and what it says where it can't."""

import http.client
import json
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from reliakit.cli.program import program
from tests.gateway.running import Visitors, gateway, get, upstream
from tests.servers.serving import ROOT, free_port, until

_SOUND = """format: 1
upstreams: {shop: {endpoints: [{url: "http://127.0.0.1:9"}]}}
routes: [{path_prefix: /, upstream: shop}]
"""


def _said(folder: Path, text: str, *options: str) -> str:
    """Returns what it says that does not start."""
    file = folder / "reliakit.yaml"
    file.write_text(text)
    found = CliRunner().invoke(program, ["serve", str(file), *options])
    assert found.exit_code == 2, found.output
    return found.output


def test_definitions_for_an_application_are_refused_with_their_lines(tmp_path: Path) -> None:
    """Otherwise a file that is right in an application would be an outage in front of it."""
    text = "format: 1\nupstreams: {v2: in_process}\nroutes:\n  - {path_prefix: /v2, upstream: v2}\n  - {upstream: app}\n"
    said = _said(tmp_path, text)
    assert 'reliakit.yaml:4: routes[0].upstream: "v2" is an application in the same process' in said
    assert 'reliakit.yaml:5: routes[1].upstream: "app" is an application in the same process' in said
    assert "upstreams: {shop: {endpoints: [{url: http://10.0.1.5:8000}]}}" in said


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Otherwise people would look for the fault in their definitions."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"can't listen on 127.0.0.1:{port}: " in _said(tmp_path, _SOUND, "--port", str(port))
        listen = f"listen: {{port: {free_port()}, admin: 127.0.0.1:{port}}}\n"
        assert f"can't listen on 127.0.0.1:{port}: " in _said(tmp_path, _SOUND + listen)


def test_it_stops_at_once_while_it_starts(tmp_path: Path) -> None:
    """Otherwise a deployment that is called off leaves a gateway behind, or waits for a minute."""
    file = tmp_path / "reliakit.yaml"
    file.write_text(_SOUND)
    options = ["--port", str(free_port()), "--admin", "off", "--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "reliakit", "serve", str(file), *options], cwd=ROOT)
    try:
        until(lambda: _children(process.pid), 30)
        worker = _children(process.pid)[0]
        process.terminate()
        assert process.wait(20) == 0
        until(lambda: not Path(f"/proc/{worker}").exists(), 10)
    finally:
        process.kill()


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


@pytest.mark.parametrize(
    ("missing", "told"), [("uvicorn", "reliakit[gateway]"), ("granian", "reliakit[granian]")]
)
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    """Otherwise the first meeting with the gateway is a traceback."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == missing or name == "reliakit.cli.serve.uvicorn_server":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr("reliakit.cli.serve.command.find_spec", lambda name: None)
    assert told in _said(tmp_path, _SOUND, "--server", missing)


def test_it_serves_https_from_its_own_certificate_to_an_upstream_with_another(tmp_path: Path) -> None:
    """Otherwise passwords would cross the network as anybody may read them."""
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "gateway.pem")
    )
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with upstream("blue") as shop:
        definitions = f"""
listen: {{tls: {{certificate: gateway.pem}}}}
upstreams: {{shop: {{endpoints: [{{url: "{shop.url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
"""
        with gateway(tmp_path, definitions, workers=1) as served:
            context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
            client = http.client.HTTPSConnection("127.0.0.1", served.port, context=context, timeout=10)
            client.request("GET", "/")
            told = json.loads(client.getresponse().read())
            client.close()
    assert ["x-forwarded-proto", "https"] in told["headers"]


def test_it_listens_on_a_unix_socket_where_one_was_left_behind(tmp_path: Path) -> None:
    """Otherwise a gateway that was killed could not be started again behind another server."""
    path = tmp_path / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with upstream("blue") as shop:
        definitions = f"""
upstreams: {{shop: {{endpoints: [{{url: "{shop.url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
"""
        with (
            gateway(tmp_path, definitions, "--address", f"unix:{path}", workers=1),
            socket.socket(socket.AF_UNIX) as client,
        ):
            client.settimeout(10)
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_an_edit_reaches_all_workers_without_a_restart(tmp_path: Path) -> None:
    """Otherwise moving a service to another host would cost a restart of the gateway."""
    definitions = """
upstreams: {{shop: {{endpoints: [{{url: "{url}"}}]}}}}
routes: [{{path_prefix: /, upstream: shop}}]
"""
    with (
        upstream("blue") as blue,
        upstream("green") as green,
        gateway(tmp_path, definitions.format(url=blue.url)) as served,
    ):
        workers = served.workers()
        with Visitors(served.port) as clients:
            until(lambda: clients.counts["blue", 200] > 20, 10)
            served.file.write_text("format: 1" + definitions.format(url=green.url))
            until(lambda: clients.counts["green", 200] > 20, 10)
            before = clients.counts["blue", 200]
            until(lambda: clients.counts["green", 200] > 200, 10)
            assert clients.counts["blue", 200] <= before + 4  # workers look one after the other
        assert (clients.broken, clients.refused) == (0, 0)
        assert served.workers() == workers
        blue.process.terminate()
        blue.process.wait(10)
        assert get(served.port, "/")[0] == 200


def test_the_workers_say_which_upstreams_can_not_be_reached(tmp_path: Path) -> None:
    """Otherwise people would have to read the logs of all workers to find a service that is down."""
    with gateway(tmp_path, _SOUND.removeprefix("format: 1\n"), workers=1) as served:
        assert [get(served.port, "/")[0] for _ in range(5)] == [502] * 5
        until(lambda: served.shown("/-/health")["workers"][0]["unreachable"] == ["shop"], 5)
