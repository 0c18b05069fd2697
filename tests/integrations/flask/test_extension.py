"""The extension of Flask: apps, factories, users, templates and views."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, render_template_string, request, stream_with_context
from flask.views import MethodView

from reliakit import ConfigurationError, Reliakit, UsageError
from reliakit_flask import FlaskReliakit, flag_required, kit
from tests.middleware.shop import SHOP, outcomes

DEFINITIONS: dict[str, Any] = {
    "identity": {"targeting_key": ["identified"]},
    "flags": {
        "half": {"percentage": 50},
        "pro": {"rules": [{"if": {"plan": "pro"}}]},
        "on": {},
        "off": {"enabled": False},
        "banner": {"variants": {"plain": "#444", "loud": "#f60"}},
    },
}
USERS = [f"user-{number}" for number in range(20)]


def signed_in() -> Any:
    """Whom a login extension would give."""
    user = request.headers.get("X-User")
    return user and (user, {"plan": "pro" if user == "user-1" else "free"})


@pytest.fixture
def extension(kit_of) -> FlaskReliakit:
    return FlaskReliakit(kit=kit_of(DEFINITIONS), user=signed_in)


@pytest.fixture
def app(extension: FlaskReliakit) -> Flask:
    app = Flask(__name__)
    app.testing = True
    extension.init_app(app)
    return app


def expected(app: Flask, user: str) -> bool:
    return bool(app.extensions["reliakit"].enabled("half", user))


def asked(app: Flask, path: str, user: str | None = "user-1") -> Any:
    answer = app.test_client().get(path, headers={"X-User": user} if user else {})
    assert answer.status_code == 200, answer.text
    return answer.json if answer.is_json else answer.text


def test_views_ask_for_whoever_is_signed_in(app) -> None:
    """Otherwise every view would have to say who its visitor is."""

    @app.get("/half")
    def half() -> Any:
        return [kit.enabled("half"), kit.enabled("pro")]

    for user in USERS:
        assert asked(app, "/half", user) == [expected(app, user), user == "user-1"]
    assert {expected(app, user) for user in USERS} == {True, False}
    assert asked(app, "/half", None) == [False, False]


def test_what_a_view_says_of_its_user_counts(app) -> None:
    """Otherwise the page after a login would still be the stranger's."""

    @app.get("/login")
    def login() -> Any:
        before = kit.enabled("pro")
        kit.identify("user-3", plan="pro")
        return [before, kit.enabled("pro"), kit.enabled("half")]

    assert asked(app, "/login", "user-2") == [False, True, expected(app, "user-3")]


def test_the_user_is_asked_for_once_and_not_in_vain(kit_of) -> None:
    """Otherwise pages without a flag would pay for a query, and pages with ten flags for ten."""
    calls: list[str] = []

    def counted() -> str:
        calls.append(request.path)
        return "user-1"

    app = Flask(__name__)
    FlaskReliakit(app, kit=kit_of(DEFINITIONS), user=counted)

    @app.get("/flags")
    def flags() -> Any:
        return [kit.enabled("half"), kit.enabled("on"), render_template_string("{{ flag('half') }}")]

    app.add_url_rule("/none", view_func=lambda: "none", endpoint="none")
    asked(app, "/none")
    asked(app, "/flags")
    assert calls == ["/flags"]


