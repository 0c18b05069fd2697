"""The reference of public names: what each public module lists in `__all__`."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from reliakit.sources.protocol import Source
from reliakit.stores.protocol import Store

__all__ = ["MODULES", "integrations", "names_page", "undocumented"]

MODULES = (
    "reliakit",
    "reliakit.testing",
    "reliakit.testing.sources",
    "reliakit.testing.stores",
    "reliakit.telemetry",
    "reliakit.sources.protocol",
    "reliakit.sources.memory",
    "reliakit.sources.file",
    "reliakit.sources.http",
    "reliakit.sources.redis",
    "reliakit.sources.postgres",
    "reliakit.sources.postgres_sql",
    "reliakit.sources.cached",
    "reliakit.sources.failover",
    "reliakit.sources.overlay",
    "reliakit.stores.protocol",
    "reliakit_django.stored",
    "reliakit_django.test",
    "reliakit_django.waffle",
)
"""Beside the packages of integrations, which are found in their folder."""
_FOLDER = Path(__file__).parents[2] / "integrations"


def integrations() -> list[str]:
    """Returns the packages beside reliakit that have public names."""
    packages = sorted(path.parent.name for path in _FOLDER.glob("*/__init__.py"))
    return [name for name in packages if getattr(import_module(name), "__all__", ())]


def names_page() -> str:
    """Returns the reference as Markdown around reStructuredText, which autodoc speaks."""
    return "\n\n".join(map(_module, [*MODULES, *integrations()]))


def _module(name: str) -> str:
    return f"## `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n```"


def undocumented(module: ModuleType) -> list[str]:
    """Returns the public names of a module that say nothing of themselves, and the public methods of its classes."""
    return [path for name in module.__all__ for path in _silent(name, getattr(module, name))]


def _silent(name: str, value: Any) -> Iterator[str]:
    """Classes, functions and methods; a constant is told where the module's text is."""
    if inspect.isclass(value):
        if not _own_text(value):
            yield name
        for method, held in vars(value).items():
            if not method.startswith("_") and _speaks(held) and not _inherited(value, method):
                yield f"{name}.{method}"
    elif inspect.isroutine(value) and not inspect.getdoc(value):
        yield name


def _own_text(value: type) -> bool:
    """Whether a class has a docstring that is neither inherited nor made up by `dataclass`."""
    text = value.__doc__
    return bool(text) and not str(text).startswith(f"{value.__name__}(")


def _speaks(held: Any) -> bool:
    """Whether a member of a class should say something, and does not."""
    function = getattr(held, "fget", None) or getattr(held, "__func__", held)
    return inspect.isroutine(function) and not inspect.getdoc(function)


def _inherited(value: type, method: str) -> bool:
    """Whether a class above, or the protocol that it follows, has the text and need not be repeated."""
    above = (*value.__mro__[1:], Source, Store)
    return any(inspect.getdoc(vars(base).get(method)) for base in above if method in vars(base))
