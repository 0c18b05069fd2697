"""Runs inside the clean environment of check_wheel: `installed.py DISTRIBUTION… -- MODULE…`.

Imports every module that a core install can use, sees that the others say which extra they need, and proves that the environment holds nothing that a core install would not have.
"""

import importlib
import pkgutil
import sys
from importlib.metadata import distributions
from pathlib import Path

import reliakit

INSTALLERS = {"pip", "setuptools", "wheel"}
EXTRAS = {
    "reliakit.cli.demo.": {"aiohttp", "opentelemetry", "starlette", "uvicorn"},
    "reliakit.cli.serve.": {"httptools", "uvicorn"},
    "reliakit.telemetry.folding": {"opentelemetry"},
    "reliakit.drivers.postgres_link": {"psycopg"},
    "reliakit.drivers.redis_connections": {"redis"},
    "reliakit.testing.sources": {"pytest"},
    "reliakit.testing.store": {"pytest"},
    "reliakit.testing.upstream": {"pytest"},
    "reliakit_pytest.plugin": {"pytest"},
}
"""Modules that nobody imports who has not installed this too."""
FRAMEWORKS = {
    "reliakit_django": "django",
    "reliakit_fastapi": "fastapi",
    "reliakit_flask": "flask",
    "reliakit_openfeature": "openfeature",
}
"""Integrations, and the extra that brings the framework, which is called as it."""


def main() -> None:
    divider = sys.argv.index("--")
    allowed, modules = {*sys.argv[1:divider], *INSTALLERS, "reliakit"}, set(sys.argv[divider + 1 :])
    extra = {found.metadata["Name"].lower().replace("_", "-") for found in distributions()} - allowed
    if extra:
        sys.exit(f"not a core install, it has {', '.join(sorted(extra))}")
    package = Path(reliakit.__file__).parent
    if not package.is_relative_to(sys.prefix) or not (package / "py.typed").exists():
        sys.exit(f"{package} is not the typed package of the wheel")
    integrations = {name for name in modules if name.partition(".")[0] in FRAMEWORKS}
    found = {
        name for top in {name.partition(".")[0] for name in modules - integrations} for name in within(top)
    }
    if found != modules - integrations:
        sys.exit(f"not found by walking the packages: {', '.join(sorted(modules - integrations ^ found))}")
    for name in sorted(found - {"reliakit.__main__"}):  # which runs when imported; check_wheel runs it
        load(name)
    loaded = [name for name in FRAMEWORKS.values() if name in sys.modules]
    if loaded:
        sys.exit(f"reliakit loads {', '.join(loaded)}")
    for name in sorted(integrations):
        needs(name, FRAMEWORKS[name.partition(".")[0]])
    if missing := FRAMEWORKS.keys() - integrations:
        sys.exit(f"the wheel lacks {', '.join(sorted(missing))}")


def within(top: str) -> set[str]:
    package = importlib.import_module(top)
    return {top, *(module.name for module in pkgutil.walk_packages(package.__path__, f"{top}.", refuse))}


def needs(name: str, extra: str) -> None:
    """Imports a module of an integration, which can't work here, and has to say what to install."""
    try:
        importlib.import_module(name)
    except ImportError as missing:
        said = f"pip install 'reliakit[{extra}]'" in str(missing)
        if isinstance(missing, reliakit.MissingExtraError) and said:
            return
    sys.exit(f"{name} does not say that it needs reliakit[{extra}]")


def load(name: str) -> None:
    """Imports a module; one that serves an extra may lack what that extra brings, and nothing else."""
    try:
        importlib.import_module(name)
    except reliakit.MissingExtraError as missing:
        serves = any(name.startswith(part) for part in EXTRAS)
        if not serves or "pip install 'reliakit[" not in str(missing):
            refuse(name)
    except ModuleNotFoundError as missing:
        lacking = (missing.name or "").partition(".")[0]
        if not any(name.startswith(part) and lacking in brought for part, brought in EXTRAS.items()):
            refuse(name)


def refuse(name: str) -> None:
    sys.exit(f"{name} cannot be imported from a core install: {sys.exc_info()[1]!r}")


if __name__ == "__main__":
    main()
