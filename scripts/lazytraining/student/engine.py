"""The engine on a CPU: a stack of students in padded arrays, which the compiled kernels work on in place."""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lazytraining.student import compiling
from lazytraining.student.network import Weights
from lazytraining.student.problem import Data
from lazytraining.student.students import Students
from lazytraining.student.tiles import BLOCK, DEPTH, lanes

_DRAWN = 16
"""Fresh batches drawn at once."""


class Engine:
    """Students, their data, and the buffers of an iteration. Precision is that of the students' start.

    A student's losses and weights are the same bits whatever else is in the stack.
    """

    def __init__(self, students: Students, data: Data, state: Weights | None = None):
        self.kernels = ready(students.start.hidden.dtype)
        self.data, self.dtype = data, students.start.hidden.dtype
        stack, m, self.d = students.start.hidden.shape
        self.depth = _up(self.d, DEPTH)
        start, rows = students.start, stack * m
        if state is None:
            state = start.times(0.0) if students.displaced else start
        self._state = self._hidden(state.hidden), state.output.astype(self.dtype)
        rate = (students.step_size / students.alpha / data.n_train).astype(self.dtype)
        alpha, factor = students.alpha.astype(self.dtype), np.array([students.hidden_factor], self.dtype)
        self.students = self._hidden(start.hidden), start.output.copy(), alpha, rate, factor
        self.mirrored = start.hidden[:, : m // 2] if students.displaced else start.hidden[:, :0]
        self.mirrored = self._hidden(self.mirrored)
        self.test = self._panels(data.x_test[None])[0], self._targets(data.y_test[None])[0]
        self.at_test = self._at_start(self.test[0][None])[0]
        self.train = None if data.fresh else self._pack(*data.draw(1))
        width = lanes(self.dtype)
        padded, half = _up(self.d, width), m // 2
        shapes = (rows, BLOCK + width), (rows, padded), (BLOCK,), (stack, m), (stack, half), (m, padded), (m,)
        z, gradient, *others = (np.empty(shape, self.dtype) for shape in shapes)
        self.work = z, gradient, np.empty((stack, BLOCK)), *others

    @property
    def state(self) -> Weights:
        """A copy of w, or of w − w0 where the students are displaced."""
        hidden, output = self._state
        return Weights(hidden[:, : self.d].reshape(*output.shape, self.d).copy(), output.copy())

    def run(self, steps: int, always_test: bool, update_last: bool) -> Float[np.ndarray, "{steps} 2 stack"]:
        """Do so many iterations; train and test losses before each one's update.

        The test loss is evaluated at the first, or at all with `always_test`; elsewhere it reads NaN. The last iteration has an
        update only with `update_last`.
        """
        losses = np.full((steps, 2, len(self._state[1])), np.nan)
        sizes, done = (self.data.n_train, len(self.data.y_test), self.depth), 0
        while done < steps:
            count = steps - done if self.train else min(_DRAWN, steps - done)
            panels, points, targets, at_start = self.train or self._pack(*self.data.draw(count))
            data = panels, points, targets, *self.test, at_start, self.at_test
            self.kernels.iterate(
                count,
                count if update_last or done + count < steps else count - 1,
                count if always_test else int(not done),
                sizes,
                data,
                self.students,
                self._state,
                self.work,
                losses[done : done + count],
            )
            done += count
        return losses

    def _hidden(self, hidden: Float[np.ndarray, "stack m d"]) -> Float[np.ndarray, "rows padded"]:
        width = _up(self.d, lanes(self.dtype))
        return _padded(hidden.reshape(-1, self.d), (len(hidden) * hidden.shape[1], width), self.dtype)

    def _pack(
        self, x: Float[np.ndarray, "batches n d"], y: Float[np.ndarray, "batches n"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Panels, points, targets and the start's features of batches, as `kernels.iterate` takes them."""
        width = lanes(self.dtype)
        points = _padded(x, (len(x), _up(x.shape[1], width), _up(self.d, width)), self.dtype)
        panels = self._panels(x)
        return panels, points, self._targets(y), self._at_start(panels)

    def _targets(self, y: Float[np.ndarray, "batches n"]) -> Float[np.ndarray, "batches padded"]:
        return _padded(y, (len(y), _up(y.shape[1], lanes(self.dtype))), self.dtype)

    def _panels(self, x: Float[np.ndarray, "batches n d"]) -> Float[np.ndarray, "batches panels depth lanes"]:
        width = lanes(self.dtype)
        padded = _padded(x, (len(x), _up(x.shape[1], width), self.depth), self.dtype)
        return np.ascontiguousarray(padded.reshape(len(x), -1, width, self.depth).swapaxes(2, 3))

    def _at_start(
        self, panels: Float[np.ndarray, "batches panels depth lanes"]
    ) -> Float[np.ndarray, "batches rows n"]:
        """b0 · x of the neurons that have a mirror; no rows where the students are not displaced."""
        out = np.empty((len(panels), len(self.mirrored), panels.shape[1] * panels.shape[3]), self.dtype)
        if len(self.mirrored):
            for batch, into in zip(panels, out, strict=True):
                self.kernels.project(self.mirrored, batch, into)
        return out


class Kernels(NamedTuple):
    """What `kernels` has, as machine code."""

    project: compiling.Compiled
    iterate: compiling.Compiled


@cache
def ready(dtype: np.dtype) -> Kernels:
    """The kernels of this precision: from disk, or compiled, which takes some seconds and happens once."""
    data, state = _empty(dtype, 4, 3, 2, 3, 1, 3, 2), _empty(dtype, 2, 2)
    students, losses = _empty(dtype, 2, 2, 1, 1, 1), np.zeros((0, 2, 0))
    work = *_empty(dtype, 2, 2), np.zeros((0, 0)), *_empty(dtype, 1, 2, 2, 2, 1)
    examples = {
        "project": _empty(dtype, 2, 3, 2),
        "iterate": (0, 0, 0, (0, 0, 0), data, students, state, work, losses),
    }
    with compiling.alone():
        return Kernels(**{name: compiling.load(name, each, _compile) for name, each in examples.items()})


def _compile(name: str, arguments: tuple) -> bytes:
    from lazytraining.student import kernels  # imports numba, which takes longer than most students to train

    return kernels.machine_code(name, arguments)


def _empty(dtype: np.dtype, *axes: int) -> tuple[np.ndarray, ...]:
    return tuple(np.zeros((0,) * count, dtype) for count in axes)


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _padded(array: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    padded = np.zeros(shape, dtype)
    padded[tuple(map(slice, array.shape))] = array
    return padded


if __name__ == "__main__":
    for precision in ("float32", "float64"):
        ready(np.dtype(precision))
