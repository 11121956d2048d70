"""Training jobs: students of one seed, in stacks sized to the machine, with progress and checkpoints."""

import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from lazytraining.config.job import Job, Run
from lazytraining.files import checkpoints, progress, schemas
from lazytraining.student import compiling, descent, engine, network, problem, recording
from lazytraining.student.network import Weights
from lazytraining.student.students import Students

CPU_FEATURES = 256_000
"""A stack on a CPU: as many students as compute at most so many features, neurons times points: 128 neurons on 2000
points. More leave the cache, fewer starve the matrix products (docs/performance.md)."""
GPU_SHARE = 0.7
"""Share of a GPU's free memory that a stack may take."""
SAVE_EVERY = 30.0
"""Seconds between two checkpoints, and so the most that a kill can cost."""
_CURVE = ("iteration", "train_loss", "test_loss", "relative_change", "relative_distance")


class Trained(NamedTuple):
    """One student: its row, the columns of its curve, w0 and the last w."""

    row: dict[str, Any]
    curve: dict[str, list]
    start: Float[np.ndarray, "m d_plus_1"]
    end: Float[np.ndarray, "m d_plus_1"]


def train(job: Job, device: str = "cpu", checkpoint: Path | None = None, code: str = "") -> list[Trained]:
    """Train the students of a job; results in the order of its keys.

    With `checkpoint` what is done is saved there twice a minute, and the same job with the same digest of its code
    goes on from it. The file is the caller's to remove, once the results are safe.
    """
    data = problem.make_problem(*job.problem)
    saved = _Checkpoint(checkpoint, [job.plain(), device, code, np.__version__, compiling.COMPILER])
    updates = len(job.keys) * job.iterations
    with progress.bar(updates) as bar:
        for stack in _stacks(job, device):
            if all(i in saved.trained for i in stack):
                bar.update(len(stack) * job.iterations)
            else:
                results = _train_stack(data, job, stack, device, saved, bar)
                saved.trained.update(zip(stack, results, strict=True))
    return [saved.trained[i] for i in range(len(job.keys))]


def points(job: Job) -> int:
    """How many points most iterations evaluate."""
    return job.problem.n_train + job.n_tested


def curve_rows(key: Run, curve: dict[str, list]) -> list[dict]:
    """The rows of the curve of one student."""
    return [
        key._asdict() | dict(zip(curve, point, strict=True)) for point in zip(*curve.values(), strict=True)
    ]


