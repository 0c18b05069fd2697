"""What the browser is told: whether each flag, switch and sample is active for the request.

Only what the import has marked, as waffle told it, and flags that their definitions call `public`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

from reliakit_django.kits import kit
from reliakit_django.waffle.answers import flag_is_active, sample_is_active, switch_is_active
from reliakit_django.waffle.defaults import setting
from reliakit_django.waffle.naming import MARK, NAME

__all__ = ["script", "waffle_json", "wafflejs"]

_SECTIONS = {"flag": "flags", "switch": "switches", "sample": "samples"}
_SCRIPT = """\
(function () {
  var told = %s, defaults = %s;
  function asks(section) {
    return function (name) {
      return Object.prototype.hasOwnProperty.call(told[section], name) ? told[section][name] : defaults[section];
    };
  }
  window.waffle = {
    flag_is_active: asks("flags"),
    switch_is_active: asks("switches"),
    sample_is_active: asks("samples"),
    FLAGS: told.flags,
    SWITCHES: told.switches,
    SAMPLES: told.samples
  };
})();
"""


@never_cache
def wafflejs(request: HttpRequest) -> HttpResponse:
    """Serves `window.waffle`."""
    return HttpResponse(script(request), content_type="application/javascript")


@never_cache
def waffle_json(request: HttpRequest) -> JsonResponse:
    """Serves the same as JSON. Definitions do not know when each was changed, so nothing is said of that."""
    told = {
        section: {name: {"is_active": active, "last_modified": None} for name, active in found.items()}
        for section, found in _told(request).items()
    }
    return JsonResponse(told)


def script(request: Any) -> SafeString:
    """Returns the script that makes `window.waffle`."""
    defaults = {section: bool(setting(f"{kind.upper()}_DEFAULT")) for kind, section in _SECTIONS.items()}
    return mark_safe(_SCRIPT % (_literal(_told(request)), _literal(defaults)))  # noqa: S308 - nothing in it ends a script


def _literal(value: Mapping[str, Any]) -> str:
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _told(request: Any) -> dict[str, dict[str, bool]]:
    told: dict[str, dict[str, bool]] = {section: {} for section in _SECTIONS.values()}
    asks = {
        "flag": lambda name: flag_is_active(request, name),
        "switch": switch_is_active,
        "sample": sample_is_active,
    }
    for kind, name in _named():
        told[_SECTIONS[kind]][name] = asks[kind](name)
    return told


def _named() -> Iterator[tuple[str, str]]:
    for key, written in kit().flags.items():
        said = written.get("metadata", {})
        kind = said.get(MARK, "flag" if written.get("public") else None)
        if kind in _SECTIONS:
            yield kind, str(said.get(NAME, key.removeprefix(f"{kind}:")))
