"""Django's command line, for the shop."""

import os
import sys
from pathlib import Path

__all__ = ["main"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_shop.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
