"""`reliakit serve`, as the demo starts it: it ends when the demo does, however that ends."""

import sys

from reliakit.cli.demo import orphans
from reliakit.cli.program import main

__all__: list[str] = []

if __name__ == "__main__":
    orphans.watch()
    main(["serve", *sys.argv[1:]])
