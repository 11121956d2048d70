"""Training jobs: students of one seed, in stacks sized to the machine, with progress and checkpoints."""

import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from lazytraining.config.job import Job, Run
from lazytraining.files import checkpoints, progress
from lazytraining.student import descent, network, problem, recording
from lazytraining.student.network import Weights

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
    saved = _Checkpoint(checkpoint, [job.plain(), device, code, torch.__version__])
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
    keys, kind = [job.keys[i] for i in stack], {"dtype": getattr(torch, job.precision), "device": device}
    m, d, seed = keys[0].m, job.problem.d, keys[0].seed
    students = [network.initialise(m, d, key.tau, seed, job.symmetrize) for key in keys]
    start = Weights(*(torch.cat(parts).to(**kind) for parts in zip(*students, strict=True)))
    alpha, eta = (
        torch.tensor([getattr(key, name) for key in keys], dtype=torch.float64) for name in ("alpha", "eta")
    )
    stopping = job.early_stopping
    before, unfinished = saved.unfinished(stack)
    population = {}
    if job.batch:
        p = job.problem
        teacher = problem.make_teacher(p.d, p.teacher_neurons, p.teacher_gain, p.seed)
        population = {"batches": problem.Batches(teacher, job.batch, seed)}
        population |= {"hidden_factor": job.hidden_factor, "average_last": job.average_last}

    begin = time.perf_counter() - before
    run = descent.Descent(
        data,
        start,
        alpha,
        eta,
        job.iterations,
        early_stopping=stopping and [recording.EarlyStopping(*stopping[i]) for i in stack],
        track_best=job.track_best,
        symmetrized=job.symmetrize,
        checkpoint=unfinished,
        **population,
    )
    done = 0
    while run.running:
        saved.save_if_due(stack, time.perf_counter() - begin, run)
        now = len(keys) * job.iterations - len(run.running) * (job.iterations - run.iteration)
        bar.update(now - done)
        done = now
        run.advance()
    seconds = (time.perf_counter() - begin) / len(keys)
    bar.update(len(keys) * job.iterations - done)

    x_train = torch.as_tensor(data.x_train, **kind)
    origins = (start.select([i]) for i in range(len(keys)))
    return [
        _result(key, job, data, x_train, origin, trajectory, seconds)
        for key, origin, trajectory in zip(keys, origins, run.trajectories, strict=True)
    ]


def _result(
    key: Run,
    job: Job,
    data: problem.Problem,
    x_train: Tensor,
    start: Weights,
    run: recording.Trajectory,
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
        **{name: value.item() for name, value in moved._asdict().items()},
        "gate_flips": network.gate_flips(run.weights, start, x_train).item(),
        "zero_loss": data.zero_loss,
        "wall_seconds": seconds,
    }
    curve = {name: getattr(run, name) for name in _CURVE}
    return Trained(row, curve, start.array(), run.weights.array())


class _Checkpoint:
    """What is trained so far, and the descent under way, in a file that belongs to one job."""

    def __init__(self, path: Path | None, job: list):
        self.path, self.saved_at = path, time.monotonic()
        self.identity = checkpoints.identity(job)
        self.trained: dict[int, Trained] = {}
        self._stack, self._seconds, self._unfinished = None, 0.0, None
        if path and path.exists():
            self._load()

    def unfinished(self, stack: list[int]) -> tuple[float, dict | None]:
        """Seconds spent on a stack that was under way, and its descent's checkpoint."""
        return (self._seconds, self._unfinished) if stack == self._stack else (0.0, None)

    def save_if_due(self, stack: list[int], seconds: float, run: descent.Descent) -> None:
        if not self.path or time.monotonic() < self.saved_at + SAVE_EVERY:
            return
        trained = {
            i: (*student[:2], *map(torch.from_numpy, student[2:])) for i, student in self.trained.items()
        }
        content = {"trained": trained, "stack": stack, "seconds": seconds, "descent": run.checkpoint()}
        checkpoints.save(self.path, self.identity, content)
        self.saved_at = time.monotonic()

    def _load(self) -> None:
        content = checkpoints.load(self.path, self.identity)
        if content is None:
            return
        self.trained = {
            i: Trained(row, curve, start.numpy(), end.numpy())
            for i, (row, curve, start, end) in content["trained"].items()
        }
        self._stack, self._seconds = content["stack"], content["seconds"]
        self._unfinished = content["descent"]
        print(f"{self.path}: going on from there", flush=True)
