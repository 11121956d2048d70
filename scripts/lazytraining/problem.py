"""Teacher, data and the random streams that everything is drawn from."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float


class Stream(IntEnum):
    """Which of a seed's independent random streams a draw belongs to."""

    TEACHER = 0
    TRAIN_INPUTS = 1
    TEST_INPUTS = 2
    STUDENT = 3
    MINIBATCHES = 4
    DIRECTIONS = 5


def generator(seed: int, stream: Stream) -> np.random.Generator:
    """The generator of one stream of one seed: PCG64(SeedSequence(seed, spawn_key=(stream,)))."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(stream),))))


@dataclass(frozen=True)
class Problem:
    """A regression problem, in float64."""

    x_train: Float[np.ndarray, "n_train d"]
    y_train: Float[np.ndarray, " n_train"]
    x_test: Float[np.ndarray, "n_test d"]
    y_test: Float[np.ndarray, " n_test"]

    @property
    def zero_loss(self) -> float:
        """Test loss ½ mean(y²) of the predictor that is 0 everywhere."""
        return float(np.mean(self.y_test**2) / 2)


def sphere(rng: np.random.Generator, n: int, d: int) -> Float[np.ndarray, "n d"]:
    """n points uniform on the unit sphere of R^d."""
    points = rng.standard_normal((n, d))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def make_problem(
    d: int, n_train: int, n_test: int, teacher_neurons: int, teacher_gain: float, seed: int
) -> Problem:
    """Teacher-student problem: y = gain · Σ_i s_i ReLU(v_i · x), ‖v_i‖ = 1, s_i = ±1 (note, §4.1).

    Inputs are uniform on the unit sphere of R^d.
    """
    rng = generator(seed, Stream.TEACHER)
    hidden = sphere(rng, teacher_neurons, d)
    output = teacher_gain * np.sign(rng.standard_normal(teacher_neurons))
    x_train = sphere(generator(seed, Stream.TRAIN_INPUTS), n_train, d)
    x_test = sphere(generator(seed, Stream.TEST_INPUTS), n_test, d)
    y_train, y_test = (np.maximum(x @ hidden.T, 0) @ output for x in (x_train, x_test))
    return Problem(x_train, y_train, x_test, y_test)
