"""Stochastic gradient descent of the CNN: one run for each (α, learning rate, seed), and what is recorded of it.

Descent on the mean over a batch and ten classes of (f − onehot/α)², f = vgg.symmetrised, by SGD with momentum at
learning rate lr / (1 + 100 · epoch / 300). Losses are recorded for the model α f, as mean (α f − onehot)²: α² times what is
descended, 1/10 for the predictor that is 0.
"""

import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lazytraining.config.cnn_job import CnnJob
from lazytraining.files import checkpoints
from lazytraining.models import cnn, images, vgg
from lazytraining.models.images import Images

SAVE_EVERY = 30.0
"""Least seconds between two checkpoints."""
EVALUATED = 200
"""Images at once outside training."""


def train(
    job: CnnJob,
    data: Images,
    device: str = "cpu",
    checkpoint: Path | None = None,
    code: str = "",
) -> tuple[dict[str, Any], list[dict]]:
    """One run: its row and the rows of its curve.

    Deterministic, on a GPU too. With `checkpoint` the state is saved there after an epoch, at most twice a minute,
    and the same job with the same digest of its code goes on from it; the file is the caller's to remove.
    """
    with _deterministic() if device == "cuda" else nullcontext():
        return _train(job, data, device, checkpoint, code)


class Momentum:
    """v ← μ v + ∇, w ← w − rate · v, as torch.optim.SGD has it, whose first step imports a compiler: seconds of CPU."""

    def __init__(self, weights: list[Tensor], momentum: float):
        self.weights, self.momentum, self.rate = weights, momentum, 0.0
        self.velocity = [torch.zeros_like(part) for part in weights]

    def descend(self, loss: Float[Tensor, ""]) -> None:
        """One step down this loss."""
        gradients = torch.autograd.grad(loss, self.weights)
        with torch.no_grad():
            for weight, velocity, gradient in zip(self.weights, self.velocity, gradients, strict=True):
                weight.sub_(velocity.mul_(self.momentum).add_(gradient), alpha=self.rate)


