"""`{% flag name %} … {% else %} … {% endflag %}`, the same for `switch` and `sample`, and `{% wafflejs %}`."""

from collections.abc import Callable, Iterator
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, VariableDoesNotExist
from django.template.context import Context

from reliakit_django.waffle.answers import flag_is_active, sample_is_active, switch_is_active
from reliakit_django.waffle.views import script

__all__ = ["register"]

register = template.Library()
Asks = Callable[[Any, str], bool]


class _Choice(Node):
    """One of two parts of a template."""

    child_nodelists = ("active", "inactive")

    def __init__(self, asks: Asks, name: FilterExpression, active: NodeList, inactive: NodeList) -> None:
        self._asks, self._name, self.active, self.inactive = asks, name, active, inactive

    def __iter__(self) -> Iterator[Node]:
        yield from self.active
        yield from self.inactive

    def render(self, context: Context) -> Any:
        try:
            name = self._name.resolve(context)
        except VariableDoesNotExist:
            name = ""
        # A word that is no variable is the name itself.
        active = self._asks(context.get("request"), name or self._name.token)
        return (self.active if active else self.inactive).render(context)


def _tag(kind: str, asks: Asks) -> None:
    def parsed(parser: Parser, token: Token) -> _Choice:
        tag, *words = token.split_contents()
        if not words:
            raise template.TemplateSyntaxError(f"{tag!r} needs the name of a {kind}: {{% {tag} my_{kind} %}}")
        name, end = parser.compile_filter(words[0]), f"end{kind}"
        active, inactive = parser.parse(("else", end)), NodeList()
        if parser.next_token().contents == "else":
            inactive = parser.parse((end,))
            parser.delete_first_token()
        return _Choice(asks, name, active, inactive)

    register.tag(kind, parsed)


_tag("flag", flag_is_active)
_tag("switch", lambda request, name: switch_is_active(name))
_tag("sample", lambda request, name: sample_is_active(name))


class _Script(Node):
    def render(self, context: Context) -> str:
        return script(context["request"])


@register.tag
def wafflejs(parser: Parser, token: Token) -> _Script:
    """Writes the script that `wafflejs` serves, for a `<script>` element."""
    return _Script()
