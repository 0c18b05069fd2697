"""Runs inside the clean environment of check_wheel: `installed.py DISTRIBUTION… -- MODULE…`.

Imports every module that a core install can use, and proves that the environment holds nothing that a core install would not have.
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
    "reliakit.telemetry.folding": {"opentelemetry"},
    "reliakit.drivers.postgres_link": {"psycopg"},
    "reliakit.drivers.redis_connections": {"redis"},
    "reliakit.testing.sources": {"pytest"},
    "reliakit.testing.store": {"pytest"},
}
"""Modules that nobody imports who has not installed this too."""


def main() -> None:
    divider = sys.argv.index("--")
    allowed, modules = {*sys.argv[1:divider], *INSTALLERS, "reliakit"}, set(sys.argv[divider + 1 :])
    extra = {found.metadata["Name"].lower().replace("_", "-") for found in distributions()} - allowed
    if extra:
        sys.exit(f"not a core install, it has {', '.join(sorted(extra))}")
    package = Path(reliakit.__file__).parent
    if not package.is_relative_to(sys.prefix) or not (package / "py.typed").exists():
        sys.exit(f"{package} is not the typed package of the wheel")
    found = {
        "reliakit",
        *(module.name for module in pkgutil.walk_packages(reliakit.__path__, "reliakit.", refuse)),
    }
    if found != modules:
        sys.exit(f"not found by walking the package: {', '.join(sorted(modules ^ found))}")
    for name in sorted(modules - {"reliakit.__main__"}):  # which runs when imported; check_wheel runs it
        load(name)


def load(name: str) -> None:
    """Imports a module; one that serves an extra may lack what that extra brings, and nothing else."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as missing:
        lacking = (missing.name or "").partition(".")[0]
        if not any(name.startswith(part) and lacking in brought for part, brought in EXTRAS.items()):
            refuse(name)


def refuse(name: str) -> None:
    sys.exit(f"{name} cannot be imported from a core install: {sys.exc_info()[1]!r}")


if __name__ == "__main__":
    main()
