"""Compiled code: kept where it is safe, made once, never taken from another processor; and what jobs import."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from lazytraining.student import compiling, descent, engine, network, problem
from lazytraining.student.students import Students

SCRIPTS = ROOT / "scripts"
LOADED = """
import sys
sys.path.insert(0, {scripts!r})
import numpy
from lazytraining.student import engine
engine._compile = lambda *_: sys.exit(print("compiles"))
engine.ready(numpy.dtype("float64"))
print("loads")
"""


def run(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code.format(scripts=str(SCRIPTS))]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture
def chosen(monkeypatch):
    """The folder chosen for a wanted one, and what is printed of it, with a home of the test's own."""
    return lambda wanted: (
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(wanted)),
        compiling.folder.__wrapped__(),
    )[1]


def test_code_compiled_on_one_processor_is_not_run_on_another():
    engine.ready(np.dtype("float64"))
    assert run(LOADED).split() == ["loads"]
    other = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse4.2"}
    assert run(LOADED, **other).split() == ["compiles"]


def test_a_folder_of_the_users_own_is_taken(tmp_path, chosen, capsys):
    assert chosen(tmp_path / "new") == tmp_path / "new"
    assert not capsys.readouterr().out


def test_one_that_cannot_be_written_is_replaced_with_a_line(tmp_path, chosen, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "file").touch()
    assert chosen(tmp_path / "file/below") == tmp_path / "home/lazytraining"
    (line,) = capsys.readouterr().out.splitlines()
    assert "file/below" in line and "home/lazytraining" in line


def test_one_that_others_can_write_is_not_trusted(tmp_path, chosen, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert chosen(tmp_path / "open") == tmp_path / "home/lazytraining"
    if os.geteuid() == 0:
        (tmp_path / "foreign").mkdir()
        os.chown(tmp_path / "foreign", 12345, 12345)
        assert chosen(tmp_path / "foreign") == tmp_path / "home/lazytraining"


def test_without_any_home_code_is_compiled_all_the_same(tmp_path, chosen, capsys, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = chosen(tmp_path / "file/below")
    assert folder.is_dir() and len(capsys.readouterr().out.splitlines()) == 1
    folder.rmdir()


def test_jobs_compile_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "folder", lambda: tmp_path)
    code = "import fcntl; fcntl.flock(open({path!r}, 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", code.format(path=str(tmp_path / "kernels.lock"))]
    with compiling.alone():
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True, check=False).stderr
    subprocess.run(command, check=True)


X = np.arange(4.0 * 8).reshape(1, 4, 8)
"""One panel of eight points in four dimensions."""
HIDDEN = np.eye(4)[:3]


@pytest.fixture(scope="module")
def project() -> bytes:
    return engine._compile("project", (HIDDEN, X, np.zeros((3, 8))))


@pytest.fixture
def load(tmp_path, monkeypatch, project):
    """Load the projection from a folder of the test's own; gives it, and whether it had to be compiled."""
    monkeypatch.setattr(compiling, "folder", lambda: tmp_path)

    def loaded():
        made = []
        arguments = HIDDEN, X, np.zeros((3, 8))
        return compiling.load("project", arguments, lambda *_: made.append(1) or project), bool(made)

    return loaded


def test_code_is_compiled_once(load, capsys):
    assert [load()[1] for _ in range(3)] == [True, False, False]
    out = np.zeros((3, 8))
    load()[0](HIDDEN, X, out)
    assert (out == X[0, :3]).all()
    assert not capsys.readouterr().out


@pytest.mark.parametrize("place", [0, 31, 32, 1000, -1])
def test_damaged_code_is_not_run_but_compiled_anew_with_a_line(tmp_path, load, capsys, place):
    load()
    (kept,) = tmp_path.glob("*.compiled")
    right = kept.read_bytes()
    flipped = bytearray(right)
    flipped[place] ^= 1
    for damaged in (flipped, right[:place], right + b"0"):
        kept.write_bytes(damaged)
        assert [load()[1], load()[1]] == [True, False]
        assert kept.read_bytes() == right
        assert ("compiled anew" in capsys.readouterr().out) == bool(damaged)


