"""Stochastic descent on the population loss: batches, the update of Chizat, Oyallon and Bach (2019), and its mean."""

import numpy as np
import pytest

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import descent, network, problem, recording, training
from lazytraining.student.network import Weights
from lazytraining.student.students import Students

D, M, BATCH = 5, 4, 20
SIZES = {"d": D, "n_train": BATCH, "n_test": 30, "teacher_neurons": 3, "teacher_gain": 0.5}


def teacher() -> problem.Teacher:
    return problem.make_teacher(D, 3, 0.5, seed=1)


def batches(seed: int = 0, size: int = BATCH) -> problem.Batches:
    data = problem.make_problem(**SIZES, seed=1)
    return problem.Batches(teacher(), size, seed, data.x_test, data.y_test)


def students(*taus: float, symmetrize: bool = True) -> Weights:
    return Weights.stack(network.initialise(M, D, tau, 0, symmetrize) for tau in taus)


def run(
    start: Weights,
    eta: float,
    data: problem.Data,
    iterations: int,
    displaced: bool,
    factor: float = 1.0,
    **options,
) -> list[recording.Trajectory]:
    stack = Students(start, 1 / M, eta / M, displaced=displaced, hidden_factor=factor)
    return descent.descend(students=stack, data=data, iterations=iterations, track_best=False, **options)


def test_batches_are_the_stream_whatever_they_are_drawn_in():
    x, y = batches().draw(7)
    rng = problem.generator(0, problem.Stream.MINIBATCHES)
    for i in range(7):
        points = rng.standard_normal((BATCH, D))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        np.testing.assert_array_equal(x[i], points)
        np.testing.assert_array_equal(y[i], teacher()(points))
    again = batches()
    before = again.state
    parts = [again.draw(count)[0] for count in (3, 4)]
    np.testing.assert_array_equal(np.concatenate(parts), x)
    again.state = before
    np.testing.assert_array_equal(again.draw(7)[0], x)


def transcription(start: Weights, eta: float, iterations: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The update as its authors have it: prediction over m, no 1/m in the gradient, the hidden layer's times d."""
    b, a, losses = start.hidden[0].copy(), start.output[0].copy(), []
    rng = problem.generator(0, problem.Stream.MINIBATCHES)
    for _ in range(iterations):
        x = rng.standard_normal((BATCH, D))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        z = b @ x.T
        residual = a @ np.maximum(z, 0) / M - teacher()(x)
        losses.append(np.mean(residual**2) / 2)
        g = residual / BATCH
        a, b = (
            a - eta * np.maximum(z, 0) @ g,
            b - eta * D * (a[:, None] * (z > 0) * g) @ x,
        )
    return b, a, losses


@pytest.mark.parametrize("displaced", [False, True])
def test_the_update_is_that_of_the_source(displaced):
    start = students(0.1, 2.0)
    results = run(start, 0.3, batches(), 40, displaced, float(D), average_last=15)
    for i, ours in enumerate(results):
        b, a, losses = transcription(start.select([i]), 0.3, 40)
        np.testing.assert_allclose(ours.weights.hidden[0], b, rtol=1e-10)
        np.testing.assert_allclose(ours.weights.output[0], a, rtol=1e-10)
        recorded = [losses[t] for t in ours.iteration[:-1]]
        np.testing.assert_allclose(ours.train_loss[:-1], recorded, rtol=1e-10)
        assert ours.late_loss == pytest.approx(np.mean(losses[-15:]), rel=1e-10)


def test_its_mean_is_descent_on_a_large_sample():
    start, eta, iterations, repeats = students(1.0), 0.1, 22, 60
    runs = [run(start, eta, batches(seed), iterations, True)[0] for seed in range(repeats)]
    moved = np.concatenate([each.displacement.vector() for each in runs])
    (x,), (y,) = batches(size=20_000).draw(1)
    data = problem.Problem(x, y, x[:1], y[:1])
    full = run(start, eta, data, iterations, True)
    expected = full[0].displacement.vector()[0]
    error = moved.std(0, ddof=1) / repeats**0.5
    assert (np.abs(moved.mean(0) - expected) < 4 * error + 1e-3 * np.abs(expected).max()).all()
    assert np.abs(expected).max() > 20 * error.max(), "the test could not fail"


def job(*etas: float) -> Job:
    return Job(
        keys=tuple(Run("e", M, 1 / M, 1.0, eta, seed=0) for eta in etas),
        problem=ProblemKey(**SIZES, seed=1),
        symmetrize=True,
        iterations=60,
        track_best=False,
        batch=BATCH,
        hidden_factor=float(D),
        average_last=15,
    )


def test_rows_have_the_mean_of_the_last_batches():
    start = students(1.0)
    (ours,) = training.train(job(0.3 / M))
    losses = transcription(start, 0.3, 60)[2]
    assert ours.row["train_loss_end"] == pytest.approx(np.mean(losses[-15:]), rel=1e-10)
    assert ours.curve["train_loss"][0] == pytest.approx(losses[0], rel=1e-12)


def test_a_student_alone_is_the_student_in_the_stack_and_one_that_diverges_leaves_the_others_alone():
    together = training.train(job(0.3 / M, 1e6))
    (alone,) = training.train(job(0.3 / M))
    (burst,) = training.train(job(1e6))
    np.testing.assert_array_equal(together[0].end, alone.end)
    assert together[1].row["diverged"]
    assert together[1].row["iterations"] == burst.row["iterations"] < 60
    np.testing.assert_array_equal(together[1].end, burst.end)


def test_a_killed_job_goes_on_with_the_same_batches(tmp_path, monkeypatch):
    whole = training.train(job(0.3 / M, 0.2 / M))
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)
    advance, left = descent.Descent.advance, iter(range(30))

    def killed(self):
        if next(left, None) is None:
            raise KeyboardInterrupt
        advance(self)

    path = tmp_path / "checkpoint"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(descent.Descent, "advance", killed)
        training.train(job(0.3 / M, 0.2 / M), checkpoint=path)
    assert path.exists()
    resumed = training.train(job(0.3 / M, 0.2 / M), checkpoint=path)
    for ours, theirs in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(ours.end, theirs.end)
        assert ours.curve == theirs.curve
        assert ours.row["train_loss_end"] == theirs.row["train_loss_end"]
