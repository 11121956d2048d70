"""A module and its tangent twin, trained on the same batches, at every scale: how lazy the module is.

The model is f = α (h(w) − h(w0)), or α h(w) without centring, w0 = τ times the module's initial weights. Descent on F = L/α²: w ← w − (η/α) Dhᵀ ∂L/∂f.
With `decay` η is divided by 1 + decay · passes through the training points.
"""

import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch

from lazytraining.config.model_job import ModelJob
from lazytraining.files import checkpoints
from lazytraining.models import batches, losses, measures, tables, twin
from lazytraining.models.loading import Points
from lazytraining.models.measures import Model, Rows, Start
from lazytraining.models.module import Network
from lazytraining.student import laziness

FITTED = 0.5
"""Share of the loss at the start, or of the best constant if that is less, at which a run has fitted its targets."""
AT_REST = 1e-3
"""Share by which the loss of a run at rest falls over its last tenth."""
SAVE_EVERY = 30.0
"""Least seconds between two checkpoints."""

Twin = twin.Stepped | twin.Closed


def updates(job: ModelJob) -> int:
    """Steps of models in all."""
    return len(job.alpha) * len(job.tau) * len(job.step) * job.iterations


def train(
    job: ModelJob,
    network: Network,
    points: Points,
    told: Callable[[int], None] = lambda updates: None,
    checkpoint: Path | None = None,
    code: str = "",
) -> tuple[Rows, Rows, Rows]:
    """Rows of runs, curves and layers (`tables`). `told` hears of updates as they are done.

    With `checkpoint` the state is saved there, at most twice a minute, and the same job with the same digest of its code goes on from it; the
    file is the caller's to remove. Deterministic, on a GPU too as far as torch has it.
    """
    with _deterministic() if network.weights.is_cuda else nullcontext():
        state = _State(checkpoint, [job.plain, str(network.weights.device), code, torch.__version__])
        done = len(state.found[0]) // len(job.alpha)
        for tau in job.tau:
            start = None
            for step in job.step:
                if done > 0:
                    done -= 1
                    told(len(job.alpha) * job.iterations)
                    continue
                start = start or Start.of(job, network, points, tau)
                for parts, rows in zip(
                    state.found, _run(job, network, points, start, step, told, state), strict=True
                ):
                    parts += rows
        return tuple(state.found)


