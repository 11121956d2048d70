"""Where compiled kernels are kept, and that jobs which start together compile them once.

`python -m lazytraining.student.engine` compiles them ahead; `make environment` does.
"""

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numba
from numba.core.runtime import rtsys

BESIDE = Path(__file__).parent / "__pycache__"


@cache
def folder() -> Path:
    """Where numba reads and writes compiled code from now on: the environment's NUMBA_CACHE_DIR, or beside the code.

    Compiled code is run as it is found, so a folder counts only if it is this user's own and nobody else writes there. Where it
    is not, or is read-only, one of the user's own takes its place, with a line that says so.
    """
    wanted = Path(numba.config.CACHE_DIR or BESIDE)
    if _is_own(wanted):
        return wanted
    own = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lazytraining"
    if not _is_own(own):
        own = Path(tempfile.mkdtemp(prefix="lazytraining-"))
    print(f"{wanted}: not this user's to write, compiled code is kept in {own}", flush=True)
    numba.config.CACHE_DIR = str(own)
    return own


def _is_own(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = path.stat()
    except (OSError, RuntimeError):  # RuntimeError: no home to be found
        return False
    return state.st_uid == os.geteuid() and not state.st_mode & 0o002 and os.access(path, os.W_OK | os.X_OK)


@contextmanager
def alone() -> Iterator[None]:
    """Hold the folder's lock. On file systems without locks jobs may compile the same code at once, each for itself."""
    with (folder() / "kernels.lock").open("ab") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def without_scipy() -> Iterator[None]:
    """Keep numba from importing scipy.linalg, which takes as long as numba itself.

    It does so when it first compiles or loads, for the BLAS under np.dot and np.correlate, and the kernels call neither. np.dot
    looks again when it is compiled.
    """
    hidden = "scipy.linalg" not in sys.modules
    if hidden:
        sys.modules["scipy.linalg"] = None
    try:
        yield
    finally:
        if hidden:
            del sys.modules["scipy.linalg"]


def load_lightly(dispatcher: numba.core.dispatcher.Dispatcher) -> None:
    """Have numba load this function's code without preparing to compile: what it would register takes twice as long as the
    loading. Where nothing is kept it prepares all the same, when it compiles."""
    cache = dispatcher._cache

    def load(signature, context):
        rtsys.initialize(context)
        with cache._guard_against_spurious_io_errors():
            return cache._load_overload(signature, context)

    cache.load_overload = load


def forget() -> None:
    """Remove what is kept of the kernels."""
    for path in folder().rglob("kernels.*.nb[ic]"):
        path.unlink(missing_ok=True)
