"""How lazy a student was: its columns against the tangent model taken step by step, and Jacobians written out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.files import schemas
from lazytraining.student import network, recording, tangent, training, twin
from lazytraining.student.problem import make_problem

PROBLEM = ProblemKey(d=4, n_train=30, n_test=20, teacher_neurons=3, teacher_gain=1.0, seed=1)


def job(tau: float = 0.5, eta: float = 0.3, symmetrize: bool = False, **settings) -> Job:
    key = Run("e", m=6, alpha=2.0, tau=tau, eta=eta, seed=1)
    return Job(keys=(key,), problem=PROBLEM, symmetrize=symmetrize, iterations=50, laziness=True, **settings)


def row(told: Job) -> dict:
    return training.train(told)[0].row


@pytest.mark.parametrize("symmetrize", [False, True])
def test_the_columns_are_those_of_a_tangent_model_taken_step_by_step(symmetrize):
    told = job(symmetrize=symmetrize)
    (trained,) = training.train(told)
    data, found = make_problem(*PROBLEM), trained.row
    start, end = (network.Weights.from_vector(w.reshape(1, -1), 4) for w in (trained.start, trained.end))
    jacobian = [tangent.differential(start, x).matrix() for x in (data.x_train, data.x_test)]
    first = [network.forward(start, x)[0] for x in (data.x_train, data.x_test)]
    moved = np.zeros(jacobian[0].shape[1])
    for _ in range(50):
        residual = 2.0 * (first[0] + jacobian[0] @ moved) - data.y_train
        moved -= 0.3 / 2.0 * jacobian[0].T @ residual / 30
    for part, x, y, h, dh in zip(
        ("train", "test"),
        (data.x_train, data.x_test),
        (data.y_train, data.y_test),
        first,
        jacobian,
        strict=True,
    ):
        gap = np.linalg.norm(2.0 * network.forward(end, x)[0] - 2.0 * (h + dh @ moved)) / np.linalg.norm(y)
        assert found[f"gap_{part}"] == pytest.approx(gap, rel=1e-9)
    after = tangent.differential(end, data.x_train).matrix()
    kernels = [matrix @ matrix.T for matrix in (after, jacobian[0])]
    assert found["kernel_movement"] == pytest.approx(
        np.linalg.norm(kernels[0] - kernels[1]) / np.linalg.norm(kernels[1])
    )
    cosine = (kernels[0] * kernels[1]).sum() / np.linalg.norm(kernels[0]) / np.linalg.norm(kernels[1])
    assert found["kernel_turn"] == pytest.approx(1 - cosine, rel=1e-6)
    assert 0 < found["feature_alignment"] < 1
    assert found["sharpness"] == pytest.approx(np.linalg.eigvalsh(4 * after.T @ after / 30)[-1])


def test_sharpness_is_the_curvature_of_the_loss_where_the_student_fits():
    """Second differences of L along the leading direction of Dhᵀ Dh, at weights that are the teacher of their own targets."""
    data = make_problem(*PROBLEM)
    weights = network.initialise(6, 4, 1.0, 0, False)
    y = 2.0 * network.forward(weights, data.x_train)[0]
    direction = np.linalg.svd(tangent.differential(weights, data.x_train).matrix())[2][0]

    def loss(step: float) -> float:
        moved = network.Weights.from_vector(weights.vector() + step * direction, 4)
        return network.half_mean_square(2.0 * network.forward(moved, data.x_train), y)[0]

    curvature = (loss(1e-4) + loss(-1e-4) - 2 * loss(0)) / 1e-8
    found = twin.sharpness(tangent.kernel(weights, data.x_train, data.x_train), 2.0)
    assert found == pytest.approx(curvature, rel=1e-3)
    matrix = np.cov(np.random.default_rng(0).standard_normal((20, 8)))
    assert twin.sharpness(matrix, 3.0) == pytest.approx(9 * np.linalg.eigvalsh(matrix)[-1] / 20, rel=1e-4)
    assert twin.sharpness(0 * matrix, 3.0) == 0


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_lazy_student_is_seen_to_be_lazy_in_both_precisions(precision):
    found = row(job(tau=1e4, eta=1e-9, symmetrize=True, precision=precision))
    assert found["gap_train"] < 1e-5 and found["gap_test"] < 1e-5 and found["kernel_movement"] < 1e-5
    assert found["feature_alignment"] == pytest.approx(1)
    learning = row(job(tau=0.5, eta=3.0))
    assert learning["gap_test"] > 0.1 and learning["kernel_movement"] > 0.1


@pytest.mark.parametrize("symmetrize", [False, True])
def test_a_curve_of_laziness_is_that_of_runs_that_end_at_each_iteration(symmetrize):
    told = job(symmetrize=symmetrize, early_stopping=((1e-2, 43),))
    told = replace(told, iterations=4000, laziness="recorded")
    (trained,) = training.train(told)
    curve, found = trained.curve, trained.row
    assert found["stopped_early"] and found["iterations"] not in recording.recorded_iterations(4000)
    for i in (0, 3, 20, len(curve["iteration"]) - 1):
        ended = replace(told, iterations=max(1, curve["iteration"][i]), laziness=True, early_stopping=None)
        for name in schemas.ALONG:
            expected = row(ended)[name] if curve["iteration"][i] else 0
            assert curve[name][i] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert [curve[name][-1] for name in schemas.ALONG] == [found[name] for name in schemas.ALONG]
    assert {name: found[name] for name in schemas.LAZINESS} == {
        name: row(replace(told, laziness=True))[name] for name in schemas.LAZINESS
    }


def test_a_curve_of_laziness_has_no_numbers_where_it_is_not_asked_for_or_a_run_diverges():
    (trained,) = training.train(job())
    assert {number for name in schemas.ALONG for number in trained.curve[name]} == {None}
    (trained,) = training.train(replace(job(eta=1e6), laziness="recorded"))
    lengths = {len(column) for column in trained.curve.values()}
    assert trained.row["diverged"] and len(lengths) == 1
    assert all(math.isnan(trained.curve[name][-1]) for name in schemas.ALONG)


def test_without_laziness_nothing_is_measured_and_a_diverged_run_has_no_numbers():
    assert {row(replace(job(), laziness=False))[name] for name in schemas.LAZINESS} == {None}
    diverged = row(job(eta=1e6))
    assert diverged["diverged"] and all(math.isnan(diverged[name]) for name in schemas.LAZINESS)
