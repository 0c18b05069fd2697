"""Runs what the page shows, and asks by the SDK's client."""

import runpy

names = runpy.run_path("shop.py")
assert names["client"].get_boolean_value("new_checkout", False, names["EvaluationContext"]("ann")) is True
names["api"].shutdown()