def test_code_of_another_compiler_or_source_is_not_run(tmp_path, load, monkeypatch):
    load()
    monkeypatch.setattr(compiling, "COMPILER", ("numba", "0", "0"))
    assert load()[1]
    for name in ("kernels.py", "tiles.py", "compiling.py"):
        (tmp_path / name).write_bytes(Path(compiling.__file__).with_name(name).read_bytes())
    monkeypatch.setattr(compiling, "__file__", str(tmp_path / "compiling.py"))
    assert not load()[1]
    for name in ("kernels.py", "tiles.py"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        assert load()[1]


def test_what_it_was_not_compiled_for_is_refused(load):
    compiled, _ = load()
    fixed = np.zeros((3, 8))
    fixed.flags.writeable = False
    others = [fixed, np.zeros((3, 16))[:, ::2], np.zeros((3, 8), np.float32), np.zeros((1, 3, 8)), 3, 3.0]
    for out in others:
        with pytest.raises(TypeError):
            compiled(HIDDEN, X, out)


NEEDS_TORCH = {"train_model"}
IMPORTED = """
import sys
sys.path.insert(0, {scripts!r})
for name in sys.argv[1:]:
    __import__(name)
    print(name, *({{"torch", "torchvision"}} & sys.modules.keys()))
"""


def test_no_script_imports_torch_but_the_one_of_modules():
    names = sorted(path.stem for path in SCRIPTS.glob("*.py"))
    assert set(names) > NEEDS_TORCH
    rest = [name for name in names if name not in NEEDS_TORCH]
    command = [sys.executable, "-c", IMPORTED.format(scripts=str(SCRIPTS)), *rest]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines == rest


JOB = """
import sys
sys.path.insert(0, {scripts!r})
from types import SimpleNamespace as Names
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.workflow import jobs
jobs.start = lambda snakemake: None
import train_students
job = Job(
    keys=(Run("e", 4, 1.0, 1.0, 0.1, seed=0),),
    problem=ProblemKey(3, 20, 15, 3, 1.0, 0),
    symmetrize=True,
    iterations=3,
)
output = Names(run={folder!r} + "/run.parquet", curve={folder!r} + "/curve.parquet")
params = Names(job=job.plain(), code="")
train_students.main(Names(output=output, log=[{folder!r} + "/log"], params=params, resources={{}}))
print(*({{"torch", "numba", "pandas", "scipy.linalg", "matplotlib", "pydantic", "snakemake"}} & sys.modules.keys()))
"""


def test_a_training_job_imports_nothing_that_it_does_not_need(tmp_path):
    engine.ready(np.dtype("float64"))
    code = JOB.replace("{folder!r}", repr(str(tmp_path)))
    assert run(code).split() == []
    assert (tmp_path / "run.parquet").exists()


@pytest.mark.parametrize("displaced", [False, True])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_what_is_compiled_ahead_is_what_jobs_call(precision, displaced):
    """A call with arguments of any other type raises."""
    data = problem.make_problem(3, 20, 15, 3, 1.0, 0)
    batches = problem.Batches(problem.make_teacher(3, 3, 1.0, 0), 8, 0, data.x_test, data.y_test)
    for points in (data, batches):
        start = network.initialise(4, 3, 1.0, 0, displaced).astype(precision)
        students = Students(start, 1.0, 0.1, displaced=displaced)
        descent.descend(students=students, data=points, iterations=30, track_best=displaced)


def test_the_folder_is_beside_the_code_by_default():
    assert Path(engine.__file__).parent / "__pycache__" == compiling.BESIDE


BITS = """
import sys
sys.path.insert(0, {scripts!r})
import hashlib
from lazytraining.student import descent, network, problem
from lazytraining.student.students import Students
data, found = problem.make_problem(11, 150, 90, 3, 1.0, 0), hashlib.sha256()
for displaced in (False, True):
    start = network.Weights.stack(network.initialise(22, 11, tau, 0, displaced) for tau in (0.5, 1.0))
    students = Students(start, 1.0, 0.1, displaced=displaced)
    for run in descent.descend(students=students, data=data, iterations=60):
        found.update(repr(run.train_loss + run.test_loss).encode() + run.weights.hidden.tobytes())
print(found.hexdigest())
"""


@pytest.mark.workflow
def test_the_bits_are_the_same_on_a_processor_without_wide_vectors(tmp_path):
    """Compiled for one with neither AVX nor fused multiply-adds, which this one can run; some seconds to compile."""
    other = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "+sse4.2", "NUMBA_CACHE_DIR": str(tmp_path)}
    if compiling.PROCESSOR[0].split("-")[0] != "x86_64":
        pytest.skip("for x86-64")
    assert run(BITS) == run(BITS, **other)
