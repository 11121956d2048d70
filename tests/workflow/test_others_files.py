"""Folders that others can write to: no link is followed to be written, no pipe is waited for."""

import os

import pytest
from conftest import Workflow
from test_faults import path_of
from tiny import TINY

from lazytraining.workflow import driver

pytestmark = pytest.mark.workflow


def symbolic(path, target):
    path.symlink_to(target)


def hard(path, target):
    path.hardlink_to(target)


def pipe(path, target):
    os.mkfifo(path)


KINDS = [symbolic, hard, pipe]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_of_its_own_is_not_written(tmp_path, kind):
    target, path = tmp_path / "precious", tmp_path / "lock"
    target.write_text("kept")
    kind(path, target)
    with pytest.raises(OSError, match="a link or a pipe, not a file"):
        driver.lock(path)
    assert target.read_text() == "kept"


def test_a_lock_names_its_process_once(tmp_path):
    (tmp_path / "lock").write_text("process 123456789 on another machine\n")
    with driver.lock(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text().split()[:2] == ["process", str(os.getpid())]
        assert len((tmp_path / "lock").read_text().splitlines()) == 1
        with pytest.raises(driver.LockedError, match=f"process {os.getpid()}"):
            driver.lock(tmp_path / "lock")


@pytest.mark.parametrize("kind", [symbolic, pipe])
def test_a_log_that_is_a_link_or_a_pipe_is_replaced(tmp_path, kind):
    workflow, target = Workflow(tmp_path, {"experiments": {"own": TINY}}), tmp_path / "precious"
    target.write_text("kept")
    log = tmp_path / path_of(1, "logs/train_students").replace(".parquet", ".log")
    log.parent.mkdir(parents=True)
    kind(log, target)
    workflow.results.chmod(0o777)
    done = workflow("--", path_of(1))
    assert "results can be written by everyone on this machine" in done.stdout + done.stderr
    assert target.read_text() == "kept" and log.is_file() and not log.is_symlink()


def test_a_lock_that_is_a_link_is_one_line(tmp_path):
    workflow, target = Workflow(tmp_path, {"experiments": {"own": TINY}}), tmp_path / "precious"
    target.write_text("kept")
    (workflow.results / "logs").mkdir(parents=True)
    symbolic(workflow.results / "logs/lock", target)
    done = workflow("--", path_of(1), succeeds=False)
    ours = [line for line in done.stderr.splitlines() if line.startswith("Configuration: ")]
    assert len(ours) == 1 and "(results/logs/lock: a link or a pipe, not a file)" in ours[0]
    assert target.read_text() == "kept" and "Traceback" not in done.stderr
