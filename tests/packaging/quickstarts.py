"""Follows the quickstart of each page word for word, in an environment that has what its first line installs and no more.

Three things are the tester's: the wheel stands for the release that pip would fetch, versions are the pinned ones, and
code that a page puts into no file goes into `shop.py`. Then the result is asked, by a server where the environment has
one. Exits 1 with what is wrong.
"""

import re
import shlex
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.docs.pages import DOCS, ROOT, quickstart
from tests.packaging.running import fail, run

__all__ = ["PAGES", "follow_all"]

PAGES = {
    "start": "",
    "fastapi": "fastapi",
    "flask": "flask",
    "django": "django",
    "openfeature": "openfeature",
}
"""The extra that each page installs."""
_ASKING = Path(__file__).with_name("asking")
_PINS = ROOT / "requirements" / "dev.txt"
_PIN = re.compile(r"^[A-Za-z0-9_.-]+==[^\\\n]*", re.MULTILINE)


def follow_all(wheel: Path, scratch: Path) -> None:
    """Follows all of them, two at a time."""
    scratch.mkdir()
    pins = scratch / "pins.txt"
    # Without the hashes, which would have to be there for the wheel as well.
    pins.write_text("\n".join(found.strip() for found in _PIN.findall(_PINS.read_text())))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda page: _Reader(page, wheel, pins, scratch / page).follow(), PAGES))
    print(f"quickstarts: {', '.join(PAGES)} work as they are written")


class _Reader:
    """Somebody who has an empty folder and an empty environment.

    Args:
        page: the name of what is read.
        wheel: what `pip install reliakit` installs.
        pins: the versions of all else.
        folder: to work in.
    """

    def __init__(self, page: str, wheel: Path, pins: Path, folder: Path) -> None:
        self._page, self._extra, self._wheel, self._pins = page, PAGES[page], wheel, pins
        self._folder, self._environment = folder / page, folder / "environment"
        self._folder.mkdir(parents=True)
        venv.create(self._environment, with_pip=False)

    def follow(self) -> None:
        for language, name, body in quickstart(DOCS / f"{self._page}.md"):
            if language == "sh":
                for line in body.splitlines():
                    self._type(shlex.split(line, comments=True))
            else:
                self._write(self._folder / (name or "shop.py"), body)
        self._python(_ASKING / "imports.py", *self._core())
        self._python(_ASKING / f"ask_{self._page}.py")

    def _type(self, words: list[str]) -> None:
        if words[:2] == ["pip", "install"]:
            self._install(words[2:])
        elif words:
            run(self._environment / "bin" / words[0], *words[1:], cwd=self._folder, quiet=True)

    def _install(self, names: list[str]) -> None:
        expected = f"reliakit[{self._extra}]" if self._extra else "reliakit"
        if names != [expected]:
            fail(f"{self._page}.md installs {' '.join(names)}, and this expects {expected}")
        installed = expected.replace("reliakit", str(self._wheel), 1)
        pip: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            self._environment / "bin" / "python",
            "--quiet",
        ]
        # Not compiled, since most of it is never imported here.
        run(*pip, "install", "--no-compile", "--constraint", self._pins, installed)

    def _write(self, file: Path, body: str) -> None:
        """What a page says about a file that is there already goes to its end."""
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as opened:
            opened.write(body)

    def _python(self, *arguments: str | Path) -> None:
        run(self._environment / "bin" / "python", *arguments, cwd=self._folder, path=self._folder)

    def _core(self) -> list[str]:
        """What `import reliakit` may load: what a core install has."""
        return re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "core.txt").read_text(), re.MULTILINE)
