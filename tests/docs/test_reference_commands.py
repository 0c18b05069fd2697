"""No command and no option is undocumented."""

import click

from docs._site.commands import commands, commands_page, undocumented
from tests.docs.pages import DOCS, PAGES


def test_every_command_and_option_says_what_it_is_for() -> None:
    """Otherwise people would have to try them on a release to find out."""
    assert undocumented(commands()) == []


def test_what_nobody_documented_is_found() -> None:
    """Otherwise the test above would pass whatever anybody forgets."""

    @click.group(help="A program.")
    def program() -> None: ...

    @program.command(name="silent")
    @click.option("--told", help="What it means.")
    @click.option("--secret")
    def silent(told: str, secret: str) -> None: ...

    assert undocumented(commands(program, "toy")) == ["toy silent", "toy silent --secret"]


def test_the_reference_has_every_command_with_its_options() -> None:
    """Otherwise a command that is added would be told by `--help` alone."""
    page = commands_page()
    for context in commands():
        _, _, told = page.partition(f"## `{context.command_path}`\n")
        part = told.partition("\n## ")[0]
        assert part, context.command_path
        for option in context.command.params:
            assert option.opts[-1] in part or option.human_readable_name.upper() in part.upper(), option.name


def test_every_command_is_shown_at_work() -> None:
    """Otherwise the reference would be all that there is, and it tells nobody when to use it."""
    told = [page for page in PAGES if page.parent != DOCS / "reference"]
    text = "\n".join(page.read_text() for page in told)
    for context in commands():
        if not isinstance(context.command, click.Group):
            command = context.command_path
            assert command in text or command.replace("reliakit", "make") in text, command
