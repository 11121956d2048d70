"""Theory of one two-layer student at its start: tangent model, its norms, and what it predicts.

X is the (n, d) matrix of inputs, G_j = 1[X b_j > 0] the gate of neuron j. Norms of outputs are
root mean squares over the n points throughout, ‖f‖ = (mean f²)^½, so that operator norms carry
a factor n^(-½) where they map into outputs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from lazytraining.student.network import Weights, change, forward, norm
from lazytraining.student.problem import Problem


class Differential(NamedTuple):
    """Dh(w), or a difference of two, as a linear map from weights to outputs; its (n, p) matrix need not be made.

    Its row for an input x has `slopes` x in b_j and `features` in a_j, neuron by neuron, as in `Weights.vector`.
    """

    slopes: Float[np.ndarray, "n m"]
    features: Float[np.ndarray, "n m"]
    x: Float[np.ndarray, "n d"]

    def matrix(self) -> Float[np.ndarray, "n p"]:
        derivatives = self.slopes[:, :, None] * self.x[:, None, :]
        return np.concatenate([derivatives, self.features[:, :, None]], axis=2).reshape(len(self.x), -1)

    def apply(self, vector: Float[np.ndarray, " p"]) -> Float[np.ndarray, " n"]:
        """Dh u."""
        neurons = vector.reshape(self.slopes.shape[1], -1)
        return (self.slopes * (self.x @ neurons[:, :-1].T)).sum(1) + self.features @ neurons[:, -1]

    def pull_back(self, outputs: Float[np.ndarray, " n"]) -> Float[np.ndarray, " p"]:
        """Dhᵀ r."""
        hidden = (self.slopes * outputs[:, None]).T @ self.x
        return np.column_stack([hidden, self.features.T @ outputs]).ravel()

    def norm(self) -> float:
        """The largest singular value, by Lanczos iteration to machine precision; of any size, since it is one of
        numbers up to 1 that is squared."""
        from scipy.sparse.linalg import (  # takes longer to import than a training job's end
            LinearOperator,
            svds,
        )

        size = float(max(np.abs(self.slopes).max(), np.abs(self.features).max()))
        if size == 0 or not np.isfinite(size):
            return size
        unit = Differential(self.slopes / size, self.features / size, self.x)
        shape = len(self.x), self.slopes.shape[1] * (self.x.shape[1] + 1)
        if min(shape) < 3:
            return size * float(np.linalg.norm(unit.matrix(), 2))
        maps = (lambda u: unit.apply(u.ravel())), (lambda r: unit.pull_back(r.ravel()))
        operator = LinearOperator(shape, *maps, dtype=float)
        first = np.ones(min(shape))
        return size * float(svds(operator, k=1, v0=first, return_singular_vectors=False)[0])


def differential(weights: Weights, x: Float[np.ndarray, "n d"]) -> Differential:
    """Dh(w) at n inputs; a stack of one.

    ∂h/∂b_j = a_j G_j x and ∂h/∂a_j = ReLU(b_j · x), with ReLU'(0) = 0.
    """
    z = x @ weights.hidden[0].T
    return Differential(weights.output[0] * (z > 0), np.maximum(z, 0), x)


def differential_change(start: Weights, displacement: Weights, x: Float[np.ndarray, "n d"]) -> Differential:
    """Dh(w0 + δ) − Dh(w0) without cancellation, however small δ is beside w0; a stack of one."""
    before, step = x @ start.hidden[0].T, x @ displacement.hidden[0].T
    gates, now = before > 0, before + step > 0
    slopes = displacement.output[0] * now + start.output[0] * (now.astype(x.dtype) - gates)
    features = np.maximum(step + np.minimum(before, 0), -np.maximum(before, 0))
    return Differential(slopes, features, x)


def kernel(
    weights: Weights, x: Float[np.ndarray, "n d"], other: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "n k"]:
    """Tangent kernel Dh(w; x) Dh(w; other)ᵀ without the Jacobians; a stack of one.

    K(x, x') = x·x' Σ_j a_j² 1[b_j·x > 0] 1[b_j·x' > 0] + Σ_j ReLU(b_j·x) ReLU(b_j·x'), which for
    many Gaussian neurons tends to arc-cosine kernels (Jacot, Gabriel and Hongler 2018).
    """
    hidden, output = weights.hidden[0], weights.output[0]
    z, other_z = x @ hidden.T, other @ hidden.T
    gates = ((z > 0) * output) @ ((other_z > 0) * output).T
    return gates * (x @ other.T) + np.maximum(z, 0) @ np.maximum(other_z, 0).T


def first_derivative_norm(weights: Weights, x: Float[np.ndarray, "n d"]) -> float:
    """‖Dh(w)‖, the largest singular value of the Jacobian over √n (outputs in root mean square)."""
    return float(np.sqrt(max(np.linalg.eigvalsh(kernel(weights, x, x))[-1], 0) / len(x)))


def second_derivative_norm(weights: Weights, x: Float[np.ndarray, "n d"]) -> float:
    """‖D²h(w)‖ = max_j ‖G_j X‖ / √n, spectral norms, away from the kinks; exact.

    Proof. Along u = (u_a, u_b), D²h[u, u] = 2 Σ_j u_{a,j} G_j X u_{b,j}, whose norm is at most
    2 max_j ‖G_j X‖ Σ_j |u_{a,j}| ‖u_{b,j}‖ ≤ max_j ‖G_j X‖ for ‖u‖ = 1, by 2 s t ≤ s² + t². One neuron
    with |u_a| = ‖u_b‖ = 2^(-½), u_b along the leading right singular vector of its G_j X, reaches it.
    And D²h has the norm of its quadratic form, as every symmetric bilinear map: its part along any
    one direction of outputs does. ∎
    """
    gates = (x @ weights.hidden[0].T > 0).astype(x.dtype)
    pairs = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    grams = (gates.T @ pairs).reshape(-1, x.shape[1], x.shape[1])
    return float(np.sqrt(np.linalg.eigvalsh(grams)[:, -1].max() / len(x)))


def kappa(
    weights: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    tau: Float[np.ndarray, "*grid"],
    alpha: Float[np.ndarray, "*grid"],
) -> Float[np.ndarray, "*grid"]:
    """κ_{αh}(τ w') = (1/α) ‖α h − y‖ ‖D²h‖ / ‖Dh‖², for w' = `weights`, at each τ and α (note, §1.1).

    By 2-homogeneity h and Dh at τ w' are τ² and τ times those at w', and D²h is the same. NaN where no neuron is active at any
    input: both are 0 then.
    """
    first, second = first_derivative_norm(weights, x), second_derivative_norm(weights, x)
    output = forward(weights, x)[0]
    gain = (alpha * tau**2)[..., None]
    distance = np.sqrt(np.square(gain * output - y).mean(-1))
    with np.errstate(invalid="ignore"):
        return distance * (second / np.square(first)) / alpha / tau / tau


def gradient_norm(
    weights: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    tau: Float[np.ndarray, "*grid"],
    alpha: Float[np.ndarray, "*grid"],
) -> Float[np.ndarray, "*grid"]:
    """‖∇F(τ w')‖ = (1/(α n)) ‖Dhᵀ(α h − y)‖ of F = L/α², for w' = `weights`, at each τ and α."""
    residual = (alpha * tau**2)[..., None] * forward(weights, x)[0] - y
    squares = ((residual @ kernel(weights, x, x)) * residual).sum(-1)
    return tau * np.sqrt(np.maximum(squares, 0)) / (alpha * len(x))


class StepChange(NamedTuple):
    """What one step of descent changes at the start, and what §1.1 says of it beforehand."""

    objective_change: float
    """Δ(F) = |F(w1) − F(w0)| / F(w0)."""
    objective_estimate: float
    """η ‖∇F(w0)‖² / F(w0)."""
    differential_change: float
    """Δ(Dh) = ‖Dh(w1) − Dh(w0)‖ / ‖Dh(w0)‖."""
    differential_bound: float
    """η ‖∇F(w0)‖ ‖D²h(w0)‖ / ‖Dh(w0)‖."""
    output_norm: float
    """‖h(w0)‖."""
    first_norm: float
    """‖Dh(w0)‖."""
    second_norm: float
    """‖D²h(w0)‖."""


def step_change(
    start: Weights,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    alpha: float,
    step_size: float,
    second: float,
) -> StepChange:
    """Of the objective and of the differential, in one step w1 = w0 − η ∇F(w0); a stack of one, with second = ‖D²h(w0)‖.

    NaN where F(w0) is 0, or Dh(w0) because no neuron is active at any input; infinite where the step is beyond all numbers.
    """
    at_start = differential(start, x)
    outputs = forward(start, x)[0]
    residual = alpha * outputs - y
    with np.errstate(over="ignore", invalid="ignore"):
        step = -(step_size / (alpha * len(x))) * at_start.pull_back(residual)
        displacement = Weights.from_vector(step[None], x.shape[1])
        moved = alpha * change(start, displacement, x)[0]
        objective = abs((moved * (2 * residual + moved)).sum())
        changes = np.array([objective, differential_change(start, displacement, x).norm()])
        changes[np.isnan(changes)] = np.inf
        squares, first = np.square(residual).sum(), at_start.norm() / len(x) ** 0.5
        objective, moved = changes / [squares, first * len(x) ** 0.5]
        length = norm(step[None])[0]
        estimate = 2 * len(x) / step_size * (alpha * length / norm(residual[None])[0]) ** 2
        bound = length * second / first
        root_mean_square = norm(outputs[None])[0] / len(x) ** 0.5
        numbers = (objective, estimate, moved, bound, root_mean_square, first, second)
        return StepChange(*map(float, numbers))


@dataclass
class TangentModel:
    """Gradient descent on the linearised model f = α h(w0) + α Dh(w0)(w − w0), in closed form.

    With K the tangent kernel on the training set, one eigendecomposition K = U diag(λ) Uᵀ gives

        f_t − y = U diag(ρ^t) Uᵀ (f_0 − y),    ρ = 1 − η λ / n,
        f_t = f_0 − (η/n) K(test, train) U diag(Σ_{s<t} ρ^s) Uᵀ (f_0 − y)    on the test set,

    for descent on L/α², whatever α. K may be singular. Everything is in float64.
    """

    eigenvalues: Float[np.ndarray, " n"]
    start_train: Float[np.ndarray, " n"]
    start_test: Float[np.ndarray, " k"]
    basis: Float[np.ndarray, "n n"]
    test_basis: Float[np.ndarray, "k n"]
    y_train: Float[np.ndarray, " n"]
    y_test: Float[np.ndarray, " k"]

    @staticmethod
    def at(weights: Weights, problem: Problem) -> "TangentModel":
        """The tangent model at a stack of one."""
        x_train, x_test = problem.x_train, problem.x_test
        eigenvalues, basis = np.linalg.eigh(kernel(weights, x_train, x_train))
        outputs = forward(weights, x_train)[0], forward(weights, x_test)[0]
        test_basis = kernel(weights, x_test, x_train) @ basis
        targets = problem.y_train, problem.y_test
        return TangentModel(np.maximum(eigenvalues, 0), *outputs, basis, test_basis, *targets)

    def best_fit(self) -> float:
        """The least training loss of the tangent model, ½ mean of the part of y that K's null space holds.

        h(w0) = ½ Dh(w0) w0 is in the range of Dh, so neither α nor τ matters.
        """
        null = self.eigenvalues <= len(self.y_train) * np.finfo(float).eps * self.eigenvalues[-1]
        return float(np.square((self.basis.T @ self.y_train)[null]).sum() / (2 * len(self.y_train)))

    def stable_step(self, tau: float = 1.0) -> float:
        """2n / (τ² λ_max), the step beyond which descent on the tangent model diverges, whatever α; infinite where no neuron is
        active at any training point, and nothing moves."""
        with np.errstate(divide="ignore"):
            return float(2 * len(self.y_train) / (tau**2 * self.eigenvalues[-1]))

    def losses(
        self, alpha: float, step_size: float, iterations: Int[np.ndarray, " t"], tau: float = 1.0
    ) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
        """Train and test loss after so many iterations, from the start multiplied by τ.

        A step beyond 2n/λ diverges; the losses are then huge or infinite.
        """
        residual, summed = self._modes(alpha, step_size, iterations, tau)
        with np.errstate(over="ignore", invalid="ignore"):
            train = np.square(residual).sum(1) / (2 * len(self.y_train))
            test = self._test_outputs(alpha, step_size, summed, tau) - self.y_test
            test = np.square(test).mean(1) / 2
        return tuple(np.where(np.isnan(losses), np.inf, losses) for losses in (train, test))

    def momentum_loss(
        self, alpha: float, step_size: float, iterations: int, momentum: float, tau: float = 1.0
    ) -> float:
        """Training loss after so many iterations of v ← β v − η ∇F, w ← w + v from v = 0 and from the start multiplied by τ.

        Each mode has r_{t+1} = (1 + β − η λ/n) r_t − β r_{t−1}, with r_{−1} = r_0, the heavy ball: a power of a 2 × 2 matrix.
        """
        first = self.basis.T @ (alpha * tau**2 * self.start_train - self.y_train)
        rate = step_size * tau**2 * self.eigenvalues / len(self.y_train)
        matrix = np.zeros((len(rate), 2, 2))
        matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 0] = 1 + momentum - rate, -momentum, 1
        with np.errstate(over="ignore", invalid="ignore"):
            last = np.linalg.matrix_power(matrix, iterations)[:, 0].sum(1) * first
            loss = float(np.square(last).sum() / (2 * len(self.y_train)))
        return np.inf if np.isnan(loss) else loss

    def outputs(
        self, alpha: float, step_size: float, iterations: Int[np.ndarray, " t"], tau: float = 1.0
    ) -> tuple[Float[np.ndarray, "t n"], Float[np.ndarray, "t k"]]:
        """f_t at the training and the test inputs after so many iterations."""
        residual, summed = self._modes(alpha, step_size, iterations, tau)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.y_train + residual @ self.basis.T, self._test_outputs(alpha, step_size, summed, tau)

    def displacements(
        self,
        alpha: float,
        step_size: float,
        iterations: Int[np.ndarray, " t"],
        differential: Float[np.ndarray, "n p"],
    ) -> Float[np.ndarray, "t p"]:
        """w̄_t − w0 = −(η/(α n)) Dhᵀ Σ_{s<t} (f_s − y), given Dh(w0) at the training inputs."""
        with np.errstate(over="ignore", invalid="ignore"):
            summed = self.summed_residuals(alpha, step_size, iterations)
            return -(step_size / (alpha * len(self.y_train))) * summed @ differential

    def summed_residuals(
        self, alpha: float, step_size: float, iterations: Int[np.ndarray, " t"]
    ) -> Float[np.ndarray, "t n"]:
        """Σ_{s<t} (f_s − y) at the training inputs, of which −(η/(α n)) Dhᵀ is the displacement of the weights."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._modes(alpha, step_size, iterations, 1.0)[1] @ self.basis.T

    def _modes(
        self, alpha: float, step_size: float, iterations: Int[np.ndarray, " t"], tau: float
    ) -> tuple[Float[np.ndarray, "t n"], Float[np.ndarray, "t n"]]:
        """f_t − y and Σ_{s<t} (f_s − y) on the training set, in the basis U."""
        coefficients = self.basis.T @ (alpha * tau**2 * self.start_train - self.y_train)
        t = iterations[:, None].astype(float)
        with np.errstate(
            over="ignore", divide="ignore", invalid="ignore"
        ):  # of the branch not taken, or past the edge
            rate = np.where(
                self.eigenvalues > 0, step_size * tau**2 * self.eigenvalues / len(self.y_train), 0.0
            )
            power = np.where(rate < 1, np.exp(t * np.log1p(-np.minimum(rate, 1))), (1 - rate) ** t)
            power = np.where(t == 0, 1.0, power)
            exact = -np.expm1(t * np.log1p(-np.minimum(rate, 0.5)))
            geometric = np.where(rate < 0.5, exact, 1 - power) / np.where(rate > 0, rate, 1.0)
            return coefficients * power, coefficients * np.where(rate > 0, geometric, t)

    def _test_outputs(
        self, alpha: float, step_size: float, summed: Float[np.ndarray, "t n"], tau: float
    ) -> Float[np.ndarray, "t k"]:
        moved = summed @ self.test_basis.T * (step_size * tau**2 / len(self.y_train))
        return alpha * tau**2 * self.start_test - moved


def primal_displacement(
    differential: Float[np.ndarray, "n p"],
    residual: Float[np.ndarray, " n"],
    step_size: float,
    iterations: int,
) -> Float[np.ndarray, " p"]:
    """α (w̄_T − w0) = −η Σ_{s<T} (I − η G)^s Dhᵀ(f_0 − y)/n of the tangent model, with G = Dhᵀ Dh/n: for more points than weights."""
    n = len(differential)
    values, basis = np.linalg.eigh(differential.T @ differential / n)
    rate = step_size * np.maximum(values, 0)
    small = rate < np.finfo(float).eps
    summed = np.where(small, iterations, (1 - (1 - rate) ** iterations) / np.where(small, 1.0, rate))
    return -step_size * basis @ (summed * (basis.T @ (differential.T @ residual / n)))


def random_feature_loss(weights: Weights, problem: Problem) -> float:
    """Test loss of least squares on the student's ReLU features at w0 (Rahimi and Recht 2007).

    Of all least-squares solutions the one of least norm, as gradient descent from 0 finds it.
    """
    features, test_features = (
        np.maximum(x @ weights.hidden[0].T, 0) for x in (problem.x_train, problem.x_test)
    )
    output = np.linalg.lstsq(features, problem.y_train)[0]
    return float(np.square(test_features @ output - problem.y_test).mean() / 2)
