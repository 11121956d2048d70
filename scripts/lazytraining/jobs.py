"""What every script does first."""

import os
import sys
from pathlib import Path


def start(log: str) -> None:
    """Send what this job prints, and its traceback if it fails, to its log file."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())


def device(resources) -> str:
    """ "cuda" if the job asks for a GPU (resource `gpu`) and there is one, else "cpu" with a line in the log."""
    import torch

    if not resources.get("gpu", 0):
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    print("No GPU here that this torch can use: training on the CPU.", flush=True)
    return "cpu"
