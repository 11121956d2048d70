"""Which commits a reference may name: those that anybody can check out again."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def unfit(commit: str) -> str:
    """What was expected instead of this commit; empty if it will do."""
    if commit.endswith("-dirty"):
        return "expected a commit without changes beside it"
    return "" if in_history(commit) else "expected one in this history"


def in_history(commit: str) -> bool:
    """Whether HEAD comes after this commit, or is it."""
    command = ["git", "-C", str(ROOT), "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
