"""A module and its tangent twin, trained on the same batches, at every scale: how lazy the module is.

The model is f = α (h(w) − h(w0)), or α h(w) without centring, w0 = τ times the module's initial weights. Descent on F = L/α²: w ← w − (η/α) Dhᵀ ∂L/∂f.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.config.model_job import ModelJob
from lazytraining.models import kernels, losses, norms, tables, twin
from lazytraining.models.loading import Points
from lazytraining.models.module import Network, Observed
from lazytraining.student import laziness, problem
from lazytraining.student.problem import Stream

FITTED = 0.5
"""Share of the loss at the start, or of the zero predictor's if that is less, at which a run has fitted its targets."""
AT_REST = 1e-3
"""Share by which the loss of a run at rest falls over its last tenth."""
SEARCHED = 2**17
"""Activations of the points on which ‖D²h‖ is searched for."""

Rows = list[dict[str, Any]]


def updates(job: ModelJob) -> int:
    """Steps of models in all."""
    return len(job.alpha) * len(job.tau) * len(job.step) * job.iterations


def train(
    job: ModelJob, network: Network, points: Points, told: Callable[[int], None] = lambda updates: None
) -> tuple[Rows, Rows, Rows]:
    """Rows of runs, curves and layers (`tables`). `told` hears of updates as they are done."""
    found: tuple[Rows, Rows, Rows] = ([], [], [])
    for tau in job.tau:
        start = _Start.of(job, network, points, tau)
        for step in job.step:
            for parts, rows in zip(found, _run(job, network, points, start, step, told), strict=True):
                parts += rows
    return found


