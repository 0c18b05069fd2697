"""A service that was written for waffle serves the same with another name in its imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

SHOP = Path(__file__).with_name("shop.py")
ROWS = """
from pathlib import Path
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from waffle.models import Flag, Sample, Switch

call_command("migrate", verbosity=0)
editors = Group.objects.create(name="editors")
ann, bob, eve = (User.objects.create_user(name) for name in ("ann", "bob", "eve"))
ann.groups.add(editors)
User.objects.create_user("root", is_superuser=True, is_staff=True)
Flag.objects.create(name="beta", percent="30.0", rollout=True)
team = Flag.objects.create(name="team", languages="fr")
team.groups.add(editors)
team.users.add(bob)
Flag.objects.create(name="tested", testing=True, superusers=False)
Switch.objects.create(name="open", active=True)
Sample.objects.create(name="some", percent="50.0")
call_command("reliakit_import_waffle", output=Path("reliakit.yaml"))
"""


def _run(script: Path, *arguments: str, folder: Path, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, str(script), str(folder / "shop.sqlite3"), *arguments],
        input=given, capture_output=True, text=True, timeout=100, check=False, cwd=folder,
        env={**os.environ, "RELIAKIT_CONFIG": str(folder / "reliakit.yaml")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_name_in_the_imports_is_the_whole_change(tmp_path: Path) -> None:
    """Otherwise a migration would be more than an afternoon, and somebody would move in it."""
    _run(SHOP, "0", "shell", "--no-imports", folder=tmp_path, given=ROWS)
    replaced = tmp_path / "replaced.py"
    text = SHOP.read_text().replace("from waffle", "from reliakit_django.waffle")
    replaced.write_text(text.replace('"waffle', '"reliakit_django.waffle'))
    theirs, ours = (_run(script, "7", folder=tmp_path).splitlines() for script in (SHOP, replaced))
    assert len(theirs) == 84
    assert {"beta", "not beta", "shown"} <= {json.loads(line)[2] for line in theirs[:80]}
    assert ours == theirs
