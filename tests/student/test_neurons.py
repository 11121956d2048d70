"""Students in the plane: their start, and their paths against a transcription."""

import measure_spectra
import numpy as np
import pandas as pd
import pytest
import train_neurons

from lazytraining.student import network, problem

SIZES = {"n_train": 15, "n_test": 20, "teacher_neurons": 3}


def test_start_is_on_the_circle_and_mirrored():
    start = network.initialise_on_circle(16, 2.0, seed=3)
    b, a = start.hidden[0], start.output[0]
    np.testing.assert_allclose(np.linalg.norm(b, axis=1), 2.0, rtol=1e-14)
    assert ((a[:8] > 0) & (a[:8] < 2)).all()
    np.testing.assert_array_equal(b[8:], b[:8])
    np.testing.assert_array_equal(a[8:], -a[:8])
    points = problem.sphere(np.random.default_rng(0), 50, 2)
    assert (network.forward(start, points) == 0).all()
    with pytest.raises(ValueError, match="even"):
        network.initialise_on_circle(3, 1.0, seed=0)


def test_paths_are_those_of_gradient_descent():
    m, eta, iterations, seed = 6, 0.05, 60, 1
    rows = pd.DataFrame(train_neurons.paths([0.1, 2.0], SIZES, m, eta, iterations, seed))
    data = problem.make_problem(d=2, teacher_gain=1.0, seed=seed, **SIZES)
    x, y = data.x_train, data.y_train
    for tau in (0.1, 2.0):
        start = network.initialise_on_circle(m, tau, seed)
        b, a = start.hidden[0].copy(), start.output[0].copy()
        own = rows[(rows["tau"] == tau) & (rows["neuron"] >= 0)]
        for t in range(iterations + 1):
            z = b @ x.T
            residual = a @ np.maximum(z, 0) - y
            here = own[own["iteration"] == t].sort_values("neuron")
            if len(here):
                np.testing.assert_allclose(here[["x", "y"]], np.abs(a)[:, None] * b, rtol=1e-9, atol=1e-14)
                np.testing.assert_allclose(here["output"], a, rtol=1e-9, atol=1e-14)
                np.testing.assert_allclose(here["train_loss"], np.mean(residual**2) / 2, rtol=1e-9)
            step_a = np.maximum(z, 0) @ residual / len(y)
            step_b = (a[:, None] * (z > 0) * residual) @ x / len(y)
            a, b = a - eta * step_a, b - eta * step_b
        assert own["iteration"].max() == iterations
    teacher = rows[(rows["tau"] == 2.0) & (rows["neuron"] < 0)]
    np.testing.assert_allclose(np.hypot(teacher["x"], teacher["y"]), 1.0, rtol=1e-12)
    assert list(teacher["neuron"]) == [-3, -2, -1]


def test_spectra_are_those_of_the_hidden_layer(small_problem):
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((size, 4)))[0] for size in (7, 5))
    values = np.array([5.0, 2.0, 1.0, 0.5])
    hidden = left @ np.diag(values) @ right.T
    end = np.column_stack([hidden, rng.standard_normal(7)])
    run = {"experiment": "e", "m": 7, "alpha": 1.0, "tau": 1.0, "eta": 0.1, "seed": 0, "diverged": False}
    rows = pd.DataFrame(measure_spectra.rows(run, 2 * end, end, small_problem))
    np.testing.assert_allclose(rows["end"][:4], values, rtol=1e-12)
    np.testing.assert_allclose(rows["start"][:4], 2 * values, rtol=1e-12)
    assert list(rows["index"]) == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(rows["output_kept"], 0.5, rtol=1e-12)
