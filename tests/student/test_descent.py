"""The engine against transcriptions, autograd, homogeneity, and its own students one by one."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from transcription import transcription

from lazytraining.student import descent, network, recording
from lazytraining.student.network import Weights
from lazytraining.student.problem import make_problem
from lazytraining.student.recording import EarlyStopping


def stack_of(*students: Weights) -> Weights:
    return Weights(*(torch.cat(parts) for parts in zip(*students, strict=True)))


@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize("alpha", [0.25, 1.0, 40.0])
def test_200_iterations_agree_with_an_independent_transcription(symmetrize, alpha):
    data = make_problem(20, 100, 80, 3, 1.0, seed=1)
    tau, eta = 0.7, 0.05 if alpha > 1 else 1.0
    start = network.initialise(10, 20, tau, 1, symmetrize)
    (run,) = descent.descend(data, start, tensor(alpha), tensor(eta), 200, symmetrized=symmetrize)
    losses, b, a = transcription(data, start.hidden[0].numpy(), start.output[0].numpy(), alpha, eta, 200)
    np.testing.assert_allclose(run.train_loss, losses[run.iteration, 0], rtol=1e-10)
    np.testing.assert_allclose(run.test_loss, losses[run.iteration, 1], rtol=1e-10)
    np.testing.assert_allclose(run.weights.hidden[0].numpy(), b, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(run.weights.output[0].numpy(), a, rtol=1e-10, atol=1e-13)
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
    w = Weights(*(part.clone().requires_grad_() for part in start))
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    loss = network.half_mean_square(alpha * network.forward(w, x), y).sum() / alpha**2
    loss.backward()
    (run,) = descent.descend(data, start, tensor(alpha), tensor(0.1), 1, symmetrized=symmetrize)
    torch.testing.assert_close(run.weights.hidden, start.hidden - 0.1 * w.hidden.grad, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(run.weights.output, start.output - 0.1 * w.output.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_runs_depend_on_alpha_tau_squared_alone(small_problem, symmetrize):
    """τ → 2τ, α → α/4, η → η/4 keeps α τ² and η/α and is exact in binary: not a bit may differ."""
    start = network.initialise(8, 5, 0.3, 0, symmetrize)
    doubled = Weights(2 * start.hidden, 2 * start.output)
    (one,) = descent.descend(small_problem, start, tensor(2.0), tensor(0.4), 300, symmetrized=symmetrize)
    (other,) = descent.descend(small_problem, doubled, tensor(0.5), tensor(0.1), 300, symmetrized=symmetrize)
    assert one.train_loss == other.train_loss
    assert one.test_loss == other.test_loss
    assert torch.equal(2 * one.weights.hidden, other.weights.hidden)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_a_stack_is_its_students(small_problem, symmetrize):
    """Students with their own α, η and end train together as they do alone."""
    students = [
        network.initialise(6, 5, tau, seed, symmetrize) for seed, tau in enumerate((0.1, 1.0, 3.0, 5.0))
    ]
    alpha, eta = tensor(1.0, 2.0, 0.5, 1.0), tensor(1.0, 0.1, 0.02, 50.0)
    rules = [
        EarlyStopping(1e-4, 5),
        EarlyStopping(0.0, 10**6),
        EarlyStopping(1e-3, 20),
        EarlyStopping(0.0, 10**6),
    ]
    together = descent.descend(
        small_problem, stack_of(*students), alpha, eta, 250, rules, symmetrized=symmetrize
    )
    assert together[0].stopped_early
    assert together[3].diverged
    for i, run in enumerate(together):
        (alone,) = descent.descend(
            small_problem,
            students[i],
            alpha[i : i + 1],
            eta[i : i + 1],
            250,
            [rules[i]],
            symmetrized=symmetrize,
        )
        assert run.iteration == alone.iteration
        assert (run.stopped_early, run.diverged) == (alone.stopped_early, alone.diverged)
        if not run.diverged:
            np.testing.assert_allclose(run.test_loss, alone.test_loss, rtol=1e-9)
            np.testing.assert_allclose(run.relative_change, alone.relative_change, rtol=1e-9)
            torch.testing.assert_close(run.weights.hidden, alone.weights.hidden, rtol=1e-9, atol=1e-12)


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
    step = 1.5
    losses, b, a = transcription(
        small_problem, start.hidden[0].numpy(), start.output[0].numpy(), 1.0, step, 400
    )
    expected = literal_stop(losses[:, 1].tolist(), min_delta, patience)
    rule = [EarlyStopping(min_delta, patience)]
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(step), 400, rule)
    assert run.stopped_early == (expected is not None)
    assert run.iterations == (400 if expected is None else expected)
    _, b, a = transcription(
        small_problem, start.hidden[0].numpy(), start.output[0].numpy(), 1.0, step, run.iterations
    )
    np.testing.assert_allclose(run.weights.hidden[0].numpy(), b, rtol=1e-9)
    np.testing.assert_allclose(run.weights.output[0].numpy(), a, rtol=1e-9)
    assert run.test_loss[-1] == pytest.approx(losses[run.iterations, 1], rel=1e-9)
    end = network.movement(run.displacement, start)
    assert run.relative_distance[-1] == pytest.approx(end.relative_distance.item())


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("track_best", [True, False])
def test_divergence_ends_the_run_where_it_is(small_problem, precision, track_best):
    start = network.initialise(6, 5, 1.0, 0, False).to(precision)
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(1e3), 500, track_best=track_best)
    assert run.diverged and not run.stopped_early
    assert 1 < run.iterations < 500
    assert run.iteration[-1] == run.iterations
    assert not (math.isfinite(run.train_loss[-1]) and math.isfinite(run.test_loss[-1]))
    assert all(map(math.isfinite, run.train_loss[:-1]))
    assert math.isfinite(run.test_loss_best)
    assert len(run.iteration) == len(run.train_loss) == len(run.test_loss) == len(run.relative_change)


def test_oscillation_is_no_divergence(small_problem):
    start = network.initialise(6, 5, 1.0, 0, True)
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(1.0), 300)
    assert max(run.train_loss) > 10 * run.train_loss[0]
    assert not run.diverged
    assert run.iterations == 300


@pytest.mark.parametrize("iterations", [1, 7, 20, 21, 400])
def test_without_tracking_only_recorded_test_losses_are_evaluated(small_problem, iterations):
    start = network.initialise(6, 5, 0.5, 0, False)
    (tracked,) = descent.descend(small_problem, start, tensor(1.0), tensor(1.0), iterations)
    (recorded,) = descent.descend(
        small_problem, start, tensor(1.0), tensor(1.0), iterations, track_best=False
    )
    assert recorded.iteration == tracked.iteration
    np.testing.assert_allclose(recorded.train_loss, tracked.train_loss, rtol=1e-9)
    np.testing.assert_allclose(recorded.test_loss, tracked.test_loss, rtol=1e-9)
    assert recorded.test_loss_best == min(recorded.test_loss)


def test_best_is_over_recorded_iterations_without_tracking(small_problem):
    """Early stopping needs the test loss everywhere; the best is still over what is recorded."""
    start = network.initialise(6, 5, 1.0, 0, True)
    rule = [EarlyStopping(0.0, 150)]
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(0.9), 900, rule, track_best=False)
    assert run.test_loss_best == min(run.test_loss)
    assert run.best_iteration == run.iteration[run.test_loss.index(min(run.test_loss))]
    (tracked,) = descent.descend(small_problem, start, tensor(1.0), tensor(0.9), 900, rule)
    assert tracked.iteration == run.iteration
    assert tracked.test_loss_best <= run.test_loss_best


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("tau", [0.1, 1.0, 1e6])
def test_symmetrised_descent_starts_at_the_zero_predictor(tau, precision):
    data = make_problem(100, 50, 60, 3, 1.0, seed=0)
    start = network.initialise(50, 100, tau, 0, True).to(precision)
    (run,) = descent.descend(data, start, tensor(1.0), tensor(0.1 / tau**2), 1, symmetrized=True)
    assert run.test_loss[0] == pytest.approx(data.zero_loss, rel=10 * torch.finfo(precision).eps)


@pytest.mark.parametrize("tau", [10.0, 1e3, 1e6])
def test_symmetrised_descent_does_not_drown_in_rounding(tau):
    """As τ grows, training tends to a limit; single precision finds it at every τ, to its own digits."""
    data = make_problem(20, 100, 80, 3, 1.0, seed=1)
    losses, distances = [], []
    for scale, precision in ((tau, torch.float32), (1e4, torch.float64)):
        start = network.initialise(10, 20, scale, 1, True).to(precision)
        step = tensor(0.5 / scale**2)
        (run,) = descent.descend(data, start, tensor(1.0), step, 2000, symmetrized=True)
        losses.append(run.test_loss)
        distances.append(run.relative_distance[-1] * scale**2)
    assert losses[1][-1] < 0.9 * losses[1][0]
    np.testing.assert_allclose(*losses, rtol=1e-2 if tau < 100 else 2e-5)
    assert distances[0] == pytest.approx(distances[1], rel=1e-2 if tau < 100 else 1e-4)


def test_test_loss_is_evaluated_nowhere_else(small_problem, monkeypatch):
    asked = []
    evaluate = descent._Stack.evaluate
    monkeypatch.setattr(
        descent._Stack,
        "evaluate",
        lambda self, test, residual: asked.append(test) or evaluate(self, test, residual),
    )
    start = network.initialise(6, 5, 0.5, 0, False)
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(1.0), 1000, track_best=False)
    assert len(asked) == 1001
    assert sum(asked) == len(run.iteration)


@given(st.integers(21, 30_000))
def test_recorded_iterations_to_the_letter(iterations):
    spaced = {round(20 * (iterations / 20) ** (k / 199)) for k in range(200)}
    assert set(recording.recorded_iterations(iterations).tolist()) == {*range(21), *spaced, iterations}


@pytest.mark.parametrize("iterations", [1, 19, 20])
def test_short_runs_record_everything(iterations):
    assert recording.recorded_iterations(iterations).tolist() == list(range(iterations + 1))


@pytest.mark.parametrize("track_best", [True, False])
def test_iterations_in_graphs_are_the_same_iterations(small_problem, monkeypatch, track_best):
    """What a GPU captures and replays, with a replay that does the captured iterations here."""
    start = network.initialise(6, 5, 0.5, 0, False)
    options = {"iterations": 900, "track_best": track_best}
    (plain,) = descent.descend(small_problem, start, tensor(1.0), tensor(1.0), **options)
    captured = set()

    def capture(stack, count, test):
        captured.add((count, test))
        return SimpleNamespace(replay=lambda: stack._iterate(count, test, True))

    make = descent._Stack.__init__

    def graphed(stack, *arguments):
        make(stack, *arguments)
        stack.graphed = True

    monkeypatch.setattr(descent._Stack, "__init__", graphed)
    monkeypatch.setattr(descent._Stack, "_capture", capture)
    (run,) = descent.descend(small_problem, start, tensor(1.0), tensor(1.0), **options)
    assert run.train_loss == plain.train_loss
    assert run.test_loss == plain.test_loss
    assert torch.equal(run.weights.hidden, plain.weights.hidden)
    assert captured == {(1, True), (8, track_best)} | ({(1, False)} if not track_best else set())


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@needs_gpu
@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_gpu_agrees_with_cpu_at_the_papers_size(symmetrize, precision, tolerance):
    data = make_problem(100, 1000, 1000, 3, 1.0, seed=0)
    students = [network.initialise(50, 100, tau, 0, symmetrize).to(precision) for tau in (0.1, 1.0, 10.0)]
    eta = tensor(10.0, 0.1, 1e-3)
    runs = [
        descent.descend(
            data, stack_of(*students).to(device), tensor(1.0, 1.0, 1.0), eta, 500, symmetrized=symmetrize
        )
        for device in ("cpu", "cuda")
    ]
    for ours, theirs in zip(*runs, strict=True):
        np.testing.assert_allclose(theirs.test_loss, ours.test_loss, rtol=tolerance)


@needs_gpu
@pytest.mark.parametrize("symmetrize", [False, True])
def test_gpu_agrees_with_cpu(small_problem, symmetrize):
    start = network.initialise(6, 5, 0.5, 0, symmetrize)
    runs = [
        descent.descend(small_problem, where, tensor(1.0), tensor(1.0), 300, symmetrized=symmetrize)[0]
        for where in (start, start.to("cuda"))
    ]
    np.testing.assert_allclose(runs[1].test_loss, runs[0].test_loss, rtol=1e-9)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_observer_sees_every_recorded_displacement(small_problem, symmetrize):
    start = network.initialise(6, 5, 0.5, 0, symmetrize)
    pair = Weights(start.hidden.repeat(2, 1, 1), start.output.repeat(2, 1))
    seen = []

    def observe(iteration, running, displacement):
        seen.append((iteration, list(running), displacement.vector().clone()))

    stopping = [EarlyStopping(10.0, 25), EarlyStopping(0.0, 1000)]
    runs = descent.descend(
        small_problem,
        pair,
        tensor(1, 2),
        tensor(0.1, 0.1),
        60,
        stopping,
        symmetrized=symmetrize,
        observe=observe,
    )
    assert [iteration for iteration, *_ in seen] == runs[1].iteration
    assert [running for iteration, running, _ in seen] == [
        [0, 1] if iteration <= 25 else [1] for iteration in runs[1].iteration
    ]
    for iteration, running, displacement in seen:
        distance = displacement.norm(dim=1)[running.index(1)] / start.vector().norm()
        expected = runs[1].relative_distance[runs[1].iteration.index(iteration)]
        assert distance.item() == pytest.approx(expected)
