"""Numbers at the note's sizes that independent code has found on the same streams: each within 2 %, or it says why not."""

import math

import measure_theory_sample
import measure_theory_start
import measure_theory_step
import numpy as np
import pandas as pd
import pytest
from test_found_elsewhere import SIZES
from test_reference import VALUES

from lazytraining.claims import figure_1
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import fits, landscape, network, problem, tangent, training

pytestmark = pytest.mark.reference


def near(value: float) -> pytest.approx:
    return pytest.approx(value, rel=0.02)


def figure_1_pair(seed: int, iterations: int, stops: bool = False) -> list[training.Trained]:
    """The run that learns features, τ = 0.1, and that which the note calls lazy, τ = 2."""
    keys = (Run("e", 50, 1.0, 0.1, 10.0, seed), Run("e", 50, 1.0, 2.0, 0.025, seed))
    settings = {"iterations": iterations, "early_stopping": 2 * ((1e-4, 200),) if stops else None}
    return training.train(
        Job(keys=keys, problem=ProblemKey(**SIZES, seed=seed), symmetrize=False, **settings)
    )


def times_to(runs: list[training.Trained], share: float) -> list[float]:
    curves = [pd.DataFrame(run.curve) for run in runs]
    return [figure_1.time_to(curve, share * figure_1.initial_loss(curve)) for curve in curves]


@pytest.mark.parametrize(
    ("seed", "tenth", "hundredth"),
    [(0, (152, 27), (697, 83)), (1, (153, 33), (703, 122)), (2, (32, 16), (457, 81))],
)
def test_figure_1s_pair_comes_to_shares_of_its_own_first_loss(seed, tenth, hundredth):
    runs = figure_1_pair(seed, 800)
    assert [math.ceil(time) for time in times_to(runs, 0.1)] == [near(time) for time in tenth]
    assert [math.ceil(time) for time in times_to(runs, 0.01)] == [near(time) for time in hundredth]
    if seed == 0:
        assert [run.curve["train_loss"][0] for run in runs] == [near(0.007), near(142)]


def test_the_run_called_lazy_takes_a_quarter_of_the_iterations_to_a_tenth_of_its_loss():
    """In ten seeds."""
    times = np.array([times_to(figure_1_pair(seed, 200), 0.1) for seed in range(10)])
    assert fits.interval(times[:, 1] / times[:, 0], "log") == tuple(map(near, (0.27, 0.18, 0.40)))


@pytest.mark.parametrize(
    ("seed", "learning", "lazy"), [(9, None, 29), (1, 239, 85), (6, 358, None)], ids=lambda value: str(value)
)
def test_weights_settle_after_so_many_iterations(seed, learning, lazy):
    """The least and the most of ten seeds."""
    found = [
        math.ceil(figure_1.settled(pd.DataFrame(run.curve))) for run in figure_1_pair(seed, 1000, stops=True)
    ]
    for time, expected in zip(found, (learning, lazy), strict=True):
        assert expected is None or time == near(expected)


STOP = 681
"""Iterations after which the run of seed 0 stops early."""


@pytest.mark.parametrize(("seed", "expected"), [(0, 0.33), (1, 0.86)])
def test_the_run_called_lazy_is_far_from_its_tangent_model_when_it_stops(seed, expected):
    """The tangent model's loss as it was found is that after as many iterations as seed 0 takes; after its own of seed 1 it is 0.76. The
    run's own was given as 0.004."""
    row = figure_1_pair(seed, 1000, stops=True)[1].row
    data = problem.make_problem(**SIZES, seed=seed)
    model = tangent.TangentModel.at(network.initialise(50, 100, 1.0, seed, False), data)
    _, losses = model.losses(1.0, row["eta"], np.array([STOP, row["iterations"]]), row["tau"])
    assert losses[0] == near(expected)
    assert losses[1] == near(0.328 if seed == 0 else 0.763)
    assert row["test_loss_end"] == pytest.approx(0.004, abs=5e-4)


def test_the_objective_changes_in_one_step_by_as_much_as_is_said_or_by_half_of_it():
    """The least and the most of three seeds, both starts and all τ."""
    found = {}
    for seed, tau, eta in ((1, 0.01, 10.0), (2, 1.0, 0.1)):
        data = problem.make_problem(**SIZES, seed=seed)
        for row in measure_theory_step.measure(data, 50, seed, [("tau", 1.0, tau, eta)]):
            found[seed, row["symmetrize"]] = row["objective_change"] / row["objective_estimate"]
    assert found[1, False] == near(1.0)
    assert found[2, True] == near(0.57)


@pytest.mark.parametrize(("seed", "least", "most"), [(1, 0.21, None), (2, None, 0.87)])
def test_the_gradient_is_smaller_than_the_product_of_norms(seed, least, most):
    """The least and the most of three seeds, both starts and all τ."""
    data = problem.make_problem(**SIZES, seed=seed)
    scales = {"tau": [(1.0, tau) for tau in np.logspace(-2, 6, 17)]}
    rows = measure_theory_start.measure(data, 50, False, seed, scales)
    shares = [row["gradient_norm"] / row["gradient_bound"] for row in rows]
    assert least is None or min(shares) == near(least)
    assert most is None or max(shares) == near(most)


