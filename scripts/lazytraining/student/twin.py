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


def kernel_movement(start: Weights, end: Weights, x: Float[np.ndarray, "n d"]) -> laziness.KernelMovement:
    """Of the tangent kernel on n points, from a stack of one to another."""
    return laziness.kernel_movement(*(tangent.kernel(weights, x, x) for weights in (end, start)))


def feature_alignment(start: Weights, end: Weights, x: Float[np.ndarray, "n d"]) -> float:
    """Linear CKA of the hidden layer's outputs ReLU(b·x) at n points."""
    return laziness.feature_alignment(*(np.maximum(x @ weights.hidden[0].T, 0) for weights in (end, start)))


def sharpness(weights: Weights, x: Float[np.ndarray, "n d"], alpha: float) -> float:
    """α² ‖Dh‖², the largest eigenvalue of the Gauss-Newton part of the training loss's Hessian: all of it where f = y."""
    return float((alpha * tangent.differential(weights, x).norm()) ** 2 / len(x))
