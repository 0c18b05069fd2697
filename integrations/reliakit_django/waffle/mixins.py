"""Class-based views that are there where a flag, a switch or a sample is active."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest

from reliakit_django.waffle.answers import flag_is_active, sample_is_active, switch_is_active
from reliakit_django.waffle.turning import holds

__all__ = ["BaseWaffleMixin", "WaffleFlagMixin", "WaffleSampleMixin", "WaffleSwitchMixin"]


class BaseWaffleMixin:
    """What the mixins have in common, to be overridden."""

    def validate_waffle(self, waffle: str, func: Callable[[str], bool]) -> bool:
        """Tells whether the view is to be shown."""
        return holds(waffle, func)

    def invalid_waffle(self) -> Any:
        """Answers where it is not."""
        raise Http404("Inactive waffle")

    def _dispatched(
        self, name: str | None, func: Callable[[str], bool], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> Any:
        if name is None:
            raise ImproperlyConfigured(f"{type(self).__name__} names no flag, switch or sample")
        if not self.validate_waffle(name, func):
            return self.invalid_waffle()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class WaffleFlagMixin(BaseWaffleMixin):
    """Shows a view where the flag `waffle_flag` is active for the request."""

    waffle_flag: str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._dispatched(self.waffle_flag, partial(flag_is_active, request), request, *args, **kwargs)


class WaffleSampleMixin(BaseWaffleMixin):
    """Shows a view where the sample `waffle_sample` is active."""

    waffle_sample: str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._dispatched(self.waffle_sample, sample_is_active, request, *args, **kwargs)


class WaffleSwitchMixin(BaseWaffleMixin):
    """Shows a view where the switch `waffle_switch` is active."""

    waffle_switch: str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._dispatched(self.waffle_switch, switch_is_active, request, *args, **kwargs)
