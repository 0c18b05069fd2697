"""The history in the admin: to be read."""

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reliakit_django.stored.history import Edit

__all__ = ["EditAdmin", "differing"]


@admin.register(Edit)
class EditAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who has changed what, and how it was before. Nobody can change it."""

    list_display = ("at", "who", "action", "section", "key", "reason", "revision")
    list_filter = ("section", "who")
    search_fields = ("key", "who", "reason")
    date_hierarchy = "at"
    fields = ("at", "who", "action", "section", "key", "reason", "revision", "changes")
    readonly_fields = ("action", "changes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display
    def changes(self, edit: Edit) -> SafeString:
        """The lines that differ."""
        return format_html("<pre>{}</pre>", "\n".join(differing(edit.before, edit.after)))


def differing(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[str]:
    """Yields the lines by which a definition and its switches differ, as `diff -u` writes them."""
    yield from unified_diff(_lines(before), _lines(after), "before", "after", lineterm="")


def _lines(said: Mapping[str, Any] | None) -> list[str]:
    if said is None:
        return []
    switches = [f"{name}: {json.dumps(value)}" for name, value in said.items() if name != "definition"]
    return [*said["definition"].splitlines(), *switches]
