"""Planes, projections and surfaces against linear algebra."""

import itertools

import measure_landscape
import numpy as np
import pytest

from lazytraining.student import landscape, network
from lazytraining.student.network import Weights
from lazytraining.student.problem import Stream, generator


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((8, 4 * 6)) * np.linspace(3, 1, 24)


def test_plane_is_that_of_the_covariance(vectors):
    plane = landscape.principal_plane(vectors)
    covariance = np.cov(vectors.T, bias=True)
    values, directions = np.linalg.eigh(covariance)
    np.testing.assert_allclose(plane.unit**2, values[[-1, -2]], rtol=1e-10)
    explained = landscape.explained_variance(plane, vectors)
    assert explained == pytest.approx(values[-2:].sum() / values.sum())
    for mine, theirs in zip(plane.directions, directions.T[[-1, -2]], strict=True):
        assert abs(mine @ theirs) == pytest.approx(1)
    coordinates, _ = landscape.project(plane, vectors)
    assert (coordinates[0] >= 0).all()
    np.testing.assert_allclose(coordinates.std(0), plane.unit)


def test_projection_is_the_nearest_point_of_the_plane(vectors):
    plane = landscape.principal_plane(vectors)
    coordinates, share = landscape.project(plane, vectors)
    nearest = landscape.lift(plane, coordinates)
    residual = vectors - nearest
    np.testing.assert_allclose(residual @ plane.directions.T, 0, atol=1e-12)
    inside = np.linalg.norm(nearest - plane.center, axis=1)
    np.testing.assert_allclose(share, inside / np.hypot(inside, np.linalg.norm(residual, axis=1)))


def test_points_of_the_plane_project_onto_themselves(vectors):
    plane = landscape.principal_plane(vectors)
    coordinates = landscape.grid_coordinates(plane, points=5, extent=3.0)
    assert np.abs(coordinates).max(0) == pytest.approx(3 * plane.unit)
    again, share = landscape.project(plane, landscape.lift(plane, coordinates))
    np.testing.assert_allclose(again, coordinates, atol=1e-12)
    outside_center = np.linalg.norm(coordinates, axis=1) > 1e-9
    assert outside_center.sum() == 24
    np.testing.assert_allclose(share[outside_center], 1)


def test_filter_normalised_directions_are_as_long_as_each_neuron(vectors):
    plane = landscape.filter_normalized_plane(vectors[0], d=5, seed=3)
    draw = generator(3, Stream.DIRECTIONS).standard_normal((2, 4, 6))
    neurons = vectors[0].reshape(4, 6)
    sizes = np.linalg.norm(neurons, axis=1, keepdims=True)
    expected = draw / np.linalg.norm(draw, axis=2, keepdims=True) * sizes
    np.testing.assert_allclose(plane.directions.reshape(2, 4, 6), expected)
    cells = landscape.grid_coordinates(plane, points=5, extent=1.0)
    assert np.abs(cells).max() == 1
    again, _ = landscape.project(plane, landscape.lift(plane, cells))
    np.testing.assert_allclose(again, cells, atol=1e-12)
    residual = vectors - landscape.lift(plane, landscape.project(plane, vectors)[0])
    np.testing.assert_allclose(residual @ plane.directions.T, 0, atol=1e-10)
    assert np.isnan(landscape.project(plane, vectors)[1][0])
    assert 0 < landscape.explained_variance(plane, vectors) < 1


