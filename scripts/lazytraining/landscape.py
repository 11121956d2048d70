"""Test loss on a plane through the final weights of several students (note, §4.7).

Direction, surface and projection are separate steps, as in Li et al. 2018: a plane is made once,
and anything of the same shape can be projected onto it. Students are rows of `Weights.vector`.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lazytraining.network import Weights, forward, half_mean_square


class Plane(NamedTuple):
    """center + x directions[0] + y directions[1]."""

    center: Float[Tensor, " p"]
    directions: Float[Tensor, "2 p"]
    spread: Float[Tensor, " 2"]
    """Standard deviation (ddof 0) of the defining points along each direction."""
    explained: Float[Tensor, " 2"]
    """Share of the defining points' variance along each direction."""


def principal_plane(vectors: Float[Tensor, "k p"]) -> Plane:
    """The two leading principal components of k ≥ 3 weight vectors, through their mean.

    Signs are fixed so that the first vector has no negative coordinate.

    Raises ValueError for fewer than three vectors: two span a line.
    """
    if len(vectors) < 3:
        raise ValueError(f"a plane needs at least three weight vectors, not {len(vectors)}")
    center = vectors.mean(0)
    centered = vectors - center
    _, singular, rows = torch.linalg.svd(centered, full_matrices=False)
    directions = rows[:2]
    directions = directions * torch.where(directions @ centered[0] < 0, -1.0, 1.0)[:, None].to(rows.dtype)
    variance = singular.square()
    return Plane(center, directions, singular[:2] / len(vectors) ** 0.5, variance[:2] / variance.sum())


def project(plane: Plane, vectors: Float[Tensor, "k p"]) -> tuple[Float[Tensor, "k 2"], Float[Tensor, " k"]]:
    """Coordinates in the plane, and the share of each distance to the centre that lies in it.

    The share is ‖P(v − c)‖ / ‖v − c‖.
    """
    away = vectors - plane.center
    coordinates = away @ plane.directions.T
    return coordinates, torch.linalg.vector_norm(coordinates, dim=1) / torch.linalg.vector_norm(away, dim=1)


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
    """A grid over ± `extent` standard deviations along each direction, y running fastest."""
    axes = [torch.linspace(-extent, extent, points, dtype=plane.center.dtype) * s for s in plane.spread]
    return torch.cartesian_prod(*axes)
