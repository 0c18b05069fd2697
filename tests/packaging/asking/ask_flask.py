"""Asks the application of the page, by `flask run`."""

import sys
from pathlib import Path

from serving import get, serving  # type: ignore[import-not-found]

flask = str(Path(sys.executable).with_name("flask"))
with serving([flask, "--app", "shop", "run", "--port", "PORT"]) as url:
    assert get(f"{url}/checkout") in ((200, "one step"), (200, "two steps"))
    assert get(f"{url}/style")[0] == 200
    assert get(f"{url}/style")[1].strip() in ("#444", "#f60")
    assert get(f"{url}/beta")[0] == 404
