"""What jobs of each kind ask for and what they take: [asked, taken, grown] in MB for each of its sizes, by kind, as JSON.

Each job runs in a process of its own, after a tiny one of its kind, so that packages are there and what has grown is the job's own.
"""

import ctypes
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import measure_baselines
import measure_landscape
import measure_theory_limit
import measure_theory_sample
import measure_theory_start
import measure_theory_step
import numpy as np
import train_neurons
import train_phase
import train_students

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.config.kinds import AnyModel, Neurons, Phase
from lazytraining.config.parts import Landscape, Theory
from lazytraining.files import parquet, schemas
from lazytraining.models import lazy, loading
from lazytraining.student import engine, network, problem
from lazytraining.workflow import memory, modules

FOLDER = Path(tempfile.mkdtemp())
Task = tuple[int, Callable[[], object]]
"""What it asks for, and what does it."""


def job(m: int = 4, d: int = 3, n: int = 20, k: int = 20, runs: int = 1, **others) -> Job:
    keys = tuple(Run("e", m, 1.0, 1.0 + i, 1e-12, 0) for i in range(runs))
    settings = {"symmetrize": False, "iterations": 1} | others
    return Job(keys=keys, problem=ProblemKey(d, n, k, 3, 1.0, 0), **settings)


def students(**sizes) -> Task:
    told = job(**sizes)
    output = SimpleNamespace(run=FOLDER / "r.parquet", curve=FOLDER / "c.parquet", weights=FOLDER / "w.npz")
    params = SimpleNamespace(job=told.plain(), code="")
    snakemake = SimpleNamespace(output=output, log=[FOLDER / "log"], params=params)
    return memory.students(told), lambda: train_students.run(snakemake, "cpu")


def baselines(**sizes) -> Task:
    told = job(**sizes)
    keys = [key._asdict() for key in told.keys]
    return memory.baselines(told), lambda: measure_baselines.baselines(
        keys, told.problem._asdict(), False, 100
    )


def landscape(runs: int = 6, grid: int = 5, **sizes) -> Task:
    told, chosen = job(**sizes), Landscape(grid=grid)
    (key,), d = told.keys, told.problem.d

    def run() -> None:
        rows = [key._asdict() | {"seed": seed, "diverged": False} for seed in range(runs)]
        ends = [np.random.default_rng(seed).standard_normal(key.m * (d + 1)) for seed in range(runs)]
        group = {name: rows[0][name] for name in schemas.GROUP}
        data = problem.make_problem(*told.problem)
        surface, _ = measure_landscape.measure(rows, np.stack(ends), data, group, chosen.model_dump())
        parquet.write(FOLDER / "s.parquet", surface, schemas.SURFACE)

    return memory.landscape(told, runs, chosen), run


def theory(**sizes) -> Theory:
    few = {"d": 3, "n_train": 20, "n_test": 20, "m": 4, "widths": [4], "iterations": 20} | sizes
    scales = {"tau": [1], "alpha": [1, 10], "step_size": 0.1, "seeds": 1}
    return Theory(teacher_neurons=3, teacher_gain=1, **few, **scales)


def theory_start(**sizes) -> Task:
    told = theory(**sizes)
    sweeps = {"alpha": [(alpha, 1.0) for alpha in told.alpha]}

    def run() -> None:
        data = problem.make_problem(**told.problem, seed=0)
        for m in (told.m, *told.widths):
            measure_theory_start.measure(data, m, False, 0, sweeps)

    return memory.theory_start(told), run


def theory_step(**sizes) -> Task:
    told = theory(**sizes)
    points = [("alpha", alpha, 1.0, 0.1) for alpha in told.alpha]
    key = told.problem | {"seed": 0}
    return memory.theory_step(told), lambda: measure_theory_step.measure(
        problem.make_problem(**key), told.m, 0, points
    )


def theory_limit(**sizes) -> Task:
    told = theory(**sizes)
    start = network.initialise(told.m, told.d, 1.0, 0, True)
    key, settings = told.problem | {"seed": 0}, (True, told.alpha, 0.1, told.iterations)
    return memory.theory_limit(told), lambda: measure_theory_limit.measure(
        problem.make_problem(**key), start, *settings
    )


def theory_sample(n: int = 20, n_test: int = 20, **sizes) -> Task:
    few = {"d": 2, "n": [n], "m": 4, "alpha": [10], "step_size": 0.01, "iterations": 20} | sizes
    told = theory(n_test=n_test, sample=few)
    start = network.initialise(few["m"], few["d"], 1.0, 0, False)
    key = told.problem | {"d": few["d"], "n_train": n, "seed": 0}
    return memory.theory_sample(told), lambda: measure_theory_sample.measure(
        problem.make_problem(**key), start, told.sample.alpha, 0.01, 20
    )


def neurons(**sizes) -> Task:
    few = {"n_train": 20, "n_test": 20, "teacher_neurons": 3, "m": 4, "tau": [1], "iterations": 20} | sizes
    told = Neurons(kind="neurons", step_size=1e-9, seeds=1, **few)

    def run() -> None:
        rows = train_neurons.paths(**told.job([]), seed=0)
        parquet.write(FOLDER / "p.parquet", [{"experiment": "e"} | row for row in rows], schemas.PATHS)

    return memory.neurons(told), run


