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
