"""Teacher, data and the random streams that everything is drawn from."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float


class Stream(IntEnum):
    """Which of a seed's independent random streams a draw belongs to.

    CNN is the start of VGG-11 (`builtin.vgg11`), SHUFFLING and AUGMENTATION are a module's batches (`batches.batches`), IMAGE_SPLIT with seed 0
    divides the digits into those that train and those that test (`images.digits_32`).
    """

    TEACHER = 0
    TRAIN_INPUTS = 1
    TEST_INPUTS = 2
    STUDENT = 3
    MINIBATCHES = 4
    DIRECTIONS = 5
    CNN = 6
    SHUFFLING = 7
    AUGMENTATION = 8
    IMAGE_SPLIT = 9


def generator(seed: int, stream: Stream) -> np.random.Generator:
    """The generator of one stream of one seed: PCG64(SeedSequence(seed, spawn_key=(stream,)))."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(stream),))))


@dataclass(frozen=True)
class Teacher:
    """gain · Σ_i s_i ReLU(v_i · x), ‖v_i‖ = 1, s_i = ±1 (note, §4.1)."""

    hidden: Float[np.ndarray, "m0 d"]
    output: Float[np.ndarray, " m0"]

    def __call__(self, x: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch"]:
        return np.maximum(x @ self.hidden.T, 0) @ self.output


@runtime_checkable
class Data(Protocol):
    """What descent trains on: the same points at every iteration (`Problem`), or a fresh batch at each (`Batches`)."""

    fresh: bool
    x_test: Float[np.ndarray, "n_test d"]
    y_test: Float[np.ndarray, " n_test"]

    @property
    def n_train(self) -> int:
        """Points of an iteration."""

    @property
    def state(self) -> dict | None:
        """Where the next draw starts; setting it goes back there. None where all draws are the same."""

    def draw(
        self, count: int
    ) -> tuple[Float[np.ndarray, "batches n_train d"], Float[np.ndarray, "batches n_train"]]:
        """The points of the next `count` iterations: so many batches, or one for all of them."""


@dataclass(frozen=True)
class Problem:
    """A regression problem, in float64."""

    fresh: ClassVar[bool] = False
    state: ClassVar[None] = None
    x_train: Float[np.ndarray, "n_train d"]
    y_train: Float[np.ndarray, " n_train"]
    x_test: Float[np.ndarray, "n_test d"]
    y_test: Float[np.ndarray, " n_test"]

    @property
    def n_train(self) -> int:
        return len(self.y_train)

    def draw(
        self, count: int
    ) -> tuple[Float[np.ndarray, "1 {self.n_train} d"], Float[np.ndarray, "1 {self.n_train}"]]:
        """The training points, for any number of iterations."""
        return self.x_train[None], self.y_train[None]

    @property
    def zero_loss(self) -> float:
        """Test loss ½ mean(y²) of the predictor that is 0 everywhere."""
        return float(np.mean(self.y_test**2) / 2)


def sphere(rng: np.random.Generator, n: int, d: int) -> Float[np.ndarray, "n d"]:
    """n points uniform on the unit sphere of R^d."""
    points = rng.standard_normal((n, d))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def make_teacher(d: int, teacher_neurons: int, teacher_gain: float, seed: int) -> Teacher:
    """The teacher of a seed."""
    rng = generator(seed, Stream.TEACHER)
    hidden = sphere(rng, teacher_neurons, d)
    return Teacher(hidden, teacher_gain * np.sign(rng.standard_normal(teacher_neurons)))


def make_problem(
    d: int, n_train: int, n_test: int, teacher_neurons: int, teacher_gain: float, seed: int
) -> Problem:
    """Teacher-student problem with inputs uniform on the unit sphere of R^d."""
    teacher = make_teacher(d, teacher_neurons, teacher_gain, seed)
    x_train = sphere(generator(seed, Stream.TRAIN_INPUTS), n_train, d)
    x_test = sphere(generator(seed, Stream.TEST_INPUTS), n_test, d)
    return Problem(x_train, teacher(x_train), x_test, teacher(x_test))


class Batches:
    """Fresh points on the unit sphere with their teacher's values: a batch for each iteration, and test points that stay.

    However many are drawn at once, batch t is the t-th of the seed's stream, to the same bits. `state` is where the stream
    stands; setting it goes back there.
    """

    fresh = True

    def __init__(
        self,
        teacher: Teacher,
        size: int,
        seed: int,
        x_test: Float[np.ndarray, "n_test d"],
        y_test: Float[np.ndarray, " n_test"],
    ):
        self.teacher, self.n_train, self.rng = teacher, size, generator(seed, Stream.MINIBATCHES)
        self.x_test, self.y_test = x_test, y_test

    @property
    def state(self) -> dict:
        return self.rng.bit_generator.state

    @state.setter
    def state(self, state: dict) -> None:
        self.rng.bit_generator.state = state

    def draw(
        self, count: int
    ) -> tuple[Float[np.ndarray, "{count} {self.n_train} d"], Float[np.ndarray, "{count} {self.n_train}"]]:
        """The next `count` batches."""
        x = sphere(self.rng, count * self.n_train, self.teacher.hidden.shape[1])
        x = x.reshape(count, self.n_train, -1)
        return x, np.stack([self.teacher(batch) for batch in x])
