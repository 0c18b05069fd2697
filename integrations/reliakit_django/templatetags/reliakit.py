"""`{% load reliakit %}`: `{% flag "key" %} … {% else %} … {% endflag %}` and `{% flag_value "key" default as name %}`."""

from collections.abc import Iterator
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.functional import Promise

from reliakit_django.flags import flags_of
from reliakit_django.kits import kit

__all__ = ["FlagNode", "flag", "flag_value", "register"]

register = template.Library()
_USE = '{%% %s "key" %%} or {%% %s "key" default=True %%}'


class FlagNode(Node):
    """One of two parts of a template."""

    child_nodelists = ("on", "off")

    def __init__(
        self, key: FilterExpression, default: FilterExpression | None, on: NodeList, off: NodeList
    ) -> None:
        self.key, self.default, self.on, self.off = key, default, on, off

    def __iter__(self) -> Iterator[Node]:
        yield from (*self.on, *self.off)

    def render(self, context: Context) -> Any:
        default = self.default is not None and bool(self.default.resolve(context))
        shown = _asked(context).enabled(self.key.resolve(context), default=default)
        return (self.on if shown else self.off).render(context)


@register.tag
def flag(parser: Parser, token: Token) -> FlagNode:
    """Shows its content to those for whom a flag is on, and what follows `{% else %}` to the others."""
    name, *given = token.split_contents()
    named = token_kwargs(given[1:], parser) if len(given) == 2 else {}
    if not given or len(given) > 2 or (len(given) == 2 and set(named) != {"default"}):
        raise template.TemplateSyntaxError(f"{name!r} is written {_USE % (name, name)}")
    on = parser.parse(("else", f"end{name}"))
    off = NodeList()
    if parser.next_token().contents == "else":
        off = parser.parse((f"end{name}",))
        parser.delete_first_token()
    return FlagNode(parser.compile_filter(given[0]), named.get("default"), on, off)


@register.simple_tag(takes_context=True)
def flag_value(context: Context, key: str, default: Any = None) -> Any:
    """Returns the value of a flag: `{% flag_value "banner" "#444" as colour %}`."""
    return _asked(context).value(key, _plain(default))


def _plain(value: Any) -> Any:
    """Text in a template is of a type of its own, or waits to be translated; that of a flag is a string."""
    return "".join(str(value)) if isinstance(value, str | Promise) else value


def _asked(context: Context) -> Any:
    """A template may be rendered without a request, as that of an e-mail is."""
    request: Any = context.get("request")
    return flags_of(request) if hasattr(request, "META") else kit()
