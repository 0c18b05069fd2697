"""Run in the environment of a quickstart: `imports.py DISTRIBUTION…`, those that `import reliakit` may load."""

import sys
from importlib.metadata import packages_distributions

before = set(sys.modules)
import reliakit  # noqa: E402, F401 - after the look at what was there

tops = {name.partition(".")[0] for name in set(sys.modules) - before}
owners = packages_distributions()
loaded = {owner.lower().replace("_", "-") for top in tops for owner in owners.get(top, ())}
more = loaded - {*sys.argv[1:], "reliakit"}
if more:
    sys.exit(f"`import reliakit` loads {', '.join(sorted(more))}")
if "reliakit" not in loaded:
    sys.exit("reliakit itself was not found among what was loaded, so this check says nothing")
