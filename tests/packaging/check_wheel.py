"""Checks that what people would install works without this repository.

Builds the source archive, and from it the wheel; installs the wheel with its core requirements alone in an empty
environment; then, outside the repository, imports every module and runs the command; and follows the quickstart of
each page with its extra alone. Exits 1 with what is wrong.
"""

import re
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.docs.pages import ROOT
from tests.packaging.quickstarts import follow_all
from tests.packaging.running import run

CORE = ROOT / "requirements" / "core.txt"
INSTALLED = Path(__file__).with_name("installed.py")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reliakit-wheel-") as name:
        scratch = Path(name)
        wheel = build(scratch / "dist")
        modules = modules_in(wheel)
        missing = modules_in_repository() - modules
        if missing:
            sys.exit(f"the wheel lacks {', '.join(sorted(missing))}")
        python = install(wheel, scratch / "environment")
        run(python, "-I", INSTALLED, *sorted(pinned()), "--", *sorted(modules), cwd=scratch)
        run(python.with_name("reliakit"), "--help", cwd=scratch, quiet=True)
        run(python, "-I", "-m", "reliakit", "--help", cwd=scratch, quiet=True)
        print(f"wheel: {len(modules)} modules import from a core install, and the command runs", flush=True)
        follow_all(wheel, scratch / "quickstarts")


def build(folder: Path) -> Path:
    """Returns the wheel, built from the source archive, so that the archive is proved complete as well."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, quiet=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def modules_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {module(Path(name)) for name in archive.namelist() if name.endswith(".py")}


def modules_in_repository() -> set[str]:
    return {
        module(path.relative_to(place))
        for place, pattern in ((ROOT, "reliakit/**/*.py"), (ROOT / "integrations", "**/*.py"))
        for path in place.glob(pattern)
    }


def module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def install(wheel: Path, environment: Path) -> Path:
    """Returns the interpreter of a new environment that holds the wheel and the pinned core requirements."""
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--require-hashes", "--requirement", CORE)
    run(*pip, "install", "--no-deps", wheel)
    run(*pip, "check", quiet=True)
    return python


def pinned() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", CORE.read_text(), re.MULTILINE))


if __name__ == "__main__":
    main()
