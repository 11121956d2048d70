"""Gradient flow of two-layer students, integrated with steps that follow the kernel; and the largest step at which descent is stable.

The model is f = s h(v), with v ~ N(0, 1) entries and targets of root mean square 1: by 2-homogeneity s = α τ² / ‖y‖ is all of
α and τ. The flow is that of F(v) = L/s², so that f' = −K(v) (f − y)/n, with the tangent kernel K(v) = Dh(v) Dh(v)ᵀ.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from lazytraining.student.network import Weights
from lazytraining.student.tangent import kernel

EVERY = 10
"""Steps between two looks at the largest eigenvalue of the kernel."""
SAFETY = 1.1
"""On that eigenvalue, which grows between two looks."""
LARGEST_STEP = 0.03
"""Of ‖v‖: no step moves v by more."""
AT_REST = 0.01
"""A flow is at rest if its loss has fallen by a smaller share over the second half of the steps that it may take."""
NUMBERS = 2**16
"""Neurons times points of flows that are integrated together, to stay in a core's cache."""
STEPS, HALVINGS = 300, 10
"""Of each descent that looks for the largest stable step, and of the range that it is in."""
LEAST, MOST = 1e-3, 16.0
"""That range, over 2n/λ_max(K(v0)); the least is multiplied by g where g is below 1."""


class Flow(NamedTuple):
    """Where a flow has ended."""

    weights: Weights
    """v_T, a stack of one."""
    time: float
    """T, the sum of η/n over its steps."""
    iterations: int
    stopped: bool
    """The loss fell below what was asked for."""
    at_rest: bool
    """It did not, and no longer falls."""
    diverged: bool
    largest_eigenvalue: float
    """The largest that λ_max was found to be on its way."""


def integrate(
    start: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    scales: Float[np.ndarray, " flows"],
    *,
    cfl: float,
    stop: float,
    iterations: int,
) -> list[Flow]:
    """The flow from `start`, a stack of one, at each s of `scales`, until L = ½ mean((s h − y)²) < stop · ½ mean(y²), or
    for `iterations` steps.

    Explicit Euler, v ← v − (η/s) Dh(v)ᵀ (s h − y)/n with η = cfl · 2n/λ_max(K(v)), cut where v would move by more than
    LARGEST_STEP of its norm. λ_max is that of K(v0) at first, then by power iteration from there.
    """
    together, found = _together(start, x), []
    for first in range(0, len(scales), together):
        part = scales[first : first + together]
        found += _Stack(start, x, y, part, cfl=cfl, level=stop * np.square(y).mean() / 2).run(iterations)
    return found


