"""One job's script alone: the workflow's data, the terminal's streams, and one line where it can't run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, Workflow
from tiny import TINY, only

pytestmark = pytest.mark.workflow
OVERLAY = only(tried=TINY | {"tau": [0.5, 2]})
KEY = ("experiment=tried", "run=m~4/alpha~1/tau~2/eta~0.01/seed~0")
STOP = """
import sys

def stop():
    print("stopped, and told:", input(), sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The project with a breakpoint in the training script."""
    folder = tmp_path_factory.mktemp("project")
    for part in ("Snakefile", "rules", "scripts", "config", "tools", "docs/captions"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (folder / part).parent.mkdir(exist_ok=True)
        copy(ROOT / part, folder / part)
    script = folder / "scripts/train_students.py"
    lines = script.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "jobs.start(snakemake)" in line)
    script.write_text("".join([*lines[: at + 1], "    breakpoint()\n", *lines[at + 1 :]]))
    (folder / "stopping.py").write_text(STOP)
    return folder


def run(project: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(project / "tools/run_script.py"), *arguments]
    command += ["--configfile", "overlay.yaml"]
    options = {"input": "a line\n", "capture_output": True, "text": True, "check": False}
    return subprocess.run(command, cwd=folder, **options)


def test_a_job_with_a_breakpoint_gives_the_workflows_data(project, tmp_path, monkeypatch):
    for name in ("by_hand", "workflow"):
        (tmp_path / name).mkdir()
    alone = Workflow(tmp_path / "by_hand", OVERLAY)
    monkeypatch.setenv("PYTHONPATH", str(project))
    monkeypatch.setenv("PYTHONBREAKPOINT", "stopping.stop")
    done = run(project, alone.folder, "train_students", *KEY)
    assert done.returncode == 0, done.stderr
    assert "stopped, and told: a line True True" in done.stdout
    assert "100 %" in done.stderr  # its progress, which a job of the workflow writes into its log
    paths = [line for line in done.stdout.splitlines() if line.endswith(".parquet")]
    assert len(paths) == 2 and not list(alone.results.rglob("*.log"))
    whole = Workflow(tmp_path / "workflow", OVERLAY)
    whole("--", *paths)
    for path in paths:
        ours, theirs = (
            pd.read_parquet(folder / path).drop(columns="wall_seconds", errors="ignore")
            for folder in (alone.folder, whole.folder)
        )
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "nothing: no rule that runs a script; expected one of "),
        (("train_students", *KEY[:-1]), "expected experiment=… run=…"),
        (("train_students", KEY[0], "run=m~9/seed~7"), "is not configured"),
        (("summarise_runs", "experiment=tried"), "summarise_runs: there is no results/"),
    ],
)
def test_what_cant_run_is_one_line(arguments, said, tmp_path):
    workflow = Workflow(tmp_path, OVERLAY)
    done = run(ROOT, workflow.folder, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert said in line
    assert not workflow.results.exists()