@contextmanager
def _deterministic() -> Iterator[None]:
    """On a CPU all that is used here is; to ask for it imports a compiler, seconds of CPU."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        torch.use_deterministic_algorithms(before)


class _State:
    """How far a job has come, kept in a file that belongs to one job."""

    def __init__(self, path: Path | None, job: list):
        self.path = path if path and checkpoints.is_ours(path) else None
        self.identity, self.saved_at = checkpoints.identity(job), time.monotonic()
        self.found: list[Rows] = [[], [], []]
        self.saved: dict[str, Any] | None = None
        if self.path and self.path.exists():
            self.saved = checkpoints.load(self.path, self.identity)
        if self.saved:
            self.found = self.saved["found"]

    def save_if_due(self, models: list[Model], twins: list[Twin], iteration: int, seconds: float) -> None:
        if not self.path or time.monotonic() < self.saved_at + SAVE_EVERY:
            return
        content = {
            "found": self.found,
            "iteration": iteration,
            "seconds": seconds,
            "models": [
                {"w": model.w.numpy(force=True), "velocity": model.velocity.numpy(force=True)}
                | {"iterations": model.iterations, "diverged": model.diverged, "curve": model.curve}
                for model in models
            ],
            "twins": [
                {"epsilon": one.epsilon.numpy(force=True), "velocity": one.velocity.numpy(force=True)}
                for one in twins
                if isinstance(one, twin.Stepped)
            ],
        }
        checkpoints.save(self.path, self.identity, content)
        self.saved_at = time.monotonic()

    def restore(self, models: list[Model], twins: list[Twin]) -> tuple[int, float]:
        """From which iteration these go on, and the seconds that they have taken."""
        if not self.saved:
            return 0, 0.0
        content, self.saved = self.saved, None
        pairs = [*zip(models, content["models"], strict=True)]
        pairs += zip([one for one in twins if isinstance(one, twin.Stepped)], content["twins"], strict=True)
        for one, kept in pairs:
            for name, value in kept.items():
                now = getattr(one, name)
                if isinstance(now, torch.Tensor):
                    value = torch.from_numpy(value).to(now)
                setattr(one, name, value)
        return content["iteration"], content["seconds"]


def _run(
    job: ModelJob,
    network: Network,
    points: Points,
    start: Start,
    step: float | str,
    told: Callable[[int], None],
    state: _State,
) -> tuple[Rows, Rows, Rows]:
    """Every α at one τ and one step size, side by side with their twins."""
    loss = losses.LOSSES[job.loss]
    step_size = 1 / start.norm**2 if step == "auto" else float(step)
    step_size = float(f"{step_size:.6g}")
    keys = [
        {"experiment": job.experiment, "alpha": alpha, "tau": start.tau, "eta": step_size, "seed": job.seed}
        for alpha in job.alpha
    ]
    models = [Model(key, start, job.centre) for key in keys]
    twins = _twins(job, network, points, start, models, loss, step_size)
    several = list({id(one): one for one in twins}.values())
    first, seconds = state.restore(models, several)
    begin = time.perf_counter() - seconds
    changes = [measures.first_step(network, points, model, loss, step_size) for model in models]
    wanted = set(tables.recorded(job.iterations, job.recorded))
    told(len(models) * first)
    for iteration, (rows, x, passes) in enumerate(
        batches.batches(job, points.x_train, points.black, first), first
    ):
        if iteration in wanted and (iteration > first or not first):
            _record(job, network, points, models, twins, loss, iteration)
        running = [model for model in models if not model.diverged]
        if iteration == job.iterations or not running:
            break
        state.save_if_due(models, several, iteration, time.perf_counter() - begin)
        y = points.y_train[rows]
        h0 = start.h_train[rows] if job.augment == "none" else network.outputs(start.w, x)
        rate = step_size / (1 + job.decay * passes)
        for model in running:
            _, gradient = network.pull_of(
                model.w,
                x,
                lambda h, some, model=model, y=y, h0=h0: loss.slope(model.f(h, h0[some]), y[some]) / len(y),
            )
            model.step(gradient, rate, job.momentum)
        for own, model in {id(own): (own, model) for own, model in zip(twins, models, strict=True)}.values():
            own.step(rate, job.momentum, x, model.f(h0, h0), y)
        told(len(models))
    runs, layers = [], []
    for model, change in zip(models, changes, strict=True):
        row, parts = _measure(job, network, points, model, loss)
        runs.append(_described(job, network, points, start) | row | change)
        runs[-1]["step"] = str(step) if step == "auto" else f"{step:.6g}"
        layers += parts
    seconds = (time.perf_counter() - begin) / len(models)
    runs = [row | {"wall_seconds": seconds} for row in runs]
    return runs, [model.key | point for model in models for point in model.curve], layers


def _twins(
    job: ModelJob,
    network: Network,
    points: Points,
    start: Start,
    models: list[Model],
    loss: losses.Loss,
    step_size: float,
) -> list[Twin]:
    """Of each model; with centring they share one."""
    if not _in_closed_form(job, *start.h_train.shape):
        shared = twin.Stepped(network, start.w, loss)
        return [shared if job.centre else twin.Stepped(network, start.w, loss) for _ in models]
    made: dict[float, twin.Closed] = {}
    for model in models:
        if (factor := 0.0 if job.centre else model.alpha) not in made:
            f0 = model.f(start.h_train, start.h_train)
            made[factor] = twin.Closed(network, start.w, points.x_train, f0, points.y_train, step_size)
    return [made[0.0 if job.centre else model.alpha] for model in models]


def _in_closed_form(job: ModelJob, n: int, k: int) -> bool:
    """Whether the twin is plain descent on half a mean square, over all points."""
    plain = job.loss == "mse" and not job.momentum and not job.decay and job.augment == "none"
    return plain and job.batch is None and n * k <= twin.CLOSED_FORM


def _record(
    job: ModelJob,
    network: Network,
    points: Points,
    models: list[Model],
    twins: list[Twin],
    loss: losses.Loss,
    iteration: int,
) -> None:
    """A point of each curve."""
    pushed: dict[int, tuple] = {}
    for model, own in zip(models, twins, strict=True):
        if model.diverged:
            continue
        start, point = model.start, {"iteration": iteration}
        if id(own) not in pushed:
            epsilon = own.at(iteration)
            pushed[id(own)] = (
                epsilon,
                *(
                    network.push(start.w, x, epsilon) if iteration else torch.zeros_like(h0)
                    for x, h0 in ((points.x_train, start.h_train), (points.x_test, start.h_test))
                ),
            )
        model.epsilon, *moved = pushed[id(own)]
        parts = (
            ("train", points.x_train, points.y_train, start.h_train),
            ("test", points.x_test, points.y_test, start.h_test),
        )
        for (part, x, y, h0), linear in zip(parts, moved, strict=True):
            h = network.outputs(model.w, x) if iteration else h0
            f, other = model.f(h, h0), model.f(h0, h0) + linear
            size = y if job.loss == "mse" else other
            point |= {
                f"{part}_loss": loss.value(f, y),
                f"twin_{part}_loss": loss.value(other, y),
                f"gap_{part}": losses.relative(f, other, size),
            }
            if job.task == "classification":
                point |= {
                    f"{part}_accuracy": losses.accuracy(f, y),
                    f"twin_{part}_accuracy": losses.accuracy(other, y),
                }
        displacement = model.w - start.w
        point["relative_distance"] = losses.relative(model.w, start.w, start.w)
        point["weight_gap"] = torch.linalg.vector_norm(displacement - model.epsilon / model.alpha).item()
        model.curve.append(point)
        model.diverged = not math.isfinite(point["train_loss"])


def _measure(
    job: ModelJob, network: Network, points: Points, model: Model, loss: losses.Loss
) -> tuple[dict[str, Any], Rows]:
    """What a run is at its end, and its layers."""
    row = model.key | {
        "iterations": model.iterations,
        "diverged": model.diverged,
        "zero_loss": loss.value(torch.zeros_like(points.y_test), points.y_test),
    }
    if model.diverged:
        return row | {"regime": laziness.DIVERGED}, []
    most = FITTED * min(model.curve[0]["train_loss"], loss.constant(points.y_train))
    finished = model.curve[-1]["train_loss"] <= most or _at_rest(model.curve)
    measured, layers = measures.at_end(job, network, points, model, loss, finished)
    return row | measured, layers


def _at_rest(curve: Rows) -> bool:
    """Whether the loss no longer falls, and is no higher than the twin's."""
    last = curve[-1]
    before = [point for point in curve if point["iteration"] <= 0.9 * last["iteration"]][-1]
    falls = before["train_loss"] - last["train_loss"] > AT_REST * last["train_loss"]
    return not falls and last["train_loss"] <= 1.1 * last["twin_train_loss"]


def _described(job: ModelJob, network: Network, points: Points, start: Start) -> dict[str, Any]:
    said = {name: getattr(job, name) for name in ("model", "data", "task", "loss", "precision", "centre")}
    sizes = {
        "parameters": len(start.w),
        "outputs": network.outputs_each,
        "n_train": len(points.x_train),
        "n_test": len(points.x_test),
    }
    sizes |= {"asked_iterations": job.iterations, "asked_recorded": job.recorded}
    return (
        said
        | sizes
        | {
            "euler_degree": start.degree,
            "derivative_norm": start.norm,
            "curvature_from_below": start.curvature,
        }
    )
