"""A hook that makes a region able to serve: it starts the processes that it is given, and leaves them running."""

import json
import subprocess
import sys
from pathlib import Path

for command in json.loads(sys.argv[1]):
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with Path("started").open("a") as started:
        started.write(f"{process.pid}\n")
print("started")
