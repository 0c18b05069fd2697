"""The native floor: what an evaluation costs in C, called from Python. Built on demand, by the benchmarks alone."""

import shlex
import subprocess
import sysconfig
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

__all__ = ["native_flags"]

_SOURCE = Path(__file__).with_name("flags.c")
_BUILT = Path(__file__).parent.parent / ".cache" / "native"


@cache
def native_flags() -> Any:
    """Returns the extension module, compiled first where this source has not been.

    Raises:
        OSError: there is no C compiler.
        subprocess.CalledProcessError: it refused the source.
    """
    spec = spec_from_file_location("native_flags", _built())
    if spec is None or spec.loader is None:
        raise OSError("this interpreter loads no extension modules")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _built() -> Path:
    digest = sha256(_SOURCE.read_bytes()).hexdigest()[:12]
    target = _BUILT / f"native_flags-{digest}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(_command(target.with_suffix(".partial")), check=True, timeout=120)
        target.with_suffix(".partial").replace(target)
    return target


def _command(target: Path) -> list[str]:
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    include = sysconfig.get_paths()["include"]
    return [*compiler, "-O3", "-shared", "-fPIC", f"-I{include}", str(_SOURCE), "-o", str(target)]
