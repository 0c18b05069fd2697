"""The form of a flag or segment in the admin."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

__all__ = ["DefinitionForm"]

_CODE = forms.Textarea(
    attrs={"rows": 16, "cols": 90, "spellcheck": "false", "style": "font-family: monospace"}
)


class DefinitionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks for a reason beside; what is wrong is said where it can be mended, with the line."""

    reason = forms.CharField(
        required=False, help_text="For the history.", widget=forms.TextInput({"size": 90})
    )

    class Meta:
        widgets = {"definition": _CODE}  # noqa: RUF012 - as Django has it

    def add_error(self, field: str | None, error: Any) -> None:
        """What is about a field that this user can't edit is said of the whole form."""
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            moved: dict[str, list[ValidationError]] = {}
            for name, each in error.error_dict.items():
                moved.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(each)
            error = ValidationError(moved)
        super().add_error(field, error)
