"""Test loss on a plane through the final weights of students (note, §4.7).

Direction, surface and projection are separate steps, as in Li et al. 2018: a plane is made once,
and anything of the same shape can be projected onto it. Students are rows of `Weights.vector`.
"""

from typing import NamedTuple

import numpy as np
import scipy  # its parts are imported where they are first used
from jaxtyping import Float

from lazytraining.student.network import Weights, forward, half_mean_square, norm
from lazytraining.student.problem import Stream, generator

FEATURES = 2**21
"""Neurons times points, or weights, that are computed at a time, unless a single student has more: 16 MiB."""


class Plane(NamedTuple):
    """center + x directions[0] + y directions[1]."""

    center: Float[np.ndarray, " p"]
    directions: Float[np.ndarray, "2 p"]
    unit: Float[np.ndarray, " 2"]
    """What a surface's extent counts in, along each direction."""


def principal_plane(vectors: Float[np.ndarray, "k p"]) -> Plane:
    """The two leading principal components of k ≥ 3 weight vectors, through their mean.

    Its unit is the vectors' standard deviation (ddof 0) along each. Signs are fixed so that the first
    vector has no negative coordinate.

    Raises ValueError for fewer than three vectors: two span a line.
    """
    if len(vectors) < 3:
        raise ValueError(f"a plane needs at least three weight vectors, not {len(vectors)}")
    center = vectors.mean(0)
    centered = vectors - center
    _, singular, rows = np.linalg.svd(centered, full_matrices=False)
    directions = rows[:2]
    directions = directions * np.where(directions @ centered[0] < 0, -1.0, 1.0)[:, None]
    return Plane(center, directions, singular[:2] / len(vectors) ** 0.5)


def aligned(
    vectors: Float[np.ndarray, "k p"], first: Float[np.ndarray, " p"], d: int
) -> Float[np.ndarray, "k p"]:
    """The same students, each with its neurons in the order in which they go best with those of the first.

    The order of the neurons changes no output. Of all orders π it is the one that makes Σ_j ⟨(b_j, a_j), (b'_π(j), a'_π(j))⟩ largest,
    an optimal assignment (as in Ainsworth, Hayase and Srinivasa 2022). Students that diverged stay as they are.
    """
    neurons, found = first.reshape(-1, d + 1), vectors.copy()
    for i in np.flatnonzero(np.isfinite(vectors).all(1)):
        own = vectors[i].reshape(-1, d + 1)
        found[i] = own[scipy.optimize.linear_sum_assignment(neurons @ own.T, maximize=True)[1]].ravel()
    return found


def permuted(
    vector: Float[np.ndarray, " p"], d: int, copies: int, seed: int
) -> Float[np.ndarray, "copies p"]:
    """Copies of one student, the first as it is and the others with their neurons in a random order."""
    neurons, draw = vector.reshape(-1, d + 1), generator(seed, Stream.DIRECTIONS)
    orders = [np.arange(len(neurons)), *(draw.permutation(len(neurons)) for _ in range(copies - 1))]
    return np.stack([neurons[order].ravel() for order in orders])


def filter_normalized_plane(center: Float[np.ndarray, " p"], d: int, seed: int) -> Plane:
    """Two random directions through one student, each neuron's part as long as that neuron (Li et al. 2018).

    A neuron's part of a direction is as long as (b_i, a_i). Its unit is 1: there every neuron has moved by its own norm.
    """
    draw = generator(seed, Stream.DIRECTIONS)
    sizes = np.linalg.norm(center.reshape(-1, d + 1), axis=1, keepdims=True)
    directions = []
    for _ in range(2):
        noise = draw.standard_normal((len(sizes), d + 1))
        directions.append((noise / np.linalg.norm(noise, axis=1, keepdims=True) * sizes).ravel())
    return Plane(center, np.stack(directions), np.ones(2))


def project(
    plane: Plane, vectors: Float[np.ndarray, "k p"]
) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, " k"]]:
    """Coordinates of the nearest points of the plane, and the share of each distance to the centre in it.

    The share is ‖P(v − c)‖ / ‖v − c‖, and NaN at the centre itself.
    """
    away = vectors - plane.center
    coordinates = away @ np.linalg.pinv(plane.directions)
    with np.errstate(invalid="ignore"):
        return coordinates, norm(coordinates @ plane.directions) / norm(away)


def explained_variance(plane: Plane, vectors: Float[np.ndarray, "k p"]) -> float:
    """Share of the variance of k weight vectors about their mean that lies along the plane."""
    centered = vectors - vectors.mean(0)
    basis = np.linalg.qr(plane.directions.T).Q
    along, whole = (norm(part.reshape(1, -1))[0] for part in (centered @ basis, centered))
    return float((along / whole) ** 2)


def lift(plane: Plane, coordinates: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, "k p"]:
    """The points of the plane with these coordinates."""
    return plane.center + coordinates @ plane.directions


def loss_at(
    vectors: Float[np.ndarray, "k p"],
    alpha: float,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " k"]:
    """½ mean((α h(w, x) − y)²) for each row w, as many rows at a time as compute at most FEATURES."""
    losses, chunk = [], _at_once(vectors.shape[1], x)
    for first in range(0, len(vectors), chunk):
        weights = Weights.from_vector(vectors[first : first + chunk], x.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # students that diverged have a loss too
            losses.append(half_mean_square(alpha * forward(weights, x), y))
    return np.concatenate(losses)


def loss_on(
    plane: Plane,
    coordinates: Float[np.ndarray, "k 2"],
    alpha: float,
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " k"]:
    """The same at the points of the plane with these coordinates, of which no more are in memory than are computed at a time."""
    chunk = _at_once(len(plane.center), x)
    parts = (coordinates[first : first + chunk] for first in range(0, len(coordinates), chunk))
    return np.concatenate([loss_at(lift(plane, part), alpha, x, y) for part in parts])


def _at_once(p: int, x: Float[np.ndarray, "n d"]) -> int:
    """How many students of p weights."""
    return max(1, FEATURES // max(p, p // (x.shape[1] + 1) * len(x)))


def grid_coordinates(plane: Plane, points: int, extent: float) -> Float[np.ndarray, "cells 2"]:
    """A grid over ± `extent` units along each direction, y running fastest."""
    x, y = (np.linspace(-extent, extent, points) * unit for unit in plane.unit)
    return np.column_stack([np.repeat(x, points), np.tile(y, points)])
