"""What the scripts write, value by value, against transcriptions and definitions."""

import math

import measure_baselines
import measure_theory_limit
import measure_theory_start
import measure_theory_step
import numpy as np
import pytest
from transcription import transcription

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.files import schemas
from lazytraining.student import network, training
from lazytraining.student.problem import make_problem

PROBLEM = ProblemKey(d=20, n_train=100, n_test=80, teacher_neurons=3, teacher_gain=1.0, seed=4)
CURVE = ["experiment", "m", "alpha", "tau", "eta", "seed"]
CURVE += ["iteration", "train_loss", "test_loss", "relative_change", "relative_distance", *schemas.ALONG]
RUN = ["experiment", "m", "alpha", "tau", "eta", "seed", "symmetrize", "precision", "iterations"]
RUN += ["stopped_early", "diverged", "train_loss_end", "test_loss_end", "test_loss_best", "best_iteration"]
RUN += ["relative_change", "relative_distance", "hidden_distance", "output_distance", "gate_flips"]
RUN += ["zero_loss", *schemas.LAZINESS, "wall_seconds"]


@pytest.mark.parametrize("symmetrize", [False, True])
def test_a_run_is_its_transcription_column_by_column(symmetrize):
    key = Run("e", m=10, alpha=2.0, tau=0.7, eta=0.5, seed=3)
    job = Job(keys=(key,), problem=PROBLEM, symmetrize=symmetrize, iterations=200)
    ((row, columns, start, end),) = training.train(job)
    curve = training.curve_rows(key, columns)
    data = make_problem(*PROBLEM)
    expected_start = network.initialise(10, 20, 0.7, 3, symmetrize)
    b0, a0 = (part[0] for part in expected_start)
    losses, b, a = transcription(data, b0, a0, 2.0, 0.5, 200)
    steps, starts = np.hstack([b - b0, (a - a0)[:, None]]), np.hstack([b0, a0[:, None]])

    assert list(row) == RUN
    assert list(curve[0]) == CURVE
    assert Run(*(row[name] for name in Run._fields)) == key
    assert (row["symmetrize"], row["precision"], row["iterations"]) == (symmetrize, "float64", 200)
    assert not row["stopped_early"] and not row["diverged"]
    norm = np.linalg.norm
    flips = np.mean((data.x_train @ b.T > 0) != (data.x_train @ b0.T > 0))
    expected = {
        "train_loss_end": losses[-1, 0],
        "test_loss_end": losses[-1, 1],
        "test_loss_best": losses[:, 1].min(),
        "best_iteration": losses[:, 1].argmin(),
        "relative_change": np.sum(np.abs(steps) / np.abs(starts)),
        "relative_distance": norm(steps) / norm(starts),
        "hidden_distance": norm(b - b0) / norm(b0),
        "output_distance": norm(a - a0) / norm(a0),
        "gate_flips": flips,
        "zero_loss": np.mean(data.y_test**2) / 2,
    }
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-9), name
    assert row["wall_seconds"] > 0
    for point in (curve[0], curve[7], curve[-1]):
        assert point["train_loss"] == pytest.approx(losses[point["iteration"], 0])
    np.testing.assert_array_equal(start, starts)
    np.testing.assert_allclose(end, starts + steps, rtol=1e-9, atol=1e-12)


def test_a_diverged_run_has_no_end_losses():
    key = Run("e", m=10, alpha=1.0, tau=1.0, eta=1e3, seed=0)
    job = Job(keys=(key,), problem=PROBLEM, symmetrize=False, iterations=200)
    ((row, curve, *_),) = training.train(job)
    assert row["diverged"]
    assert math.isnan(row["train_loss_end"]) and math.isnan(row["test_loss_end"])
    assert math.isfinite(row["test_loss_best"])
    assert curve["iteration"][-1] == row["iterations"] < 200


REFERENCE = {
    "random_feature_loss": {0: 4.275e-3, 1: 3.980e-3, 2: 3.915e-3},
    "tangent_test_loss_end": {0: 3.0073e-3, 1: 3.1297e-3, 2: 3.3669e-3},
    "tangent_test_loss_best": {0: 1.8585e-3, 1: 2.0768e-3, 2: 2.0658e-3},
    "zero_loss": {0: 5.987e-3, 1: 5.843e-3, 2: 1.152e-2},
}
"""Closed forms at full size, from an independent transcription with the same streams."""


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_baselines_at_full_size(seed):
    data = ProblemKey(100, 1000, 1000, 3, 1.0, seed)._asdict()
    key = {"experiment": "e", "m": 50, "alpha": 1.0, "seed": seed}
    keys = [key | {"tau": tau, "eta": 0.1 / tau**2} for tau in (1.0, 1e3)]
    for symmetrize in (False, True):
        rows = measure_baselines.baselines(keys, data, symmetrize, 10_000)
        assert [row["tau"] for row in rows] == [1.0, 1e3]
        for row in rows:
            names = (
                ["random_feature_loss"]
                if not symmetrize
                else ["tangent_test_loss_end", "tangent_test_loss_best"]
            )
            for name in [*names, "zero_loss"]:
                assert row[name] == pytest.approx(REFERENCE[name][seed], rel=3e-4), (name, row["tau"])


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.filterwarnings("error")
def test_where_no_neuron_is_active_no_step_is_too_large(d, symmetrize):
    """With one training point it may be that no neuron sees it: the kernel is 0, κ is not defined, nothing moves."""
    silent = 0
    for seed in range(12):
        key = {"d": d, "n_train": 1, "n_test": 3, "teacher_neurons": 1, "teacher_gain": 1.0, "seed": seed}
        run = {"experiment": "e", "m": 2, "alpha": 1.0, "tau": 1.0, "eta": 0.1, "seed": seed}
        data, start = make_problem(**key), network.initialise(2, d, 1.0, seed, symmetrize)
        active = (data.x_train @ start.hidden[0].T > 0).any()
        (baseline,) = measure_baselines.baselines([run], key, symmetrize, 3)
        (row,) = measure_theory_start.measure(data, 2, symmetrize, seed, {"tau": [(1.0, 1.0)]})
        changes = measure_theory_step.measure(data, 2, seed, [("tau", 1.0, 1.0, 0.1)])[symmetrize]
        last = measure_theory_limit.measure(data, start, symmetrize, [1.0], 0.1, 3)[-1]
        for found in (baseline, row):
            assert np.isfinite(found["stable_step"]) == np.isfinite(found["kappa"]) == active
        if not active:
            silent += 1
            assert row["gradient_norm"] == last["distance"] == last["bound"] == 0
            assert changes["objective_change"] == 0 or not data.y_train.any()
            assert math.isnan(changes["differential_change"])
            assert baseline["tangent_fit_loss"] == np.square(data.y_train).mean() / 2
            assert baseline["random_feature_loss"] == data.zero_loss
    assert 0 < silent < 12
