"""Files of unfinished training: written whole or not at all, and read only by the job that wrote them."""

import hashlib
import io
import json
import pickle
from pathlib import Path

import torch

from lazytraining.files import parquet


def identity(job: list) -> str:
    """A digest of all that a job is."""
    return hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()


def save(path: Path, job: str, content: dict) -> None:
    """Write tensors, lists and numbers under a job's identity. Raises OSError with the name of the file."""
    buffer = io.BytesIO()  # torch does not say why it could not write a file
    torch.save(content | {"identity": job}, buffer)
    with parquet.replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load(path: Path, job: str) -> dict | None:
    """What this job saved, or None with a line that says why not."""
    try:
        content = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        print(f"{path}: not readable, training starts anew ({type(error).__name__})", flush=True)
        return None
    if content["identity"] != job:
        print(f"{path}: of other settings, training starts anew", flush=True)
        return None
    return content
