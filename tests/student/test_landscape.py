"""Planes, projections and surfaces against linear algebra."""

import numpy as np
import pytest
import torch

from lazytraining.student import landscape, network
from lazytraining.student.network import Weights
from lazytraining.student.problem import Stream, generator


@pytest.fixture
def vectors() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 4 * 6, generator=generator, dtype=torch.float64) * torch.linspace(3, 1, 24)


def test_plane_is_that_of_the_covariance(vectors):
    plane = landscape.principal_plane(vectors)
    covariance = np.cov(vectors.numpy().T, bias=True)
    values, directions = np.linalg.eigh(covariance)
    np.testing.assert_allclose(plane.unit.square(), values[[-1, -2]], rtol=1e-10)
    explained = landscape.explained_variance(plane, vectors)
    assert explained == pytest.approx(values[-2:].sum() / values.sum())
    for mine, theirs in zip(plane.directions, directions.T[[-1, -2]], strict=True):
        assert abs(mine.numpy() @ theirs) == pytest.approx(1)
    coordinates, _ = landscape.project(plane, vectors)
    assert (coordinates[0] >= 0).all()
    np.testing.assert_allclose(coordinates.std(0, correction=0), plane.unit)


def test_projection_is_the_nearest_point_of_the_plane(vectors):
    plane = landscape.principal_plane(vectors)
    coordinates, share = landscape.project(plane, vectors)
    nearest = landscape.lift(plane, coordinates)
    residual = vectors - nearest
    torch.testing.assert_close(
        residual @ plane.directions.T, torch.zeros(8, 2, dtype=torch.float64), atol=1e-12, rtol=0
    )
    inside = (nearest - plane.center).norm(dim=1)
    torch.testing.assert_close(share, inside / torch.hypot(inside, residual.norm(dim=1)))


def test_points_of_the_plane_project_onto_themselves(vectors):
    plane = landscape.principal_plane(vectors)
    coordinates = landscape.grid_coordinates(plane, points=5, extent=3.0)
    assert coordinates.abs().max(0).values == pytest.approx((3 * plane.unit).tolist())
    again, share = landscape.project(plane, landscape.lift(plane, coordinates))
    torch.testing.assert_close(again, coordinates)
    outside_center = coordinates.norm(dim=1) > 1e-9
    torch.testing.assert_close(share[outside_center], torch.ones(24, dtype=torch.float64))


def test_filter_normalised_directions_are_as_long_as_each_neuron(vectors):
    plane = landscape.filter_normalized_plane(vectors[0], d=5, seed=3)
    draw = generator(3, Stream.DIRECTIONS).standard_normal((2, 4, 6))
    neurons = vectors[0].numpy().reshape(4, 6)
    sizes = np.linalg.norm(neurons, axis=1, keepdims=True)
    expected = draw / np.linalg.norm(draw, axis=2, keepdims=True) * sizes
    np.testing.assert_allclose(plane.directions.reshape(2, 4, 6), expected)
    cells = landscape.grid_coordinates(plane, points=5, extent=1.0)
    assert cells.abs().max() == 1
    again, _ = landscape.project(plane, landscape.lift(plane, cells))
    torch.testing.assert_close(again, cells)
    residual = vectors - landscape.lift(plane, landscape.project(plane, vectors)[0])
    torch.testing.assert_close(
        residual @ plane.directions.T, torch.zeros(8, 2, dtype=torch.float64), atol=1e-10, rtol=0
    )
    assert torch.isnan(landscape.project(plane, vectors)[1][0])
    assert 0 < landscape.explained_variance(plane, vectors) < 1


def test_loss_is_the_models_own(vectors, small_problem):
    x, y = torch.from_numpy(small_problem.x_test), torch.from_numpy(small_problem.y_test)
    losses = landscape.loss_at(vectors, 0.5, x, y, chunk=3)
    for vector, loss in zip(vectors, losses, strict=True):
        weights = Weights.from_vector(vector[None], 5)
        prediction = 0.5 * network.forward(weights, x)[0]
        assert loss.item() == pytest.approx(((prediction - y) ** 2).mean().item() / 2)


def test_two_points_make_no_plane(vectors):
    with pytest.raises(ValueError, match="at least three"):
        landscape.principal_plane(vectors[:2])
