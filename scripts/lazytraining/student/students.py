"""A stack of students that train together, and one step of it as it is written."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lazytraining.student.network import Weights
from lazytraining.student.recording import EarlyStopping

PerStudent = Float[np.ndarray, " stack"] | list[float] | float
"""A number for each student, or one for all."""


@dataclass(frozen=True)
class Students:
    """Students that share their data, and how each of them trains. Precision is that of their start.

    `displaced` says that every student is symmetrised: the second half of its neurons mirrors the first. The displacement
    w − w0 is then trained instead of w, which is right to single precision's own digits for τ up to 10⁶; w itself loses its
    updates to rounding from τ = 10 on in float32 and from 10⁵ on in float64 (docs/precision.md).
    """

    start: Weights
    alpha: PerStudent
    """α; kept as an array (stack,) in float64."""
    step_size: PerStudent
    """η; likewise."""
    displaced: bool = False
    early_stopping: tuple[EarlyStopping | None, ...] | None = None
    """A rule for each student; None: all go on to the end."""
    hidden_factor: float = 1.0
    """Times the hidden layer's step."""

    def __post_init__(self):
        for name in ("alpha", "step_size"):
            values = np.broadcast_to(np.asarray(getattr(self, name), np.float64), len(self)).copy()
            object.__setattr__(self, name, values)
        if self.early_stopping is not None and len(self.early_stopping) != len(self):
            raise ValueError(f"{len(self.early_stopping)} rules of early stopping for {len(self)} students")

    def __len__(self) -> int:
        return len(self.start.output)

    def select(self, index: list[int]) -> "Students":
        """These students."""
        rules = self.early_stopping and tuple(self.early_stopping[i] for i in index)
        parts = {"alpha": self.alpha[index], "step_size": self.step_size[index], "early_stopping": rules}
        return replace(self, start=self.start.select(index), **parts)

    def split(self, state: Weights) -> tuple[Weights, Weights]:
        """w and w − w0 of an engine's state, which is the one or the other."""
        return (self.start.plus(state), state) if self.displaced else (state, state.minus(self.start))


def step(
    weights: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    alpha: Float[np.ndarray, " stack"],
    step_size: Float[np.ndarray, " stack"],
) -> Weights:
    """One iteration of descent on F(w) = L(w)/α², L = ½ mean((α h(w, x) − y)²), for each student of a stack.

        r = α h(w, X) − y,    w ← w − (η/(α n)) Dh(w)ᵀ r,    ReLU'(0) = 0.

    With c_j = (η/(α n)) Σ_i r_i 1[b_j · x_i > 0] x_i the step is a_j c_j in b_j and, because ReLU(z) = z 1[z > 0], b_j · c_j in
    a_j. So an iteration is two matrix products, which serve the whole stack: (S m × d)·(d × n) and (S m × n)·(n × d). Nothing
    trains with this function: the engines are tested against it.
    """
    hidden, output = weights
    z = hidden @ x.T
    residual = alpha[:, None] * (output[:, None] @ np.maximum(z, 0))[:, 0] - y
    scaled = (step_size / alpha / len(y))[:, None] * residual
    c = np.where(z > 0, scaled[:, None], 0) @ x
    return Weights(hidden - output[..., None] * c, output - (hidden * c).sum(-1))
