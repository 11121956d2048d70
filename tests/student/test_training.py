"""Stacks are their students, checkpoints go on to the same bits, and kills lose no more than they must."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import train_students
from conftest import ROOT

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import descent, training
from lazytraining.workflow import jobs

PROBLEM = ProblemKey(d=5, n_train=40, n_test=30, teacher_neurons=3, teacher_gain=1.0, seed=3)


def job(symmetrize: bool = False, iterations: int = 300) -> Job:
    """Students of three m; some stop early, one diverges, the others go on to the end."""
    points = [
        (m, alpha, tau, 3e3 if (m, tau) == (8, 2.0) else 0.5 * alpha / tau)
        for m in (4, 6, 8)
        for alpha in (0.5, 2.0)
        for tau in (0.1, 2.0)
    ]
    return Job(
        keys=tuple(Run("e", *point, seed=3) for point in points),
        problem=PROBLEM,
        symmetrize=symmetrize,
        iterations=iterations,
        early_stopping=tuple((1e-3, 40 if tau == 0.1 else 10**6) for _, _, tau, _ in points),
    )


def same(ours: list[training.Trained], theirs: list[training.Trained]) -> bool:
    """To the last bit, wall times aside."""

    def plain(student: training.Trained) -> str:
        row = student.row | {"wall_seconds": 0}
        return repr((row, student.curve, student.start.tolist(), student.end.tolist()))

    return list(map(plain, ours)) == list(map(plain, theirs))


@pytest.mark.parametrize("symmetrize", [False, True])
def test_a_stacked_job_trains_what_separate_ones_do(symmetrize):
    together = job(symmetrize, iterations=80)
    stacked = training.train(together)
    ends = {(student.row["stopped_early"], student.row["diverged"]) for student in stacked}
    assert ends == {(True, False), (False, True), (False, False)}
    students = zip(together.keys, together.early_stopping, stacked, strict=True)
    for key, rule, ours in students:
        (theirs,) = training.train(replace(together, keys=(key,), early_stopping=(rule,)))
        assert Run(*(ours.row[name] for name in Run._fields)) == key
        assert same([ours], [theirs])


def test_stacks_hold_students_of_one_m_and_so_many_neurons(monkeypatch):
    monkeypatch.setattr(training, "CPU_FEATURES", 200)
    keys = tuple(Run("e", m, 1.0, 1.0, 0.1, 0) for m in (4, 30, 4, 4, 6, 4, 4, 4, 6))
    data = PROBLEM._replace(n_train=10, n_test=90)
    one = Job(keys=keys, problem=data, symmetrize=False, iterations=1)
    assert next(training._stacks(one, "cpu")) == [0]
    stacks = list(training._stacks(replace(one, track_best=False), "cpu"))
    assert stacks == [[0, 2, 3, 5, 6], [7], [4, 8], [1]]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize("after", [1, 100])
def test_a_job_goes_on_from_its_checkpoint_to_the_same_bits(tmp_path, monkeypatch, symmetrize, after):
    one = replace(job(symmetrize, iterations=60), laziness="recorded")
    whole = training.train(one)
    advance, calls = descent.Descent.advance, []

    def dies(run):
        calls.append(run.iteration)
        if len(calls) == after:
            raise KilledError
        advance(run)

    path = tmp_path / "checkpoint"
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(descent.Descent, "advance", dies)
    with pytest.raises(KilledError):
        training.train(one, checkpoint=path)
    assert path.exists()
    after = -1
    before = len(calls)
    assert same(training.train(one, checkpoint=path), whole)
    resumed = len(calls) - before
    calls.clear()
    training.train(one)
    assert resumed == len(calls) - before + 1, "only the block that was cut off is done again"


def test_a_checkpoint_of_another_job_or_a_damaged_one_is_not_used(tmp_path, monkeypatch, capsys):
    one = job(iterations=50)
    path = tmp_path / "checkpoint"
    whole = training.train(one)
    with monkeypatch.context() as patch:
        patch.setattr(training, "SAVE_EVERY", 0.0)
        training.train(one, checkpoint=path, code="old")
    assert same(training.train(one, checkpoint=path, code="new"), whole)
    assert "of other settings" in capsys.readouterr().out
    for damage in (b"", b"no checkpoint", path.read_bytes()[:1000]):
        path.write_bytes(damage)
        assert same(training.train(one, checkpoint=path, code="new"), whole)
        assert "damaged" in capsys.readouterr().out
    path.unlink()
    path.mkdir()
    assert same(training.train(one, checkpoint=path, code="new"), whole)
    assert "no file" in capsys.readouterr().out
    assert path.is_dir()


def test_progress_is_written_where_there_is_no_terminal(capfd):
    one = job()
    training.train(one)
    assert "100 % of 3.60k updates" in capfd.readouterr().err.splitlines()[-2]


def test_a_job_removes_its_checkpoint_when_its_results_are_written(tmp_path, monkeypatch):
    one = job(iterations=50)
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)
    output = SimpleNamespace(run=str(tmp_path / "run.parquet"), curve=str(tmp_path / "curve.parquet"))
    params = SimpleNamespace(job=one.plain(), code="")
    log, checkpoint = [str(tmp_path / "run.log")], tmp_path / "run.checkpoint"
    write, seen = train_students.write, []
    monkeypatch.setattr(train_students, "write", lambda *a: (seen.append(checkpoint.exists()), write(*a)))
    train_students.run(SimpleNamespace(output=output, params=params, log=log), "cpu")
    assert seen == [True]
    assert {path.name for path in tmp_path.iterdir()} == {"run.parquet", "curve.parquet"}


def test_without_a_gpu_a_job_that_asks_for_one_trains_on_the_cpu_and_says_so(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert jobs.device({}) == "cpu"
    assert not capsys.readouterr().out
    assert jobs.device({"gpu": 1}) == "cpu"
    assert capsys.readouterr().out.startswith("No GPU here")


CHILD = """
import sys
sys.path[:0] = [{tests!r}, {tests!r} + '/student', {scripts!r}]
from pathlib import Path
from test_training import job
from lazytraining.student import training
training.SAVE_EVERY = 0.0
training.train(job(iterations=600), checkpoint=Path({path!r}))
"""


def test_a_killed_process_leaves_a_whole_checkpoint(tmp_path, capsys):
    path = tmp_path / "checkpoint"
    code = CHILD.format(tests=str(ROOT / "tests"), scripts=str(ROOT / "scripts"), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        deadline = time.monotonic() + 120
        while not path.exists():
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)
        child.send_signal(signal.SIGKILL)
    one = job(iterations=600)
    assert same(training.train(one, checkpoint=path), training.train(one))
    assert "going on from there" in capsys.readouterr().out
