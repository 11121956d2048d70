"""Full-batch gradient descent on a stack of students that share their data.

The objective of a student is F(w) = L(w)/α² with L = ½ mean((α h(w, x) − y)²) on the training
set, and one iteration is

    r = α h(w, X) − y,    w ← w − (η/(α n)) Dh(w)ᵀ r,    ReLU'(0) = 0.

With c_j = Σ_i r_i 1[b_j · x_i > 0] x_i, the gradient of h is a_j c_j in b_j and, because
ReLU(z) = z 1[z > 0], b_j · c_j in a_j. So one iteration is two matrix products, which serve the
whole stack at once: (S m × d)·(d × n) and (S m × n)·(n × d). Everything is in place; nothing is
allocated and nothing goes to the host but at recorded iterations.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lazytraining.network import Weights, movement
from lazytraining.problem import Problem

_relu_backward = torch.ops.aten.threshold_backward.grad_input
"""out = grad where features > 0, else 0, in one pass: the kernel of ReLU's own gradient."""


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
    stopped_early: bool = False
    diverged: bool = False
    weights: Weights | None = None
    """Where the run ended, a stack of one."""

    @property
    def iterations(self) -> int:
        """Updates done."""
        return self.iteration[-1]


def recorded_iterations(iterations: int) -> Int[np.ndarray, " k"]:
    """0 to 20, about 200 geometrically spaced iterations up to the last, and the last."""
    spaced = np.rint(np.geomspace(20, max(iterations, 20), 200)).astype(int)
    wanted = np.union1d(np.arange(21), spaced)
    return np.union1d(wanted[wanted <= iterations], [iterations])


def descend(
    problem: Problem,
    start: Weights,
    alpha: Float[Tensor, " stack"],
    step_size: Float[Tensor, " stack"],
    iterations: int,
    early_stopping: list[EarlyStopping] | None = None,
    track_best: bool = True,
) -> list[Trajectory]:
    """Train every student of a stack; one trajectory each, in the stack's order.

    Precision and device are those of `start`. `early_stopping` has an entry for each student.
    The test loss is evaluated at every iteration if it is needed there (`track_best` or
    `early_stopping`), else at the recorded ones; the best is over every iteration with `track_best`,
    else over the recorded ones.

    A student ends where its early stopping says so, or diverged where a loss is not finite. The
    losses between two recorded iterations reach the host as one block; a student that turns out
    to have ended inside is taken back to the block's start and its steps up to the end are done
    again, so that its weights are those of its last iteration.
    """
    stack = _Stack(problem, start.clone(), alpha, step_size)
    rules = early_stopping or [None] * len(alpha)
    records = [_Recorder(rule, track_best) for rule in rules]
    running = list(range(len(alpha)))
    always_test = track_best or early_stopping is not None
    record = recorded_iterations(iterations).tolist()

    for first, end in zip(record, [*record[1:], iterations + 1], strict=True):
        at_first = stack.weights.clone()
        moved = movement(stack.weights, start.select(running))
        losses = stack.run(end - first, always_test, update_last=end <= iterations).cpu().numpy()

        left, ended = [], []
        for i, student in enumerate(running):
            recorder = records[student]
            offset = recorder.block(first, losses[:, :, i], always_test)
            recorder.moved(moved.relative_change[i], moved.relative_distance[i])
            if offset is None and end <= iterations:
                left.append(i)
                continue
            ended.append(student)
            last = (at_first if offset == 0 else stack.weights).select([i])
            if offset:
                again = stack.select([i], at_first)
                again.run(offset, always_test)
                last = again.weights
                there = movement(last, start.select([student]))
                recorder.moved(there.relative_change[0], there.relative_distance[0])
            recorder.trajectory.weights = last
        if ended:
            running = [running[i] for i in left]
            if not running:
                break
            stack = stack.select(left)
    return [recorder.trajectory for recorder in records]


