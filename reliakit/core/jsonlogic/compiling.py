"""Compiles JsonLogic, as written, into a closure.

A mapping with one key is an operator and its arguments, a list is a list of what its items are, and everything else
stands for itself, as do mappings with several keys or none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reliakit.core.jsonlogic.branches import all_of, any_of, branch
from reliakit.core.jsonlogic.fractional import GENERATIONS, Generation, fractional, settled
from reliakit.core.jsonlogic.lookup import attribute, missing, missing_some, var
from reliakit.core.jsonlogic.loops import every, mapped, none, reduced, selected, some
from reliakit.core.jsonlogic.plain import PLAIN
from reliakit.core.jsonlogic.shortcuts import shortcut
from reliakit.core.jsonlogic.texts import TEXTS
from reliakit.core.jsonlogic.work import Logic, Work

__all__ = ["OPERATORS", "Node", "compile_logic"]

Operator = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Node:
    """Logic, and what is known of it beforehand.

    Attributes:
        run: evaluates it.
        size: how many values and operators it is made of.
        constant: whether it is always `value`.
        timed: whether it may look at the clock; said of the whole alone.
    """

    run: Logic
    size: int = 1
    constant: bool = False
    value: Any = None
    timed: bool = True


def compile_logic(written: Any, generation: int) -> Node:
    """Compiles logic whose operators are all known.

    Args:
        written: plain data.
        generation: of the bucketing, 1 or 2.

    Raises:
        KeyError: there is no such operator, or no such generation.
    """
    compiler = _Compiler(GENERATIONS[generation])
    node = compiler.node(written)
    return replace(node, timed=compiler.timed)


class _Compiler:
    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.timed = False

    def node(self, written: Any) -> Node:
        if isinstance(written, list):
            return _list([self.node(item) for item in written])
        if not isinstance(written, dict) or len(written) != 1:
            return _constant(written)
        ((name, given),) = written.items()
        arguments = given if isinstance(given, list) else [given]
        if name in _CHOOSING:
            return _CHOOSING[name](self, arguments)
        nodes = [self.node(each) for each in arguments]
        if name in _LOOKUPS:
            self.timed = True
        fast = self.short(name, nodes) if all(node.constant for node in nodes[1:]) else None
        return Node(fast, 1 + sum(node.size for node in nodes)) if fast else _called(_CALLED[name], nodes)

    def short(self, name: str, nodes: list[Node]) -> Logic | None:
        written = tuple(node.value for node in nodes[1:])
        return shortcut(name, _CALLED[name], nodes[0].run, written) if written else None

    def sized(self, arguments: list[Any]) -> tuple[list[Node], int]:
        nodes = [self.node(each) for each in arguments]
        return nodes, 1 + sum(node.size for node in nodes)

    def branching(self, build: Callable[[list[Logic]], Logic], arguments: list[Any]) -> Node:
        nodes, size = self.sized(arguments)
        return Node(build([node.run for node in nodes]), size)

    def looping(self, build: Callable[[Logic, Logic, int], Logic], arguments: list[Any], lone: Any) -> Node:
        """What runs its second argument for each item of its first; `lone` where there is no second one."""
        if len(arguments) < 2:
            return _called(lambda data, work: lone if lone is not _EMPTY else [], [])
        nodes, size = self.sized(arguments[:2])
        return Node(build(nodes[0].run, nodes[1].run, nodes[1].size), size)

    def mapped(self, arguments: list[Any]) -> Node:
        # Without logic for its items, it makes a null of each.
        return self.looping(mapped, [*arguments, None] if arguments else [], _EMPTY)

    def reduced(self, arguments: list[Any]) -> Node:
        initial = arguments[2] if len(arguments) > 2 else None
        given = [*arguments, None] if arguments else []
        return self.looping(lambda items, body, cost: reduced(items, body, cost, initial), given, None)

    def var(self, arguments: list[Any]) -> Node:
        nodes, size = self.sized(arguments)
        name = nodes[0].value if len(nodes) == 1 and nodes[0].constant else None
        if not isinstance(name, str) or not name:
            self.timed = True
            return _called(var, nodes)
        self.timed = self.timed or (name.startswith("$flagd") and name != "$flagd.flagKey")
        return Node(attribute(name), size)

    def fractional(self, arguments: list[Any]) -> Node:
        nodes, size = self.sized(arguments)
        own = bool(nodes) and not (nodes[0].constant and isinstance(nodes[0].value, list))
        fractions = nodes[1:] if own else nodes
        if nodes and all(node.constant for node in fractions):
            written = [node.value for node in fractions]
            return Node(settled(self.generation, nodes[0].run if own else None, written), size)
        return _called(fractional(self.generation), nodes)


_EMPTY: Any = object()
"""Stands for a new empty list."""


def _constant(value: Any) -> Node:
    return Node(lambda data, work: value, constant=True, value=value)


def _list(nodes: list[Node]) -> Node:
    items, size = tuple(node.run for node in nodes), 1 + sum(node.size for node in nodes)

    def build(data: Any, work: Work) -> list[Any]:
        return [item(data, work) for item in items]

    constant = all(node.constant for node in nodes)
    return Node(build, size, constant, [node.value for node in nodes] if constant else None)


def _called(operator: Operator, nodes: list[Node]) -> Node:
    size, runs = 1 + sum(node.size for node in nodes), tuple(node.run for node in nodes)
    if len(nodes) == 2 and nodes[1].constant:
        return Node(_with_constant(operator, runs[0], nodes[1].value), size)
    if len(runs) == 1:
        (only,) = runs
        return Node(lambda data, work: operator(data, work, only(data, work)), size)
    return Node(lambda data, work: operator(data, work, *[run(data, work) for run in runs]), size)


def _with_constant(operator: Operator, first: Logic, second: Any) -> Logic:
    return lambda data, work: operator(data, work, first(data, work), second)


_CHOOSING: Mapping[str, Callable[[_Compiler, list[Any]], Node]] = {
    "if": lambda compiler, given: compiler.branching(branch, given),
    "?:": lambda compiler, given: compiler.branching(branch, given),
    "and": lambda compiler, given: compiler.branching(all_of, given),
    "or": lambda compiler, given: compiler.branching(any_of, given),
    "map": _Compiler.mapped,
    "filter": lambda compiler, given: compiler.looping(selected, given, _EMPTY),
    "reduce": _Compiler.reduced,
    "all": lambda compiler, given: compiler.looping(every, given, False),
    "some": lambda compiler, given: compiler.looping(some, given, False),
    "none": lambda compiler, given: compiler.looping(none, given, True),
    "var": _Compiler.var,
    "fractional": _Compiler.fractional,
}
_CALLED: Mapping[str, Operator] = {**PLAIN, **TEXTS, "missing": missing, "missing_some": missing_some}
_LOOKUPS = ("missing", "missing_some")

OPERATORS = frozenset((*_CHOOSING, *_CALLED))
"""The names of all operators."""
