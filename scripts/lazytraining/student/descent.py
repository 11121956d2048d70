"""Gradient descent on a stack of students that share their data: all of it at once, or a fresh batch at a time.

The objective of a student is F(w) = L(w)/α² with L = ½ mean((α h(w, x) − y)²) on the training
set, and one iteration is

    r = α h(w, X) − y,    w ← w − (η/(α n)) Dh(w)ᵀ r,    ReLU'(0) = 0.

With c_j = Σ_i r_i 1[b_j · x_i > 0] x_i, the gradient of h is a_j c_j in b_j and, because
ReLU(z) = z 1[z > 0], b_j · c_j in a_j. So one iteration is two matrix products, which serve the
whole stack at once: (S m × d)·(d × n) and (S m × n)·(n × d). Everything is in place; losses are
computed for many iterations at once, and go to the host at recorded ones.

On the population loss (Chizat, Oyallon and Bach 2019) X and y are another batch at every iteration, and that is all
that differs.
"""

import copy
import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.student.network import Weights, movement
from lazytraining.student.problem import Batches, Problem
from lazytraining.student.recording import EarlyStopping, Recorder, Trajectory, recorded_iterations

_relu_backward = torch.ops.aten.threshold_backward.grad_input
"""out = grad where features > 0, else 0, in one pass: the kernel of ReLU's own gradient."""
_PIECE = 64
"""The most iterations, over all students, whose residuals are kept until their losses are computed, all at once."""
_GRAPHED = (_PIECE, 8, 1)
"""Iterations in a graph on a GPU, however many students."""


def descend(*arguments, **options) -> list[Trajectory]:
    """Train every student of a stack to its end; one trajectory each, in the stack's order. Arguments are `Descent`'s."""
    descent = Descent(*arguments, **options)
    while descent.running:
        descent.advance()
    return descent.trajectories


