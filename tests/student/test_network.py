"""The student: homogeneity, symmetrised starts, movement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazytraining.student import network
from lazytraining.student.network import Weights
from lazytraining.student.problem import Stream, generator, make_problem


def random_weights(m: int, d: int, seed: int, tau: float = 1.0) -> Weights:
    return network.initialise(m, d, tau, seed, symmetrize=False)


@given(st.integers(1, 8), st.integers(1, 6), st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_positively_2_homogeneous(m, d, scale, seed):
    weights, x = random_weights(m, d, seed), np.random.default_rng(seed).standard_normal((9, d))
    expected = scale**2 * network.forward(weights, x)
    np.testing.assert_allclose(
        network.forward(weights.times(scale), x), expected, rtol=1e-11, atol=1e-11 * scale**2
    )


def test_forward_is_the_sum_over_neurons():
    weights, x = random_weights(5, 3, 0), np.random.default_rng(0).standard_normal((7, 3))
    expected = sum(
        a * np.maximum(x @ b, 0) for a, b in zip(weights.output[0], weights.hidden[0], strict=True)
    )
    np.testing.assert_allclose(network.forward(weights, x)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("m", "d"), [(2, 2), (6, 7), (50, 100), (256, 100)])
def test_symmetrised_start_is_exactly_zero(m, d, precision):
    data = make_problem(d, 10, 333, 3, 1.0, seed=0)
    for seed in range(3):
        weights = network.initialise(m, d, 3.7, seed, symmetrize=True).astype(precision)
        assert not network.forward(weights, data.x_test.astype(precision)).any()
        assert (weights.output[0, : m // 2] > 0).all()


def test_start_is_the_student_stream_times_tau():
    draw = generator(11, Stream.STUDENT).standard_normal((4, 3 + 1))
    weights = network.initialise(4, 3, 0.5, 11, symmetrize=False)
    np.testing.assert_array_equal(weights.hidden[0], 0.5 * draw[:, :3])
    np.testing.assert_array_equal(weights.output[0], 0.5 * draw[:, 3])
    symmetric = network.initialise(4, 3, 0.5, 11, symmetrize=True)
    np.testing.assert_array_equal(symmetric.hidden[0, 2:], 0.5 * draw[:2, :3])
    np.testing.assert_array_equal(symmetric.output[0, 2:], -0.5 * np.abs(draw[:2, 3]))


def test_odd_symmetrised_student_is_refused():
    with pytest.raises(ValueError, match="even m, not 3"):
        network.initialise(3, 2, 1.0, 0, symmetrize=True)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 100))
def test_vector_and_back(m, d, seed):
    weights = random_weights(m, d, seed)
    again = Weights.from_vector(weights.vector(), d)
    np.testing.assert_array_equal(again.hidden, weights.hidden)
    np.testing.assert_array_equal(again.output, weights.output)


def test_movement_is_that_of_its_definition():
    start, end = random_weights(4, 3, 0), random_weights(4, 3, 1)
    moved = network.movement(end.minus(start), start)
    w0, w = start.vector()[0], end.vector()[0]
    assert moved.relative_change[0] == pytest.approx(np.sum(np.abs(w - w0) / np.abs(w0)))
    assert moved.relative_distance[0] == pytest.approx(np.linalg.norm(w - w0) / np.linalg.norm(w0))
    b0, b = start.hidden, end.hidden
    assert moved.hidden_distance[0] == pytest.approx(np.linalg.norm(b - b0) / np.linalg.norm(b0))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
def test_movement_has_every_size(scale, size):
    start, step = random_weights(4, 3, 0), random_weights(4, 3, 1)
    expected = np.array(network.movement(step, start)) * size / scale
    np.testing.assert_allclose(network.movement(step.times(size), start.times(scale)), expected, rtol=1e-12)


def test_gate_flips_counts_pairs():
    x = np.eye(2)
    start = Weights(np.array([[[1.0, 1.0], [1.0, -1.0]]]), np.ones((1, 2)))
    end = Weights(np.array([[[1.0, -1.0], [1.0, -2.0]]]), np.ones((1, 2)))
    assert network.gate_flips(end, start, x)[0] == 1 / 4


def test_change_is_the_difference_of_outputs_without_its_rounding():
    x = make_problem(6, 40, 1, 3, 1.0, seed=1).x_train
    start = network.initialise(8, 6, 1.0, 2, symmetrize=False)
    step = network.initialise(8, 6, 0.3, 3, symmetrize=False)
    difference = network.forward(start.plus(step), x) - network.forward(start, x)
    np.testing.assert_allclose(network.change(start, step, x), difference, rtol=1e-9, atol=1e-12)
    large, tiny = start.times(1e6), step.times(1e-9)
    gates = x @ start.hidden[0].T > 0
    first_order = (gates * (x @ tiny.hidden[0].T)) @ large.output[0] + gates * (
        x @ large.hidden[0].T
    ) @ tiny.output[0]
    np.testing.assert_allclose(network.change(large, tiny, x)[0], first_order, rtol=1e-9)
