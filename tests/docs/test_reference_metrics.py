"""No metric and no attribute of one is undocumented."""

from docs._site.metrics import attributes, fleet_page, metrics_page
from reliakit.telemetry import METRICS
from reliakit.telemetry.fleet_metrics import FLEET
from tests.docs.pages import DOCS

TELEMETRY = (DOCS / "telemetry.md").read_text()


def rows(page: str, start: str) -> dict[str, str]:
    """Returns the rows of tables whose first cell starts so, by the name in it."""
    return {line.split("`")[1]: line for line in page.splitlines() if line.startswith(f"| `{start}")}


def test_every_metric_is_documented() -> None:
    """Otherwise nobody would know what to look at, or what a name means."""
    found = rows(TELEMETRY, "reliakit.")
    assert set(found) == {metric.name for metric in METRICS}
    for metric in METRICS:
        assert f"| {metric.unit} |" in found[metric.name], metric.name


def test_every_metric_of_the_fleet_is_documented() -> None:
    """Otherwise nobody would know what to scrape, or how to select it."""
    found = rows(TELEMETRY, "reliakit_fleet")
    assert set(found) == {metric.name for metric in FLEET}
    for metric in FLEET:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert found[metric.name] == f"| `{metric.name}` | {metric.type} | {labels}{' ' * bool(labels)}|"


def test_the_reference_has_every_metric_and_what_it_counts() -> None:
    """Otherwise a metric that is added would be a name without a meaning."""
    for metric in METRICS:
        assert f"::::{{metric}} {metric.name}\n{metric.description}\n" in metrics_page()
    for family in FLEET:
        assert f"::::{{metric}} {family.name}\n{family.help}\n" in fleet_page()
    assert all(metric.description for metric in METRICS)
    assert all(family.help for family in FLEET)


def test_every_attribute_is_documented_and_no_other() -> None:
    """Otherwise people would select by values that never come."""
    page = (DOCS / "reference" / "metrics.md").read_text().partition("## Attributes and labels")[2]
    first = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {name for cell in first for name in cell.split("`")[1::2]} == attributes()