def _together(start: Weights, x: np.ndarray) -> int:
    """How many flows go together."""
    return max(1, NUMBERS // (start.output.shape[1] * len(x)))


class _Stack:
    """Flows from one start that are integrated together; those that have ended leave it."""

    NAMES = (
        "index",
        "s",
        "hidden",
        "output",
        "largest",
        "most",
        "vector",
        "time",
        "halfway",
        "gates",
    )
    """Of what it has for each of them."""

    def __init__(
        self, start: Weights, x: np.ndarray, y: np.ndarray, scales: np.ndarray, *, cfl: float, level: float
    ):
        count = len(scales)
        self.x, self.y, self.cfl, self.level = x, y, cfl, level
        self.index, self.s = np.arange(count), scales.astype(float)
        self.hidden, self.output = (np.repeat(part, count, axis=0) for part in start)
        values, basis = np.linalg.eigh(kernel(start, x, x))
        self.largest, self.vector = np.full(count, values[-1]), np.tile(basis[:, -1], (count, 1))
        self.most = self.largest.copy()
        self.time, self.halfway = np.zeros(count), np.full(count, np.inf)

    def run(self, iterations: int) -> list[Flow]:
        ended: list = [None] * len(self.index)
        for step in range(iterations + 1):
            residual, loss = self.look()
            stopped, diverged = loss < self.level, ~np.isfinite(loss)
            if step == (iterations + 1) // 2:
                self.halfway = loss
            over = stopped | diverged | (step == iterations)
            if over.any():
                rest = ~stopped & ~diverged & (loss > (1 - AT_REST) * self.halfway)
                for one in np.flatnonzero(over):
                    weights = Weights(self.hidden[one, None].copy(), self.output[one, None].copy())
                    flags = (bool(flag[one]) for flag in (stopped, rest, diverged))
                    ended[self.index[one]] = Flow(
                        weights, float(self.time[one]), step, *flags, float(self.most[one])
                    )
                self.keep(~over)
                residual = residual[~over]
                if not len(self.index):
                    break
            if step and step % EVERY == 0:
                self.power()
            self.move(residual)
        return ended

    def look(self) -> tuple[Float[np.ndarray, "flows n"], Float[np.ndarray, " flows"]]:
        """f − y and the loss, with the gates there."""
        count, m, d = self.hidden.shape
        with np.errstate(over="ignore", invalid="ignore"):  # a flow that diverges is a result
            z = (self.hidden.reshape(-1, d) @ self.x.T).reshape(count, m, -1)
            self.gates = z > 0
            residual = self.s[:, None] * (self.output[:, None] @ np.maximum(z, 0, out=z))[:, 0] - self.y
            return residual, np.square(residual).mean(1) / 2

    def keep(self, kept: Bool[np.ndarray, " flows"]) -> None:
        for name in self.NAMES:
            setattr(self, name, getattr(self, name)[kept])

    def gather(self, outputs: Float[np.ndarray, "flows n"]) -> Float[np.ndarray, "flows m d"]:
        """Σ_i 1[b_j · x_i > 0] r_i x_i for each neuron: the part of Dhᵀ r that both layers share."""
        count, m, d = self.hidden.shape
        gated = self.gates * outputs[:, None]
        return (gated.reshape(count * m, -1) @ self.x).reshape(count, m, d)

    def power(self) -> None:
        """One power iteration, u ← K u / ‖K u‖, with λ_max ≈ ‖K u‖."""
        count, m, d = self.hidden.shape
        gathered = self.gather(self.vector)
        along = np.einsum("fmd,fmd->fm", self.hidden, gathered)
        pulled = self.output[:, :, None] ** 2 * gathered + along[:, :, None] * self.hidden
        outputs = (pulled.reshape(-1, d) @ self.x.T).reshape(count, m, -1)
        outputs *= self.gates
        moved = outputs.sum(1)
        self.largest = np.linalg.norm(moved, axis=1)
        self.vector = moved / self.largest[:, None]
        self.most = np.maximum(self.most, self.largest)

    def move(self, residual: Float[np.ndarray, "flows n"]) -> None:
        gathered = self.gather(residual)
        slope = np.einsum("fmd,fmd->fm", self.hidden, gathered)
        gathered *= self.output[:, :, None]
        per_point = self.step(slope, gathered)
        factor = per_point / self.s
        self.output -= factor[:, None] * slope
        self.hidden -= factor[:, None, None] * gathered
        self.time += per_point

    def step(
        self, slope: Float[np.ndarray, "flows m"], gathered: Float[np.ndarray, "flows m d"]
    ) -> Float[np.ndarray, " flows"]:
        """η/n, given Dhᵀ (f − y) in both layers."""
        size = np.sqrt(np.square(slope).sum(1) + np.square(gathered).sum((1, 2)))
        length = np.sqrt(np.square(self.output).sum(1) + np.square(self.hidden).sum((1, 2)))
        return np.minimum(2 * self.cfl / (SAFETY * self.largest), LARGEST_STEP * length * self.s / size)


def stable_steps(
    start: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    scales: Float[np.ndarray, " flows"],
    *,
    stop: float,
) -> Float[np.ndarray, " flows"]:
    """The largest stable step of descent from `start`, a stack of one, at each s of `scales`, over 2n/λ_max(K(v0)).

    A step is stable if the loss is never above its first, for STEPS steps or until it is as low as where `integrate` stops. Found by
    halving, to about a hundredth; NaN if it is below the smallest that is tried.
    """
    together, level = _together(start, x), stop * np.square(y).mean() / 2
    low, high = LEAST * np.minimum(1, scales * start.output.shape[1]), np.full(len(scales), MOST)
    stable = np.zeros(len(scales), bool)
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        ends = []
        for first in range(0, len(scales), together):
            part = slice(first, first + together)
            ends += _Descent(start, x, y, scales[part], shares=middle[part], level=level).run(STEPS)
        held = np.array([not end.diverged for end in ends])
        low, high, stable = np.where(held, middle, low), np.where(held, high, middle), stable | held
    return np.where(stable, low, np.nan)


class _Descent(_Stack):
    """Descents at steps that stay; one whose loss is above its first counts as diverged."""

    NAMES = (*_Stack.NAMES, "per_point", "first")

    def __init__(
        self,
        start: Weights,
        x: np.ndarray,
        y: np.ndarray,
        scales: np.ndarray,
        *,
        shares: np.ndarray,
        level: float,
    ):
        super().__init__(start, x, y, scales, cfl=1.0, level=level)
        self.per_point = 2 * shares / self.largest
        _, self.first = super().look()

    def look(self) -> tuple[Float[np.ndarray, "flows n"], Float[np.ndarray, " flows"]]:
        residual, loss = super().look()
        return residual, np.where(loss > self.first, np.inf, loss)

    def power(self) -> None:
        """The step does not follow the kernel."""

    def step(self, slope: np.ndarray, gathered: np.ndarray) -> Float[np.ndarray, " flows"]:
        return self.per_point
