"""A service that uses reliakit and nothing else: run as `python -m tests.runtime.service FILE`, until its input ends."""

import sys

from reliakit import Reliakit

if __name__ == "__main__":
    kit = Reliakit(sys.argv[1])
    kit.enabled("beta", "ann")
    print("ready", flush=True)
    sys.stdin.read()
    kit.close()
