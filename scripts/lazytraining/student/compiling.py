"""Compiled kernels as machine code in files: kept where it is safe, compiled once, and run without the compiler.

`python -m lazytraining.student.engine` compiles them ahead; `make environment` does.
"""

import ctypes
import fcntl
import hashlib
import os
import tempfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np

BESIDE = Path(__file__).parent / "__pycache__"
COMPILER = "numba", version("numba"), version("llvmlite")
PROCESSOR = (
    llvm.get_process_triple(),
    os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name(),
    os.environ.get("NUMBA_CPU_FEATURES") or llvm.get_host_cpu_features().flatten(),
)
"""What numba compiles for: triple, name, features."""
_Memory = ctypes.c_char * 0


@cache
def folder() -> Path:
    """Where compiled code is kept: the environment's NUMBA_CACHE_DIR, or beside the code.

    Compiled code is run as it is found, so a folder counts only if it is this user's own and not open to all. Where it
    is not, or is read-only, one of the user's own takes its place, with a line that says so.
    """
    wanted = Path(os.environ.get("NUMBA_CACHE_DIR") or BESIDE)
    if _is_own(wanted):
        return wanted
    own = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lazytraining"
    if not _is_own(own):
        own = Path(tempfile.mkdtemp(prefix="lazytraining-"))
    print(f"{wanted}: not this user's to write, compiled code is kept in {own}", flush=True)
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


class Compiled:
    """A kernel to be called. Other threads run meanwhile."""

    def __init__(self, name: str, code: bytes, arguments: tuple):
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self._function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._engine.get_function_address(name))
        self._types = _types(_flat(arguments))

    def __call__(self, *arguments) -> None:
        """Raises TypeError where arguments are not of the types that it was compiled for, or arrays have gaps or are read-only:
        it would read and write elsewhere."""
        values, words = _flat(arguments), []
        if _types(values) != self._types:
            raise TypeError(f"compiled for {self._types}, called with {_types(values)}")
        for value in values:
            if isinstance(value, np.ndarray):
                address = ctypes.addressof(_Memory.from_buffer(value))
                words += 0, 0, value.size, value.itemsize, address, *value.shape, *value.strides
            else:
                words.append(value)
        passed = array("q", words)
        self._function(passed.buffer_info()[0])


def _flat(arguments: tuple) -> list:
    found = []
    for value in arguments:
        found += _flat(value) if isinstance(value, tuple) else [value]
    return found


def _types(values: list) -> list[tuple[np.dtype, int] | None]:
    """Of arrays the type of their numbers, and how many axes; nothing of integers."""
    return [(value.dtype, value.ndim) if isinstance(value, np.ndarray) else None for value in values]


def load(name: str, arguments: tuple, make: Callable[[str, tuple], bytes]) -> Compiled:
    """A kernel for arguments of these types: from its file, or by `make`, which gives its machine code. For who is `alone`.

    The file is found by all that the code depends on, and begins with a checksum: what is damaged is never run.
    """
    sources = [Path(__file__).with_name(source).read_bytes() for source in ("kernels.py", "tiles.py")]
    key = hashlib.sha256(repr((COMPILER, PROCESSOR, _types(_flat(arguments)), sources)).encode()).hexdigest()
    path = folder() / f"{name}.{key[:32]}.compiled"
    kept = path.read_bytes() if path.exists() else b""
    code = kept[32:]
    if hashlib.sha256(code).digest() != kept[:32]:
        if kept:
            print(f"{path}: damaged, compiled anew", flush=True)
        code = make(name, arguments)
        path.write_bytes(hashlib.sha256(code).digest() + code)
    return Compiled(name, code, arguments)
