"""The demo in a pipe or a log: what happens as it happens, and a line every few seconds."""

from reliakit.cli.demo.flags_file import FLAG
from reliakit.cli.demo.view import View, evidence_rows, version_rows
from reliakit.cli.printing import print_line

__all__ = ["Lines"]

_EVERY, _EVIDENCE_EVERY = 3.0, 1.0


class Lines:
    """Prints what is new."""

    def __init__(self) -> None:
        self._next, self._next_evidence = _EVERY, 0.0
        self._said: set[str] = set()

    def update(self, view: View) -> None:
        if not self._said:
            self._once(f"{view.url} serves the shop; edit {view.path} while it runs")
        for problem in view.problems:
            self._once(problem)
        evidence = _evidence(view)
        if evidence and view.elapsed >= self._next_evidence:
            self._next_evidence = view.elapsed + _EVIDENCE_EVERY
            self._once(evidence)
        if view.elapsed >= self._next:
            self._next += _EVERY
            print_line(_line(view))

    def say(self, text: str, colour: str | None = None) -> None:
        print_line(text, colour)

    def _once(self, news: str) -> None:
        if news not in self._said:
            self._said.add(news)
            print_line(news)


def _evidence(view: View) -> str:
    told = ", ".join(f"{meaning} {said}" for meaning, said, _ in evidence_rows(view))
    state = view.watch.state
    if not told or state is None or state.release is None:
        return ""
    return f"  {state.release.version} {state.phase} at {state.share:g} %: {told}"


def _line(view: View) -> str:
    versions = (
        f"{version} {share}, errors {errors}, p50 {p50}, p95 {p95}"
        for version, _, share, _, errors, p50, p95 in version_rows(view.figures)
    )
    people = view.figures.people
    having = f"{FLAG} on for {people.having(FLAG, 'on')} of {len(people)} users"
    return f"{view.elapsed:4.0f} s  {view.figures.answered:,} requests; {'; '.join(versions)}; {having}"
