"""The gradient flow of the phase diagram, its tangent model and predictions, against transcriptions and closed forms."""

import numpy as np
import pytest

from lazytraining.student import flow, network, phase, tangent
from lazytraining.student.laziness import Collapse, Lazy
from lazytraining.student.network import Weights
from lazytraining.student.phase import TangentFlow
from lazytraining.student.problem import Problem, make_problem

DATA = make_problem(d=3, n_train=12, n_test=20, teacher_neurons=2, teacher_gain=1.0, seed=0)
UNIT = np.sqrt(np.square(DATA.y_train).mean())
SCALED = Problem(DATA.x_train, DATA.y_train / UNIT, DATA.x_test, DATA.y_test / UNIT)
START = network.initialise(6, 3, 1.0, 0, symmetrize=False)
FLOW = {"cfl": 0.5, "stop": 1e-3, "iterations": 60}
CELLS = {"cfl": 0.5, "stop": 1e-3, "iterations": 3000, "lazy": Lazy(), "collapse": Collapse()}


def transcribed(alpha, tau, cfl, stop, iterations):
    """Descent on L/α² of the network α h as it is written, at its own τ, in loops over points: weights and Σ η/n."""
    b, a = tau * START.hidden[0], tau * START.output[0]
    x, y = DATA.x_train, DATA.y_train

    def jacobian():
        rows = []
        for point in x:
            z = b @ point
            rows.append(
                np.concatenate([((z > 0) * a)[:, None] * point, np.maximum(z, 0)[:, None]], 1).ravel()
            )
        return np.array(rows)

    time, total = 0.0, len(y)
    for step in range(iterations):
        dh = jacobian()
        kernel = dh @ dh.T
        residual = alpha * np.array([np.maximum(b @ point, 0) @ a for point in x]) - y
        if np.mean(residual**2) < stop * np.mean(y**2):
            break
        if step == 0:
            values, vectors = np.linalg.eigh(kernel)
            largest, vector = values[-1], vectors[:, -1]
        elif step % 10 == 0:
            vector = kernel @ vector
            largest = np.linalg.norm(vector)
            vector /= largest
        eta = cfl * 2 * total / (1.1 * largest)
        move = -(eta / alpha) * dh.T @ residual / total
        cut = min(1, 0.03 * np.sqrt(np.sum(a**2) + np.sum(b**2)) / np.linalg.norm(move))
        move = (cut * move).reshape(len(a), -1)
        b, a, time = b + move[:, :-1], a + move[:, -1], time + cut * eta / total
    return b, a, time


@pytest.mark.parametrize("tau", [0.3, 1.0, 40.0])
def test_flow_is_a_transcription_and_depends_on_alpha_tau_squared_alone(tau):
    scale = 0.7
    b, a, time = transcribed(scale * UNIT / tau**2, tau, **FLOW)
    found, _ = flow.integrate(START, SCALED.x_train, SCALED.y_train, np.array([scale, 3.0]), **FLOW)
    np.testing.assert_allclose(tau * found.weights.hidden[0], b, rtol=1e-10, atol=1e-12 * tau)
    np.testing.assert_allclose(tau * found.weights.output[0], a, rtol=1e-10, atol=1e-12 * tau)
    assert found.time == pytest.approx(tau**2 * time, rel=1e-10)


def test_flows_do_not_depend_on_those_beside_them(monkeypatch):
    scales, asked = np.geomspace(0.01, 100, 7), FLOW | {"stop": 0.3}
    together = flow.integrate(START, SCALED.x_train, SCALED.y_train, scales, **asked)
    monkeypatch.setattr(flow, "NUMBERS", 1)
    alone = flow.integrate(START, SCALED.x_train, SCALED.y_train, scales, **asked)
    assert len({one.iterations for one in alone}) > 1, "some leave earlier than others"
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.weights.hidden, other.weights.hidden, rtol=1e-9)
        assert one[2:6] == other[2:6]


def test_flow_ends_stopped_at_rest_or_unfinished():
    few = network.initialise(1, 3, 1.0, 0, symmetrize=False)
    end = {
        (start.output.size, iterations): flow.integrate(
            start, SCALED.x_train, SCALED.y_train, np.array([1.0]), cfl=0.5, stop=0.01, iterations=iterations
        )[0]
        for start in (few, START)
        for iterations in (4, 4000)
    }
    states = {key: (one.stopped, one.at_rest, one.diverged) for key, one in end.items()}
    assert states[6, 4000] == (True, False, False)
    assert end[6, 4000].iterations < 4000
    assert states[1, 4000] == (False, True, False), "one neuron can't be two"
    assert states[6, 4] == states[1, 4] == (False, False, False)


def test_flow_without_end_is_diverged():
    (one,) = flow.integrate(START, SCALED.x_train, SCALED.y_train, np.array([1e200]), **FLOW)
    assert one.diverged
    assert not one.stopped
    row = phase.measure(one, 1e200, TangentFlow(START, SCALED), Lazy(), Collapse())
    assert row["regime"] == "diverged"
    assert "gap_test" not in row


def test_twin_is_the_tangent_model_with_small_steps():
    twin, scale, time = TangentFlow(START, SCALED), 3.0, 0.4
    step, n = 1e-7, len(SCALED.y_train)
    count = np.array([round(time * n / step)])
    train, test = tangent.TangentModel.at(START, SCALED).outputs(scale, step, count)
    ours = twin.outputs(scale, time)
    np.testing.assert_allclose(ours[0], train[0], rtol=1e-6)
    np.testing.assert_allclose(ours[1], test[0], rtol=1e-6)