def model(**sizes) -> Task:
    few = {"n_train": 20, "n_test": 10, "kernel_points": 4, "iterations": 2, "alpha": [1.0]}
    few |= {"options": {"width": 4}, "model": "mlp", "data": "digits", "task": "classification"} | sizes
    one = AnyModel(kind="model", seeds=[0], **few)
    told = one.told("e", 0)
    return memory.model(modules.sizes("e", one), told), lambda: lazy.train(told, *loading.load(told))


def phase(n: int = 20, k: int = 20, d: int = 3, couplings: int = 1, m: int = 4) -> Task:
    told = Phase(
        kind="phase",
        **{"d": d, "n_train": n, "n_test": k, "teacher_neurons": 3, "teacher_gain": 1, "m": [m], "seeds": 1},
        **{"coupling": {"logspace": [0, 1, couplings]}, "symmetrize": [False], "iterations": 12},
        **{
            "cfl": 0.5,
            "stop": 1e-3,
            "lazy": {"gap": 0.1, "kernel": 0.1},
            "collapse": {"kept": 0.1, "hidden": 0.3},
        },
    )
    job = told.job(told.runs("e"))
    return memory.phase(job), lambda: train_phase.cells(job)


CNN = {"model": "vgg11", "options": {"width": 0.05}, "data": "digits_32", "batch": 10, "augment": "crop"}
SIZES = {
    students: [
        {"n": 300_000},
        {"n": 30_000, "d": 100, "precision": "float32"},
        {"n": 10_000, "m": 500, "symmetrize": True},
        {"m": 5000, "d": 100},
        {"runs": 400, "iterations": 30},
        {"n": 20_000, "batch": 20_000, "d": 100},
        {"n": 1200, "laziness": True},
        {"n": 200, "k": 10_000, "laziness": True},
        {"n": 200, "m": 5000, "laziness": True},
        {"n": 1000, "runs": 8, "laziness": "recorded"},
    ],
    baselines: [{"n": 900}, {"n": 200, "k": 10_000}, {"n": 200, "m": 5000}, {"n": 100, "d": 250}],
    landscape: [
        {"m": 1000, "k": 3000},
        {"m": 200, "d": 100, "runs": 50},
        {"grid": 200},
        {"m": 600, "d": 250, "grid": 10},
    ],
    theory_start: [
        {"n_train": 1200},
        {"n_train": 80, "d": 250},
        {"n_train": 200, "widths": [6000]},
        {"widths": [2000], "d": 50},
    ],
    theory_step: [
        {"n_train": 3000, "m": 150},
        {"n_train": 600, "m": 800},
        {"m": 20_000, "d": 10},
        {"n_train": 30_000, "d": 50},
    ],
    theory_limit: [
        {"n_train": 900},
        {"n_train": 200, "n_test": 10_000},
        {"m": 500, "d": 100},
        {"n_train": 300, "d": 100, "m": 20},
    ],
    theory_sample: [
        {"n": 20_000, "m": 40},
        {"n": 100_000},
        {"m": 400},
        {"n_test": 100_000},
    ],
    neurons: [
        {"m": 400},
        {"m": 50, "tau": [1, 2, 3, 4, 5, 6, 7, 8]},
        {"n_train": 300_000},
        {"n_train": 10_000, "m": 200},
    ],
    phase: [
        {"n": 900, "m": 50},
        {"n": 200, "k": 10_000},
        {"n": 200, "m": 4000},
        {"n": 50, "m": 500, "d": 100, "couplings": 30},
    ],
    model: [
        {"options": {"width": 970}, "kernel_points": 16},
        {"n_train": 300},
        {"options": {"width": 300}, "kernel_points": 100, "n_train": 100},
        {"options": {"width": 600}, "alpha": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]},
        CNN | {"options": {"width": 0.2}},
        CNN | {"n_train": 150, "batch": 150, "precision": "float32"},
    ],
}
"""Of each kind jobs in which another size tells. Of models the first has a million weights."""


def resident(name: str) -> float:
    return (
        int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[1])
        * 1.024e-3
    )


def measure(kind: Callable[..., Task], sizes: dict) -> list[float]:
    asked, run = kind(**sizes)
    kind()[1]()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak is what it is now
    before = resident("VmRSS")
    run()
    return [asked, resident("VmHWM"), resident("VmHWM") - before]


def apart(kind: Callable[..., Task], sizes: dict) -> list[float]:
    """In a process of its own."""
    reader, writer = os.pipe()
    if not os.fork():
        os.write(writer, json.dumps(measure(kind, sizes)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as file:
        found = file.read()
    os.wait()
    return json.loads(found)


if __name__ == "__main__":
    for precision in ("float32", "float64"):
        engine.ready(np.dtype(precision))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        told, sys.stderr = sys.stdout, nowhere
        found = {kind.__name__: [apart(kind, one) for one in sizes] for kind, sizes in SIZES.items()}
        print(json.dumps(found), file=told)
