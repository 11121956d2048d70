"""What is measured of a module: at its start, of its first step, and at the end of training."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.config.model_job import ModelJob
from lazytraining.models import kernels, losses, module, norms, pattern
from lazytraining.models.loading import Points
from lazytraining.models.module import Network, Observed
from lazytraining.student import laziness

ON_POINTS = 2**21
"""Activations of the training points, the first ones, on which ‖Dh‖, κ and the change of one step are measured."""
SEARCHED = 2**17
"""Of those on which ‖D²h‖ is searched for."""
AT_LEAST = 8
"""Points, for both."""

Rows = list[dict[str, Any]]


@dataclass
class Start:
    """What is measured at w0, before training."""

    tau: float
    w: Float[Tensor, " p"]
    h_train: Float[Tensor, "n k"]
    h_test: Float[Tensor, "m k"]
    some: int
    """Training points that norms are taken over."""
    norm: float
    curvature: float
    degree: float
    kernel: Float[np.ndarray, "points points"]
    observed: Observed

    @classmethod
    def of(cls, job: ModelJob, network: Network, points: Points, tau: float) -> "Start":
        w, x = tau * network.weights, points.x_train
        count = max(AT_LEAST, ON_POINTS // network.activations)
        few, some = x[: job.kernel_points], x[:count]
        searched = x[: max(AT_LEAST, SEARCHED // network.activations)]
        return cls(
            tau=tau,
            w=w,
            h_train=network.outputs(w, x),
            h_test=network.outputs(w, points.x_test),
            some=len(some),
            norm=norms.derivative_norm(network, w, some, 1e-10).value,
            curvature=norms.curvature(network, w, some, searched),
            degree=kernels.euler_degree(network, w, some),
            kernel=kernels.traced(network, w, few),
            observed=kernels.observed_at_start(network, w, few),
        )


class Model:
    """One model while it trains: f = α (h(w) − h(w0)), or α h(w)."""

    def __init__(self, key: dict[str, Any], start: Start, centre: bool):
        self.key, self.alpha, self.start = key, key["alpha"], start
        self.w, self.velocity = start.w.clone(), torch.zeros_like(start.w)
        self.epsilon = torch.zeros_like(start.w)
        self.offset = 1.0 if centre else 0.0
        self.iterations, self.diverged, self.curve = 0, False, []

    def f(self, h: Float[Tensor, "n k"], h0: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return self.alpha * (h - self.offset * h0)

    def step(self, gradient: Float[Tensor, " p"], step_size: float, momentum: float) -> None:
        """v ← μ v + ∇, w ← w − (η/α) v."""
        self.velocity.mul_(momentum).add_(gradient)
        self.w.sub_(self.velocity, alpha=step_size / self.alpha)
        self.iterations += 1


def first_step(
    network: Network, points: Points, model: Model, loss: losses.Loss, step_size: float
) -> dict[str, float]:
    """Δ(F) = |F(w1) − F(w0)|/F(w0) and Δ(Dh) = ‖Dh(w1) − Dh(w0)‖/‖Dh(w0)‖ of one step on the points of the norms; κ (note, §1.1)."""
    start = model.start
    x, y, h0 = (part[: start.some] for part in (points.x_train, points.y_train, start.h_train))
    f0 = model.f(h0, h0)
    slope = loss.slope(f0, y)
    after = start.w - (step_size / model.alpha) * network.pull(start.w, x, slope / len(x))
    before, now = loss.value(f0, y), loss.value(model.f(network.outputs(after, x), h0), y)
    change = norms.derivative_change(network, after, start.w, x, 1e-4).value
    size = torch.linalg.vector_norm(slope).item() / math.sqrt(len(x))
    return {
        "objective_change": abs(now - before) / before if before else math.nan,
        "differential_change": change / start.norm,
        "kappa_from_below": size * start.curvature / start.norm**2 / model.alpha,
    }


def at_end(
    job: ModelJob, network: Network, points: Points, model: Model, loss: losses.Loss, finished: bool
) -> tuple[dict[str, Any], Rows]:
    """What a run that has not diverged is at its end, and its layers."""
    start, few, end = model.start, points.x_train[: job.kernel_points], dict(model.curve[-1])
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
    targets = points.y_train[: job.kernel_points].double().numpy(force=True)
    kept, frozen = of_the_pattern(job, network, points, model, loss)
    row = end | frozen
    row |= {
        "kernel_movement": moved.plain,
        "kernel_movement_centred": moved.centred,
        "kernel_turn": moved.turn,
        "kernel_movement_predicted": laziness.kernel_movement(predicted, start.kernel).plain,
        "kernel_alignment_start": kernels.alignment(start.kernel, targets),
        "kernel_alignment": kernels.alignment(kernel, targets),
        "feature_alignment": min(filter(math.isfinite, features.values()), default=math.nan),
        "gate_flips": pattern.flips(observed.pattern, start.observed.pattern),
        "regime": laziness.regime(
            diverged=False,
            finished=finished,
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
        | kept.get(name, {})
        for number, (name, movement) in enumerate(movements.items(), start=1)
    ]
    return row, layers


def of_the_pattern(
    job: ModelJob, network: Network, points: Points, model: Model, loss: losses.Loss
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Of each layer what is kept of the activation pattern on test points; and means over layers, with loss and accuracy where the
    pattern is that of w0. Both are empty where there is none."""
    start, x = model.start, points.x_test
    if not start.observed.pattern:
        return {}, {}
    sums: dict[str, Counter] = {}
    outputs, first, together = [], 0, max(1, module.AT_ONCE // 8 // network.activations)
    for part in x.split(together):
        before, after = (network.observed(w, part).pattern for w in (start.w, model.w))
        h0 = start.h_test[first : (first := first + len(part))]
        outputs.append(model.f(network.frozen(model.w, part, before), h0))
        for layer, shares in pattern.kept(before, after).items():
            weighted = {name: share * len(part) / len(x) for name, share in shares.items()}
            sums.setdefault(layer, Counter()).update(weighted)
    f = torch.cat(outputs)
    found = {"test_loss_frozen": loss.value(f, points.y_test)}
    if job.task == "classification":
        found["test_accuracy_frozen"] = losses.accuracy(f, points.y_test)
    for name in ("gates_kept", "choices_kept"):
        if shares := [own[name] for own in sums.values() if name in own]:
            found[name] = sum(shares) / len(shares)
    return {layer: dict(own) for layer, own in sums.items()}, found
