"""Files of unfinished work: written whole or not at all, and read only by the job that wrote them, and only unharmed.

A file is the SHA-256 of the rest, on a line; the job's identity, on a line; then a NumPy archive: JSON of all that is no array, in
which {"array": i} stands for the i-th array. Nothing in it is a pickle.
"""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from lazytraining.files import whole


def identity(job: list) -> str:
    """A digest of all that a job is."""
    return hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()


def is_ours(path: Path) -> bool:
    """Whether a checkpoint may stand here: nothing is there, or a file. With a line for anything else, which is let be."""
    if os.path.lexists(path) and not _is_file(path):
        print(f"{path}: no file, so no checkpoint is kept there", flush=True)
        return False
    return True


def remove(path: Path) -> None:
    """Remove a checkpoint that is not needed any more, if there is one."""
    if _is_file(path):
        path.unlink()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def save(path: Path, job: str, content: dict[str, Any]) -> None:
    """Write arrays, lists, numbers and text under a job's identity. Raises OSError with the name of the file."""
    arrays: list[np.ndarray] = []

    def placed(value: object) -> object:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} has no place in a checkpoint")
        arrays.append(value)
        return {"array": len(arrays) - 1}

    text = json.dumps(content, default=placed).encode()
    archive = io.BytesIO()
    np.savez(archive, *arrays, text=np.frombuffer(text, np.uint8))
    body = job.encode() + b"\n" + archive.getbuffer()
    with whole.replacing(path) as temporary:
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def load(path: Path, job: str) -> dict[str, Any] | None:
    """What this job saved, or None with a line that says why not."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        print(f"{path}: not readable, training starts anew ({error.strerror})", flush=True)
        return None
    if digest != hashlib.sha256(body).hexdigest().encode():
        print(f"{path}: damaged, training starts anew", flush=True)
        return None
    found, _, archive = body.partition(b"\n")
    if found != job.encode():
        print(f"{path}: of other settings, training starts anew", flush=True)
        return None
    with np.load(io.BytesIO(archive), allow_pickle=False) as parts:
        arrays = [parts[f"arr_{i}"] for i in range(len(parts.files) - 1)]
        text = parts["text"].tobytes()
    return json.loads(text, object_hook=lambda node: arrays[node["array"]] if "array" in node else node)
