"""The process that starts jobs has Snakemake and what that brings, and none of this project's other packages."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from conftest import ROOT, Workflow
from packaging.requirements import Requirement
from tiny import ALL

pytestmark = pytest.mark.workflow
OURS = ("pyarrow", "numpy", "pandas", "torch", "PIL", "rich")
"""Some of what is not there."""


def brought_by(name: str) -> set[str]:
    """A package and all that it brings, where this is run."""
    found, waiting = set(), [name]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        needed = map(Requirement, distribution(name).requires or [])
        waiting += [one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The Python of an environment with Snakemake alone: links to the packages here, and to no others."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder, symlinks=True)
    names = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", vars=names))
    for name in brought_by("snakemake") | {"pygments"}:  # as snakemake[reports] brings, for --report
        own = distribution(name)
        for part in {path.parts[0] for path in own.files} - {"..", "__pycache__"}:
            if not (packages / part).exists():
                (packages / part).symlink_to(own.locate_file(part))
    return folder / "bin/python"


def run(python: str | Path, workflow: Workflow, *arguments: str) -> str:
    """What it says, with the profile that users have, and nothing handed on in the environment."""
    command = workflow.command(*arguments, profile=str(ROOT / "profiles/default"))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(workflow.folder)}
    options = {"cwd": workflow.folder, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([str(python), *command[1:]], **options)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def start_page(report: Path) -> str:
    text = report.read_text()
    return json.loads(text[text.index("var workflow_desc = ") :].split("\n", 1)[0][20:].rstrip(";"))


def test_it_has_none_of_our_packages(alone):
    for name in OURS:
        done = subprocess.run([alone, "-c", f"import {name}"], env={}, capture_output=True, text=True)
        assert f"No module named '{name}'" in done.stderr


def test_a_dry_run_finds_nothing_to_do(alone, workflow):
    assert "Nothing to be done" in run(alone, workflow, "--dry-run", "--", "everything")


def test_the_lint_is_clean(alone, workflow):
    assert "Congratulations" in run(alone, workflow, "--lint")


def test_the_report_is_the_one_that_all_packages_give(alone, workflow):
    pages = []
    for python in (alone, sys.executable):
        run(python, workflow, "--report", "report.html", "--", "everything")
        pages.append(start_page(workflow.folder / "report.html"))
    assert pages[0] == pages[1]
    assert "<table class='ledger'>" in pages[0] and "<td>neuron_paths</td><td>2</td><td>1</td>" in pages[0]


def test_the_next_major_version_is_refused_in_one_line(workflow):
    run = "import snakemake; snakemake.__version__ = '10.0.1'; from snakemake.cli import main; main()"
    command = [sys.executable, "-c", run, *workflow.command("--dry-run")[3:]]
    done = subprocess.run(command, cwd=workflow.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Snakemake 10.0.1 is not allowed; expected 9.27 or newer, below 10"


def test_results_that_it_cant_ask_are_left_with_a_line(alone, workflow, tmp_path):
    shutil.copytree(workflow.results / "summary", tmp_path / "results/summary")
    shutil.copytree(workflow.results / "tables", tmp_path / "results/tables")
    shutil.copytree(workflow.results / "trained", tmp_path / "results/trained")
    said = run(alone, Workflow(tmp_path, ALL), "--dry-run", "--", "figure_3")
    line = next(line for line in said.splitlines() if line.startswith("Results: "))
    assert "no record" in line and "without pyarrow and PIL they can't be asked" in line
