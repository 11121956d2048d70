"""One cell of the phase diagram: order parameters of a flow, and what the kernel at its start predicts of them without training.

A cell has the coupling g = s m, with s = α τ² / ‖y‖ the size of the output scale: α and τ matter through s alone (`flow`).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from lazytraining.student import laziness, tangent
from lazytraining.student.flow import SAFETY, Flow, integrate, stable_steps
from lazytraining.student.laziness import Collapse, Lazy
from lazytraining.student.network import Weights, forward, gate_flips, half_mean_square, initialise, movement
from lazytraining.student.problem import Problem


class TangentFlow:
    """Gradient flow on the model linearised at v0, f̄ = s h(v0) + s Dh(v0)(v − v0), at any time; in closed form.

    With K = U diag(λ) Uᵀ on the training points, c = Uᵀ(f_0 − y) and φ_T(λ) = (1 − e^(−λT))/λ,

        f̄_T = y + U e^(−λT) c,    f̄_T = f_0 − K(test, train) U φ_T c on test points,    δ_T = −Dhᵀ U φ_T c / s,

    where T counts η/n. K may be singular: φ_T(0) = T.
    """

    def __init__(self, start: Weights, problem: Problem):
        self.start, self.problem = start, problem
        self.differential = tangent.differential(start, problem.x_train)
        self.model = tangent.TangentModel.at(start, problem)

    def residual(self, scale: float) -> Float[np.ndarray, " n"]:
        """c = Uᵀ(f_0 − y)."""
        return self.model.basis.T @ (scale * self.model.start_train - self.problem.y_train)

    def outputs(self, scale: float, time: float) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " k"]]:
        """f̄_T at the training and the test points."""
        residual = self.residual(scale)
        train = self.problem.y_train + self.model.basis @ (np.exp(-self.model.eigenvalues * time) * residual)
        moved = self.model.test_basis @ (self._summed(time) * residual)
        return train, scale * self.model.start_test - moved

    def displacement(self, scale: float, time: float) -> Weights:
        """δ_T, how far v has moved; a stack of one."""
        summed = self.model.basis @ (self._summed(time) * self.residual(scale))
        return Weights.from_vector(
            -self.differential.pull_back(summed)[None] / scale, self.problem.x_train.shape[1]
        )

    def time_to(self, scale: float, stop: float, most: float) -> float:
        """When its training loss is `stop` times the zero predictor's, or `most` if it is not by then."""
        squares = np.square(self.residual(scale))
        level = np.log(stop * np.square(self.problem.y_train).sum())

        def above(time: float) -> float:
            return float(
                np.log((squares * np.exp(-2 * self.model.eigenvalues * time)).sum() + 1e-300) - level
            )

        if above(0.0) <= 0:
            return 0.0
        return float(brentq(above, 0.0, most)) if above(most) < 0 else most

    def _summed(self, time: float) -> Float[np.ndarray, " n"]:
        """φ_T(λ)."""
        rates = self.model.eigenvalues
        return np.where(rates > 0, -np.expm1(-rates * time) / np.where(rates > 0, rates, 1), time)


def cells(
    problem: Problem,
    m: int,
    seed: int,
    symmetrize: bool,
    couplings: Sequence[float],
    *,
    cfl: float,
    stop: float,
    iterations: int,
    lazy: Lazy,
    collapse: Collapse,
    steps: bool = False,
) -> list[dict]:
    """A row for each coupling, all from the seed's start at τ = 1; with `steps`, the largest stable step is measured too. Losses are in
    the units of the problem's targets.

    Raises ValueError for an odd m with `symmetrize`.
    """
    start = initialise(m, problem.x_train.shape[1], 1.0, seed, symmetrize)
    unit = np.sqrt(np.square(problem.y_train).mean())
    scaled = Problem(problem.x_train, problem.y_train / unit, problem.x_test, problem.y_test / unit)
    twin = TangentFlow(start, scaled)
    scales = np.array(couplings) / m
    flows = integrate(
        start, scaled.x_train, scaled.y_train, scales, cfl=cfl, stop=stop, iterations=iterations
    )
    longest = iterations * 2 * cfl / (SAFETY * twin.model.eigenvalues[-1])
    kappas = tangent.kappa(start, scaled.x_train, scaled.y_train, np.ones(len(scales)), scales)
    largest = (
        stable_steps(start, scaled.x_train, scaled.y_train, scales, stop=stop) if steps else scales * np.nan
    )
    rows = []
    for coupling, scale, kappa, flow, step in zip(couplings, scales, kappas, flows, largest, strict=True):
        key = {"m": m, "coupling": coupling, "symmetrize": symmetrize, "seed": seed}
        measured = measure(flow, scale, twin, lazy, collapse)
        losses = {
            name: value * unit**2 for name, value in measured.items() if name.endswith(("loss", "loss_end"))
        }
        predicted = predict(twin, scale, twin.time_to(scale, stop, longest))
        rows.append(
            key | measured | losses | predicted | {"kappa": float(kappa), "stable_step_ratio": float(step)}
        )
    return rows


