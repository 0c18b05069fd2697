"""What type checkers tell of functions that have a canary: mypy and pyright."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.test_typing import checked

RIGHT = """
@kit.rollout("pricing", user=lambda cart, discount=0: cart, ignore=(KeyError,))
def price(cart: str, *, discount: int = 0) -> float: return 1.0

@price.canary
def price_v2(cart: str, *, discount: int = 0) -> float: return 2.0

a1: float = price("c", discount=1)
b1: float = price_v2("c")

@kit.rollout("pricing")
async def later_price(cart: str) -> float: return 1.0

@later_price.canary
async def later_price_v2(cart: str) -> float: return 1.0

async def use_price() -> float: return await later_price("c")

class Shop:
    @kit.rollout("pricing")
    def total(self, n: int) -> str: return ""

    @total.canary
    def total_v2(self, n: int) -> str: return ""

    @kit.rollout("pricing")
    async def soon(self, n: int) -> str: return ""

    @soon.canary
    async def soon_v2(self, n: int) -> str: return ""

    fixed = staticmethod(price)

c1: str = Shop().total(n=1) + Shop().total_v2(1) + Shop.total(Shop(), 1)
d1: float = Shop.fixed("c") + Shop().fixed("c")

async def use_soon() -> str: return await Shop().soon(n=1)

kit.fail("empty_cart")
kit.track("order", 2.5)
"""

WRONG = [
    "price(1)",
    'price("c", 2)',
    'z1: str = price("c")',
    "@price.canary\ndef w1(cart: int, *, discount: int = 0) -> float: return 1.0",
    '@price.canary\ndef w2(cart: str, *, discount: int = 0) -> str: return ""',
    "@price.canary\nasync def w3(cart: str, *, discount: int = 0) -> float: return 1.0",
    "@price.canary\ndef w4(cart: str) -> float: return 1.0",
    "@price.canary\ndef w5(basket: str, *, discount: int = 0) -> float: return 1.0",
    "@later_price.canary\ndef w6(cart: str) -> float: return 1.0",
    'Shop().total("x")',
    "Shop().total(1, 2)",
    "Shop().total_v2()",
    "z2: int = Shop().total(1)",
    'kit.rollout("pricing", ignore=KeyError)',
    "kit.rollout()",
    "kit.fail(1)",
    'kit.track("order", "many")',
]


def mypy(tmp_path: Path, text: str) -> list[int]:
    return [int(line.split(":")[1]) for line in checked(tmp_path, text)]


def pyright(tmp_path: Path, text: str) -> list[int]:
    """By basedpyright, which is pyright with its own binary in a wheel, set to check no more than pyright does."""
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    file = tmp_path / "calls.py"
    file.write_text(f"from reliakit import Reliakit\nkit = Reliakit({{}})\n{text}")
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, str(file)],
        capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [int(line.split(":")[1]) for line in done.stdout.splitlines() if " - error: " in line]


@pytest.mark.parametrize("check", [mypy, pyright])
def test_signatures_survive(check, tmp_path: Path) -> None:
    """Otherwise a function would lose its types on the day that it gets a canary."""
    assert check(tmp_path, RIGHT) == []


@pytest.mark.parametrize("check", [mypy, pyright])
def test_another_signature_is_refused(check, tmp_path: Path) -> None:
    """Otherwise the first call of the canary's share would find out."""
    found = sorted(set(check(tmp_path, RIGHT + "\n".join(WRONG) + "\n")))
    head = min(found) - 1  # the first wrong line is the first that is found
    expected, line = list[range](), head
    for call in WRONG:
        expected.append(range(line + 1, line + call.count("\n") + 2))
        line = expected[-1].stop - 1
    assert [[each for each in found if each in lines] != [] for lines in expected] == [True] * len(WRONG)
    assert all(any(each in lines for lines in expected) for each in found)
