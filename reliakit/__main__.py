"""`python -m reliakit`: the command line."""

from reliakit.cli import main

main()
