"""The phases of a release, drawn from the table: what has no place here fails, so nothing can be left out."""

from collections.abc import Iterator
from html import escape

from docs._site.svg import arrow, box, label, picture
from reliakit.rollouts.phases import ACTIVE, TRANSITIONS, Phase

__all__ = ["phases"]

_Edge = tuple[Phase, Phase]
_P, _R, _PA, _S, _F, _E, _I = Phase
_CENTRES = {
    _P: (130, 95),
    _R: (400, 95),
    _I: (670, 95),
    _PA: (265, 235),
    _E: (560, 235),
    _S: (560, 400),
    _F: (230, 400),
}
_KINDS = {_S: "good", _F: "bad", _E: "bad"}
_ROUTES: dict[_Edge, tuple[str, int, int]] = {
    (_P, _R): ("M205 85H325", 265, 78),
    (_R, _P): ("M325 105H205", 265, 122),
    (_P, _PA): ("M140 114C150 160 180 190 225 216", 150, 180),
    (_R, _PA): ("M365 114C355 150 325 190 290 216", 300, 160),
    (_PA, _R): ("M325 216C370 190 392 160 400 114", 430, 214),
    (_R, _I): ("M475 85H595", 535, 78),
    (_I, _R): ("M595 105H475", 562, 122),
    (_R, _E): ("M435 114C450 160 480 190 520 216", 445, 178),
    (_E, _R): ("M575 216C565 170 520 136 466 115", 578, 174),
    (_PA, _E): ("M340 240H485", 412, 256),
    (_P, _E): ("M90 114C50 220 80 304 240 304H470C530 304 550 280 552 256", 380, 298),
    (_P, _P): ("M110 76C100 45 160 45 150 76", 130, 44),
    (_R, _R): ("M380 76C370 45 430 45 420 76", 400, 44),
    (_PA, _PA): ("M190 227C150 215 150 260 190 248", 140, 268),
    (_S, _F): ("M485 400H305", 395, 392),
    (_F, _P): ("M155 400H14V95H55", 84, 392),
}
"""Where an edge runs, and where its words stand."""
_ENDINGS = {_S: ("M560 316V381", 566), _F: ("M230 316V381", 236)}
"""Edges that lead from everywhere within the frame, which are drawn once."""


def phases() -> str:
    """Returns the picture."""
    boxes = [box(*_CENTRES[phase], phase.value, kind=_KINDS.get(phase, "")) for phase in Phase]
    frame = '<rect class="frame" x="30" y="20" width="740" height="296" rx="10"/>'
    start = '<circle class="dot" cx="62" cy="52" r="5"/>' + arrow("M66 56L98 76") + label(62, 40, "start")
    return picture("The phases of a release", 800, 430, [frame, start, *_edges(), *boxes, *_endings()])


def _edges() -> Iterator[str]:
    words: dict[_Edge, list[str]] = {}
    for before, row in TRANSITIONS.items():
        for trigger, after in row.items():
            if not (before in ACTIVE and after in _ENDINGS):
                words.setdefault((before, after), []).append(trigger.value)
    for edge, triggers in words.items():
        path, x, y = _ROUTES[edge]
        yield arrow(path) + label(x, y, escape(", ".join(triggers)))


def _endings() -> Iterator[str]:
    """What leads out of the frame: by which triggers, and from which phases not."""
    for after, (path, x) in _ENDINGS.items():
        ways = {
            trigger: {before for before in ACTIVE if TRANSITIONS[before].get(trigger) is after}
            for before in ACTIVE
            for trigger, to in TRANSITIONS[before].items()
            if to is after
        }
        yield arrow(path)
        for line, (trigger, sources) in enumerate(sorted(ways.items())):
            missing = ", ".join(sorted(phase.value for phase in ACTIVE - sources))
            told = f"{trigger.value}, not from {missing}" if missing else trigger.value
            yield f'<text class="l" style="text-anchor:start" x="{x}" y="{340 + 16 * line}">{escape(told)}</text>'
