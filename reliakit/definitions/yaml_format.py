"""YAML 1.2: the events of libyaml, resolved by the core schema and put together by us.

PyYAML's own constructor would read `NO` as false and `2026-11-23` as a date (YAML 1.1), keep no lines and let the
last of two equal keys win. Merge keys (`<<`) and tags other than those of the core schema are refused, for YAML 1.2
has neither.
"""

from collections.abc import Generator, Iterator
from typing import Any

import yaml

from reliakit.definitions.assembly import Assembly, Node, Place, Refused, is_text
from reliakit.definitions.problems import Problem, did_you_mean
from reliakit.definitions.scalars import resolve
from reliakit.definitions.yaml_errors import explain

__all__ = ["parse"]

_PER_SLICE = 50
_TAGS = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def parse(text: str, problems: list[Problem]) -> Generator[None, None, tuple[Any, Place]]:
    """Reads YAML text, yielding every 50 events; other than fatal problems are added to `problems`.

    Raises:
        Refused: the syntax is broken, or something is used that YAML 1.2 or reliakit doesn't have.
    """
    reader = _Reader(Assembly(problems))
    try:
        for number, event in enumerate(_events(text)):
            reader.take(event)
            if number % _PER_SLICE == 0:
                yield
    except yaml.YAMLError as error:
        raise Refused(explain(error, text)) from None
    return reader.assembly.finish()


def _events(text: str) -> Iterator[yaml.Event]:
    # Where PyYAML was built without libyaml, the same events come from its own parser, only slower.
    parser = getattr(yaml, "CLoader", yaml.Loader)(text)
    try:
        yield from iter(parser.get_event, None)
    finally:
        parser.dispose()


class _Reader:
    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self._anchors: dict[str, Node | None] = {}
        self._open: list[str | None] = []
        self._documents = 0
        self._takes = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: Any) -> None:
        handle = self._takes.get(type(event))
        if handle is not None:
            handle(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._refuse(event, "a second document starts here", "one file holds one: remove the `---`")
        if event.version not in (None, (1, 2)):
            raise self._refuse(
                event,
                "this asks for another YAML than 1.2, which is what is read here",
                "remove the line that starts with %YAML",
            )

    def _scalar(self, event: Any) -> None:
        if event.style == '"' and not is_text(event.value):
            raise self._refuse(event, "an escape that is no character", "write the character itself")
        if self.assembly.expects_key:
            return self._key(event)
        line = event.start_mark.line + 1
        value = self._value(event)
        self.assembly.scalar(value, line)
        if event.anchor:
            refers = isinstance(value, str) and value.startswith("env:")
            self._anchors[event.anchor] = Node(value, line, refers, 1, 0)
        return None

    def _key(self, event: Any) -> None:
        if event.value == "<<" and event.implicit[0]:
            hint = "write the keys out, or give a whole value an anchor (&name) and repeat it (*name)"
            raise self._refuse(event, "YAML 1.2 has no merge keys (<<)", hint)
        if event.value == "" and event.implicit[0]:
            raise self._refuse(event, "a key is missing before the colon", "write `key: value`")
        self.assembly.key(event.value, event.start_mark.line + 1)

    def _value(self, event: Any) -> Any:
        if event.tag is None:
            return resolve(event.value) if event.implicit[0] else event.value
        kind = self._tag(event)
        if kind in ("!", "str"):
            return event.value
        value = resolve(event.value)
        if type(value) not in _KINDS.get(kind, ()):
            raise self._refuse(event, f"what follows the tag !!{kind} is something else", "remove the tag")
        return float(value) if kind == "float" and isinstance(value, int) else value

    def _tag(self, event: Any) -> str:
        kind: str = event.tag.removeprefix(_TAGS)
        if kind not in ("!", "str", "map", "seq", *_KINDS):
            raise self._refuse(event, f"the tag {event.tag[:60]} is not allowed", "remove the tag")
        return kind

    def _start(self, event: Any) -> None:
        self._not_a_key(event)
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag is not None and self._tag(event) not in ("!", "map" if mapping else "seq"):
            raise self._refuse(event, "what follows the tag is something else", "remove the tag")
        self.assembly.open({} if mapping else [], event.start_mark.line + 1)
        self._open.append(event.anchor)
        if event.anchor:
            self._anchors[event.anchor] = None

    def _end(self, event: Any) -> None:
        node = self.assembly.close()
        anchor = self._open.pop()
        if anchor:
            self._anchors[anchor] = node

    def _alias(self, event: Any) -> None:
        self._not_a_key(event)
        name = event.anchor
        if name not in self._anchors:
            near = did_you_mean(name, self._anchors)
            hint = f"did you mean *{near}?" if near else f"write &{name} before the value that it repeats"
            raise self._refuse(event, f"nothing above is marked &{name}", hint)
        node = self._anchors[name]
        if node is None:
            raise self._refuse(event, f"*{name} stands inside of &{name}", "a value can't contain itself")
        self.assembly.repeat(node, event.start_mark.line + 1)

    def _not_a_key(self, event: Any) -> None:
        if self.assembly.expects_key:
            hint = "write `key: value`; put a text that starts with [, { or * in quotes"
            raise self._refuse(event, "a key must be plain text", hint)

    def _refuse(self, event: Any, message: str, hint: str) -> Refused:
        mark = event.start_mark
        return Refused(
            Problem(self.assembly.path(), message, hint, line=mark.line + 1, column=mark.column + 1)
        )
