"""Asks the project of the page, by its own development server."""

import sys

from serving import get, serving  # type: ignore[import-not-found]

with serving([sys.executable, "manage.py", "runserver", "--noreload", "PORT"]) as url:
    assert get(f"{url}/checkout") in ((200, "one step"), (200, "two steps"))
    assert get(f"{url}/style") in ((200, "#444"), (200, "#f60"))
    assert get(f"{url}/beta")[0] == 404
    assert get(f"{url}/beta/class")[0] == 404