@contextmanager
def _deterministic() -> Iterator[None]:
    """On a CPU all that is used here is; to ask for it imports a compiler, seconds of CPU."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _train(
    job: CnnJob, data: Images, device: str, checkpoint: Path | None, code: str
) -> tuple[dict[str, Any], list[dict]]:
    kind = {"dtype": getattr(torch, job.precision), "device": device}
    data = data.first(job.images)
    first = vgg.initialise(job.width, job.key.seed)
    start = [vgg.Layer(*(part.to(**kind) for part in layer)) for layer in first]
    weights = [vgg.Layer(*(part.clone().requires_grad_() for part in layer)) for layer in start]
    optimiser = Momentum(vgg.parameters(weights), job.momentum)
    state = _State(checkpoint, [job.plain(), device, code, torch.__version__], weights, optimiser)
    begin = time.perf_counter() - state.seconds

    epochs = images.epochs(data, job.key.seed, job.epochs, job.augment)
    for order, x in islice(epochs, len(state.curve), None):
        if state.diverged:
            break
        rate = job.key.learning_rate / (1 + 100 * len(state.curve) / 300)
        optimiser.rate = rate
        y = torch.as_tensor(data.y_train[order], device=device)
        loss, accuracy = _epoch(weights, start, optimiser, data, x, y, job.key.alpha, job.batch, kind)
        state.curve.append(
            {"epoch": len(state.curve) + 1, "rate": rate, "train_loss": loss, "train_accuracy": accuracy}
        )
        print(
            f"epoch {len(state.curve)} of {job.epochs}: loss {loss:.4g}, accuracy {accuracy:.3f}, "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )
        state.save_if_due(time.perf_counter() - begin)

    seconds = time.perf_counter() - begin
    row = job.key._asdict() | {name: getattr(job, name) for name in ("dataset", "width", "precision")}
    row |= {"images": len(data.x_train), "epochs": len(state.curve)}
    row |= {"weights_over_xavier": vgg.over_xavier(first), "wall_seconds": seconds}
    measured = (
        dict.fromkeys(cnn.MEASURED, math.nan)
        if state.diverged
        else measure(weights, start, data, job.key.alpha)
    )
    diverged = state.diverged or not math.isfinite(measured["train_loss"])
    curve = [job.key._asdict() | point for point in state.curve]
    return row | measured | {"diverged": diverged}, curve


def _epoch(
    weights: vgg.Weights,
    start: vgg.Weights,
    optimiser: "Momentum",
    data: Images,
    x: np.ndarray,
    y: Int[Tensor, " n"],
    alpha: float,
    batch: int,
    kind: dict,
) -> tuple[float, float]:
    """Mean loss and accuracy of α f over the batches, each before its update. The last batch may be smaller."""
    losses, right = torch.zeros((), **kind), torch.zeros((), device=y.device)
    for first in range(0, len(x), batch):
        chosen, labels = data.normalised(x[first : first + batch], **kind), y[first : first + batch]
        f = vgg.symmetrised(weights, start, chosen)
        loss = objective(f, labels, alpha)
        optimiser.descend(loss)
        losses += loss.detach() * len(labels)
        right += (f.argmax(1) == labels).sum()
    return losses.item() * alpha**2 / len(x), right.item() / len(x)


def objective(f: Float[Tensor, "n 10"], y: Int[Tensor, " n"], alpha: float) -> Float[Tensor, ""]:
    """What is descended: the mean over images and classes of (f − onehot/α)²."""
    targets = torch.nn.functional.one_hot(y, images.CLASSES).to(f.dtype)
    return torch.nn.functional.mse_loss(f, targets / alpha)


def measure(weights: vgg.Weights, start: vgg.Weights, data: Images, alpha: float) -> dict[str, float]:
    """Losses, accuracies and what is kept of the activation pattern, at the end of training."""
    found = {"relative_distance": vgg.distance(weights, start)}
    parts = {"train": (data.x_train, data.y_train), "test": (data.x_test, data.y_test)}
    kind = {"dtype": start[0].weight.dtype, "device": start[0].weight.device}
    for part, (x, y) in parts.items():
        sums = Counter()
        for first in range(0, len(x), EVALUATED):
            batch = data.normalised(x[first : first + EVALUATED], **kind)
            labels = torch.as_tensor(y[first : first + EVALUATED], device=kind["device"])
            with torch.no_grad():
                values = _measure_batch(weights, start, batch, labels, alpha, part)
            sums.update({name: value * len(labels) for name, value in values.items()})
        found |= {name: value / len(x) for name, value in sums.items()}
    return found


def _measure_batch(
    weights: vgg.Weights, start: vgg.Weights, x: Tensor, y: Tensor, alpha: float, part: str
) -> dict[str, float]:
    offset, before = vgg.observe(start, x)
    own, after = vgg.observe(weights, x)
    f, f_frozen = own - offset, vgg.network(weights, x, vgg.frozen(before)) - offset
    values = {
        f"{part}_loss": objective(f, y, alpha).item() * alpha**2,
        f"{part}_accuracy": (f.argmax(1) == y).double().mean().item(),
        f"{part}_accuracy_frozen": (f_frozen.argmax(1) == y).double().mean().item(),
    }
    return values | (vgg.kept(before, after) if part == "test" else {})


class _State:
    """How far a run has come, kept in a file that belongs to one job."""

    def __init__(self, path: Path | None, job: list, weights: vgg.Weights, optimiser: Momentum):
        self.path = path if path and checkpoints.is_ours(path) else None
        self.weights, self.optimiser = vgg.parameters(weights), optimiser
        self.identity = checkpoints.identity(job)
        self.curve: list[dict[str, float]] = []
        self.seconds, self.saved_at = 0.0, time.monotonic()
        if self.path and self.path.exists():
            self._load(self.path)

    @property
    def diverged(self) -> bool:
        return bool(self.curve) and not math.isfinite(self.curve[-1]["train_loss"])

    def save_if_due(self, seconds: float) -> None:
        if not self.path or time.monotonic() < self.saved_at + SAVE_EVERY:
            return
        content = {"curve": self.curve, "seconds": seconds}
        content |= {
            "weights": [part.numpy(force=True) for part in self.weights],
            "momenta": [part.numpy(force=True) for part in self.optimiser.velocity],
        }
        checkpoints.save(self.path, self.identity, content)
        self.saved_at = time.monotonic()

    def _load(self, path: Path) -> None:
        content = checkpoints.load(path, self.identity)
        if content is None:
            return
        self.curve, self.seconds = content["curve"], content["seconds"]
        with torch.no_grad():
            for part, saved in zip(self.weights, content["weights"], strict=True):
                part.copy_(torch.from_numpy(saved))
        momenta = zip(self.weights, content["momenta"], strict=True)
        self.optimiser.velocity = [torch.from_numpy(saved).to(part.device) for part, saved in momenta]
