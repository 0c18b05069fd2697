"""A flag of a flagd document, beside the flags of the native format."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import field

from reliakit.definitions.models import Flag

if TYPE_CHECKING:
    from reliakit.core.targeting import Now, TargetingPlan

__all__ = ["FlagdFlag"]


class FlagdFlag(Flag, frozen=True):
    """What flagd calls state, variants and defaultVariant are the native `enabled`, `variants` and `default`.

    Attributes:
        targeting: JsonLogic with its references resolved; None for none.
        bucketing: the generation of `fractional`.
        metadata: of the flag set, and on top of it of the flag.
        broken: why the flag can't be evaluated; None where it can.
    """

    targeting: Any = None
    bucketing: int = 1
    metadata: dict[str, Any] = field(default_factory=dict)
    broken: str | None = None

    def plan(self, key: str, now: "Now") -> "TargetingPlan":
        """Returns what the core compiles."""
        # Imported here: who has no such flags pays nothing for them.
        from reliakit.core.targeting import TargetingPlan

        variants: Mapping[str, Any] = self.variants or {}
        default = self.default if isinstance(self.default, str) else None
        return TargetingPlan(
            key,
            variants,
            default,
            now,
            self.enabled,
            self.targeting,
            self.bucketing,
            self.broken,
            self.metadata,
        )
