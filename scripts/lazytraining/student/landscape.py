"""Test loss on a plane through the final weights of students (note, §4.7).

Direction, surface and projection are separate steps, as in Li et al. 2018: a plane is made once,
and anything of the same shape can be projected onto it. Students are rows of `Weights.vector`.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.student.network import Weights, forward, half_mean_square
from lazytraining.student.problem import Stream, generator


class Plane(NamedTuple):
    """center + x directions[0] + y directions[1]."""

    center: Float[Tensor, " p"]
    directions: Float[Tensor, "2 p"]
    unit: Float[Tensor, " 2"]
    """What a surface's extent counts in, along each direction."""


def principal_plane(vectors: Float[Tensor, "k p"]) -> Plane:
    """The two leading principal components of k ≥ 3 weight vectors, through their mean.

    Its unit is the vectors' standard deviation (ddof 0) along each. Signs are fixed so that the first
    vector has no negative coordinate.

    Raises ValueError for fewer than three vectors: two span a line.
    """
    if len(vectors) < 3:
        raise ValueError(f"a plane needs at least three weight vectors, not {len(vectors)}")
    center = vectors.mean(0)
    centered = vectors - center
    _, singular, rows = torch.linalg.svd(centered, full_matrices=False)
    directions = rows[:2]
    directions = directions * torch.where(directions @ centered[0] < 0, -1.0, 1.0)[:, None].to(rows.dtype)
    return Plane(center, directions, singular[:2] / len(vectors) ** 0.5)


def filter_normalized_plane(center: Float[Tensor, " p"], d: int, seed: int) -> Plane:
    """Two random directions through one student, each neuron's part as long as that neuron (Li et al. 2018).

    A neuron's part of a direction is as long as (b_i, a_i). Its unit is 1: there every neuron has moved by its own norm.
    """
    draw = generator(seed, Stream.DIRECTIONS)
    sizes = torch.linalg.vector_norm(center.unflatten(0, (-1, d + 1)), dim=1, keepdim=True)
    directions = []
    for _ in range(2):
        noise = torch.from_numpy(draw.standard_normal((len(sizes), d + 1))).to(center.dtype)
        directions.append((noise / torch.linalg.vector_norm(noise, dim=1, keepdim=True) * sizes).flatten())
    return Plane(center, torch.stack(directions), torch.ones(2, dtype=center.dtype))


def project(plane: Plane, vectors: Float[Tensor, "k p"]) -> tuple[Float[Tensor, "k 2"], Float[Tensor, " k"]]:
    """Coordinates of the nearest points of the plane, and the share of each distance to the centre in it.

    The share is ‖P(v − c)‖ / ‖v − c‖, and NaN at the centre itself.
    """
    away = vectors - plane.center
    coordinates = away @ torch.linalg.pinv(plane.directions)
    inside = torch.linalg.vector_norm(coordinates @ plane.directions, dim=1)
    return coordinates, inside / torch.linalg.vector_norm(away, dim=1)


def explained_variance(plane: Plane, vectors: Float[Tensor, "k p"]) -> float:
    """Share of the variance of k weight vectors about their mean that lies along the plane."""
    centered = vectors - vectors.mean(0)
    basis = torch.linalg.qr(plane.directions.T).Q
    return ((centered @ basis).square().sum() / centered.square().sum()).item()


def lift(plane: Plane, coordinates: Float[Tensor, "k 2"]) -> Float[Tensor, "k p"]:
    """The points of the plane with these coordinates."""
    return plane.center + coordinates @ plane.directions


def loss_at(
    vectors: Float[Tensor, "k p"],
    alpha: float,
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    chunk: int = 25,
) -> Float[Tensor, " k"]:
    """½ mean((α h(w, x) − y)²) for each row w, a few rows at a time to bound memory."""
    losses = [
        half_mean_square(alpha * forward(Weights.from_vector(rows, x.shape[1]), x), y)
        for rows in vectors.split(chunk)
    ]
    return torch.cat(losses)


def grid_coordinates(plane: Plane, points: int, extent: float) -> Float[Tensor, "cells 2"]:
    """A grid over ± `extent` units along each direction, y running fastest."""
    axes = [torch.linspace(-extent, extent, points, dtype=plane.center.dtype) * unit for unit in plane.unit]
    return torch.cartesian_prod(*axes)