class _Stack:
    """Students, their data, and the buffers that an iteration works in."""

    def __init__(self, problem: Problem, weights: Weights, alpha: Tensor, step_size: Tensor):
        self.problem, self.weights, self.alpha, self.step_size = problem, weights, alpha, step_size
        stack, m, d = weights.hidden.shape
        kind = {"dtype": weights.hidden.dtype, "device": weights.hidden.device}
        n_train, n_test = len(problem.y_train), len(problem.y_test)
        n = n_train + n_test

        self.x_train = torch.as_tensor(problem.x_train, **kind)
        inputs = torch.as_tensor(np.vstack([problem.x_train, problem.x_test]).T.copy(), **kind)
        targets = torch.as_tensor(np.concatenate([problem.y_train, problem.y_test]), **kind)
        negative_targets = (-targets).expand(stack, 1, n)
        features = torch.empty(stack * m, n, **kind)
        residual = torch.empty(stack, 1, n, **kind)

        def columns(end: int) -> tuple[Tensor, ...]:
            views = inputs, features, features.view(stack, m, n), negative_targets, residual
            return tuple(view[..., :end] for view in views)

        self.views = {True: columns(n), False: columns(n_train)}
        self.features_train, self.residual_train = self.views[False][2], self.views[False][4]
        self.squares = torch.empty(stack, n, **kind)
        self.squares_train, self.squares_test = self.squares[:, :n_train], self.squares[:, n_train:]
        self.loss_scale = torch.tensor([[0.5 / n_train], [0.5 / n_test]], dtype=torch.float64)
        self.gated = torch.empty(stack, m, n_train, **kind)
        self.gradient = torch.empty(stack, m, d, **kind)
        self.product = torch.empty(stack, m, d, **kind)
        self.readout = torch.empty(stack, 1, m, **kind)
        self.output_step = torch.empty(stack, m, **kind)
        self.output_scale = alpha.to(**kind)[:, None]
        self.rate = (step_size / alpha / n_train).to(**kind)[:, None, None]

    def select(self, index: list[int], weights: Weights | None = None) -> "_Stack":
        """These students, where they are now or where `weights` (of the whole stack) has them."""
        chosen = (weights or self.weights).select(index)
        return _Stack(self.problem, chosen, self.alpha[index], self.step_size[index])

    def run(self, steps: int, always_test: bool, update_last: bool = True) -> Tensor:
        """Do so many iterations; losses (step, train and test, stack) before each one's update.

        Where the test loss was not asked for it reads NaN.
        """
        kind = {"dtype": self.residual_train.dtype, "device": self.residual_train.device}
        sums = torch.full((steps, 2, len(self.alpha)), math.nan, **kind)
        for step, (train_sum, test_sum) in enumerate(sums.unbind(0)):
            test = always_test or step == 0
            self.evaluate(test)
            torch.sum(self.squares_train, -1, out=train_sum)
            if test:
                torch.sum(self.squares_test, -1, out=test_sum)
            if update_last or step < steps - 1:
                self.update()
        return sums.double() * self.loss_scale.to(sums.device)

    def evaluate(self, test: bool) -> None:
        """Features ReLU(b·x), residuals α h − y and their squares; test inputs only if asked for."""
        inputs, features, stacked_features, negative_targets, residual = self.views[test]
        hidden, output = self.weights
        torch.mm(hidden.flatten(0, 1), inputs, out=features)
        features.relu_()
        torch.mul(output, self.output_scale, out=self.readout[:, 0])
        torch.baddbmm(negative_targets, self.readout, stacked_features, out=residual)
        squares = self.squares if test else self.squares_train
        torch.mul(residual[:, 0], residual[:, 0], out=squares)

    def update(self) -> None:
        """One step of descent, both layers from the old weights; uses up the training residual."""
        hidden, output = self.weights
        self.residual_train.mul_(self.rate)
        _relu_backward(self.residual_train, self.features_train, 0, grad_input=self.gated)
        torch.mm(self.gated.flatten(0, 1), self.x_train, out=self.gradient.flatten(0, 1))
        torch.mul(hidden, self.gradient, out=self.product)
        torch.sum(self.product, -1, out=self.output_step)
        hidden.addcmul_(output[..., None], self.gradient, value=-1)
        output.sub_(self.output_step)


class _Recorder:
    """Turns one student's losses into its trajectory, block by block."""

    def __init__(self, early_stopping: EarlyStopping | None, track_best: bool):
        self.trajectory = Trajectory()
        self.early_stopping, self.track_best = early_stopping, track_best
        self.reference, self.reference_iteration = math.inf, 0

    def block(self, first: int, losses: Float[np.ndarray, "k 2"], always_test: bool) -> int | None:
        """Take in the losses at `first`, `first` + 1, …; where in the block the run ends, if it does."""
        trajectory = self.trajectory
        end = None
        for offset, (train, test) in enumerate(losses.tolist()):
            iteration, tested = first + offset, always_test or offset == 0
            if not math.isfinite(train) or (tested and not math.isfinite(test)):
                trajectory.diverged, end = True, offset
                break
            if tested and self.early_stopping and self._stops(iteration, test):
                trajectory.stopped_early, end = True, offset
            if tested and (self.track_best or offset in (0, end)) and test < trajectory.test_loss_best:
                trajectory.test_loss_best, trajectory.best_iteration = test, iteration
            if end is not None:
                break
        for offset in sorted({0, end or 0}):
            trajectory.iteration.append(first + offset)
            trajectory.train_loss.append(losses[offset, 0].item())
            trajectory.test_loss.append(losses[offset, 1].item())
        return end

    def _stops(self, iteration: int, test_loss: float) -> bool:
        rule = self.early_stopping
        if iteration == 0 or test_loss < self.reference - rule.min_delta:
            self.reference, self.reference_iteration = test_loss, iteration
        return iteration - self.reference_iteration >= rule.patience

    def moved(self, relative_change: Tensor, relative_distance: Tensor) -> None:
        self.trajectory.relative_change.append(relative_change.item())
        self.trajectory.relative_distance.append(relative_distance.item())
