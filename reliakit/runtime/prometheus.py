"""A metric that a Prometheus, or whatever speaks its HTTP API, is asked for."""

from dataclasses import dataclass
from math import isnan
from typing import Any

import msgspec

from reliakit.definitions.analysis_models import OutsideSection
from reliakit.rollouts.observed import Outside
from reliakit.runtime.http_calls import Call, Caller, Unanswered, call
from reliakit.runtime.outside import NoLook
from reliakit.runtime.webhooks import shown

__all__ = ["PrometheusMetric"]


@dataclass(frozen=True, slots=True)
class PrometheusMetric:
    """An instant query and a limit. Of several series the worst one counts.

    Args:
        name: of the metric.
        section: as written.
        caller: asks a server.
    """

    name: str
    section: OutsideSection
    caller: Caller = call

    async def look(self) -> Outside:
        """Asks; raises NoLook where nothing can be seen."""
        url = f"{self.section.prometheus.rstrip('/')}/api/v1/query"
        try:
            # By POST: a query may be longer than a URL may be, and URLs end up in logs.
            answer = await self.caller(Call(url, form={"query": self.section.query}))
        except Unanswered as failed:
            raise NoLook(str(failed)) from None
        return self._judged(_values(answer.status, answer.body))

    def _judged(self, values: list[float]) -> Outside:
        if not values:
            raise NoLook("the query found nothing")
        if any(map(isnan, values)):
            raise NoLook("the query gave NaN")
        above, below = self.section.above, self.section.below
        worst = max(values) if above is not None else min(values)
        good = worst <= above if above is not None else worst >= (below or 0.0)
        limit = f"above {above:g}" if above is not None else f"below {below:g}"
        return Outside(self.name, good, f"{self.name} is {worst:g}, and must not be {limit}")


def _values(status: int, body: bytes) -> list[float]:
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoLook(f"it answered {status}, without the JSON of a Prometheus") from None
    if said.get("status") != "success":
        raise NoLook(f"it answered {status}: {shown(said.get('error', 'no reason given'))}")
    try:
        return _numbers(said["data"])
    except (KeyError, TypeError, ValueError, IndexError):
        raise NoLook("its answer is not what a Prometheus gives") from None


def _numbers(data: dict[str, Any]) -> list[float]:
    kind, found = data["resultType"], data["result"]
    if kind == "scalar":
        return [float(found[1])]
    if kind == "vector":
        return [float(series["value"][1]) for series in found]
    raise NoLook(f"the query gives a {shown(kind, 40)}, and an instant vector or a scalar is needed")
