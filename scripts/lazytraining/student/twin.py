"""A two-layer student beside its own tangent model: how lazy it is, at its end or on its way, by the measures of `laziness`."""

import numpy as np
from jaxtyping import Float

from lazytraining.student import laziness, network, tangent
from lazytraining.student.network import Weights
from lazytraining.student.problem import Problem


class Twin:
    """A student's tangent model at its start w0, and its kernel there, on the points that it is trained and tested on.

    start      w0, a stack of one, in float64
    data       the points and their targets
    alpha      factor on the student's output
    step_size  η, for both
    displaced  whether the student is followed by w − w0, with h(w0) = 0
    """

    def __init__(self, start: Weights, data: Problem, alpha: float, step_size: float, displaced: bool):
        self.start, self.data, self.alpha, self.step_size = start, data, alpha, step_size
        self.displaced = displaced
        self.model = tangent.TangentModel.at(start, data)
        self.kernel = tangent.kernel(start, data.x_train, data.x_train)

    def end(self, weights: Weights, displacement: Weights, iterations: int) -> list[float]:
        """The columns `schemas.LAZINESS` of a student at w = `weights` after so many updates."""
        kernel = tangent.kernel(weights, self.data.x_train, self.data.x_train)
        moved = laziness.kernel_movement(kernel, self.kernel)
        gaps = self._gaps(weights, displacement, iterations)
        aligned = feature_alignment(self.start, weights, self.data.x_train)
        return [*gaps, *moved, aligned, sharpness(kernel, self.alpha)]

    def on_the_way(self, displacement: Weights, iterations: int) -> list[float]:
        """The columns `schemas.ALONG` of a student at w0 + `displacement` after so many updates; NaN where it has diverged."""
        weights = self.start.plus(displacement)
        with np.errstate(over="ignore", invalid="ignore"):
            kernel = tangent.kernel(weights, self.data.x_train, self.data.x_train)
            moved = float(np.linalg.norm(kernel - self.kernel) / np.linalg.norm(self.kernel))
            return [*self._gaps(weights, displacement, iterations), moved]

    def _gaps(self, weights: Weights, displacement: Weights, iterations: int) -> list[float]:
        """‖f − f̄‖/‖y‖ on the training and on the test points; f̄ is the tangent model after as many steps of the same size.

        Not finite where y is 0, or where the tangent model has diverged.
        """
        data, found = self.data, []
        linear = self.model.outputs(self.alpha, self.step_size, np.array([iterations]))
        points = ((data.x_train, data.y_train), (data.x_test, data.y_test))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for (x, y), twin in zip(points, linear, strict=True):
                output = (
                    network.change(self.start, displacement, x)
                    if self.displaced
                    else network.forward(weights, x)
                )
                found.append(float(np.linalg.norm(self.alpha * output[0] - twin[0]) / np.linalg.norm(y)))
        return found


def feature_alignment(start: Weights, end: Weights, x: Float[np.ndarray, "n d"]) -> float:
    """Linear CKA of the hidden layer's outputs ReLU(b·x) at n points."""
    return laziness.feature_alignment(*(np.maximum(x @ weights.hidden[0].T, 0) for weights in (end, start)))


def sharpness(kernel: Float[np.ndarray, "n n"], alpha: float) -> float:
    """α² λ_max(K)/n, the largest eigenvalue of the Gauss-Newton part of the training loss's Hessian: all of it where f = y.

    By power iteration until it no longer grows by more than its rounding: what it may miss beside that is a nearly equal eigenvalue.
    """
    vector, before, found = np.full(len(kernel), len(kernel) ** -0.5), -1.0, 0.0
    while found > before * (1 + 1e-12):
        vector, before = kernel @ vector, found
        found = float(np.linalg.norm(vector))
        if not found:
            break
        vector /= found
    return alpha**2 * found / len(kernel)
