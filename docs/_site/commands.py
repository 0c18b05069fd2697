"""The reference of the command line, from the commands themselves."""

from collections.abc import Iterator

import click

from reliakit.cli.program import program

__all__ = ["commands", "commands_page", "undocumented"]

_WIDTH = 84
"""Characters, so that nothing has to be scrolled."""


def commands(group: click.Command = program, name: str = "reliakit") -> Iterator[click.Context]:
    """Yields a context for every command, groups before what is in them."""
    names = group.context_settings.get("help_option_names")
    yield from _inside(click.Context(group, info_name=name, terminal_width=_WIDTH, help_option_names=names))


def _inside(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _inside(click.Context(command, parent=context, info_name=name))


def undocumented(found: Iterator[click.Context]) -> list[str]:
    """Returns the commands without a text, and the options without one."""
    return [path for context in found for path in _silent(context)]


def _silent(context: click.Context) -> Iterator[str]:
    if not context.command.help:
        yield context.command_path
    for option in context.command.params:
        if isinstance(option, click.Option) and not option.help:
            yield f"{context.command_path} {option.opts[-1]}"


def commands_page() -> str:
    """Returns the reference as Markdown: what `--help` says."""
    return "\n\n".join(
        f"## `{context.command_path}`\n\n```text\n{context.get_help()}\n```" for context in commands()
    )