def _stacks(job: Job, device: str) -> Iterator[list[int]]:
    """Indices of students that train together: those of one m, as many as the machine holds best."""
    sizes, width = job.problem, 4 if job.precision == "float32" else 8
    neurons = CPU_FEATURES // points(job)
    if device == "cuda":
        import torch  # takes longer to import than most students to train

        buffers = 4 * (sizes.n_train + sizes.n_test) + 6 * sizes.d
        neurons = int(GPU_SHARE * torch.cuda.mem_get_info()[0] / (buffers * width))
    by_width = sorted(range(len(job.keys)), key=lambda i: job.keys[i].m)
    for m, group in itertools.groupby(by_width, key=lambda i: job.keys[i].m):
        members, size = list(group), max(1, neurons // m)
        for first in range(0, len(members), size):
            yield members[first : first + size]


def _train_stack(
    data: problem.Problem,
    job: Job,
    stack: list[int],
    device: str,
    saved: "_Checkpoint",
    bar: tqdm,
) -> list[Trained]:
    keys, dtype = [job.keys[i] for i in stack], np.dtype(job.precision)
    m, d, seed = keys[0].m, job.problem.d, keys[0].seed
    start = Weights.stack(network.initialise(m, d, key.tau, seed, job.symmetrize) for key in keys)
    stopping = job.early_stopping
    students = Students(
        start.astype(dtype),
        alpha=[key.alpha for key in keys],
        step_size=[key.eta for key in keys],
        displaced=job.symmetrize,
        early_stopping=stopping and tuple(recording.EarlyStopping(*stopping[i]) for i in stack),
        hidden_factor=job.hidden_factor,
    )
    arguments = {
        "students": students,
        "data": _points(data, job, seed),
        "iterations": job.iterations,
        "track_best": job.track_best,
        "average_last": job.average_last,
        "make_engine": _engine(device),
    }
    along = _Along(job, keys, data, students.start)
    if job.laziness == "recorded":
        arguments["observe"] = along.observe
    before, unfinished = saved.unfinished(stack)
    begin = time.perf_counter() - before
    if unfinished:
        run, along.seen = descent.Descent.resume(unfinished["descent"], **arguments), unfinished["along"]
    else:
        run = descent.Descent(**arguments)
    done = 0
    while run.running:
        saved.save_if_due(stack, time.perf_counter() - begin, run, along)
        now = len(keys) * job.iterations - len(run.running) * (job.iterations - run.iteration)
        bar.update(now - done)
        done = now
        run.advance()
    seconds = (time.perf_counter() - begin) / len(keys)
    bar.update(len(keys) * job.iterations - done)

    x_train = data.x_train.astype(dtype)
    origins = (students.start.select([i]) for i in range(len(keys)))
    return [
        _result(key, job, data, x_train, origin, trajectory, seen, seconds)
        for key, origin, trajectory, seen in zip(keys, origins, run.trajectories, along.seen, strict=True)
    ]


def _points(data: problem.Problem, job: Job, seed: int) -> problem.Data:
    """The problem's training points, or for a population loss fresh ones from the same teacher."""
    if not job.batch:
        return data
    key = job.problem
    teacher = problem.make_teacher(key.d, key.teacher_neurons, key.teacher_gain, key.seed)
    return problem.Batches(teacher, job.batch, seed, data.x_test, data.y_test)


def _engine(device: str) -> descent.MakeEngine:
    if device == "cpu":
        return engine.Engine
    from lazytraining.student import gpu

    return gpu.Engine


def _result(
    key: Run,
    job: Job,
    data: problem.Problem,
    x_train: Float[np.ndarray, "n d"],
    start: Weights,
    run: recording.Trajectory,
    seen: list[list[float]],
    seconds: float,
) -> Trained:
    moved = network.movement(run.displacement, start)
    train_loss_end = run.late_loss if job.batch else run.train_loss[-1]
    row = key._asdict() | {
        "symmetrize": job.symmetrize,
        "precision": job.precision,
        "iterations": run.iterations,
        "stopped_early": run.stopped_early,
        "diverged": run.diverged,
        "train_loss_end": math.nan if run.diverged else train_loss_end,
        "test_loss_end": math.nan if run.diverged else run.test_loss[-1],
        "test_loss_best": run.test_loss_best,
        "best_iteration": run.best_iteration,
        **{name: float(value[0]) for name, value in moved._asdict().items()},
        "gate_flips": float(network.gate_flips(run.weights, start, x_train)[0]),
        "zero_loss": data.zero_loss,
        **_laziness(key, job, data, start, run),
        "wall_seconds": seconds,
    }
    curve = {name: getattr(run, name) for name in _CURVE} | _curve_of_laziness(job, row, run, seen)
    return Trained(row, curve, start.array(), run.weights.array())


def _laziness(
    key: Run, job: Job, data: problem.Problem, start: Weights, run: recording.Trajectory
) -> dict[str, float | None]:
    """How lazy a student was at its end: the columns `schemas.LAZINESS`, on the points that it was trained and tested on."""
    if not job.laziness:
        return dict.fromkeys(schemas.LAZINESS)
    if run.diverged:
        return dict.fromkeys(schemas.LAZINESS, math.nan)
    start, displacement = start.astype(np.float64), run.displacement.astype(np.float64)
    end = start.plus(displacement) if job.symmetrize else run.weights.astype(np.float64)
    measured = _twin(key, job, data, start).end(end, displacement, run.iterations)
    return dict(zip(schemas.LAZINESS, measured, strict=True))


def _twin(key: Run, job: Job, data: problem.Problem, start: Weights):
    from lazytraining.student import twin  # of no use to other jobs

    return twin.Twin(start, data, key.alpha, key.eta, displaced=job.symmetrize)


class _Along:
    """What a job with `laziness: recorded` sees of its students on their way: the columns `schemas.ALONG`, at each recorded iteration."""

    def __init__(self, job: Job, keys: list[Run], data: problem.Problem, start: Weights):
        self.told, self.start = (job, data), start.astype(np.float64)
        self.keys, self.twins = keys, {}
        self.seen: list[list[list[float]]] = [[] for _ in keys]

    def observe(self, iteration: int, running: list[int], displacement: Weights) -> None:
        job, data = self.told
        for place, i in enumerate(running):
            if i not in self.twins:
                self.twins[i] = _twin(self.keys[i], job, data, self.start.select([i]))
            own = displacement.select([place]).astype(np.float64)
            self.seen[i].append(self.twins[i].on_the_way(own, iteration))


def _curve_of_laziness(
    job: Job, row: dict, run: recording.Trajectory, seen: list[list[float]]
) -> dict[str, list]:
    """What was seen, and at the end the row's own columns."""
    if job.laziness != "recorded":
        return {name: [None] * len(run.iteration) for name in schemas.ALONG}
    points = [*seen[: len(run.iteration) - 1], [row[name] for name in schemas.ALONG]]
    return dict(zip(schemas.ALONG, map(list, zip(*points, strict=True)), strict=True))


class _Checkpoint:
    """What is trained so far, and the descent under way, in a file that belongs to one job."""

    def __init__(self, path: Path | None, job: list):
        self.path, self.saved_at = path if path and checkpoints.is_ours(path) else None, time.monotonic()
        self.identity = checkpoints.identity(job)
        self.trained: dict[int, Trained] = {}
        self._stack, self._seconds, self._unfinished = None, 0.0, None
        if self.path and self.path.exists():
            self._load(self.path)

    def unfinished(self, stack: list[int]) -> tuple[float, dict | None]:
        """Seconds spent on a stack that was under way, and its descent's checkpoint with what was seen along it."""
        return (self._seconds, self._unfinished) if stack == self._stack else (0.0, None)

    def save_if_due(self, stack: list[int], seconds: float, run: descent.Descent, along: "_Along") -> None:
        if not self.path or time.monotonic() < self.saved_at + SAVE_EVERY:
            return
        unfinished = {"descent": run.checkpoint(), "along": along.seen}
        trained = [[i, *student] for i, student in self.trained.items()]
        content = {"trained": trained, "stack": stack, "seconds": seconds, "unfinished": unfinished}
        checkpoints.save(self.path, self.identity, content)
        self.saved_at = time.monotonic()

    def _load(self, path: Path) -> None:
        content = checkpoints.load(path, self.identity)
        if content is None:
            return
        self.trained = {i: Trained(*student) for i, *student in content["trained"]}
        self._stack, self._seconds = content["stack"], content["seconds"]
        self._unfinished = content["unfinished"]
        print(f"{path}: going on from there", flush=True)
