"""The settings of the integrations are on their pages."""

import re

from reliakit_django.conf import KEYS
from tests.docs.pages import DOCS, ROOT


def test_every_key_of_flask_is_documented() -> None:
    """Otherwise an app could be steered by what its author has never heard of."""
    code = "\n".join(file.read_text() for file in (ROOT / "integrations" / "reliakit_flask").glob("*.py"))
    page = (DOCS / "flask.md").read_text()
    keys = set(re.findall(r'"(RELIAKIT_[A-Z_]+)"', code))
    assert keys
    assert [key for key in sorted(keys) if f"| `{key}` |" not in page] == []


def test_every_key_of_django_is_documented() -> None:
    """Otherwise `manage.py check` would be the only one to know what RELIAKIT may hold."""
    pages = "\n".join(page.read_text() for page in DOCS.glob("django*.md"))
    assert [key for key in KEYS if f"`{key}`" not in pages] == []
