"""Budgets: what was promised, beside what was measured."""

from dataclasses import dataclass

__all__ = ["Budget", "at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Budget:
    """One promise and its figure; `miss` is how far off it is, relative to the limit, 0 where it is held."""

    name: str
    promise: str
    measured: float | None
    miss: float

    def line(self) -> str:
        """Returns it for people: held, or missed by how much, or that nothing was measured."""
        if self.measured is None:
            return f"{self.name}: budget {self.promise}, not measured"
        verdict = f"MISSED by {self.miss:.0%}" if self.miss > 0 else "held"
        return f"{self.name}: budget {self.promise}, measured {self.measured:.2f}: {verdict}"


def at_least(name: str, measured: float | None, limit: float, unit: str = "") -> Budget:
    """Returns the budget of a figure that must reach `limit`."""
    return Budget(name, f">= {limit:g}{unit}", measured, 0 if measured is None else 1 - measured / limit)


def at_most(name: str, measured: float | None, limit: float, unit: str = "") -> Budget:
    """Returns the budget of a figure that must stay within `limit`."""
    return Budget(name, f"<= {limit:g}{unit}", measured, 0 if measured is None else measured / limit - 1)
