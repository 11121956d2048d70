"""Where a file comes from: what every file that this project writes says of its origin."""

import datetime
import json
import platform
import re
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

ORIGIN: dict[str, str] = {}


"""What a job adds to the provenance of its files: digests of its `code` and of its `configuration`."""


def provenance() -> dict[str, str]:
    """Where a file comes from: commit, digests, versions, machine, date."""
    return _here() | ORIGIN | {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}


def of(path: Path) -> dict[str, str]:
    """What a file says of its origin; empty if it says nothing. Raises OSError, ValueError or ArrowException if it is not readable."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        metadata = pq.read_schema(path).metadata or {}
        return {key.decode(): value.decode() for key, value in metadata.items()}
    if path.suffix in (".png", ".gif"):
        import PIL.Image

        with PIL.Image.open(path) as image:
            return dict(image.text) if path.suffix == ".png" else json.loads(image.info.get("comment", b"{}"))
    found = re.search(rb"/Keywords \(((?:[^()\\]|\\.)*)\)", path.read_bytes(), re.DOTALL)
    return json.loads(re.sub(rb"\\(.)", rb"\1", found[1])) if found else {}


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
