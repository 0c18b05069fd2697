"""Apps that others wrote have an environment of their own, since they pin what the tests of reliakit have newer.

`make apps` makes it and runs these tests there; anywhere else there is nothing to run.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("httpbin") else ["test_*.py"]
