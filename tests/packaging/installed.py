"""Runs inside the clean environment of check_wheel: `installed.py DISTRIBUTION… -- MODULE…`.

Imports every module, and proves that the environment holds nothing that a core install would not have.
"""

import importlib
import pkgutil
import sys
from importlib.metadata import distributions
from pathlib import Path

import reliakit

INSTALLERS = {"pip", "setuptools", "wheel"}


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
        importlib.import_module(name)


def refuse(name: str) -> None:
    sys.exit(f"{name} cannot be imported from a core install: {sys.exc_info()[1]!r}")


if __name__ == "__main__":
    main()
