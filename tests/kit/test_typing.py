"""What a type checker tells the users of the kit."""

import subprocess
import sys
from pathlib import Path

HEAD = """
from uuid import UUID
from reliakit import ErrorCode, Evaluation, Reliakit
kit = Reliakit({})
"""

RIGHT = """
a: bool = kit.enabled("x")
b: bool = kit.enabled("x", "user", context={"plan": "pro"}, default=True)
c: bool = kit.enabled("x", 42)
d: bool = kit.enabled("x", UUID(int=1))
e: int = kit.value("x", 1)
f: str = kit.value("x", "text", user="u")
g: float = kit.value("x", 1.0)
h: bool = kit.value("x", False)
i: list[int] = kit.value("x", [1])
j: dict[str, int] = kit.value("x", {"a": 1}, context={})
k: Evaluation = kit.evaluate("x", 1, user="u")
l: ErrorCode | None = k.error_code
m: int = kit.value("x", None)
with kit.identify("u", plan="pro", age=7):
    pass
kit.identify(None)

@kit.override({"x": True, "y": "variant", "z": [1]})
def decorated(number: int) -> str:
    return str(number)

@kit.override({"x": True})
async def later(number: int) -> str:
    return str(number)

async def use() -> None:
    async with kit.override({"x": 1}):
        n: str = await later(1)
        o: str = decorated(1)
"""

WRONG = {
    'p: str = kit.value("x", 1)': "assignment",
    'q: bool = kit.value("x", "text")': "assignment",
    "kit.enabled()": "call-arg",
    'kit.enabled("x", 1.5)': "arg-type",
    'kit.enabled("x", b"u")': "arg-type",
    'kit.enabled("x", "u", context="pro")': "arg-type",
    'kit.enabled("x", "u", default="yes")': "arg-type",
    'kit.enabled("x", usr="u")': "call-arg",
    'kit.value("x")': "call-overload",
    'kit.value("x", 1, "u")': "call-overload",
    'kit.evaluate("x", 1, "u")': "call-arg|misc",
    "kit.identify(1.5)": "arg-type",
    "kit.override(True)": "arg-type",
    '@kit.override({"x": True})\ndef f(n: int) -> str: return ""\nf("x")': "arg-type",
    'Reliakit({}, on_invalid="ignore")': "arg-type",
    "Reliakit(7)": "arg-type",
}


def checked(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "calls.py"
    file.write_text(HEAD + text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--show-error-codes", str(file)],
        capture_output=True, text=True, timeout=100, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_right_calls_are_accepted(tmp_path: Path) -> None:
    """Otherwise users would have to silence their type checker to use a flag."""
    assert checked(tmp_path, RIGHT) == []


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    """Otherwise a slip would only be found in production, where a flag check never raises."""
    first, lines = len(HEAD.splitlines()) + 1, list[int]()
    for call in WRONG:
        lines.append(first)
        first += call.count("\n") + 1
    errors = checked(tmp_path, "\n".join(WRONG) + "\n")
    for line, (call, code) in zip(lines, WRONG.items(), strict=True):
        last = line + call.count("\n")
        found = [error for error in errors if f"calls.py:{last}: " in error]
        assert any(f"[{each}]" in error for error in found for each in code.split("|")), (call, found, errors)


def test_the_package_says_that_it_is_typed() -> None:
    """Otherwise type checkers would take every name of ours for Any."""
    import reliakit

    assert (Path(reliakit.__file__).parent / "py.typed").exists()
