"""Numbers as people read them."""

from reliakit.rollouts.blocks import Block
from reliakit.rollouts.interval import Estimate
from reliakit.rollouts.lattice import RATIOS

__all__ = ["compared", "counted", "ratio_of", "share_of", "times"]

_MILLION = 1_000_000


def counted(counts: Block, happened: str) -> str:
    """Returns "9 of 412 canary requests failed against 21 of 3,780 on stable"."""
    return (
        f"{counts.e_c:,} of {counts.n_c:,} canary requests {happened} "
        f"against {counts.e_s:,} of {counts.n_s:,} on stable"
    )


def times(ratio: float) -> str:
    """Returns "3.9x"."""
    return f"{ratio:.2g}x" if ratio < 10 else f"{ratio:.0f}x"


def ratio_of(estimate: Estimate, counts: Block) -> str:
    """Returns "3.9x (95 % between 1.6x and 8x)"; nothing where nobody has failed."""
    if estimate.ratio is None:
        return ""
    if not counts.e_s:
        said = "never on stable"
    elif estimate.ratio >= RATIOS[-1]:
        said = f"{times(RATIOS[-1])} or more"
    else:
        said = times(estimate.ratio) if counts.e_c else "0x"
    bounds = _bounds(estimate)
    return f"{said} ({bounds})" if bounds else said


def _bounds(estimate: Estimate) -> str:
    confidence = f"{100 * estimate.confidence:g} %"
    if estimate.low is not None and estimate.high is not None:
        return f"{confidence} between {times(estimate.low)} and {times(estimate.high)}"
    if estimate.low is not None:
        return f"{confidence} at least {times(estimate.low)}"
    return f"{confidence} at most {times(estimate.high)}" if estimate.high is not None else ""


def share_of(share: float) -> str:
    """Returns "6.2 %"."""
    return f"{100 * share:.3g} %"


def compared(value: float, threshold: float, reached: bool) -> str:
    """Returns "E = 212 >= 100"."""
    shown = f"{value:.3g}" if value < 10 else f"{value:,.0f}" if value < _MILLION else f"{value:.1e}"
    return f"E = {shown} {'>=' if reached else '<'} {threshold:,.0f}"
