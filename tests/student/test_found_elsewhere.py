"""Numbers that independent code has found on the same streams, to their digits."""

import measure_theory_step
import numpy as np
import pytest

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import network, problem, tangent, training

SIZES = {"d": 100, "n_train": 1000, "n_test": 1000, "teacher_neurons": 3, "teacher_gain": 1.0}


def trained(m: int, eta: float, seed: int = 0, tau: float = 10.0, **others) -> training.Trained:
    key = Run("e", m=m, alpha=1.0, tau=tau, eta=eta, seed=seed)
    data = ProblemKey(**SIZES | others, seed=seed)
    settings = {"iterations": 10_000, "track_best": False, "laziness": True}
    return training.train(Job(keys=(key,), problem=data, symmetrize=False, **settings))[0]


@pytest.mark.parametrize(("seed", "expected"), [(0, 4.6), (1, 5.4), (2, 2.0)])
def test_a_step_changes_the_differential_by_more_than_its_bound_where_gates_switch(seed, expected):
    data = problem.make_problem(**SIZES, seed=seed)
    _, row = measure_theory_step.measure(data, 50, seed, [("tau", 1.0, 0.316228, 1.0)])
    assert row["symmetrize"]
    assert row["differential_change"] / row["differential_bound"] == pytest.approx(expected, rel=0.02)
    assert 0.57 * 0.98 < row["objective_change"] / row["objective_estimate"] < 1


@pytest.mark.reference
def test_on_the_plateau_the_kernel_moves_little_and_the_output_is_least_squares_on_the_features_left():
    found = trained(50, 1e-3)
    row = found.row
    assert row["kernel_movement"] == pytest.approx(0.136, rel=0.02)
    assert row["kernel_movement_centred"] == pytest.approx(0.347, rel=0.02)
    assert row["kernel_turn"] == pytest.approx(0.0086, rel=0.02)
    assert row["gap_test"] > 50
    start, end = (network.Weights.from_vector(w.reshape(1, -1), 100) for w in (found.start, found.end))
    data = problem.make_problem(**SIZES, seed=0)
    off = [row["test_loss_end"] / tangent.random_feature_loss(weights, data) - 1 for weights in (end, start)]
    assert abs(off[0]) < 1e-8 and 1e-4 < abs(off[1]) < 5e-3


@pytest.mark.reference
def test_with_more_neurons_than_points_a_layer_moves_and_the_kernel_stays():
    row = trained(400, 1e-4, n_train=100).row
    assert row["output_distance"] == pytest.approx(0.22, rel=0.02)
    assert row["kernel_movement"] < 0.04 and row["gap_train"] < 1e-9
    assert np.isfinite(row["test_loss_end"])


@pytest.mark.parametrize(("seed", "expected"), [(0, 1.306), (3, 1.248)])
def test_few_lazy_neurons_are_above_the_best_fit_of_their_tangent_space_when_the_run_ends(seed, expected):
    data = problem.make_problem(**SIZES, seed=seed)
    model = tangent.TangentModel.at(network.initialise(4, 100, 1.0, seed, symmetrize=True), data)
    (loss,), _ = model.losses(1.0, 0.1, np.array([25_000]))
    assert loss / model.best_fit() == pytest.approx(expected, rel=1e-3)