def test_a_user_who_cannot_be_found_out_breaks_no_page(kit_of, caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise a flag would take down pages that work without it."""
    app = Flask(__name__)
    app.testing = True
    FlaskReliakit(app, kit=kit_of(DEFINITIONS), user=lambda: 1 // 0)
    app.add_url_rule("/", view_func=lambda: [kit.enabled("on"), kit.enabled("half")])
    assert asked(app, "/") == [True, False]
    assert "the callable that gives the user failed" in caplog.text


def test_templates_ask_flags(app) -> None:
    """Otherwise every view would pass on what its template wants to know."""
    page = "{% if flag('half') %}new{% else %}old{% endif %} {{ flag_value('banner', 'none') }}"
    page += " {{ flag('nowhere', default=True) }}"
    app.add_url_rule("/", view_func=lambda: render_template_string(page))
    for user in USERS:
        assert asked(app, "/", user) == f"{'new' if expected(app, user) else 'old'} #444 True"


def test_a_view_may_be_for_some_only(app) -> None:
    """Otherwise people would find pages that are not released."""

    @app.get("/hidden")
    @flag_required("off")
    def hidden() -> str:
        return "hidden"

    @app.get("/closed")
    @flag_required("off", 403)
    def closed() -> str:
        return "closed"

    @app.get("/item/<int:item>")
    @flag_required("off", otherwise=lambda item: f"old {item}")
    def item(item: int) -> str:
        return f"new {item}"

    @app.get("/shown")
    @flag_required("nowhere", default=True)
    @flag_required("on")
    async def shown() -> str:
        return "shown"

    class Page(MethodView):
        decorators = [flag_required("off", 410)]  # noqa: RUF012 - as Flask's documents have it

        def get(self) -> str:
            return "page"

    beta = Blueprint("beta", __name__)
    beta.before_request(flag_required("off")(lambda: None))
    beta.add_url_rule("/beta", view_func=lambda: "beta", endpoint="beta")
    app.register_blueprint(beta)
    app.add_url_rule("/page", view_func=Page.as_view("page"))
    client = app.test_client()
    for path, status in {"/hidden": 404, "/closed": 403, "/page": 410, "/beta": 404}.items():
        assert client.get(path).status_code == status, path
    assert asked(app, "/item/7") == "old 7"
    assert asked(app, "/shown") == "shown"
    assert hidden.__name__ == "hidden"


def test_streams_go_on_asking_for_their_visitor(app) -> None:
    """Otherwise the second half of a long page would be a stranger's."""

    @app.get("/stream")
    def stream() -> Response:
        return Response(stream_with_context(f"{kit.enabled('half')}\n" for _ in range(3)))

    for user in USERS:
        assert asked(app, "/stream", user).split() == [str(expected(app, user))] * 3


def test_what_runs_after_the_request_context_still_knows_its_visitor(app) -> None:
    """Otherwise a body without a context, or what is done when a response is over, would be a stranger's."""
    raw, closed = app.extensions["reliakit"], []

    @app.get("/late")
    def late() -> Response:
        kit.enabled("half")
        response = Response(f"{raw.enabled('half')}\n" for _ in range(2))
        response.call_on_close(lambda: closed.append(raw.enabled("half")))
        return response

    for user in USERS:
        with app.test_client().get("/late", headers={"X-User": user}) as answer:
            assert answer.text.split() == [str(expected(app, user))] * 2
        assert closed.pop() == expected(app, user)


def test_threads_never_mix_up_their_visitors(app) -> None:
    """Otherwise one visitor's identity would leak into another's page."""
    meeting = threading.Barrier(8)

    @app.get("/half")
    def half() -> Any:
        before = kit.enabled("half")
        meeting.wait(10)
        return [before, kit.enabled("half")]

    users = [f"user-{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: asked(app, "/half", user), users))
    assert answers == [[expected(app, user)] * 2 for user in users]


def test_g_belongs_to_the_app(app) -> None:
    """Otherwise our names could collide with those of the application."""

    @app.get("/")
    def page() -> Any:
        kit.enabled("half")
        return list(g)

    assert asked(app, "/") == []


def test_a_request_context_of_a_test_is_a_request_and_ends(app, extension) -> None:
    """Otherwise tests of views would ask for nobody, and a user of one test would be there in the next."""
    raw = app.extensions["reliakit"]
    for user in USERS:
        with app.test_request_context(headers={"X-User": user}):
            assert kit.enabled("half") == expected(app, user)
            kit.identify("user-1", plan="pro")
            assert kit.enabled("pro")
        assert not raw.enabled("pro")
    with app.app_context():
        assert not kit.enabled("pro")
        assert kit.enabled("pro", "user-1", context={"plan": "pro"})


def test_each_app_of_a_factory_has_a_kit_of_its_own(tmp_path: Path) -> None:
    """Otherwise two apps in a process, or two tests, would share flags."""
    extension = FlaskReliakit(user=signed_in)

    def create_app(on: bool) -> Flask:
        app = Flask(__name__)
        app.config["RELIAKIT_CONFIG"] = {"flags": {"new": {"enabled": on}}}
        extension.init_app(app)
        app.add_url_rule("/", view_func=lambda: [kit.enabled("new")])
        return app

    one, other = create_app(True), create_app(False)
    assert (asked(one, "/"), asked(other, "/")) == ([True], [False])
    assert one.extensions["reliakit"] is not other.extensions["reliakit"]
    for app in one, other:
        assert app.extensions["reliakit"].close()


def test_definitions_lie_beside_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise an app would find its flags in one working directory and not in another."""
    (tmp_path / "reliakit.yaml").write_text("format: 1\nflags: {new: {}}\n")
    (tmp_path / "bad.yaml").write_text("format: 1\nflags: {new: {percentage: many}}\n")
    app = Flask("app", root_path=str(tmp_path))
    FlaskReliakit(app)
    found: Reliakit = app.extensions["reliakit"]
    assert found.enabled("new")
    assert found.status().source == str(tmp_path / "reliakit.yaml")
    assert found.close()
    bad = Flask("bad", root_path=str(tmp_path))
    bad.config.update(RELIAKIT_CONFIG="bad.yaml", RELIAKIT_ON_INVALID="refuse", RELIAKIT_STORE="memory")
    with pytest.raises(ConfigurationError, match="percentage"):
        FlaskReliakit(bad)
    bad.config["RELIAKIT_ON_INVALID"] = "ignore"
    with pytest.raises(UsageError, match="RELIAKIT_ON_INVALID is last_good or refuse, not 'ignore'"):
        FlaskReliakit(bad)


def test_mistakes_of_wiring_are_told(app, extension) -> None:
    """Otherwise a second wrapper would count each request twice, and a missing one would be an AttributeError."""
    with pytest.raises(UsageError, match="has a kit already"):
        extension.init_app(app)
    bare = Flask("bare")
    with bare.app_context(), pytest.raises(UsageError, match=r"init_app\(app\)"):
        kit.enabled("on")
    with pytest.raises(RuntimeError, match="application context"):
        kit.enabled("on")


def test_two_versions_of_an_app_share_its_requests(kit_of) -> None:
    """Otherwise a new version would get nobody, or would not find the kit."""
    shared = kit_of(SHOP)

    def version(name: str) -> Flask:
        app = Flask(name)
        app.add_url_rule("/shop", view_func=lambda: [name, kit.enabled("nowhere", default=True)])
        return app

    app = version("v1")
    FlaskReliakit(kit=shared).init_app(app, upstreams={"shop-v2": version("v2")})
    seen: set[Any] = set()
    for _ in range(40):
        with app.test_client(use_cookies=False).get("/shop") as answer:  # which is over when it is closed
            seen.add(tuple(answer.get_json()))
    assert seen == {("v1", True), ("v2", True)}
    assert sum(row.get("SUCCESS", 0) for name, row in outcomes(shared).items() if name[0] == "shop") == 40


def test_rollouts_of_requests_may_go_by_a_session(kit_of) -> None:
    """Otherwise the edge would know its visitors by our cookie alone."""
    app = Flask(__name__)
    FlaskReliakit(app, kit=kit_of(DEFINITIONS), identify=lambda request: request.cookies.get("session"))
    app.add_url_rule("/", view_func=lambda: [kit.enabled("half")])
    client = app.test_client()
    for user in USERS:
        client.set_cookie("session", user)
        assert client.get("/").json == [expected(app, user)]
