"""Finished results that are updated, killed on the way or brought from elsewhere: an old picture hides nothing."""

import shutil
import time

import psutil
import pytest
from chaos import contents, jobs
from conftest import ROOT, Workflow
from test_faults import changed, path_of
from tiny import TINY

pytestmark = pytest.mark.workflow

PROFILE = str(ROOT / "profiles/default")
TABLE = "results/tables/own.parquet"
BEFORE = {"experiments": {"own": TINY | {"tau": [1, 2], "iterations": 30}}}
AFTER = {"experiments": {"own": TINY | {"tau": [1, 2, 3], "iterations": 30}}}
OTHER = {
    "iterations": {"iterations": 31},
    "tau added": {"tau": [1, 2, 3]},
    "tau removed": {"tau": [1]},
    "seed added": {"seeds": 2},
}
JOBS = {
    "iterations": {"own": 1, "plot_experiment": 1, "summarise_runs": 1, "train_students": 2},
    "tau added": {"own": 1, "plot_experiment": 1, "summarise_runs": 1, "train_students": 1},
    "tau removed": {"own": 1, "plot_experiment": 1, "summarise_runs": 1},
    "seed added": {"own": 1, "plot_experiment": 1, "summarise_runs": 1, "train_students": 2},
}
"""What is to be done after each change."""


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("before"), BEFORE)
    workflow("--", "own", profile=PROFILE)
    return workflow


@pytest.fixture(scope="module")
def after(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("after"), AFTER)
    workflow("--", "own", profile=PROFILE)
    return workflow


@pytest.fixture
def copy(before, tmp_path) -> Workflow:
    """The finished workflow again, with what Snakemake has recorded."""
    shutil.copytree(before.folder, tmp_path, dirs_exist_ok=True)
    return Workflow(tmp_path, BEFORE)


@pytest.fixture
def brought(before, tmp_path) -> Workflow:
    """The results alone, as another clone or an archive has them."""
    shutil.copytree(before.results, tmp_path / "results")
    return Workflow(tmp_path, BEFORE)


def kill(workflow: Workflow, rule: str) -> None:
    """Run the workflow, and SIGKILL the first job of a rule alone."""
    with (workflow.folder / "output").open("w") as output:
        command = workflow.command("--", "own", profile=PROFILE)
        driver = psutil.Popen(command, cwd=workflow.folder, stdout=output, stderr=output)
        while not (found := jobs(driver).get(f"{rule}.py")):
            assert driver.poll() is None, (workflow.folder / "output").read_text()
            time.sleep(0.01)
        found[0].kill()
        assert driver.wait(60) != 0


@pytest.mark.parametrize("rule", ["train_students", "summarise_runs", "plot_experiment"])
def test_a_job_killed_in_an_update_is_made_up_for(copy, after, rule):
    copy.write(AFTER)
    kill(copy, rule)
    assert copy.jobs("own")["plot_experiment"] == 1
    copy("--", "own", profile=PROFILE)
    ours, theirs = contents(copy.results), contents(after.results)
    assert ours == theirs
    assert copy.jobs("own") == {}


@pytest.mark.parametrize("name", [path_of(1), path_of(2, "curves"), "results/summary/own.parquet", TABLE])
def test_what_is_missing_is_made_again_whatever_stands_after_it(copy, name):
    kept = {path for path in copy.results.rglob("*") if path.is_file()} - {copy.folder / name}
    (copy.folder / name).unlink()
    found = copy.jobs("own")
    trained = {"train_students": 1} if "seed" in name else {}
    assert found == {"own": 1, "plot_experiment": 1, "summarise_runs": 1} | trained
    assert copy.jobs(path_of(1)) == ({"train_students": 1} if name == path_of(1) else {}), (
        "only what is asked for"
    )
    if name == path_of(1):
        assert f"reason: Missing output files: {name}\n" in copy("--dry-run", "--", "own").stdout
    assert {path for path in copy.results.rglob("*") if path.is_file()} == kept, "nothing is removed"


def test_an_old_picture_does_not_stand_beside_a_failed_table(copy):
    copy.write(AFTER)
    kill(copy, "summarise_runs")
    assert not list(copy.results.glob("figures/*"))


def test_results_from_elsewhere_that_are_right_are_left(brought):
    assert brought.jobs("own") == {}


@pytest.mark.parametrize("change", OTHER)
def test_results_from_elsewhere_are_made_again_where_they_differ(brought, change):
    brought.write({"experiments": {"own": BEFORE["experiments"]["own"] | OTHER[change]}})
    assert brought.jobs("own") == JOBS[change]
    brought("--", "own", profile=PROFILE)
    assert brought.jobs("own") == {}


def test_runs_of_other_code_are_made_again_with_a_line(brought):
    for name, key in ((path_of(2), "code"), (TABLE, "run_code")):
        changed(brought.folder / name, **{key: "0" * 16})
    done = brought("--dry-run", "--", "own")
    line = f"Results: 1 made by other code (as {path_of(2)}): made again, with all that follows"
    assert line in done.stdout + done.stderr
    assert brought.jobs("own")["train_students"] == 1
    done = brought("--dry-run", "--rerun-triggers", "mtime", "--", "own")
    assert "left, as rerun-triggers has no params" in done.stdout + done.stderr
