"""What is recorded of a student, and when its training ends."""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from lazytraining.student.network import Weights


def recorded_iterations(iterations: int) -> Int[np.ndarray, " k"]:
    """0 to 20, about 200 geometrically spaced iterations up to the last, and the last."""
    spaced = np.rint(np.geomspace(20, max(iterations, 20), 200)).astype(int)
    wanted = np.union1d(np.arange(21), spaced)
    return np.union1d(wanted[wanted <= iterations], [iterations])


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` iterations in a row without improvement of the test loss.

    An iteration improves if its test loss is below the reference minus `min_delta`; it then
    becomes the reference, which starts as the loss at iteration 0.
    """

    min_delta: float
    patience: int


@dataclass
class Trajectory:
    """What descent made of one student. Losses at iteration t are those after t updates."""

    iteration: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    relative_change: list[float] = field(default_factory=list)
    relative_distance: list[float] = field(default_factory=list)
    test_loss_best: float = math.inf
    best_iteration: int = 0
    late_loss: float = 0.0
    """Mean of the training losses that the last `average_last` updates started from."""
    stopped_early: bool = False
    diverged: bool = False
    weights: Weights | None = None
    """Where the run ended, a stack of one."""
    displacement: Weights | None = None
    """How far that is from w0, with its own precision, a stack of one."""

    @property
    def iterations(self) -> int:
        """Updates done."""
        return self.iteration[-1]


class Recorder:
    """Turns one student's losses into its trajectory, block by block."""

    def __init__(self, early_stopping: EarlyStopping | None, track_best: bool, late: range):
        self.trajectory = Trajectory()
        self.early_stopping, self.track_best, self.late = early_stopping, track_best, late
        self.reference, self.reference_iteration = math.inf, 0

    def block(
        self, first: int, losses: Float[np.ndarray, "k 2"], always_test: bool, recorded: bool
    ) -> int | None:
        """Take in the losses at `first`, which may be recorded, `first` + 1, …; where in the block the run ends, if it does."""
        trajectory = self.trajectory
        finite = np.isfinite(losses)
        if not always_test:
            finite[1 if recorded else 0 :, 1] = True
        finite = finite.all(1)
        end = None if finite.all() else int(finite.argmin())
        valid = losses[:end, 1]
        trajectory.diverged = end is not None
        if self.early_stopping and (stop := self._stops(first, valid)) is not None:
            trajectory.diverged, trajectory.stopped_early = False, True
            end, valid = stop, valid[: stop + 1]
        kept = sorted({*([0] if recorded else []), *([] if end is None else [end])})
        if not self.track_best:
            valid = valid[[offset for offset in kept if offset < len(valid)]]
        if len(valid) and valid.min() < trajectory.test_loss_best:
            offset = int(valid.argmin())
            trajectory.test_loss_best = float(valid[offset])
            trajectory.best_iteration = first + (offset if self.track_best else kept[offset])
        late = losses[max(0, self.late.start - first) : self.late.stop - first, 0]
        trajectory.late_loss += float(late.sum()) / len(self.late)
        trajectory.iteration += [first + offset for offset in kept]
        trajectory.train_loss += losses[kept, 0].tolist()
        trajectory.test_loss += losses[kept, 1].tolist()
        return end

    def _stops(self, first: int, test_losses: Float[np.ndarray, " k"]) -> int | None:
        rule = self.early_stopping
        for offset, loss in enumerate(test_losses.tolist()):
            iteration = first + offset
            if iteration == 0 or loss < self.reference - rule.min_delta:
                self.reference, self.reference_iteration = loss, iteration
            if iteration - self.reference_iteration >= rule.patience:
                return offset
        return None

    def moved(self, relative_change: float, relative_distance: float) -> None:
        self.trajectory.relative_change.append(relative_change)
        self.trajectory.relative_distance.append(relative_distance)

    def save(self) -> dict:
        values = dict(vars(self.trajectory))
        for name in ("weights", "displacement"):
            values[name] = values[name] and list(values[name])
        return values | {"reference": (self.reference, self.reference_iteration)}

    def restore(self, saved: dict) -> None:
        values = dict(saved)
        self.reference, self.reference_iteration = values.pop("reference")
        for name in ("weights", "displacement"):
            values[name] = values[name] and Weights(*values[name])
        self.trajectory = Trajectory(**values)
