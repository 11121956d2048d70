"""Code that is not the one that a workflow began with makes no results."""

import time
from pathlib import Path

import psutil
import pytest
from chaos import copy_of_project
from conftest import ROOT, Workflow
from tiny import TINY

pytestmark = pytest.mark.workflow

PROFILE = str(ROOT / "profiles/default")


@pytest.fixture
def clone(tmp_path) -> Path:
    """The project again, to be changed."""
    return copy_of_project(tmp_path)


def edit(clone: Path) -> None:
    engine = clone / "scripts/lazytraining/student/recording.py"
    engine.write_text(engine.read_text() + "\nCHANGED = True\n")


def test_code_that_changes_under_a_running_workflow_signs_nothing(clone, tmp_path):
    """The jobs after the change end with a line; with the code back as it was the rest is made, and no more."""
    workflow = Workflow(tmp_path, {"experiments": {"own": TINY | {"tau": [1, 2, 3, 4]}}}, root=clone)
    code = clone / "scripts/lazytraining/student/recording.py"
    before = code.read_text()
    command = workflow.command("--cores", "1", "--", "own", profile=PROFILE)
    with (tmp_path / "output").open("w") as output:
        driver = psutil.Popen(command, cwd=tmp_path, stdout=output, stderr=output)
        while not (done := list(workflow.results.glob("runs/**/*.parquet"))):
            assert driver.poll() is None, (tmp_path / "output").read_text()
            time.sleep(0.02)
        edit(clone)
        assert driver.wait(120) != 0
    said = [line for line in (tmp_path / "output").read_text().splitlines() if "not the code that" in line]
    assert any(f"{clone}/scripts/train_students.py: " in line for line in said), said
    made = set(workflow.results.glob("runs/**/*.parquet"))
    assert set(done) <= made and len(made) < 4
    code.write_text(before + "# a comment\n")
    assert workflow.jobs("own")["train_students"] == 4 - len(made)


def test_jobs_import_the_library_of_their_workflow(clone, tmp_path, monkeypatch):
    """Whatever PYTHONPATH has; it did train with the other clone's and sign with this one's digest."""
    edit(clone)
    recording = clone / "scripts/lazytraining/student/recording.py"
    recording.write_text("raise RuntimeError('of the other clone')\n")
    monkeypatch.setenv("PYTHONPATH", str(clone / "scripts"))
    Workflow(tmp_path, {"experiments": {"own": TINY}})(
        "--", "results/runs/own/m~4/alpha~1/tau~1/eta~0.01/seed~0.parquet", profile=PROFILE
    )