@dataclass
class _Start:
    """What is measured at w0, before training."""

    tau: float
    w: Float[Tensor, " p"]
    h_train: Float[Tensor, "n k"]
    h_test: Float[Tensor, "m k"]
    norm: float
    curvature: float
    degree: float
    kernel: Float[np.ndarray, "points points"]
    observed: Observed

    @classmethod
    def of(cls, job: ModelJob, network: Network, points: Points, tau: float) -> "_Start":
        w, x = tau * network.weights, points.x_train
        few, searched = x[: job.kernel_points], x[: max(8, SEARCHED // network.activations)]
        return cls(
            tau=tau,
            w=w,
            h_train=network.outputs(w, x),
            h_test=network.outputs(w, points.x_test),
            norm=norms.derivative_norm(network, w, x, 1e-10).value,
            curvature=norms.curvature(network, w, x, searched),
            degree=kernels.euler_degree(network, w, x),
            kernel=kernels.traced(network, w, few),
            observed=network.observed(w, few),
        )


class _Model:
    """One model while it trains."""

    def __init__(self, key: dict[str, Any], start: _Start, centre: bool):
        self.key, self.alpha, self.start = key, key["alpha"], start
        self.w, self.velocity = start.w.clone(), torch.zeros_like(start.w)
        self.offset = 1.0 if centre else 0.0
        self.iterations, self.diverged, self.curve = 0, False, []

    def f(self, h: Float[Tensor, "n k"], h0: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return self.alpha * (h - self.offset * h0)

    def step(self, gradient: Float[Tensor, " p"], step_size: float, momentum: float) -> None:
        self.velocity = momentum * self.velocity + gradient
        self.w = self.w - (step_size / self.alpha) * self.velocity
        self.iterations += 1


def _run(
    job: ModelJob,
    network: Network,
    points: Points,
    start: _Start,
    step: float | str,
    told: Callable[[int], None],
) -> tuple[Rows, Rows, Rows]:
    """Every α at one τ and one step size, side by side with their twins."""
    begin, loss = time.perf_counter(), losses.LOSSES[job.loss]
    step_size = 1 / start.norm**2 if step == "auto" else float(step)
    step_size = float(f"{step_size:.6g}")
    keys = [
        {"experiment": job.experiment, "alpha": alpha, "tau": start.tau, "eta": step_size, "seed": job.seed}
        for alpha in job.alpha
    ]
    models = [_Model(key, start, job.centre) for key in keys]
    twins = _twins(job, network, points, start, models, loss, step_size)
    changes = [_first_step(job, network, points, model, loss, step_size) for model in models]
    wanted = set(tables.recorded(job.iterations))
    for iteration, rows in enumerate(_batches(job, len(points.x_train))):
        if iteration in wanted:
            _record(job, network, points, models, twins, loss, iteration)
        running = [model for model in models if not model.diverged]
        if iteration == job.iterations or not running:
            break
        x, y, h0 = points.x_train[rows], points.y_train[rows], start.h_train[rows]
        for model in running:
            _, gradient = network.pull_of(
                model.w,
                x,
                lambda h, some, model=model, y=y, h0=h0: loss.slope(model.f(h, h0[some]), y[some]) / len(y),
            )
            model.step(gradient, step_size, job.momentum)
        for one in {id(one): one for one in twins}.values():
            one.step(step_size, job.momentum, points.y_train, rows)
        told(len(models))
    seconds = (time.perf_counter() - begin) / len(models)
    runs, layers = [], []
    for model, change in zip(models, changes, strict=True):
        row, parts = _measure(job, network, points, model, loss)
        runs.append(
            _described(job, network, points, start)
            | row
            | change
            | {"step": str(step) if step == "auto" else f"{step:.6g}", "wall_seconds": seconds}
        )
        layers += parts
    return runs, [model.key | point for model in models for point in model.curve], layers


def _twins(
    job: ModelJob,
    network: Network,
    points: Points,
    start: _Start,
    models: list[_Model],
    loss: losses.Loss,
    step_size: float,
) -> list[twin.Stepped | twin.Closed]:
    """Of each model; with centring they share one."""
    n, k = start.h_train.shape
    closed = n * k <= twin.CLOSED_FORM and job.loss == "mse" and job.batch is None and not job.momentum
    made, found = {}, []
    for model in models:
        f0 = model.f(start.h_train, start.h_train)
        shared = 0.0 if job.centre else model.alpha
        if shared not in made:
            if closed:
                made[shared] = twin.Closed(network, start.w, points.x_train, f0, points.y_train, step_size)
            else:
                made[shared] = twin.Stepped(network, start.w, points.x_train, f0, loss)
        found.append(made[shared])
    return found


def _batches(job: ModelJob, n: int) -> Iterator[slice | Tensor]:
    """The rows of each iteration, and of one more. Stream SHUFFLING: `permutation(n)` for each pass; what is left of one is left out."""
    if job.batch is None or job.batch >= n:
        for _ in range(job.iterations + 1):
            yield slice(None)
        return
    rng = problem.generator(job.seed, Stream.SHUFFLING)
    while True:
        order = torch.from_numpy(rng.permutation(n))
        for first in range(0, n - job.batch + 1, job.batch):
            yield order[first : first + job.batch]


def _first_step(
    job: ModelJob, network: Network, points: Points, model: _Model, loss: losses.Loss, step_size: float
) -> dict[str, float]:
    """Δ(F) = |F(w1) − F(w0)|/F(w0) and Δ(Dh) = ‖Dh(w1) − Dh(w0)‖/‖Dh(w0)‖ of one step on all points; κ (note, §1.1)."""
    start, x, y = model.start, points.x_train, points.y_train
    f0 = model.f(start.h_train, start.h_train)
    slope = loss.slope(f0, y)
    after = start.w - (step_size / model.alpha) * network.pull(start.w, x, slope / len(x))
    before, now = loss.value(f0, y), loss.value(model.f(network.outputs(after, x), start.h_train), y)
    change = norms.derivative_change(network, after, start.w, x, 1e-4).value
    size = torch.linalg.vector_norm(slope).item() / math.sqrt(len(x))
    return {
        "objective_change": abs(now - before) / before if before else math.nan,
        "differential_change": change / start.norm,
        "kappa_from_below": size * start.curvature / start.norm**2 / model.alpha,
    }


def _record(
    job: ModelJob,
    network: Network,
    points: Points,
    models: list[_Model],
    twins: list,
    loss: losses.Loss,
    iteration: int,
) -> None:
    """A point of each curve."""
    pushed: dict[int, tuple] = {}
    for model, own in zip(models, twins, strict=True):
        if model.diverged:
            continue
        if id(own) not in pushed:
            epsilon = own.at(iteration)
            pushed[id(own)] = (
                epsilon,
                *(network.push(model.start.w, x, epsilon) for x in (points.x_train, points.x_test)),
            )
        epsilon, *moved = pushed[id(own)]
        start, point = model.start, {"iteration": iteration}
        parts = (
            ("train", points.x_train, points.y_train, start.h_train),
            ("test", points.x_test, points.y_test, start.h_test),
        )
        for (part, x, y, h0), linear in zip(parts, moved, strict=True):
            f, other = model.f(network.outputs(model.w, x), h0), model.f(h0, h0) + linear
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
        point["weight_gap"] = torch.linalg.vector_norm(displacement - epsilon / model.alpha).item()
        model.curve.append(point)
        model.diverged = not math.isfinite(point["train_loss"])
        model.epsilon = epsilon


def _measure(
    job: ModelJob, network: Network, points: Points, model: _Model, loss: losses.Loss
) -> tuple[dict[str, Any], Rows]:
    """What a run is at its end, and its layers."""
    start, few = model.start, points.x_train[: job.kernel_points]
    y = points.y_train
    row = model.key | {
        "iterations": model.iterations,
        "diverged": model.diverged,
        "zero_loss": loss.value(torch.zeros_like(points.y_test), points.y_test),
    }
    if model.diverged:
        return row | {"regime": laziness.DIVERGED}, []
    end, first = dict(model.curve[-1]), model.curve[0]
    del end["iteration"]
    end = {
        f"{name}_end" if name in ("train_loss", "test_loss") else name: value for name, value in end.items()
    }
    kernel = kernels.traced(network, model.w, few)
    moved = laziness.kernel_movement(kernel, start.kernel)
    predicted = kernels.traced(network, start.w + model.epsilon / model.alpha, few)
    observed = network.observed(model.w, few)
    features, movements = (
        kernels.feature_alignments(observed, start.observed),
        kernels.movements(network, model.w, start.w),
    )
    targets = y[: job.kernel_points].double().numpy()
    fitted = end["train_loss_end"] <= FITTED * min(first["train_loss"], loss.value(torch.zeros_like(y), y))
    row |= end | {
        "kernel_movement": moved.plain,
        "kernel_movement_centred": moved.centred,
        "kernel_turn": moved.turn,
        "kernel_movement_predicted": laziness.kernel_movement(predicted, start.kernel).plain,
        "kernel_alignment_start": kernels.alignment(start.kernel, targets),
        "kernel_alignment": kernels.alignment(kernel, targets),
        "feature_alignment": min(features.values(), default=math.nan),
        "gate_flips": kernels.flips(observed, start.observed),
        "regime": laziness.regime(
            diverged=False,
            finished=fitted or _at_rest(model.curve),
            gap=end["gap_test"],
            kernel=moved.plain,
            lazy=laziness.Lazy(),
        ),
    }
    layers = [
        model.key
        | {
            "number": number,
            "layer": name,
            "relative_distance": movement,
            "feature_alignment": features.get(name),
        }
        for number, (name, movement) in enumerate(movements.items(), start=1)
    ]
    return row, layers


def _at_rest(curve: Rows) -> bool:
    """Whether the loss no longer falls, and is no higher than the twin's."""
    last = curve[-1]
    before = [point for point in curve if point["iteration"] <= 0.9 * last["iteration"]][-1]
    falls = before["train_loss"] - last["train_loss"] > AT_REST * last["train_loss"]
    return not falls and last["train_loss"] <= 1.1 * last["twin_train_loss"]


def _described(job: ModelJob, network: Network, points: Points, start: _Start) -> dict[str, Any]:
    said = {name: getattr(job, name) for name in ("model", "data", "task", "loss", "precision", "centre")}
    sizes = {
        "parameters": len(start.w),
        "outputs": network.outputs_each,
        "n_train": len(points.x_train),
        "n_test": len(points.x_test),
    }
    sizes["asked_iterations"] = job.iterations
    return (
        said
        | sizes
        | {
            "euler_degree": start.degree,
            "derivative_norm": start.norm,
            "curvature_from_below": start.curvature,
        }
    )
