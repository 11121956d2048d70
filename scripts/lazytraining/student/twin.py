"""A two-layer student beside its own tangent model: how lazy it was at its end, by the measures of `laziness`."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from lazytraining.student import laziness, tangent
from lazytraining.student.network import Weights
from lazytraining.student.problem import Problem


def gaps(
    start: Weights,
    data: Problem,
    outputs: Sequence[Float[np.ndarray, " _"]],
    alpha: float,
    step_size: float,
    iterations: int,
) -> list[float]:
    """‖f − f̄‖/‖y‖ on the training and on the test points; f̄ is the tangent model at w0 after as many steps of the same size.

    `outputs` are f = α h(w) at both. Not finite where y is 0, or where the tangent model has diverged.
    """
    model = tangent.TangentModel.at(start, data)
    linear = model.outputs(alpha, step_size, np.array([iterations]))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return [
            float(np.linalg.norm(output - twin[0]) / np.linalg.norm(y))
            for output, twin, y in zip(outputs, linear, (data.y_train, data.y_test), strict=True)
        ]


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
