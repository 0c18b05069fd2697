"""The demo in a pipe or a log: a line every few seconds."""

from reliakit.cli.demo.flags_file import FLAG
from reliakit.cli.demo.view import View, slot_rows
from reliakit.cli.printing import print_line

__all__ = ["Lines"]

_EVERY = 3.0


class Lines:
    """Prints what is new."""

    def __init__(self) -> None:
        self._next = _EVERY
        self._said: set[str] = set()

    def update(self, view: View) -> None:
        if not self._said:
            self._once(f"{view.url} serves the shop; edit {view.path} while it runs")
        for news in (view.note, *view.problems):
            self._once(news)
        if view.elapsed >= self._next:
            self._next += _EVERY
            print_line(_line(view))

    def _once(self, news: str) -> None:
        if news and news not in self._said:
            self._said.add(news)
            print_line(news)


def _line(view: View) -> str:
    slots = (
        f"{slot} {share}, errors {errors}, p50 {p50}, p95 {p95}"
        for slot, _, share, _, errors, p50, p95 in slot_rows(view.figures)
    )
    people = view.figures.people
    having = f"{FLAG} on for {people.having(FLAG, 'on')} of {len(people)} users"
    return f"{view.elapsed:4.0f} s  {view.figures.counted.requests.total():,} requests; {'; '.join(slots)}; {having}"