def test_twin_moves_as_its_outputs_say_and_reaches_a_loss_when_it_says():
    twin, scale, time = TangentFlow(START, SCALED), 3.0, 0.4
    moved = twin.displacement(scale, time).vector()[0]
    dh = twin.differential.matrix()
    start = scale * network.forward(START, SCALED.x_train)[0]
    np.testing.assert_allclose(start + scale * dh @ moved, twin.outputs(scale, time)[0], rtol=1e-10)
    reached = twin.time_to(scale, 0.2, 1e6)
    end = twin.outputs(scale, reached)[0] - SCALED.y_train
    assert np.square(end).sum() == pytest.approx(0.2 * np.square(SCALED.y_train).sum(), rel=1e-9)
    assert twin.time_to(scale, 0.2, reached / 2) == reached / 2, "no later than it may"


def test_prediction_is_exact_to_first_order():
    far, farther = phase.cells(DATA, 6, 0, True, [1e3, 1e5], **CELLS | {"cfl": 0.01, "stop": 0.2})
    for measured, predicted in (
        ("output_distance", "predicted_output"),
        ("hidden_distance", "predicted_hidden"),
    ):
        errors = [abs(row[predicted] / row[measured] - 1) for row in (far, farther)]
        times = [abs(row["predicted_time"] / row["time"] - 1) for row in (far, farther)]
        assert errors[1] < 2 * times[1] + 1e-3, "up to the last step, which is not cut"
    assert farther["kernel_movement"] < 1e-3
    assert max(far["gap_train"], farther["gap_train"]) < 0.02, "up to the length of the steps"


def test_turn_is_weighted_by_output():
    angle = 0.3
    start = Weights(np.array([[[1.0, 0], [0, 1]]]), np.array([[1.0, 1]]))
    now = Weights(np.array([[[2 * np.cos(angle), 2 * np.sin(angle)], [0, 5]]]), np.array([[-3.0, 0.4]]))
    assert phase.weighted_turn(now, start) == pytest.approx((1 - np.cos(angle)) * 6 / 8, rel=1e-12)
    assert phase.weighted_turn(start.times(3.0), start) == 0


@pytest.fixture(scope="module")
def cells():
    """Of 100 points in ten dimensions."""
    problem = make_problem(10, 100, 1000, 3, 1.0, 0)
    asked = [
        (160, True, [1.0, 46.4159]),
        (160, False, [46.4159]),
        (1920, False, [46.4159]),
        (40, False, [1e4]),
        (5, False, [1e4]),
    ]
    return {
        (m, symmetrize, row["coupling"]): row
        for m, symmetrize, couplings in asked
        for row in phase.cells(problem, m, 0, symmetrize, couplings, **CELLS)
    }


def test_kernel_moves_as_an_independent_integration_found(cells):
    assert cells[160, True, 1.0]["kernel_movement"] == pytest.approx(4.174, rel=0.01)


def test_regimes(cells):
    assert {key: row["regime"] for key, row in cells.items()} == {
        (160, True, 1.0): "feature learning",
        (160, True, 46.4159): "lazy",
        (160, False, 46.4159): "crossover",
        (1920, False, 46.4159): "lazy",
        (40, False, 1e4): "unfinished",
        (5, False, 1e4): "random features",
    }


def test_losses_are_in_the_units_of_the_targets(cells):
    problem = make_problem(10, 100, 1000, 3, 1.0, 0)
    row = cells[160, True, 1.0]
    assert row["zero_loss"] == pytest.approx(problem.zero_loss)
    assert row["train_loss_end"] < 1e-3 * np.square(problem.y_train).mean() / 2
    assert row["train_loss_end"] > 0.9e-3 * np.square(problem.y_train).mean() / 2


@pytest.mark.parametrize("coupling", [0.1, 1.0, 1e3])
def test_a_stable_step_is_the_largest_at_which_descent_as_written_never_rises(coupling):
    m = 12
    start = network.initialise(m, 3, 1.0, 0, symmetrize=True)
    scale, x, y = coupling / m, SCALED.x_train, SCALED.y_train
    (share,) = flow.stable_steps(start, x, y, np.array([scale]), stop=1e-3)
    model = tangent.TangentModel.at(start, SCALED)

    def rises(share: float) -> bool:
        b, a, losses = start.hidden[0], start.output[0], []
        for _ in range(300):
            z = x @ b.T
            r = scale * np.maximum(z, 0) @ a - y
            losses.append(np.mean(r**2) / 2)
            if losses[-1] < 1e-3 / 2 or losses[-1] > losses[0]:
                break
            eta = share * model.stable_step()
            moved = (a * (z > 0) * r[:, None]).T @ x, np.maximum(z, 0).T @ r
            b, a = (part - eta / scale * way / len(y) for part, way in zip((b, a), moved, strict=True))
        return losses[-1] > losses[0]

    assert not rises(share) and rises(1.02 * share)


def test_in_the_lazy_limit_the_largest_stable_step_is_the_tangent_models():
    start = network.initialise(12, 3, 1.0, 0, symmetrize=True)
    shares = flow.stable_steps(start, SCALED.x_train, SCALED.y_train, np.array([1e3, 1e6]), stop=1e-3)
    np.testing.assert_allclose(shares, 1, rtol=0.02)
