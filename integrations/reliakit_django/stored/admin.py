"""Flags, segments and their history in the admin."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from reliakit_django.stored.forms import DefinitionForm
from reliakit_django.stored.history_admin import EditAdmin
from reliakit_django.stored.models import Definition, Revision, StoredFlag, StoredSegment, rows
from reliakit_django.stored.trying import Trial, read_context, tried

__all__ = ["EditAdmin", "StoredFlagAdmin", "StoredSegmentAdmin"]

_SWITCHES = ("killed", "percentage", "reason")


class DefinitionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What flags and segments have in common: every edit is checked with all others, and remembered."""

    form = DefinitionForm
    search_fields = ("key", "definition")
    fields: ClassVar[Any] = ("key", "definition", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("key",)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        using = router.db_for_write(self.model)
        with transaction.atomic(using=using):
            Revision.advance(using, 0)  # whoever else edits waits, so that what is checked is what is saved
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.save(by=_name(request), reason=form.cleaned_data.get("reason", ""))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.delete(by=_name(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for each in queryset:
            each.delete(by=_name(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What others refer to is shown as protected."""
        found, counts, needed, protected = super().get_deleted_objects(objs, request)
        return found, counts, needed, [*protected, *(why for each in objs for why in each.missed())]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Shows our own history, which has what was there before and after."""
        found: Definition | None = self.get_object(request, object_id)
        about = {"section__exact": self.model.section, "key__exact": found.key if found else ""}
        return HttpResponseRedirect(f"{reverse('admin:reliakit_stored_edit_changelist')}?{urlencode(about)}")


@admin.register(StoredSegment)
class StoredSegmentAdmin(DefinitionAdmin):
    """Segments."""

    list_display = ("key", "changed_at")


@admin.register(StoredFlag)
class StoredFlagAdmin(DefinitionAdmin):
    """Flags. Who may only toggle sees everything, and edits the switches."""

    list_display = ("key", "description", "owner", "kind", "killed", "percentage", "changed_at")
    list_filter = ("killed", "kind", "owner")
    fields: ClassVar[Any] = ("key", "definition", "killed", "percentage", "reason")
    actions = ("switch_off", "switch_on")
    change_form_template = "admin/reliakit_stored/storedflag/change_form.html"

    def has_toggle_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may switch flags off, and set percentages."""
        user: Any = request.user
        may: bool = user.has_perm("reliakit_stored.toggle_storedflag")
        return may or super().has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_toggle_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or super().has_change_permission(request, obj):
            return super().get_readonly_fields(request, obj)
        return tuple(field for field in self.fields if field not in _SWITCHES)

    @admin.action(description="Switch off for everybody", permissions=["toggle"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        """Lays `enabled: false` over the definitions."""
        self._switch(request, queryset, killed=True)

    @admin.action(description="No longer switch off", permissions=["toggle"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        """Lets the definitions decide again."""
        self._switch(request, queryset, killed=False)

    def _switch(self, request: HttpRequest, queryset: Any, *, killed: bool) -> None:
        for flag in queryset:
            flag.killed = killed
            try:
                flag.save(by=_name(request))
            except ValidationError as refused:
                self.message_user(request, f"{flag}: {'; '.join(refused.messages)}", messages.ERROR)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        return [
            path("try/", view, name="reliakit_stored_storedflag_try_new"),
            path("<path:object_id>/try/", view, name="reliakit_stored_storedflag_try"),
            *super().get_urls(),
        ]

    def try_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Evaluates a flag for somebody, as it is saved and as the form has it; nothing is saved or counted."""
        flag = self.get_object(request, object_id) if object_id else None
        if not self.has_view_or_change_permission(request, flag):
            raise PermissionDenied
        said = request.POST if request.method == "POST" else request.GET
        try:
            context = read_context(said.get("try_context", ""))
        except ValueError as wrong:
            return self._shown(request, flag, error=str(wrong))
        trial = Trial(flag.key if flag else said.get("key", ""), said.get("try_user") or None, context)
        saved = tried(rows(), trial) if flag else None
        unsaved = self._unsaved(request, flag, trial) if request.method == "POST" else None
        return self._shown(request, flag, trial=trial, saved=saved, unsaved=unsaved)

    def _unsaved(self, request: HttpRequest, flag: Any, trial: Trial) -> str:
        form = self.get_form(request, flag, change=flag is not None)(request.POST, instance=flag)
        if form.is_valid():
            return tried(form.instance.with_others(), trial)
        return "\n".join(f"{name}: {message}" for name, each in form.errors.items() for message in each)

    def _shown(self, request: HttpRequest, flag: Any, **found: Any) -> HttpResponse:
        about = {**self.admin_site.each_context(request), "opts": self.opts, "original": flag, **found}
        title = f"Try {flag}" if flag else "Try a new flag"
        return TemplateResponse(
            request, "admin/reliakit_stored/storedflag/try.html", {**about, "title": title}
        )


def _name(request: HttpRequest) -> str:
    return request.user.get_username()
