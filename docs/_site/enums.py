"""The members of an enumeration with the texts below them, which Python itself forgets."""

import ast
import inspect
import textwrap
from enum import Enum
from itertools import pairwise

from reliakit.core.evaluation import ErrorCode, Reason

__all__ = ["error_codes_page", "members", "reasons_page"]


def members(enumeration: type[Enum]) -> dict[str, str]:
    """Returns member -> text, empty where there is none."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(enumeration))).body
    assert isinstance(tree, ast.ClassDef)
    told = {member.name: "" for member in enumeration}
    for before, after in pairwise(tree.body):
        if (
            isinstance(before, ast.Assign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            told[ast.unparse(before.targets[0])] = " ".join(str(after.value.value).split())
    return told


def error_codes_page() -> str:
    """Returns the error codes as a Markdown table."""
    return _table("error code", members(ErrorCode))


def reasons_page() -> str:
    """Returns the reasons as a Markdown table."""
    return _table("reason", members(Reason))


def _table(heading: str, told: dict[str, str]) -> str:
    rows = [f"| `{name}` | {text} |" for name, text in told.items()]
    return "\n".join([f"| {heading} | when |", "| --- | --- |", *rows])
