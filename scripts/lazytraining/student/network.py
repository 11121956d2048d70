"""The two-layer student h(w, x) = Σ_i a_i ReLU(b_i · x), in stacks.

A stack is S students of m neurons in dimension d. `hidden` holds the b_i, shape (S, m, d);
`output` holds the a_i, shape (S, m). h is positively 2-homogeneous in w = (a, b) and has no
factor 1/m; the trained model is α h (note, §4.1).
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.student.problem import Stream, generator, sphere


class Weights(NamedTuple):
    """w = (b, a) of a stack of students."""

    hidden: Float[Tensor, "stack m d"]
    output: Float[Tensor, "stack m"]

    def clone(self) -> "Weights":
        return Weights(self.hidden.clone(), self.output.clone())

    def to(self, *args, **kwargs) -> "Weights":
        return Weights(self.hidden.to(*args, **kwargs), self.output.to(*args, **kwargs))

    def plus(self, other: "Weights") -> "Weights":
        return Weights(self.hidden + other.hidden, self.output + other.output)

    def minus(self, other: "Weights") -> "Weights":
        return Weights(self.hidden - other.hidden, self.output - other.output)

    def select(self, index: list[int]) -> "Weights":
        return Weights(self.hidden[index], self.output[index])

    def vector(self) -> Float[Tensor, "stack p"]:
        """Every weight of a student in one row: neuron by neuron, b_i and then a_i."""
        return torch.cat([self.hidden, self.output[..., None]], dim=-1).flatten(1)

    def array(self) -> Float[np.ndarray, "m d_plus_1"]:
        """A stack of one as a row for each neuron: b_i, and a_i in the last column."""
        return torch.cat([self.hidden[0], self.output[0][:, None]], dim=1).cpu().numpy()

    @staticmethod
    def from_vector(vector: Float[Tensor, "stack p"], d: int) -> "Weights":
        """Inverse of `vector`, for students in dimension d."""
        neurons = vector.unflatten(1, (-1, d + 1))
        return Weights(neurons[..., :d].contiguous(), neurons[..., d].contiguous())


class Movement(NamedTuple):
    """How far students are from their start w0."""

    relative_change: Float[Tensor, " stack"]
    """S = Σ_i |w_i − w0_i| / |w0_i| over all weights (note, §4.2)."""
    relative_distance: Float[Tensor, " stack"]
    """‖w − w0‖ / ‖w0‖."""
    hidden_distance: Float[Tensor, " stack"]
    """‖b − b0‖ / ‖b0‖."""
    output_distance: Float[Tensor, " stack"]
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
    draw = generator(seed, Stream.STUDENT).standard_normal((m, d + 1))
    weights = tau * torch.from_numpy(draw)
    if symmetrize:
        half = weights[: m // 2]
        half[:, d].abs_()
        weights = torch.cat([half, half])
        weights[m // 2 :, d].neg_()
    return Weights.from_vector(weights.reshape(1, -1), d)


def initialise_on_circle(m: int, tau: float, seed: int) -> Weights:
    """Start of one student in the plane, symmetrised: τ b_i on the unit circle, a_i ~ τ U(0, 1), then their mirrors.

    Of Chizat, Oyallon and Bach's first figure; float64, a stack of one, the same draw for every τ. Raises ValueError for an odd m.
    """
    if m % 2:
        raise ValueError(f"a symmetrised student needs an even m, not {m}")
    rng = generator(seed, Stream.STUDENT)
    hidden = torch.from_numpy(sphere(rng, m, 2))[: m // 2]
    output = torch.from_numpy(rng.uniform(size=m))[: m // 2]
    return Weights(tau * torch.cat([hidden, hidden])[None], tau * torch.cat([output, -output])[None])


def forward(weights: Weights, x: Float[Tensor, "n d"]) -> Float[Tensor, "stack n"]:
    """h(w, x) at n inputs.

    The two halves of the neurons are evaluated apart, from copies that are aligned alike in
    memory: so both are rounded alike, and h of a symmetrised student is 0 to the last bit.
    """
    half = weights.output.shape[1] // 2

    def part(neurons: slice) -> Tensor:
        features = torch.relu(weights.hidden[:, neurons].clone() @ x.T)
        return (weights.output[:, neurons, None] * features).sum(1)

    return part(slice(half)) + part(slice(half, None))


def change(start: Weights, displacement: Weights, x: Float[Tensor, "n d"]) -> Float[Tensor, "stack n"]:
    """h(w0 + δ, x) − h(w0, x) without cancellation, however small δ is beside w0.

    With p = b0·x and q = δb·x it is a0ᵀΔ + δaᵀ ReLU(p + q), where

        Δ = ReLU(p + q) − ReLU(p) = max(q + min(p, 0), −max(p, 0)).
    """
    before, step = start.hidden @ x.T, displacement.hidden @ x.T
    moved = torch.maximum(step + before.clamp(max=0), -before.clamp(min=0))
    outputs = start.output[..., None] * moved + displacement.output[..., None] * torch.relu(before + step)
    return outputs.sum(1)


def half_mean_square(
    prediction: Float[Tensor, "stack n"], target: Float[Tensor, " n"]
) -> Float[Tensor, " stack"]:
    """The loss L = ½ mean((prediction − target)²)."""
    return (prediction - target).square().mean(-1) / 2


def movement(displacement: Weights, start: Weights) -> Movement:
    """How far students at w0 + displacement are from their start w0.

    The displacement is given, not the weights: far below the rounding of w0 it still has a size.
    """

    def norms(weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
        hidden = torch.linalg.vector_norm(weights.hidden, dim=(1, 2))
        output = torch.linalg.vector_norm(weights.output, dim=1)
        return torch.hypot(hidden, output), hidden, output

    relative = (displacement.vector() / start.vector()).abs().sum(1)
    shares = zip(norms(displacement), norms(start), strict=True)
    return Movement(relative, *(step / reference for step, reference in shares))


def gate_flips(now: Weights, start: Weights, x: Float[Tensor, "n d"]) -> Float[Tensor, " stack"]:
    """Share of the (neuron, input) pairs whose ReLU gate 1[b·x > 0] differs between two states."""
    before, after = start.hidden @ x.T > 0, now.hidden @ x.T > 0
    return (before != after).to(now.hidden.dtype).mean((1, 2))
