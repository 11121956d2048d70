"""Where a file comes from: what every file that this project writes says of its origin."""

import datetime
import errno
import json
import os
import platform
import re
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("torch", "numpy", "numba", "pyarrow")
"""Those that decide numbers or files, which every file names with their versions."""
ORIGIN: dict[str, str] = {}
"""What a job adds to the provenance of its files: digests of its `code` and of its `configuration`."""


def provenance() -> dict[str, str]:
    """Where a file comes from: commit, digests, versions, machine, date."""
    return _here() | ORIGIN | {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}


def of(path: Path) -> dict[str, str]:
    """What a file says of its origin; empty if it says nothing. Raises OSError, ValueError or ArrowException if it is not readable."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError(errno.EINVAL, "no file", str(path))
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        metadata = pq.read_schema(path).metadata or {}
        return {
            key.decode(errors="replace"): value.decode(errors="replace") for key, value in metadata.items()
        }
    if path.suffix in (".png", ".gif"):
        import PIL.Image

        with PIL.Image.open(path) as image:
            return dict(image.text) if path.suffix == ".png" else json.loads(image.info.get("comment", b"{}"))
    if path.suffix == ".html":
        found = re.search(rb'<script id="provenance"[^>]*>(.*?)</script>', path.read_bytes(), re.DOTALL)
        return json.loads(found[1]) if found else {}
    found = re.search(rb"/Keywords \(((?:[^()\\]|\\.)*)\)", path.read_bytes(), re.DOTALL)
    return json.loads(re.sub(rb"\\(.)", rb"\1", found[1])) if found else {}


@cache
def _here() -> dict[str, str]:
    return {
        "commit": commit()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "machine": f"{platform.node()} {platform.machine()}",
    }


def commit(root: Path = ROOT) -> tuple[str, str]:
    """The commit that the project in this folder stands at, or "unknown", and then why: nothing is to be said of a folder that is
    no repository of its own, as an archive unpacked inside another one."""
    if not (root / ".git").exists():
        return "unknown", ""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE")
    }
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", env=environment
        )
    except OSError as error:
        return "unknown", f"git: {error.strerror}"
    if done.returncode == 0:
        return done.stdout.strip(), ""
    why = done.stderr.strip().splitlines()[:1]
    hint = (
        f"; to trust it: git config --global --add safe.directory {root}"
        if "ownership" in done.stderr
        else ""
    )
    return "unknown", f"git: {' '.join(why)}{hint}"
