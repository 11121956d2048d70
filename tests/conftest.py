"""Shared by the tests: small problems, and the real snakemake on a tiny configuration."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from lazytraining import problem

ROOT = Path(__file__).parents[1]
TINY = {
    "d": 3,
    "n_train": 20,
    "n_test": 15,
    "teacher_neurons": 3,
    "teacher_gain": 1,
    "symmetrize": False,
    "m": [4],
    "alpha": [1],
    "tau": [1],
    "seeds": 1,
    "step_size": 0.01,
    "iterations": 5,
    "precision": "float64",
}
"""A descent experiment that is right and costs nothing."""


@pytest.fixture
def small_problem() -> problem.Problem:
    return problem.make_problem(d=5, n_train=40, n_test=30, teacher_neurons=3, teacher_gain=1.0, seed=7)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


class Workflow:
    """Runs the real snakemake on an overlay, with results in a folder of the test's own."""

    def __init__(self, folder: Path, overlay: dict):
        self.folder, self.results = folder, folder / "results"
        self.configfile = folder / "overlay.yaml"
        self.write(overlay)

    def write(self, overlay: dict) -> None:
        self.overlay = overlay | {"results": str(self.results)}
        self.configfile.write_text(yaml.safe_dump(self.overlay))

    def command(self, *arguments: str) -> list[str]:
        fixed = [
            "--cores",
            "2",
            "--nolock",
            "--workflow-profile",
            "none",
            "--configfile",
            str(self.configfile),
        ]
        same_triggers = ["--rerun-triggers", "mtime", "input", "params", "software-env", "--rerun-incomplete"]
        return [sys.executable, "-m", "snakemake", *fixed, *same_triggers, *arguments]

    def __call__(self, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done

    def jobs(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run of the targets lists."""
        return count_jobs(self("--dry-run", *arguments).stdout)


def count_jobs(output: str) -> dict[str, int]:
    """The table of job counts in what snakemake prints."""
    lines = output.splitlines()
    if "Job stats:" not in lines:
        return {}
    table = lines[lines.index("Job stats:") + 3 :]
    counts = {}
    for line in table[: table.index("")] if "" in table else table:
        rule, count = line.split()
        counts[rule] = int(count)
    return counts
