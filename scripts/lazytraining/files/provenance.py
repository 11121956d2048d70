"""Where a file comes from: what every file that this project writes says of its origin."""

import datetime
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

ORIGIN: dict[str, str] = {}
"""What a job adds to the provenance of its files: digests of its `code` and of its `configuration`."""


def provenance() -> dict[str, str]:
    """Where a file comes from: commit, digests, versions, machine, date."""
    return _here() | ORIGIN | {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}


@cache
def _here() -> dict[str, str]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "numba", "pyarrow")},
        "machine": f"{platform.node()} {platform.machine()}",
    }


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
