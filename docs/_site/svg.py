"""A few shapes, as SVG text."""

from collections.abc import Iterable
from html import escape

__all__ = ["arrow", "box", "label", "picture"]

_STYLE = """
.rk{--rk-ink:#1f2933;--rk-quiet:#5b6875;--rk-line:#8694a3;--rk-box:#f4f6f8;--rk-good:#dff3e4;--rk-bad:#fbe3e1}
.rk text{font:14px system-ui,sans-serif;fill:var(--rk-ink)}
.rk .t{font-weight:600;text-anchor:middle}
.rk .s,.rk .l{font-size:12px;fill:var(--rk-quiet);text-anchor:middle}
.rk rect{fill:var(--rk-box);stroke:var(--rk-line)}
.rk .frame{fill:none;stroke-dasharray:5 4}
.rk .good{fill:var(--rk-good)}
.rk .bad{fill:var(--rk-bad)}
.rk path{fill:none;stroke:var(--rk-line);stroke-width:1.5}
.rk .d{stroke-dasharray:5 4}
.rk marker path{fill:var(--rk-line);stroke:none}
.rk .dot{fill:var(--rk-line)}
@media (prefers-color-scheme:dark){.rk{--rk-ink:#e4e7eb;--rk-quiet:#a3b0bd;--rk-line:#7b8794;--rk-box:#27323d;
--rk-good:#1d4030;--rk-bad:#4d2927}}
""".strip()
_HEAD = (
    '<defs><marker id="rk-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8Z"/></marker></defs>'
)


def picture(title: str, width: int, height: int, shapes: Iterable[str]) -> str:
    """Returns a whole picture; the title is what a screen reader says."""
    size = f'viewBox="0 0 {width} {height}" width="{width}"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rk" {size} role="img" aria-label="{escape(title)}">'
    )
    told = [f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", _HEAD]
    return "\n".join([opening, *told, *shapes, "</svg>\n"])


def box(x: int, y: int, title: str, text: str = "", width: int = 150, kind: str = "") -> str:
    """Returns a box around its centre, with a line in bold and lines below it that `|` divides."""
    lines = [line for line in text.split("|") if line]
    height = 38 + 16 * len(lines)
    top = y - height // 2
    told = [
        f'<text class="s" x="{x}" y="{top + 40 + 16 * at}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    ]
    return "".join(
        [
            f'<rect class="{kind}" x="{x - width // 2}" y="{top}" width="{width}" height="{height}" rx="7"/>',
            f'<text class="t" x="{x}" y="{top + 24}">{escape(title)}</text>',
            *told,
        ]
    )


def arrow(path: str, dashed: bool = False) -> str:
    """Returns a line along a path, with a head."""
    return f'<path class="{"d" if dashed else ""}" d="{path}" marker-end="url(#rk-head)"/>'


def label(x: int, y: int, text: str) -> str:
    """Returns words beside a line, around x."""
    return f'<text class="l" x="{x}" y="{y}">{text}</text>'
