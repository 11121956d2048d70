"""The engine against transcriptions, autograd, homogeneity, and its own students one by one."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transcription import transcription

from lazytraining.student import descent, engine, network, recording
from lazytraining.student.network import Weights
from lazytraining.student.problem import make_problem
from lazytraining.student.recording import EarlyStopping
from lazytraining.student.students import Students, step


def train(data, start, alpha, eta, iterations, displaced=False, rules=None, **options):
    students = Students(start, alpha, eta, displaced=displaced, early_stopping=rules and tuple(rules))
    return descent.descend(students=students, data=data, iterations=iterations, **options)


@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize("alpha", [0.25, 1.0, 40.0])
def test_200_iterations_agree_with_an_independent_transcription(symmetrize, alpha):
    data = make_problem(20, 100, 80, 3, 1.0, seed=1)
    tau, eta = 0.7, 0.05 if alpha > 1 else 1.0
    start = network.initialise(10, 20, tau, 1, symmetrize)
    (run,) = train(data, start, alpha, eta, 200, symmetrize)
    losses, b, a = transcription(data, start.hidden[0], start.output[0], alpha, eta, 200)
    np.testing.assert_allclose(run.train_loss, losses[run.iteration, 0], rtol=1e-10)
    np.testing.assert_allclose(run.test_loss, losses[run.iteration, 1], rtol=1e-10)
    np.testing.assert_allclose(run.weights.hidden[0], b, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(run.weights.output[0], a, rtol=1e-10, atol=1e-13)
    assert run.test_loss_best == pytest.approx(losses[:, 1].min(), rel=1e-12)
    assert run.best_iteration == losses[:, 1].argmin()


@given(
    m=st.integers(1, 6),
    d=st.integers(1, 5),
    alpha=st.floats(0.1, 10),
    symmetrize=st.booleans(),
    seed=st.integers(0, 50),
)
@settings(max_examples=40)
def test_one_step_is_autograds(m, d, alpha, symmetrize, seed):
    m *= 2
    data = make_problem(d, 12, 8, 3, 1.0, seed)
    start = network.initialise(m, d, 1.0, seed, symmetrize)
    b, a = (torch.tensor(part[0], requires_grad=True) for part in start)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    loss = (alpha * (torch.relu(x @ b.T) @ a) - y).square().mean() / (2 * alpha**2)
    loss.backward()
    expected = Weights(*(w - 0.1 * part.grad.numpy() for w, part in zip(start, (b, a), strict=True)))
    (run,) = train(data, start, alpha, 0.1, 1, symmetrize)
    once = step(start, data.x_train, data.y_train, np.array([alpha]), np.array([0.1]))
    for ours in (run.weights, once):
        np.testing.assert_allclose(ours.hidden, expected.hidden, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(ours.output, expected.output, rtol=1e-12, atol=1e-14)


@given(
    m=st.integers(1, 20),
    d=st.integers(1, 20),
    n=st.integers(1, 300),
    k=st.integers(1, 40),
    stack=st.integers(1, 4),
    displaced=st.booleans(),
    precision=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 50),
)
@settings(max_examples=60)
def test_the_engine_does_the_step_at_every_shape(m, d, n, k, stack, displaced, precision, seed):
    """Whatever is padded, however rows and points are divided: three steps, and the losses before each."""
    m *= 2 if displaced else 1
    data = make_problem(d, n, k, 3, 1.0, seed)
    start = Weights.stack(network.initialise(m, d, 1.0, seed + i, displaced) for i in range(stack))
    students = Students(start.astype(precision), 2.0, np.linspace(0.02, 0.1, stack), displaced=displaced)
    own = engine.Engine(students, data)
    losses = own.run(3, True, True)
    weights, tolerance = students.start.astype(float), 1e-11 if precision == "float64" else 2e-4
    for t in range(3):
        for kind, (x, y) in enumerate(((data.x_train, data.y_train), (data.x_test, data.y_test))):
            expected = network.half_mean_square(2.0 * network.forward(weights, x), y)
            np.testing.assert_allclose(losses[t, kind], expected, rtol=tolerance, atol=tolerance * 1e-2)
        weights = step(weights, data.x_train, data.y_train, students.alpha, students.step_size)
    scale = np.abs(weights.hidden).max()
    for ours, theirs in zip(students.split(own.state)[0], weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_runs_depend_on_alpha_tau_squared_alone(small_problem, symmetrize):
    """τ → 2τ, α → α/4, η → η/4 keeps α τ² and η/α and is exact in binary: not a bit may differ."""
    start = network.initialise(8, 5, 0.3, 0, symmetrize)
    (one,) = train(small_problem, start, 2.0, 0.4, 300, symmetrize)
    (other,) = train(small_problem, start.times(2.0), 0.5, 0.1, 300, symmetrize)
    assert one.train_loss == other.train_loss
    assert one.test_loss == other.test_loss
    np.testing.assert_array_equal(2 * one.weights.hidden, other.weights.hidden)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_a_stack_is_its_students(small_problem, symmetrize):
    """Students with their own α, η and end train together as they do alone, to the bit."""
    students = [
        network.initialise(6, 5, tau, seed, symmetrize) for seed, tau in enumerate((0.1, 1.0, 3.0, 5.0))
    ]
    alpha, eta = [1.0, 2.0, 0.5, 1.0], [1.0, 0.1, 0.02, 50.0]
    rules = [
        EarlyStopping(1e-4, 5),
        EarlyStopping(0.0, 10**6),
        EarlyStopping(1e-3, 20),
        EarlyStopping(0.0, 10**6),
    ]
    together = train(small_problem, Weights.stack(students), alpha, eta, 250, symmetrize, rules)
    assert together[0].stopped_early
    assert together[3].diverged
    for i, run in enumerate(together):
        (alone,) = train(small_problem, students[i], alpha[i], eta[i], 250, symmetrize, [rules[i]])
        assert run.iteration == alone.iteration
        assert (run.stopped_early, run.diverged) == (alone.stopped_early, alone.diverged)
        for name in ("train_loss", "test_loss", "relative_change", "relative_distance"):
            np.testing.assert_array_equal(getattr(run, name), getattr(alone, name))
        for ours, theirs in zip(run.displacement, alone.displacement, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def literal_stop(losses: list[float], min_delta: float, patience: int) -> int | None:
    """Early stopping in the words of its definition."""
    reference, without = losses[0], 0
    for iteration, loss in enumerate(losses[1:], start=1):
        if loss < reference - min_delta:
            reference, without = loss, 0
        else:
            without += 1
        if without == patience:
            return iteration
    return None


@pytest.mark.parametrize(("min_delta", "patience"), [(1e-4, 3), (1e-4, 40), (1e-6, 7), (0.0, 1), (1.0, 25)])
def test_early_stopping_to_the_letter(small_problem, min_delta, patience):
    start = network.initialise(6, 5, 0.5, 2, False)
    eta = 1.5
    losses, b, a = transcription(small_problem, start.hidden[0], start.output[0], 1.0, eta, 400)
    expected = literal_stop(losses[:, 1].tolist(), min_delta, patience)
    rule = [EarlyStopping(min_delta, patience)]
    (run,) = train(small_problem, start, 1.0, eta, 400, rules=rule)
    assert run.stopped_early == (expected is not None)
    assert run.iterations == (400 if expected is None else expected)
    _, b, a = transcription(small_problem, start.hidden[0], start.output[0], 1.0, eta, run.iterations)
    np.testing.assert_allclose(run.weights.hidden[0], b, rtol=1e-9)
    np.testing.assert_allclose(run.weights.output[0], a, rtol=1e-9)
    assert run.test_loss[-1] == pytest.approx(losses[run.iterations, 1], rel=1e-9)
    end = network.movement(run.displacement, start)
    assert run.relative_distance[-1] == pytest.approx(end.relative_distance[0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("track_best", [True, False])
def test_divergence_ends_the_run_where_it_is(small_problem, precision, track_best):
    start = network.initialise(6, 5, 1.0, 0, False).astype(precision)
    (run,) = train(small_problem, start, 1.0, 1e3, 500, track_best=track_best)
    assert run.diverged and not run.stopped_early
    assert 1 < run.iterations < 500
    assert run.iteration[-1] == run.iterations
    assert not (math.isfinite(run.train_loss[-1]) and math.isfinite(run.test_loss[-1]))
    assert all(map(math.isfinite, run.train_loss[:-1]))
    assert math.isfinite(run.test_loss_best)
    assert len(run.iteration) == len(run.train_loss) == len(run.test_loss) == len(run.relative_change)


@pytest.mark.parametrize(("precision", "eta"), [("float32", 1e30), ("float64", 1e200), ("float64", 1e308)])
@pytest.mark.parametrize("rule", [None, EarlyStopping(1e300, 1)])
def test_how_far_a_run_has_moved_is_a_number_or_it_has_diverged(precision, eta, rule, monkeypatch):
    """Neurons thrown far out are active nowhere, and leave the loss finite. With the rule a run ends where nothing is recorded."""
    if rule:
        monkeypatch.setattr(descent, "recorded_iterations", lambda last: np.array([0, last]))
    held, lost = [], []
    for seed in range(20):
        data = make_problem(2, 1, 1, 1, 1.0, seed)
        start = network.initialise(2, 2, 0.3, seed, False).astype(np.dtype(precision))
        (run,) = train(data, start, 1.0, eta, 9 if rule else 1, rules=rule and [rule])
        assert run.iterations <= 1
        (lost if run.diverged else held).append(run)
    far = [run for run in held if run.relative_change[-1] > 0]
    assert lost and far
    assert eta < 1e308 or any(np.isfinite(run.weights.vector()).all() for run in lost)
    for run in held:
        assert np.isfinite([run.relative_change, run.relative_distance]).all()
        assert np.isfinite(network.movement(run.displacement, start)).all()
    for run in far:
        assert run.relative_distance[-1] > 1e20


def test_oscillation_is_no_divergence(small_problem):
    start = network.initialise(6, 5, 1.0, 0, True)
    (run,) = train(small_problem, start, 1.0, 1.0, 300)
    assert max(run.train_loss) > 10 * run.train_loss[0]
    assert not run.diverged
    assert run.iterations == 300


@pytest.mark.parametrize("iterations", [1, 7, 20, 21, 400])
def test_without_tracking_only_recorded_test_losses_are_evaluated(small_problem, iterations):
    start = network.initialise(6, 5, 0.5, 0, False)
    (tracked,) = train(small_problem, start, 1.0, 1.0, iterations)
    (recorded,) = train(small_problem, start, 1.0, 1.0, iterations, track_best=False)
    assert recorded.iteration == tracked.iteration
    np.testing.assert_allclose(recorded.train_loss, tracked.train_loss, rtol=1e-9)
    np.testing.assert_allclose(recorded.test_loss, tracked.test_loss, rtol=1e-9)
    assert recorded.test_loss_best == min(recorded.test_loss)


def test_best_is_over_recorded_iterations_without_tracking(small_problem):
    """Early stopping needs the test loss everywhere; the best is still over what is recorded."""
    start = network.initialise(6, 5, 1.0, 0, True)
    rule = [EarlyStopping(0.0, 150)]
    (run,) = train(small_problem, start, 1.0, 0.9, 900, rules=rule, track_best=False)
    assert run.test_loss_best == min(run.test_loss)
    assert run.best_iteration == run.iteration[run.test_loss.index(min(run.test_loss))]
    (tracked,) = train(small_problem, start, 1.0, 0.9, 900, rules=rule)
    assert tracked.iteration == run.iteration
    assert tracked.test_loss_best <= run.test_loss_best


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("tau", [0.1, 1.0, 1e6])
def test_symmetrised_descent_starts_at_the_zero_predictor(tau, precision):
    data = make_problem(100, 50, 60, 3, 1.0, seed=0)
    start = network.initialise(50, 100, tau, 0, True).astype(precision)
    (run,) = train(data, start, 1.0, 0.1 / tau**2, 1, displaced=True)
    assert run.test_loss[0] == pytest.approx(data.zero_loss, rel=10 * float(np.finfo(precision).eps))


@pytest.mark.parametrize("tau", [10.0, 1e3, 1e6])
def test_symmetrised_descent_does_not_drown_in_rounding(tau):
    """As τ grows, training tends to a limit; single precision finds it at every τ, to its own digits."""
    data = make_problem(20, 100, 80, 3, 1.0, seed=1)
    losses, distances = [], []
    for scale, precision in ((tau, "float32"), (1e4, "float64")):
        start = network.initialise(10, 20, scale, 1, True).astype(precision)
        (run,) = train(data, start, 1.0, 0.5 / scale**2, 2000, displaced=True)
        losses.append(run.test_loss)
        distances.append(run.relative_distance[-1] * scale**2)
    assert losses[1][-1] < 0.9 * losses[1][0]
    np.testing.assert_allclose(*losses, rtol=1e-2 if tau < 100 else 2e-5)
    assert distances[0] == pytest.approx(distances[1], rel=1e-2 if tau < 100 else 1e-4)


def test_test_loss_is_evaluated_nowhere_else(small_problem):
    start = network.initialise(6, 5, 0.5, 0, False)
    losses = engine.Engine(Students(start, 1.0, 1.0), small_problem).run(7, False, True)
    assert np.isfinite(losses[:, 0]).all() and np.isfinite(losses[0, 1])
    assert np.isnan(losses[1:, 1]).all()


@given(st.integers(21, 30_000))
def test_recorded_iterations_to_the_letter(iterations):
    spaced = {round(20 * (iterations / 20) ** (k / 199)) for k in range(200)}
    assert set(recording.recorded_iterations(iterations).tolist()) == {*range(21), *spaced, iterations}


@pytest.mark.parametrize("iterations", [1, 19, 20])
def test_short_runs_record_everything(iterations):
    assert recording.recorded_iterations(iterations).tolist() == list(range(iterations + 1))


@pytest.mark.parametrize("symmetrize", [False, True])
def test_observer_sees_every_recorded_displacement(small_problem, symmetrize):
    start = network.initialise(6, 5, 0.5, 0, symmetrize)
    pair = Weights.stack([start, start])
    seen = []

    def observe(iteration, running, displacement):
        seen.append((iteration, list(running), displacement.vector()))

    stopping = [EarlyStopping(10.0, 25), EarlyStopping(0.0, 1000)]
    runs = train(small_problem, pair, [1.0, 2.0], 0.1, 60, symmetrize, stopping, observe=observe)
    assert [iteration for iteration, *_ in seen] == runs[1].iteration
    assert [running for iteration, running, _ in seen] == [
        [0, 1] if iteration <= 25 else [1] for iteration in runs[1].iteration
    ]
    for iteration, running, displacement in seen:
        distance = np.linalg.norm(displacement[running.index(1)]) / np.linalg.norm(start.vector())
        expected = runs[1].relative_distance[runs[1].iteration.index(iteration)]
        assert distance == pytest.approx(expected)


@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize("track_best", [False, True])
def test_blocks_of_any_length_give_the_same_bits(small_problem, symmetrize, track_best, monkeypatch):
    """One student stops early, one diverges, one goes on to the end."""
    rules = (EarlyStopping(1e-3, 7), None, None)
    starts = [network.initialise(6, 5, tau, 3, symmetrize) for tau in (0.5, 1.0, 2.0)]
    start = Weights(*(np.concatenate(parts) for parts in zip(*starts, strict=True)))
    students = Students(start, 1.0, np.array([0.5, 1e6, 0.01]), symmetrize, rules)
    arguments = {"students": students, "data": small_problem, "iterations": 150, "track_best": track_best}
    whole = descent.descend(**arguments)
    monkeypatch.setattr(descent, "LONGEST", 4)
    assert {run.stopped_early for run in whole} == {run.diverged for run in whole} == {False, True}
    for ours, theirs in zip(descent.descend(**arguments), whole, strict=True):
        for name in set(vars(theirs)) - {"weights", "displacement", "late_loss"}:
            assert repr(getattr(ours, name)) == repr(getattr(theirs, name)), name
        for part, other in zip(ours.weights, theirs.weights, strict=True):
            assert part.tobytes() == other.tobytes()