def measure(flow: Flow, scale: float, twin: TangentFlow, lazy: Lazy, collapse: Collapse) -> dict:
    """The order parameters of a flow, and its regime."""
    problem, start, now = twin.problem, twin.start, flow.weights
    row = {
        "n_train": problem.n_train,
        "iterations": flow.iterations,
        "time": flow.time,
        "stopped": flow.stopped,
        "at_rest": flow.at_rest,
        "diverged": flow.diverged,
        "zero_loss": problem.zero_loss,
        "sharpening": flow.largest_eigenvalue / twin.model.eigenvalues[-1],
    }
    if flow.diverged:
        return row | {"regime": laziness.DIVERGED}
    train, test = (scale * forward(now, x)[0] for x in (problem.x_train, problem.x_test))
    tangent_train, tangent_test = twin.outputs(scale, flow.time)
    losses = {
        "train_loss_end": half_mean_square(train[None], problem.y_train),
        "test_loss_end": half_mean_square(test[None], problem.y_test),
        "tangent_train_loss_end": half_mean_square(tangent_train[None], problem.y_train),
        "tangent_test_loss_end": half_mean_square(tangent_test[None], problem.y_test),
    }
    row |= {name: float(loss[0]) for name, loss in losses.items()}
    moved = movement(now.minus(start), start)
    kernels = (tangent.kernel(weights, problem.x_train, problem.x_train) for weights in (now, start))
    kernel = laziness.kernel_movement(*kernels)
    row |= {
        "feature_loss": tangent.random_feature_loss(now, problem),
        "relative_distance": float(moved.relative_distance[0]),
        "hidden_distance": float(moved.hidden_distance[0]),
        "output_distance": float(moved.output_distance[0]),
        "output_kept": float(np.linalg.norm(now.output) / np.linalg.norm(start.output)),
        "gate_flips": float(gate_flips(now, start, problem.x_train)[0]),
        "weighted_turn": weighted_turn(now, start),
        "gap_train": float(np.sqrt(np.square(train - tangent_train).mean())),
        "gap_test": float(np.sqrt(np.square(test - tangent_test).mean())),
        "kernel_movement": kernel.plain,
        "kernel_movement_centred": kernel.centred,
        "kernel_turn": kernel.turn,
    }
    fallen = laziness.collapsed(
        kept=row["output_kept"],
        hidden=row["hidden_distance"],
        loss=row["test_loss_end"],
        fit=row["feature_loss"],
        collapse=collapse,
    )
    row["regime"] = laziness.regime(
        diverged=False,
        finished=flow.stopped or flow.at_rest,
        gap=row["gap_test"],
        kernel=kernel.plain,
        feature_turn=row["weighted_turn"],
        random_features=fallen,
        lazy=lazy,
    )
    return row


def predict(twin: TangentFlow, scale: float, time: float) -> dict:
    """What a tangent flow's displacement says of movement and kernel, without training; to first order in the displacement."""
    displacement, start = twin.displacement(scale, time), twin.start
    moved = movement(displacement, start)
    x = twin.problem.x_train
    kernels = (tangent.kernel(weights, x, x) for weights in (start.plus(displacement), start))
    kernel = laziness.kernel_movement(*kernels)
    return {
        "predicted_time": time,
        "predicted_hidden": float(moved.hidden_distance[0]),
        "predicted_output": float(moved.output_distance[0]),
        "predicted_kernel": kernel.plain,
    }


def weighted_turn(now: Weights, start: Weights) -> float:
    """Mean over neurons of 1 − cos(b_j, b_j at the start), each weighted by its share |a_j| ‖b_j‖ now; of two stacks of one."""
    b, b0 = now.hidden[0], start.hidden[0]
    lengths = np.linalg.norm(b, axis=1)
    units = b / lengths[:, None] - b0 / np.linalg.norm(b0, axis=1)[:, None]
    return float(np.average(np.square(units).sum(1) / 2, weights=np.abs(now.output[0]) * lengths))