class Descent:
    """A stack of students on its way, from one recorded iteration to the next.

    Precision and device are those of `start`. `early_stopping` has an entry for each student.
    The test loss is evaluated at every iteration if it is needed there (`track_best` or
    `early_stopping`), else at the recorded ones; the best is over every iteration with `track_best`,
    else over the recorded ones.

    `symmetrized` says that every student is symmetrised: the second half of its neurons mirrors the first. The
    displacement w − w0 is then trained instead of w, which is right to single precision's own digits
    for τ up to 10⁶; w itself loses its updates to rounding from τ = 10 on in float32 and from 10⁵
    on in float64 (docs/precision.md).

    `observe` is called at every recorded iteration that the students still running share, with its number, their
    indices, and their displacements; it must not keep the latter, which are the buffers of the run.

    With `batches` the training points are theirs, another batch at every iteration, and those of `problem` do not count; a
    training loss is then that of the iteration's batch. `hidden_factor` multiplies the hidden layer's step, and
    `average_last` says of how many updates a trajectory's `late_loss` is the mean.

    A student ends where its early stopping says so, or diverged where a loss is not finite. The
    losses between two recorded iterations reach the host as one block; a student that turns out
    to have ended inside is taken back to the block's start and its steps up to the end are done
    again, so that its weights are those of its last iteration.

    `checkpoint` of another descent with the same arguments makes this one go on where that one was, to the same bits.
    """

    def __init__(
        self,
        problem: Problem,
        start: Weights,
        alpha: Float[Tensor, " stack"],
        step_size: Float[Tensor, " stack"],
        iterations: int,
        early_stopping: list[EarlyStopping] | None = None,
        track_best: bool = True,
        symmetrized: bool = False,
        observe: Callable[[int, list[int], Weights], None] | None = None,
        checkpoint: dict | None = None,
        batches: Batches | None = None,
        hidden_factor: float = 1.0,
        average_last: int = 1,
    ):
        rules = early_stopping or [None] * len(alpha)
        self.iterations, self.observe, self.batches = iterations, observe, batches
        self.always_test = track_best or early_stopping is not None
        self.recorded = [*recorded_iterations(iterations).tolist(), iterations + 1]
        self.blocks, self.running, state = 0, list(range(len(alpha))), None
        late = range(max(0, iterations - average_last), iterations)
        self.recorders = [Recorder(rule, track_best, late) for rule in rules]
        if checkpoint:
            self.blocks, self.running = checkpoint["blocks"], checkpoint["running"]
            state = Weights(*(part.to(start.output.device) for part in checkpoint["state"]))
            for recorder, saved in zip(self.recorders, checkpoint["recorders"], strict=True):
                recorder.restore(saved)
            if batches:
                batches.state = checkpoint["batches"]
        make = _DisplacedStack if symmetrized else _Stack
        of = self.running
        source = batches, hidden_factor
        self.stack = make(problem, start.select(of), alpha[of], step_size[of], state, *source)

    @property
    def trajectories(self) -> list[Trajectory]:
        return [recorder.trajectory for recorder in self.recorders]

    @property
    def iteration(self) -> int:
        """Updates that the students still running have done."""
        return self.recorded[self.blocks]

    def advance(self) -> None:
        """Record, and train on to the next recorded iteration."""
        first, end = self.recorded[self.blocks], self.recorded[self.blocks + 1]
        self.blocks += 1
        stack, last = self.stack, end > self.iterations
        at_first, batch = stack.state.clone(), self.batches and self.batches.state
        displacement = stack.split(stack.state, stack.start)[1]
        moved = [column.tolist() for column in movement(displacement, stack.start)[:2]]
        if self.observe:
            self.observe(first, self.running, displacement)
        losses = stack.run(end - first, self.always_test, update=not last).cpu().numpy()

        left = []
        for i, student in enumerate(self.running):
            recorder = self.recorders[student]
            offset = recorder.block(first, losses[:, :, i], self.always_test)
            recorder.moved(*(column[i] for column in moved))
            if offset is None and not last:
                left.append(i)
            else:
                self._finish(recorder.trajectory, i, at_first, batch, offset)
        if len(left) < len(self.running):
            self.running = [self.running[i] for i in left]
            self.stack = stack.select(left, stack.state) if left else stack

    def _finish(
        self, trajectory: Trajectory, i: int, at_first: Weights, batch: dict | None, offset: int | None
    ) -> None:
        """Weights of the i-th running student, which ended so many steps into the block, or at the block's end."""
        state, origin = self.stack.state if offset is None else at_first, self.stack.start.select([i])
        if offset:
            again = self.stack.select([i], at_first)
            if self.batches:
                now, self.batches.state = self.batches.state, batch
            again.run(offset, self.always_test)
            if self.batches:
                self.batches.state = now
            state = again.state
        else:
            state = state.select([i])
        trajectory.weights, trajectory.displacement = self.stack.split(state, origin)
        if offset:
            there = movement(trajectory.displacement, origin)
            trajectory.relative_change.append(there.relative_change.item())
            trajectory.relative_distance.append(there.relative_distance.item())

    def checkpoint(self) -> dict:
        """A copy of all that changes, as tensors, lists and numbers on the host."""
        return copy.deepcopy(
            {
                "blocks": self.blocks,
                "running": self.running,
                "state": tuple(part.cpu() for part in self.stack.state),
                "recorders": [recorder.save() for recorder in self.recorders],
                "batches": self.batches and self.batches.state,
            }
        )


def product(left: Tensor, right: Tensor, out: Tensor) -> Callable[[], object]:
    """out = left · right, whenever it is called. On a CPU by NumPy's library, which is the faster one for few rows."""
    if out.device.type != "cpu":
        return lambda: torch.mm(left, right, out=out)
    arrays = left.numpy(), right.numpy()
    into = out.numpy()
    return lambda: np.matmul(*arrays, out=into)


