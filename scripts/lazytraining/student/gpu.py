"""The engine on a GPU: the same iterations in torch, in place, many of them in one CUDA graph.

A job takes it if its profile gives it a GPU. It runs on a CPU too, where it is held against the compiled engine.
"""

import itertools
import math
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.student.network import Weights
from lazytraining.student.problem import Data
from lazytraining.student.students import Students

_relu_backward = torch.ops.aten.threshold_backward.grad_input
"""out = grad where features > 0, else 0, in one pass: the kernel of ReLU's own gradient."""
GRAPHED = (64, 8, 1)
"""Iterations in a graph. The residuals of the most are kept, and their losses computed at once."""


class Engine:
    """Students, their data, and the buffers that an iteration works in; its state is w, or δ = w − w0 of displaced students.

    With P = ReLU(b0·x) and Δ as in `network.change`, h(w) = h(w) − h(w0) = aᵀΔ + δaᵀP: however large w0 is, neither the updates nor
    h drown in its rounding. Mirrored neurons share P.
    """

    def __init__(self, students: Students, data: Data, state: Weights | None, device: str = "cuda"):
        self.data, self.device, self.displaced = data, device, students.displaced
        kind = {"dtype": getattr(torch, students.start.hidden.dtype.name), "device": device}
        self.tensor = tensor = partial(torch.as_tensor, **kind)
        self.start_hidden, self.start_output = (tensor(part) for part in students.start)
        if state is None:
            state = students.start.times(0.0) if self.displaced else students.start
        self.hidden, self.output = (tensor(part).clone() for part in state)
        stack, m, d = self.hidden.shape
        n_train, n_test = data.n_train, len(data.y_test)
        n, self.sizes = n_train + n_test, (n_train, n_test)
        self.inputs, self.negative_targets = torch.empty(d, n, **kind), torch.empty(n, **kind)
        self.inputs[:, n_train:], self.negative_targets[n_train:] = (
            tensor(data.x_test.T),
            -tensor(data.y_test),
        )
        self.points = torch.empty(n_train, d, **kind)
        self.features = torch.empty(stack, m, n, **kind)
        self.features_train = torch.empty(stack, m, n_train, **kind)
        self.residuals = torch.empty(GRAPHED[0], stack, 1, n, **kind)
        self.gated = torch.empty(stack, m, n_train, **kind)
        self.gradient = torch.empty(stack, m, d, **kind)
        self.scale = tensor(students.alpha)[:, None]
        self.rate = tensor(students.step_size / students.alpha / n_train)[:, None, None]
        self.hidden_factor = students.hidden_factor
        half = m // 2 if self.displaced else 0
        self.negative_part, self.minus_start = (torch.empty(stack, 1, half, n, **kind) for _ in "ab")
        self.graphed = device != "cpu" and not data.fresh
        self.graphs: dict[tuple[int, bool], torch.cuda.CUDAGraph] = {}
        if not data.fresh:
            self.load(*(part[0] for part in data.draw(1)))
            self._project_start(slice(None))
        else:
            self._project_start(slice(n_train, None))

    @property
    def state(self) -> Weights:
        return Weights(self.hidden.cpu().numpy().copy(), self.output.cpu().numpy().copy())

    def run(self, steps: int, always_test: bool, update_last: bool) -> Float[np.ndarray, "{steps} 2 stack"]:
        """Do so many iterations; train and test losses before each one's update, NaN where they were not asked for."""
        n_train, n_test = self.sizes
        losses = torch.full((steps, 2, len(self.output)), math.nan, dtype=torch.float64, device=self.device)
        done = 0
        while done < steps:
            test = always_test or done == 0
            wanted = steps - done if always_test or done else 1
            count = next(size for size in GRAPHED if size <= wanted)
            self._iterate_graphed(count, test, update_last or done + count < steps)
            squares = self.residuals[:count, :, 0].double().square()
            losses[done : done + count, 0] = squares[..., :n_train].sum(-1) / (2 * n_train)
            if test:
                losses[done : done + count, 1] = squares[..., n_train:].sum(-1) / (2 * n_test)
            done += count
        return losses.cpu().numpy()

    def load(self, x: Float[np.ndarray, "n_train d"], y: Float[np.ndarray, " n_train"]) -> None:
        """Put these in the place of the training points."""
        self.points.copy_(self.tensor(x))
        self.inputs[:, : len(x)].copy_(self.points.T)
        self.negative_targets[: len(x)].copy_(self.tensor(y)).neg_()

    def _project_start(self, points: slice) -> None:
        half = self.negative_part.shape[2]
        before = (self.start_hidden[:, :half] @ self.inputs[:, points])[:, None]
        torch.clamp(before, max=0, out=self.negative_part[..., points])
        self.minus_start[..., points] = -before.clamp(min=0)

    def _iterate_graphed(self, count: int, test: bool, update_last: bool) -> None:
        """Iterations that leave their residuals in the first rows: one graph, captured once, where that is possible."""
        if not self.graphed or not update_last:
            self._iterate(count, test, update_last)
            return
        if (count, test) not in self.graphs:
            self.graphs[count, test] = self._capture(count, test)
        self.graphs[count, test].replay()

    def _iterate(self, count: int, test: bool, update_last: bool) -> None:
        n_train, n = self.sizes[0], sum(self.sizes)
        batches = zip(*self.data.draw(count), strict=True) if self.data.fresh else itertools.repeat(None)
        for i, batch in zip(range(count), batches, strict=False):
            if batch:
                self.load(*batch)
                self._project_start(slice(n_train))
            self._evaluate(self.residuals[i], n if test else n_train)
            if update_last or i + 1 < count:
                self._update(self.residuals[i, ..., :n_train])

    def _capture(self, count: int, test: bool) -> "torch.cuda.CUDAGraph":
        """The graph of these iterations; the state is as before."""
        before = self.hidden.clone(), self.output.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries allocate on first use, which a capture forbids
            self._iterate(1, test, True)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._iterate(count, test, True)
        self.hidden.copy_(before[0])
        self.output.copy_(before[1])
        return graph

    def _evaluate(self, residual: Float[Tensor, "stack 1 n"], n: int) -> None:
        """Features ReLU(b·x) of the first n points, or their changes Δ, and α h − y."""
        stack, m, _ = self.hidden.shape
        features, residual = self.features[..., :n], residual[..., :n]
        torch.matmul(self.hidden, self.inputs[:, :n], out=features)
        output = self.output
        if self.displaced:
            halves = features.view(stack, 2, m // 2, n)
            minus_start = self.minus_start[..., :n]
            torch.maximum(halves.add_(self.negative_part[..., :n]), minus_start, out=halves)
            output = self.start_output + self.output
        else:
            features.relu_()
        readout = (output * self.scale)[:, None]
        torch.baddbmm(self.negative_targets[:n].expand(stack, 1, n), readout, features, out=residual)
        if self.displaced:
            start_readout = self.output.unflatten(1, (2, -1)).sum(1) * self.scale
            residual.baddbmm_(start_readout[:, None], minus_start[:, 0], alpha=-1)

    def _update(self, residual: Float[Tensor, "stack 1 n_train"]) -> None:
        """One step of descent from the training residual, both layers from the old ones."""
        stack, m, _ = self.hidden.shape
        n_train, hidden, output = self.sizes[0], self.hidden, self.output
        features = self.features[..., :n_train]
        if self.displaced:
            halves, moved = (part.view(stack, 2, m // 2, n_train) for part in (self.features_train, features))
            torch.sub(moved, self.minus_start[..., :n_train], out=halves)
            features = self.features_train
            hidden, output = self.start_hidden + hidden, self.start_output + output
        scaled = (residual * self.rate).expand(stack, m, n_train)
        _relu_backward(scaled, features, 0, grad_input=self.gated)
        torch.matmul(self.gated, self.points, out=self.gradient)
        output_step = (hidden * self.gradient).sum(-1)
        self.hidden.sub_(self.gradient * output[..., None], alpha=self.hidden_factor)
        self.output.sub_(output_step)
