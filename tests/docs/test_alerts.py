"""The page about alerts, beside the rules that it is about; `tests/telemetry/test_dashboards.py` tests the rules."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tests.telemetry.test_dashboards import NAME, exported

PAGE = DOCS / "alerts.md"
RULES = [block.body for block in blocks(PAGE) if block.language == "promql"]


def test_the_page_has_every_alert_with_its_severity() -> None:
    """Otherwise whoever is woken by one would find nothing about it."""
    groups = yaml.safe_load((DOCS / "dashboards" / "alerts.yaml").read_text())["groups"]
    rules = {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"]}
    assert dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)) == rules


def test_the_rules_of_the_page_ask_for_what_there_is() -> None:
    """Otherwise they would never fire, and nobody would notice."""
    assert RULES
    assert {name for rule in RULES for name in NAME.findall(rule)} <= set(exported())


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_the_rules_of_the_page_can_be_read(tmp_path: Path) -> None:
    """Otherwise Prometheus would refuse the file that they are copied to."""
    rules = [{"record": f"page:rule:{number}", "expr": rule} for number, rule in enumerate(RULES)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "page", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
