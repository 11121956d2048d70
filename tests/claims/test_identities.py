"""What the ledger calls an identity holds for every input: of random sizes, draws and scales, by the project's own measurements."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import measure_baselines
import measure_theory_limit
import measure_theory_start
import measure_theory_step
import numpy as np
import pandas as pd
import pytest

from lazytraining.claims import verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import names
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.config.model_job import ModelJob
from lazytraining.models import kernels, lazy, loading, norms
from lazytraining.student import fits, network, problem, tangent, training

DRAWS = range(2)


class Draw(NamedTuple):
    """A student and its data, of random sizes."""

    m: int
    data: dict
    seed: int

    @property
    def problem(self) -> problem.Problem:
        return problem.make_problem(**self.data, seed=self.seed)

    def start(self, symmetrize: bool, tau: float = 1.0) -> network.Weights:
        return network.initialise(self.m, self.data["d"], tau, self.seed, symmetrize)

    def step(self, symmetrize: bool) -> float:
        """A quarter of the largest stable one at τ = 1."""
        return 0.5 / tangent.first_derivative_norm(self.start(symmetrize), self.problem.x_train) ** 2

    @property
    def large(self) -> float:
        """τ at which y is a hundredth of h(w0), and not below 10: from there on y/τ² counts as nothing."""
        h = network.forward(self.start(False), self.problem.x_train)[0]
        return max(10.0, 10 * float(np.linalg.norm(self.problem.y_train) / np.linalg.norm(h)) ** 0.5)


@cache
def drawn(number: int) -> tuple[Draw, ...]:
    """Three of one size."""
    random = np.random.default_rng(number)
    data = {"d": int(random.integers(2, 8)), "n_train": int(random.integers(8, 30)), "n_test": 10}
    data |= {"teacher_neurons": 3, "teacher_gain": float(10 ** random.uniform(-1, 1))}
    m = 2 * int(random.integers(2, 7))
    return tuple(Draw(m, data, int(seed)) for seed in random.integers(0, 10**6, 3))


@cache
def starts(number: int) -> Evidence:
    rows = []
    for draw in drawn(number):
        roots = np.geomspace(1, 100, 5)
        sweeps = {
            "tau": [(1.0, float(tau)) for tau in [*roots, *np.geomspace(draw.large, 1e3 * draw.large, 5)]],
            "alpha": [(float(root**2), 1.0) for root in roots],
        }
        for symmetrize in (False, True):
            rows += measure_theory_start.measure(draw.problem, draw.m, symmetrize, draw.seed, sweeps)
    rows = pd.DataFrame(rows)
    large = max(draw.large for draw in drawn(number))  # measures take what is at τ ≥ 10 as large
    return Evidence(theory={"start": rows[(rows["tau"] < 10) | (rows["tau"] >= large)]})


def roots(number: int) -> Evidence:
    """Over τ the square roots of the α, and nothing else."""
    rows = starts(number).theory["start"]
    return Evidence(theory={"start": rows[(rows["sweep"] == "alpha") | (rows["tau"] < 10)]})


@cache
def steps(number: int, tau: tuple[float, ...] = (0.1, 1.0, 10.0, 1e3, 1e4, 1e5)) -> Evidence:
    rows = []
    for draw in drawn(number):
        points = [("tau", 1.0, scale, draw.step(True) / scale**2) for scale in tau]
        rows += measure_theory_step.measure(draw.problem, draw.m, draw.seed, points)
    return Evidence(theory={"step": pd.DataFrame(rows)})


def limits(number: int) -> Evidence:
    rows = []
    for draw in drawn(number)[:2]:
        for symmetrize in (False, True):
            told = (draw.problem, draw.start(symmetrize), symmetrize, [1e3, 1e4, 1e5], draw.step(symmetrize))
            rows += [row | {"seed": draw.seed} for row in measure_theory_limit.measure(*told, 20)]
    return Evidence(theory={"limit": pd.DataFrame(rows)})


def trained(name: str, draw: Draw, symmetrize: bool, keys: list[tuple[float, float, float]], **settings):
    """Rows of runs at (α, τ, η)."""
    runs = tuple(Run(name, draw.m, *key, draw.seed) for key in keys)
    data = ProblemKey(**draw.data, seed=draw.seed)
    job = Job(keys=runs, problem=data, symmetrize=symmetrize, iterations=20, **settings)
    return [one.row for one in training.train(job)]


def cells(number: int) -> Evidence:
    rows = []
    for draw in drawn(number):
        grid = [(alpha, tau) for alpha in np.geomspace(1, 100, 5) for tau in np.geomspace(0.1, 1, 5)]
        keys = [(float(alpha), float(tau), draw.step(False) / float(tau) ** 2) for alpha, tau in grid]
        rows += trained("tau_alpha_converged", draw, False, keys)
    return Evidence(runs={"tau_alpha_converged": pd.DataFrame(rows)})


def plateau(number: int, tau: tuple[float, ...] = (100.0, 1000.0)) -> Evidence:
    rows, baselines, name = [], [], "plateau_symmetrized"
    for draw in drawn(number):
        keys = [(1.0, scale, draw.step(True) / scale**2) for scale in tau]
        runs = [Run(name, draw.m, *key, draw.seed)._asdict() for key in keys]
        rows += trained(name, draw, True, keys, laziness=True)
        baselines += measure_baselines.baselines(runs, draw.data | {"seed": draw.seed}, True, 20)
    return Evidence(runs={name: pd.DataFrame(rows)}, baselines={name: pd.DataFrame(baselines)})


def few(number: int) -> Evidence:
    """At τ from which on no gate is near enough to a point to switch."""
    rows, name = [], "underparameterized"
    for draw in drawn(number):
        keys = [(1.0, scale, draw.step(True) / scale**2) for scale in (1.0, 1e4)]
        rows += trained(name, draw, True, keys)
    return Evidence(runs={name: pd.DataFrame(rows)})


def job(draw: Draw, **others) -> ModelJob:
    shared = {"experiment": "e", "seed": draw.seed, "centre": True, "step": ["auto"], "iterations": 6}
    return ModelJob(**shared | {"alpha": [1.0], "tau": [1.0], "kernel_points": 4} | others)


def degrees(number: int) -> Evidence:
    rows = []
    name, depth = list(names.UNBIASED.items())[np.random.default_rng(number).integers(len(names.UNBIASED))]
    for draw in drawn(number):
        told = {"model": "mlp", "options": {"depth": depth, "width": 2 * draw.m, "bias": False}, "n_test": 5}
        net, points = loading.load(job(draw, data="digits", task="classification", n_train=5, **told))
        degree = kernels.euler_degree(net, draw.data["teacher_gain"] * net.weights, points.x_train)
        rows.append({"seed": draw.seed, "euler_degree": degree, "diverged": False})
    return Evidence(models={name: pd.DataFrame(rows)})


def modules(number: int) -> Evidence:
    rows = []
    for draw in drawn(number)[:2]:
        told = {"model": "student", "options": {"m": draw.m, "symmetrize": True}, "task": "regression"}
        told |= draw.data | {"data": "teacher", "alpha": [0.1, 10.0], "tau": [1.0, 10.0]}
        rows += lazy.train(one := job(draw, **told), *loading.load(one))[0]
    return Evidence(models={"student_module": pd.DataFrame(rows).assign(experiment="student_module")})


MEASURED: dict[str, Callable[[int], Evidence]] = {
    "5a": steps,
    "6a": starts,
    "12a": limits,
    "17c": few,
    "18a": starts,
    "20a": roots,
    "20b": cells,
    "25d": plateau,
    "34a": starts,
    "34b": starts,
    "39": steps,
    "45a": degrees,
    "48": modules,
}


@pytest.fixture(autouse=True)
def short(monkeypatch) -> None:
    """The search for ‖D²h‖ of a module is tested elsewhere."""
    monkeypatch.setattr(norms, "STARTS", 1)
    monkeypatch.setattr(norms, "ROUNDS", 2)


@pytest.mark.parametrize("number", DRAWS)
@pytest.mark.parametrize("id", MEASURED)
def test_an_identity_holds_for_random_sizes_draws_and_scales(id, number):
    (claim,) = [claim for claim in CLAIMS if claim.id == id]
    row = verdict.entry(claim, MEASURED[id](number))
    assert row["verdict"] == Verdict.IDENTITY, (row["measured"], row["reason"])


def test_every_identity_is_shown():
    assert set(MEASURED) == {claim.id for claim in CLAIMS if claim.identity}


@pytest.mark.parametrize("number", DRAWS)
def test_kappa_is_at_its_level_up_to_y_over_tau_squared(number):
    """|κ(τ)/κ(∞) − 1| ≤ ‖y‖/(τ² ‖h‖), h at τ = 1, for every τ: 18a holds from where that is small."""
    for draw in drawn(number):
        x, y, tau = draw.problem.x_train, draw.problem.y_train, np.geomspace(0.1, 1e4, 60)
        one = np.ones_like(tau)
        found, level = (tangent.kappa(draw.start(False), x, targets, tau, one) for targets in (y, 0 * y))
        h = network.forward(draw.start(False), x)[0]
        bound = np.linalg.norm(y) / (tau**2 * np.linalg.norm(h))
        assert (np.abs(found / level - 1) <= bound * (1 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize("number", DRAWS)
def test_the_objective_outruns_the_differential_as_tau_squared(number):
    """5a says so of the largest τ: the step is of order 1/τ beside weights of order τ."""
    rows = steps(number, (1e4, 1e5, 1e6)).theory["step"]
    rows = rows[rows["symmetrize"]].assign(ratio=lambda t: t["objective_change"] / t["differential_change"])
    for _, own in rows.groupby("seed"):
        assert fits.slope(own["tau"].to_numpy(), own["ratio"].to_numpy()) == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("number", DRAWS)
def test_a_symmetrised_run_comes_to_its_tangent_model_as_tau_to_the_minus_four(number):
    """25d says so of the largest τ: weights move by τ^(-2) of their norm, and in mirrored neurons what is of first order in that cancels,
    in outputs and in the kernel, where no gate switches."""
    evidence = plateau(number, (30.0, 100.0, 300.0))
    runs, baselines = (
        getattr(evidence, kind)["plateau_symmetrized"].set_index(["seed", "tau"])
        for kind in ("runs", "baselines")
    )
    runs["off_tangent"] = (runs["test_loss_end"] / baselines["tangent_test_loss_end"] - 1).abs()
    assert (runs["gate_flips"] == 0).all()
    orders = {"relative_distance": -2, "gap_test": -4, "gap_train": -4, "kernel_movement": -4}
    for _, own in runs.reset_index().groupby("seed"):
        for column, order in orders.items():
            found = fits.slope(own["tau"].to_numpy(), own[column].to_numpy())
            assert found == pytest.approx(order, abs=0.1), (column, own[["tau", column]])
