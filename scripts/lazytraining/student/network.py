"""The two-layer student h(w, x) = Σ_i a_i ReLU(b_i · x), in stacks.

A stack is S students of m neurons in dimension d. `hidden` holds the b_i, shape (S, m, d);
`output` holds the a_i, shape (S, m). h is positively 2-homogeneous in w = (a, b) and has no
factor 1/m; the trained model is α h (note, §4.1).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import DTypeLike

from lazytraining.student.problem import Stream, generator, sphere


class Weights(NamedTuple):
    """w = (b, a) of a stack of students."""

    hidden: Float[np.ndarray, "stack m d"]
    output: Float[np.ndarray, "stack m"]

    @staticmethod
    def stack(students: Iterable["Weights"]) -> "Weights":
        """Several stacks as one, in their order."""
        return Weights(*map(np.concatenate, zip(*students, strict=True)))

    def astype(self, dtype: DTypeLike) -> "Weights":
        return Weights(self.hidden.astype(dtype), self.output.astype(dtype))

    def copy(self) -> "Weights":
        return Weights(self.hidden.copy(), self.output.copy())

    def plus(self, other: "Weights") -> "Weights":
        return Weights(self.hidden + other.hidden, self.output + other.output)

    def minus(self, other: "Weights") -> "Weights":
        return Weights(self.hidden - other.hidden, self.output - other.output)

    def times(self, factor: float) -> "Weights":
        return Weights(factor * self.hidden, factor * self.output)

    def select(self, index: list[int]) -> "Weights":
        """A copy of these students."""
        return Weights(self.hidden[index], self.output[index])

    def vector(self) -> Float[np.ndarray, "stack p"]:
        """Every weight of a student in one row: neuron by neuron, b_i and then a_i."""
        return np.concatenate([self.hidden, self.output[..., None]], axis=-1).reshape(len(self.output), -1)

    def array(self) -> Float[np.ndarray, "m d_plus_1"]:
        """A stack of one as a row for each neuron: b_i, and a_i in the last column."""
        return np.column_stack([self.hidden[0], self.output[0]])

    @staticmethod
    def from_vector(vector: Float[np.ndarray, "stack p"], d: int) -> "Weights":
        """Inverse of `vector`, for students in dimension d."""
        neurons = vector.reshape(len(vector), -1, d + 1)
        return Weights(neurons[..., :d].copy(), neurons[..., d].copy())


class Movement(NamedTuple):
    """How far students are from their start w0."""

    relative_change: Float[np.ndarray, " stack"]
    """S = Σ_i |w_i − w0_i| / |w0_i| over all weights (note, §4.2)."""
    relative_distance: Float[np.ndarray, " stack"]
    """‖w − w0‖ / ‖w0‖."""
    hidden_distance: Float[np.ndarray, " stack"]
    """‖b − b0‖ / ‖b0‖."""
    output_distance: Float[np.ndarray, " stack"]
    """‖a − a0‖ / ‖a0‖."""


def initialise(m: int, d: int, tau: float, seed: int, symmetrize: bool) -> Weights:
    """Gaussian start of one student, entries ~ N(0, τ²), float64, a stack of one.

    A seed's draw is the same for every τ, only scaled, so that sweeps over τ are paired. With
    `symmetrize`, the first m/2 neurons get a ← |a| and the others are their copies with −a, so
    that h(w0) = 0 (Chizat, Oyallon and Bach 2019).

    Raises ValueError for an odd m with `symmetrize`.
    """
    if symmetrize and m % 2:
        raise ValueError(f"a symmetrised student needs an even m, not {m}")
    weights = tau * generator(seed, Stream.STUDENT).standard_normal((m, d + 1))
    if symmetrize:
        half = weights[: m // 2]
        half[:, d] = np.abs(half[:, d])
        weights = np.concatenate([half, half])
        weights[m // 2 :, d] *= -1
    return Weights.from_vector(weights.reshape(1, -1), d)


def initialise_on_circle(m: int, tau: float, seed: int) -> Weights:
    """Start of one student in the plane, symmetrised: τ b_i on the unit circle, a_i ~ τ U(0, 1), then their mirrors.

    Of Chizat, Oyallon and Bach's first figure; float64, a stack of one, the same draw for every τ. Raises ValueError for an odd m.
    """
    if m % 2:
        raise ValueError(f"a symmetrised student needs an even m, not {m}")
    rng = generator(seed, Stream.STUDENT)
    hidden, output = sphere(rng, m, 2)[: m // 2], rng.uniform(size=m)[: m // 2]
    return Weights(np.concatenate([hidden, hidden])[None], np.concatenate([output, -output])[None]).times(tau)


def forward(weights: Weights, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "stack n"]:
    """h(w, x) at n inputs.

    The two halves of the neurons are evaluated apart, by products of one shape: so both are
    rounded alike, and h of a symmetrised student is 0 to the last bit.
    """
    half = weights.output.shape[1] // 2

    def part(neurons: slice) -> Float[np.ndarray, "stack n"]:
        features = np.maximum(weights.hidden[:, neurons].copy() @ x.T, 0)
        return (weights.output[:, None, neurons].copy() @ features)[:, 0]

    return part(slice(half)) + part(slice(half, None))


def change(
    start: Weights, displacement: Weights, x: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, "stack n"]:
    """h(w0 + δ, x) − h(w0, x) without cancellation, however small δ is beside w0.

    With p = b0·x and q = δb·x it is a0ᵀΔ + δaᵀ ReLU(p + q), where

        Δ = ReLU(p + q) − ReLU(p) = max(q + min(p, 0), −max(p, 0)).
    """
    before, step = start.hidden @ x.T, displacement.hidden @ x.T
    moved = np.maximum(step + np.minimum(before, 0), -np.maximum(before, 0))
    now = np.maximum(before + step, 0)
    return (start.output[:, None] @ moved + displacement.output[:, None] @ now)[:, 0]


def half_mean_square(
    prediction: Float[np.ndarray, "stack n"], target: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " stack"]:
    """The loss L = ½ mean((prediction − target)²)."""
    return np.square(prediction - target).mean(-1) / 2


def movement(displacement: Weights, start: Weights) -> Movement:
    """How far students at w0 + displacement are from their start w0.

    The displacement is given, not the weights: far below the rounding of w0 it still has a size. Nothing is squared that is not
    at most 1, so that whatever is finite comes out so; the other three are at most S.
    """
    displacement, start = displacement.astype(np.float64), start.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # a student that diverges is a result
        relative = np.abs(displacement.vector() / start.vector()).sum(1)
        parts = zip(_layers(displacement), _layers(start), strict=True)
        return Movement(relative, *(norm(moved / norm(whole)[:, None]) for moved, whole in parts))


def _layers(weights: Weights) -> list[Float[np.ndarray, "stack k"]]:
    """All weights of a student in a row, those of its hidden layer, and those of its output layer."""
    return [weights.vector(), weights.hidden.reshape(len(weights.hidden), -1), weights.output]


def norm(rows: Float[np.ndarray, "stack k"]) -> Float[np.ndarray, " stack"]:
    """‖row‖, of numbers of any size: what is squared is at most 1."""
    largest = np.abs(rows).max(1)
    return largest * np.linalg.norm(rows / np.where(largest > 0, largest, 1)[:, None], axis=1)


def gate_flips(now: Weights, start: Weights, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " stack"]:
    """Share of the (neuron, input) pairs whose ReLU gate 1[b·x > 0] differs between two states."""
    with np.errstate(over="ignore", invalid="ignore"):  # a student that diverges is a result
        before, after = start.hidden @ x.T > 0, now.hidden @ x.T > 0
    return (before != after).mean((1, 2))
