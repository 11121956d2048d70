"""The student: homogeneity, symmetrised starts, movement."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lazytraining.student import network
from lazytraining.student.network import Weights
from lazytraining.student.problem import Stream, generator, make_problem


def random_weights(m: int, d: int, seed: int, tau: float = 1.0) -> Weights:
    return network.initialise(m, d, tau, seed, symmetrize=False)


@given(st.integers(1, 8), st.integers(1, 6), st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_positively_2_homogeneous(m, d, scale, seed):
    weights, x = random_weights(m, d, seed), torch.randn(9, d, dtype=torch.float64)
    scaled = Weights(scale * weights.hidden, scale * weights.output)
    torch.testing.assert_close(
        network.forward(scaled, x), scale**2 * network.forward(weights, x), rtol=1e-11, atol=1e-11 * scale**2
    )


def test_forward_is_the_sum_over_neurons():
    weights, x = random_weights(5, 3, 0), torch.randn(7, 3, dtype=torch.float64)
    expected = sum(
        a * torch.clamp(x @ b, min=0) for a, b in zip(weights.output[0], weights.hidden[0], strict=True)
    )
    torch.testing.assert_close(network.forward(weights, x)[0], expected)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize(("m", "d"), [(2, 2), (6, 7), (50, 100), (256, 100)])
def test_symmetrised_start_is_exactly_zero(m, d, precision):
    data = make_problem(d, 10, 333, 3, 1.0, seed=0)
    for seed in range(3):
        weights = network.initialise(m, d, 3.7, seed, symmetrize=True).to(precision)
        values = network.forward(weights, torch.as_tensor(data.x_test, dtype=precision))
        assert torch.count_nonzero(values) == 0
        assert (weights.output[0, : m // 2] > 0).all()


def test_start_is_the_student_stream_times_tau():
    draw = generator(11, Stream.STUDENT).standard_normal((4, 3 + 1))
    weights = network.initialise(4, 3, 0.5, 11, symmetrize=False)
    np.testing.assert_array_equal(weights.hidden[0].numpy(), 0.5 * draw[:, :3])
    np.testing.assert_array_equal(weights.output[0].numpy(), 0.5 * draw[:, 3])
    symmetric = network.initialise(4, 3, 0.5, 11, symmetrize=True)
    np.testing.assert_array_equal(symmetric.hidden[0, 2:].numpy(), 0.5 * draw[:2, :3])
    np.testing.assert_array_equal(symmetric.output[0, 2:].numpy(), -0.5 * np.abs(draw[:2, 3]))


def test_odd_symmetrised_student_is_refused():
    with pytest.raises(ValueError, match="even m, not 3"):
        network.initialise(3, 2, 1.0, 0, symmetrize=True)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 100))
def test_vector_and_back(m, d, seed):
    weights = random_weights(m, d, seed)
    again = Weights.from_vector(weights.vector(), d)
    assert torch.equal(again.hidden, weights.hidden)
    assert torch.equal(again.output, weights.output)


def test_movement_is_that_of_its_definition():
    start, end = random_weights(4, 3, 0), random_weights(4, 3, 1)
    moved = network.movement(end.minus(start), start)
    w0, w = start.vector()[0].numpy(), end.vector()[0].numpy()
    assert moved.relative_change.item() == pytest.approx(np.sum(np.abs(w - w0) / np.abs(w0)))
    assert moved.relative_distance.item() == pytest.approx(np.linalg.norm(w - w0) / np.linalg.norm(w0))
    b0, b = start.hidden.numpy(), end.hidden.numpy()
    assert moved.hidden_distance.item() == pytest.approx(np.linalg.norm(b - b0) / np.linalg.norm(b0))


def test_gate_flips_counts_pairs():
    x = torch.eye(2, dtype=torch.float64)
    start = Weights(torch.tensor([[[1.0, 1.0], [1.0, -1.0]]]).double(), torch.ones(1, 2).double())
    end = Weights(torch.tensor([[[1.0, -1.0], [1.0, -2.0]]]).double(), torch.ones(1, 2).double())
    assert network.gate_flips(end, start, x).item() == 1 / 4


def test_change_is_the_difference_of_outputs_without_its_rounding():
    x = torch.from_numpy(make_problem(6, 40, 1, 3, 1.0, seed=1).x_train)
    start = network.initialise(8, 6, 1.0, 2, symmetrize=False)
    step = network.initialise(8, 6, 0.3, 3, symmetrize=False)
    difference = network.forward(start.plus(step), x) - network.forward(start, x)
    torch.testing.assert_close(network.change(start, step, x), difference)
    large = Weights(1e6 * start.hidden, 1e6 * start.output)
    tiny = Weights(1e-9 * step.hidden, 1e-9 * step.output)
    gates = (x @ start.hidden[0].T > 0).double()
    first_order = (gates * (x @ tiny.hidden[0].T)) @ large.output[0] + gates * (
        x @ large.hidden[0].T
    ) @ tiny.output[0]
    torch.testing.assert_close(network.change(large, tiny, x)[0], first_order, rtol=1e-9, atol=0)