class _Stack:
    """Students, their data, and the buffers that an iteration works in; its state is w."""

    def __init__(
        self,
        problem: Problem,
        start: Weights,
        alpha: Tensor,
        step_size: Tensor,
        state: Weights | None = None,
        batches: Batches | None = None,
        hidden_factor: float = 1.0,
    ):
        self.problem, self.start = problem, start
        self.batches, self.hidden_factor = batches, hidden_factor
        self.alpha, self.step_size = alpha.to(start.output.device), step_size.to(start.output.device)
        self.state = state or self.first_state()
        stack, m, d = start.hidden.shape
        kind = {"dtype": start.hidden.dtype, "device": start.hidden.device}
        n_train, n_test = len(problem.y_train), len(problem.y_test)
        n = n_train + n_test

        self.inputs = torch.as_tensor(np.vstack([problem.x_train, problem.x_test]).T.copy(), **kind)
        self.negative_targets = -torch.as_tensor(np.concatenate([problem.y_train, problem.y_test]), **kind)
        self.points = self.inputs[:, :n_train].T.contiguous()
        features = torch.empty(stack, m, n, **kind)
        whole = features, self.negative_targets.expand(stack, 1, n)
        self.views = {True: whole, False: tuple(buffer[..., :n_train] for buffer in whole)}
        self.features_train = features[..., :n_train]
        self.graphed, self.graphs = start.output.device.type == "cuda" and batches is None, {}
        self.residuals = torch.empty(_PIECE if self.graphed else max(1, _PIECE // stack), stack, 1, n, **kind)
        self.rows = [(row, row[..., :n_train]) for row in self.residuals]
        self.sizes = n_train, n_test
        self.scaled = torch.empty(stack, 1, n_train, **kind)
        self.gated = torch.empty(stack, m, n_train, **kind)
        self.gradient = torch.empty(stack, m, d, **kind)
        self.product = torch.empty(stack, m, d, **kind)
        self.readout = torch.empty(stack, 1, m, **kind)
        self.output_step = torch.empty(stack, m, **kind)
        self.output_scale = self.alpha.to(**kind)[:, None]
        self.rate = (self.step_size / self.alpha / n_train).to(**kind)[:, None, None]
        self.project = {
            test: product(
                self.state.hidden.flatten(0, 1), self.inputs[:, : part.shape[-1]], part.flatten(0, 1)
            )
            for test, (part, _) in self.views.items()
        }
        self.pull_back = product(self.gated.flatten(0, 1), self.points, self.gradient.flatten(0, 1))

    def first_state(self) -> Weights:
        return self.start.clone()

    @staticmethod
    def split(state: Weights, start: Weights) -> tuple[Weights, Weights]:
        """w and w − w0 of students in this state that started there."""
        return state, state.minus(start)

    def select(self, index: list[int], state: Weights) -> "_Stack":
        """These students, where `state` (of the whole stack) has them."""
        alpha, step_size = self.alpha[index], self.step_size[index]
        source = self.batches, self.hidden_factor
        return type(self)(
            self.problem, self.start.select(index), alpha, step_size, state.select(index), *source
        )

    def run(self, steps: int, always_test: bool, update: bool = True) -> Tensor:
        """Do so many iterations; losses (step, train and test, stack) before each one's update.

        Where the test loss was not asked for it reads NaN. Without `update` the last iteration has none.
        """
        n_train, n_test = self.sizes
        losses = torch.full(
            (steps, 2, len(self.alpha)), math.nan, dtype=torch.float64, device=self.alpha.device
        )
        done = 0
        while done < steps:
            test = always_test or done == 0
            count = self.piece(steps - done if always_test or done else 1)
            with np.errstate(over="ignore", invalid="ignore"):  # a student that diverges is a result
                self.iterate(count, test, update or done + count < steps)
            squares = self.residuals[:count, :, 0].square()
            losses[done : done + count, 0] = squares[..., :n_train].sum(-1).double() / (2 * n_train)
            if test:
                losses[done : done + count, 1] = squares[..., n_train:].sum(-1).double() / (2 * n_test)
            done += count
        return losses

    def piece(self, steps: int) -> int:
        """How many of these steps to do at once, and to keep the residuals of."""
        if not self.graphed:
            return min(steps, len(self.rows))
        return next(size for size in _GRAPHED if size <= steps)

    def iterate(self, count: int, test: bool, update: bool) -> None:
        """Iterations that leave their residuals in the first rows. On a GPU they are one graph, captured once."""
        if not self.graphed or not update:
            self._iterate(count, test, update)
            return
        if (count, test) not in self.graphs:
            self.graphs[count, test] = self._capture(count, test)
        self.graphs[count, test].replay()

    def _iterate(self, count: int, test: bool, update: bool) -> None:
        batches = zip(*self.batches.draw(count), strict=True) if self.batches else itertools.repeat(None)
        for (row, row_train), batch in zip(self.rows[:count], batches, strict=False):
            if batch:
                self.load(*batch)
            self.evaluate(test, row if test else row_train)
            if update:
                self.update(row_train)

    def load(self, x: Float[np.ndarray, "n_train d"], y: Float[np.ndarray, " n_train"]) -> None:
        """Put a batch in the place of the training points."""
        self.points.copy_(torch.from_numpy(x))
        self.inputs[:, : len(x)].copy_(self.points.T)
        self.negative_targets[: len(x)].copy_(torch.from_numpy(y)).neg_()

    def _capture(self, count: int, test: bool) -> "torch.cuda.CUDAGraph":
        """The graph of these iterations; the state is as before."""
        before = self.state.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries allocate on first use, which a capture forbids
            self._iterate(1, test, True)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._iterate(count, test, True)
        for part, saved in zip(self.state, before, strict=True):
            part.copy_(saved)
        return graph

    def evaluate(self, test: bool, residual: Tensor) -> None:
        """Features ReLU(b·x), and residuals α h − y into the row given."""
        features, negative_targets = self.views[test]
        self.project[test]()
        features.relu_()
        torch.mul(self.state.output, self.output_scale, out=self.readout[:, 0])
        torch.baddbmm(negative_targets, self.readout, features, out=residual)

    def update(self, residual: Tensor) -> None:
        """One step of descent from the training residual."""
        self.descend_from(self.state, residual)

    def descend_from(self, weights: Weights, residual: Tensor) -> None:
        """Move the state by the step at `weights`, both layers from the old ones."""
        torch.mul(residual, self.rate, out=self.scaled)
        _relu_backward(self.scaled, self.features_train, 0, grad_input=self.gated)
        self.pull_back()
        torch.mul(weights.hidden, self.gradient, out=self.product)
        torch.sum(self.product, -1, out=self.output_step)
        torch.mul(self.gradient, weights.output[..., None], out=self.product)
        self.state.hidden.sub_(self.product, alpha=self.hidden_factor)
        self.state.output.sub_(self.output_step)


class _DisplacedStack(_Stack):
    """Symmetrised students, whose state is δ = w − w0.

    With P = ReLU(b0·x) and Δ as in `network.change`, h(w) = h(w) − h(w0) = aᵀΔ + δaᵀP: however large w0 is,
    neither the updates nor h drown in its rounding. Mirrored neurons share P.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        half = self.start.output.shape[1] // 2
        mirrored, n_train = self.start.hidden[:, :half].flatten(0, 1), self.sizes[0]
        at_start = (mirrored @ self.inputs).unflatten(0, (-1, 1, half))
        parts = at_start.clamp(max=0), -at_start.clamp(min=0)
        self.at_batch = torch.empty_like(at_start[..., :n_train])
        self.project_start = product(mirrored, self.inputs[:, :n_train], self.at_batch.flatten(0, 2))
        for test, (features, negative_targets) in self.views.items():
            halves = features.unflatten(1, (2, half))
            at_these = (part[..., : features.shape[-1]] for part in parts)
            self.views[test] = features, negative_targets, halves, *at_these
        self.moved_train, self.minus_start_train = self.views[False][2], self.views[False][4]
        self.features_train = torch.empty_like(self.gated)
        self.minus_output_scale = -self.output_scale
        self.start_readout = torch.empty_like(self.readout[..., :half])
        self.now = self.start.plus(self.state)

    def first_state(self) -> Weights:
        return Weights(*map(torch.zeros_like, self.start))

    def load(self, x: Float[np.ndarray, "n_train d"], y: Float[np.ndarray, " n_train"]) -> None:
        super().load(x, y)
        self.project_start()
        negative_part, minus_start = self.views[False][3:]
        torch.clamp(self.at_batch, max=0, out=negative_part)
        torch.clamp(self.at_batch, min=0, out=minus_start).neg_()

    @staticmethod
    def split(state: Weights, start: Weights) -> tuple[Weights, Weights]:
        return start.plus(state), state

    def evaluate(self, test: bool, residual: Tensor) -> None:
        """Δ, and residuals α h − y into the row given."""
        features, negative_targets, halves, negative_part, minus_start = self.views[test]
        for now, start, step in zip(self.now, self.start, self.state, strict=True):
            torch.add(start, step, out=now)
        self.project[test]()
        torch.maximum(halves.add_(negative_part), minus_start, out=halves)
        torch.mul(self.now.output, self.output_scale, out=self.readout[:, 0])
        torch.baddbmm(negative_targets, self.readout, features, out=residual)
        torch.sum(self.state.output.unflatten(1, (2, -1)), 1, out=self.start_readout[:, 0])
        self.start_readout[:, 0].mul_(self.minus_output_scale)
        residual.baddbmm_(self.start_readout, minus_start[:, 0])

    def update(self, residual: Tensor) -> None:
        torch.sub(self.moved_train, self.minus_start_train, out=self.features_train.view_as(self.moved_train))
        self.descend_from(self.now, residual)