def test_kappa_is_small_from_a_lower_tau_on_with_symmetrisation_by_a_little():
    """By 0 to 5 % at κ = 1, 1 to 11 % at 0.3 and 0 to 43 % at 0.1 was found; these are ten seeds, from τ in steps of a quarter of a percent.
    From steps of half a decade it is more at 0.1, up to 50 %: κ is near its level there, and its logarithm no line."""
    tau, levels, found = np.geomspace(0.01, 10, 2763), (1.0, 0.3, 0.1), []
    for seed in range(10):
        data = problem.make_problem(**SIZES, seed=seed)
        first = []
        for symmetrize in (True, False):
            start = network.initialise(50, 100, 1.0, seed, symmetrize)
            kappa = tangent.kappa(start, data.x_train, data.y_train, tau, np.ones_like(tau))
            first.append([np.exp(fits.first_below(np.log(tau), kappa, level)) for level in levels])
        found.append(1 - np.array(first[0]) / first[1])
    least, most = np.min(found, 0), np.max(found, 0)
    assert least == pytest.approx([0.012, 0.016, 0.0035], abs=1e-3)
    assert most == pytest.approx([0.061, 0.115, 0.416], abs=1e-3)


def test_kappa_falls_more_slowly_than_one_over_root_m_by_the_first_derivative():
    """‖D²h‖ grows by 5 % and ‖Dh‖²/m falls from 0.230 to 0.163, from few neurons to many; in the mean of three seeds."""
    found = []
    for m in (4, 1024):
        norms = []
        for seed in range(3):
            x = problem.make_problem(**SIZES, seed=seed).x_train
            start = network.initialise(m, 100, 1.0, seed, False)
            norms.append(
                (tangent.second_derivative_norm(start, x), tangent.first_derivative_norm(start, x) ** 2 / m)
            )
        found.append(np.mean(norms, 0))
    assert found[1][0] / found[0][0] == near(1.05)
    assert [found[0][1], found[1][1]] == [near(0.230), near(0.163)]


def test_the_plateau_of_figure_3_over_the_least_loss_of_all_tau():
    """Geometric means of three seeds: from τ = 0.1 on, as in the note's figure, and from τ = 0.01 on."""
    least, level = ([VALUES[False, seed][i][0] for seed in range(3)] for i in (0, 3))
    assert fits.interval(np.divide(level, least), "log").value == near(2.06)
    smaller = []
    for seed in range(3):
        key = Run("e", 50, 1.0, 0.01, 10.0, seed)
        data = ProblemKey(**SIZES, seed=seed)
        job = Job(keys=(key,), problem=data, symmetrize=False, iterations=10_000, track_best=False)
        smaller.append(training.train(job)[0].row["test_loss_end"])
    assert fits.interval(np.divide(level, smaller), "log").value == near(55.8)


@pytest.mark.parametrize(("n", "quoted"), [(1000, -1.66), (5000, -1.78)])
def test_flips_add_up_partly_in_five_dimensions(n, quoted):
    """What was found is in the interval of four draws, not within 2 % of their mean: slopes differ by a tenth from draw to draw."""
    alphas, slopes = [4.0, 8.0, 16.0, 32.0, 64.0], []
    for seed in range(4):
        data = problem.make_problem(5, n, 1000, 3, 1.0, seed)
        start = network.initialise(20, 5, 1.0, seed, False)
        rows = measure_theory_sample.measure(data, start, alphas, 0.05, 300)
        slopes.append(fits.slope(np.array(alphas), np.array([row["weight_gap"] for row in rows])))
    found = fits.interval(np.array(slopes))
    assert found.low < quoted < found.high
    assert found.low > -2 and found.high < -1.5


def test_four_wide_students_are_one_basin_up_to_the_order_of_their_neurons():
    """As the quick preset trains them, α = 1/√m and m = 128."""
    keys = [Run("e", 128, float(f"{128**-0.5:.6g}"), 1.0, 1 / 128, seed) for seed in range(4)]
    data = ProblemKey(**SIZES | {"teacher_gain": 100.0}, seed=0)
    settings = {"symmetrize": False, "iterations": 1500, "track_best": False, "precision": "float32"}
    found = [training.train(Job(keys=(key,), problem=data, **settings))[0] for key in keys]
    points, vectors = problem.make_problem(*data), np.stack([run.end.ravel().astype(float) for run in found])
    means = [part.mean(0) for part in (vectors, landscape.aligned(vectors, vectors[0], 100))]
    losses = landscape.loss_at(np.stack(means), keys[0].alpha, points.x_test, points.y_test)
    assert losses.tolist() == [near(30.0), near(5.46)]
    assert np.mean([run.row["test_loss_end"] for run in found]) == near(6.37)