def test_loss_is_the_models_own(vectors, small_problem, monkeypatch):
    x, y = small_problem.x_test, small_problem.y_test
    monkeypatch.setattr(landscape, "FEATURES", 3 * len(x) * (vectors.shape[1] // 6))  # three at a time
    losses = landscape.loss_at(vectors, 0.5, x, y)
    for vector, loss in zip(vectors, losses, strict=True):
        weights = Weights.from_vector(vector[None], 5)
        prediction = 0.5 * network.forward(weights, x)[0]
        assert loss == pytest.approx(((prediction - y) ** 2).mean() / 2)
    plane = landscape.principal_plane(vectors)
    cells = landscape.grid_coordinates(plane, 4, 1.5)
    expected = landscape.loss_at(landscape.lift(plane, cells), 0.5, x, y)
    np.testing.assert_allclose(landscape.loss_on(plane, cells, 0.5, x, y), expected, rtol=1e-12)


@pytest.mark.parametrize("grid", [2, 3, 4, 25])
def test_the_centre_is_the_planes_whatever_the_grid(vectors, small_problem, grid):
    keys = [
        {"experiment": "e", "m": 4, "alpha": 0.25, "tau": 1.0, "eta": 0.1, "seed": seed} for seed in range(8)
    ]
    runs = [key | {"diverged": False} for key in keys]
    chosen = {"plane": "principal", "grid": grid, "extent": 1.0}
    group = {name: value for name, value in keys[0].items() if name != "seed"}
    surface, _ = measure_landscape.measure(runs, vectors, small_problem, group, chosen)
    (expected,) = landscape.loss_at(vectors.mean(0)[None], 0.25, small_problem.x_test, small_problem.y_test)
    assert {row["centre_loss"] for row in surface} == {expected}
    middle = [row["test_loss"] for row in surface if row["x"] == row["y"] == 0]
    assert middle == pytest.approx([expected] * (grid % 2))


def test_two_points_make_no_plane(vectors):
    with pytest.raises(ValueError, match="at least three"):
        landscape.principal_plane(vectors[:2])


def test_neurons_are_aligned_by_the_best_of_all_orders(vectors):
    """Of the 24 orders of four neurons; whatever the order that they come in."""
    found = landscape.aligned(vectors, vectors[0], d=5)
    first = vectors[0].reshape(4, 6)
    for own, ordered in zip(vectors, found, strict=True):
        orders = (own.reshape(4, 6)[list(order)] for order in itertools.permutations(range(4)))
        best = max(orders, key=lambda neurons: (neurons * first).sum())
        np.testing.assert_array_equal(ordered, best.ravel())
    np.testing.assert_array_equal(found[0], vectors[0])
    copies = landscape.permuted(vectors[0], 5, copies=6, seed=1)
    assert len(np.unique(copies, axis=0)) > 1
    np.testing.assert_array_equal(landscape.aligned(copies, vectors[0], d=5), np.stack(6 * [vectors[0]]))


def test_the_order_of_neurons_changes_no_loss_but_that_of_the_mean(vectors, small_problem):
    x, y = small_problem.x_test, small_problem.y_test
    copies = landscape.permuted(vectors[0], 5, copies=6, seed=1)
    (own,) = landscape.loss_at(vectors[:1], 0.5, x, y)
    np.testing.assert_allclose(landscape.loss_at(copies, 0.5, x, y), own)
    assert landscape.loss_at(copies.mean(0)[None], 0.5, x, y) != pytest.approx(own)
    gone = np.vstack([vectors[:2], np.full((1, vectors.shape[1]), np.nan)])
    np.testing.assert_array_equal(landscape.aligned(gone, vectors[0], d=5)[2], gone[2])


@pytest.mark.parametrize("plane", ["principal", "aligned", "filter_normalized"])
def test_every_plane_says_how_high_the_three_means_are(vectors, small_problem, plane):
    keys = [
        {"experiment": "e", "m": 4, "alpha": 0.25, "tau": 1.0, "eta": 0.1, "seed": seed} for seed in range(8)
    ]
    runs = [key | {"diverged": False} for key in keys]
    group = {name: value for name, value in keys[0].items() if name != "seed"}
    chosen = {"plane": plane, "grid": 3, "extent": 1.0}
    surface, endpoints = measure_landscape.measure(runs, vectors, small_problem, group, chosen)
    ordered = landscape.aligned(vectors, vectors[0], 5)
    copies = landscape.permuted(vectors[0], 5, 8, 0)
    through = vectors[0] if plane == "filter_normalized" else vectors.mean(0)
    means = np.stack([through, ordered.mean(0), copies.mean(0)])
    expected = landscape.loss_at(means, 0.25, small_problem.x_test, small_problem.y_test)
    names = ("centre_loss", "aligned_centre_loss", "permuted_centre_loss")
    assert [surface[0][name] for name in names] == pytest.approx(expected.tolist())
    middle = next(row["test_loss"] for row in surface if row["x"] == row["y"] == 0)
    assert middle == pytest.approx(expected[1 if plane == "aligned" else 0])
    own = landscape.loss_at(vectors, 0.25, small_problem.x_test, small_problem.y_test)
    assert [row["test_loss"] for row in endpoints] == pytest.approx(own.tolist())
