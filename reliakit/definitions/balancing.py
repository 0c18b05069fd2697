"""What is wrong with how an upstream's endpoints are balanced, checked and asked again."""

from collections.abc import Iterator, Sequence

from reliakit.definitions.health_models import HealthCheckSection, OutlierSection
from reliakit.definitions.models import Definitions
from reliakit.definitions.outcomes import status_codes
from reliakit.definitions.problems import Path, Problem, describe, suggestion
from reliakit.definitions.quantities import seconds
from reliakit.definitions.upstream_models import UpstreamSection

__all__ = ["balancing_problems"]

_STATUS = "expected a status code such as 503, a class such as 5xx or a range such as 500-504"


def balancing_problems(path: Path, section: UpstreamSection, definitions: Definitions) -> Iterator[Problem]:
    """Yields the problems of one upstream.

    Args:
        path: of the upstream.
        section: what is written of it.
        definitions: all of them.
    """
    if section.health_check is not None:
        yield from _check((*path, "health_check"), section.health_check)
    if isinstance(section.outlier_detection, OutlierSection):
        yield from _outliers((*path, "outlier_detection"), section.outlier_detection)
    if section.slow_start is not None:
        yield from _above_zero((*path, "slow_start", "window"), section.slow_start.window)
    yield from _statuses((*path, "retries", "statuses"), section.retries.statuses)
    if seconds(section.retries.base) > seconds(section.retries.max):
        hint = "let `base` be the shorter one"
        yield Problem((*path, "retries", "base"), "the first pause is longer than the longest", hint)
    if section.mirror is not None:
        yield from _mirror((*path, "mirror", "to"), str(path[-1]), section.mirror.to, definitions)


def _check(path: Path, check: HealthCheckSection) -> Iterator[Problem]:
    if (check.http is None) != check.tcp:
        hint = "write http: /healthz, or tcp: true where nothing answers such a path"
        yield Problem(path, "expected exactly one of http and tcp", hint)
    for key in ("interval", "timeout"):
        yield from _above_zero((*path, key), getattr(check, key))
    yield from _statuses((*path, "expected"), check.expected)


def _outliers(path: Path, section: OutlierSection) -> Iterator[Problem]:
    for key in ("interval", "base_ejection_time"):
        yield from _above_zero((*path, key), getattr(section, key))


def _above_zero(path: Path, written: str) -> Iterator[Problem]:
    if seconds(written) <= 0:
        yield Problem(path, "expected a duration above 0s", "take it out for the default")


def _statuses(path: Path, written: Sequence[str | int]) -> Iterator[Problem]:
    for index, each in enumerate(written):
        if not status_codes(each):
            yield Problem((*path, index), f"{_STATUS}, got {describe(each)}")


def _mirror(path: Path, name: str, to: str, definitions: Definitions) -> Iterator[Problem]:
    elsewhere = [each for each, kind in definitions.upstreams.items() if isinstance(kind, UpstreamSection)]
    if to == name:
        yield Problem(path, "an upstream can't be its own mirror", "name another one")
    elif to not in elsewhere:
        hint = suggestion(to, [each for each in elsewhere if each != name])
        hint = hint or f"add it: upstreams: {{{to}: {{endpoints: [{{url: http://10.0.1.6:8000}}]}}}}"
        yield Problem(path, f"there is no upstream with endpoints that is called {describe(to)}", hint)
