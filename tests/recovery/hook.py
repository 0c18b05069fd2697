"""A hook: writes down what it was asked for, and fails where a file says so."""

import json
import os
import sys
from pathlib import Path

asked = {
    name: os.environ[f"RELIAKIT_{name.upper()}"] for name in ("upstream", "target", "verb", "run", "attempt")
}
with Path("runs").open("a") as runs:
    runs.write(json.dumps(asked) + "\n")
print("as told" if not Path("broken").exists() else "no quota")
sys.exit(Path("broken").exists())
