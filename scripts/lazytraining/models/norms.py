"""Norms of a module's derivatives: ‖Dh‖ by Lanczos iteration, and ‖D²h‖ from below.

Of maps into outputs in root mean square over n points, so that both have a factor n^(-½).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from lazytraining.models.module import Network

TOLERANCE = 1e-12
"""Relative change of a norm at which Lanczos iteration ends."""
STARTS, ROUNDS, CURVATURE_STEPS = 2, 8, 8
"""Of the search for ‖D²h‖."""


class Norm(NamedTuple):
    value: float
    steps: int
    """Of Lanczos iteration: each is one product with the map and one with its transpose."""


def derivative_norm(
    network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], tolerance: float = TOLERANCE
) -> Norm:
    """‖Dh(w)‖ (see `largest`)."""
    first = first_direction(network, x)
    return largest(lambda u: network.push(w, x, u), lambda r: network.pull(w, x, r), first, tolerance)


def derivative_change(
    network: Network,
    after: Float[Tensor, " p"],
    before: Float[Tensor, " p"],
    x: Shaped[Tensor, "n ..."],
    tolerance: float = 1e-8,
) -> Norm:
    """‖Dh(w1) − Dh(w0)‖: each product is a difference of two, to the rounding of each."""

    def push(u: Tensor) -> Tensor:
        return network.push(after, x, u) - network.push(before, x, u)

    def pull(r: Tensor) -> Tensor:
        return network.pull(after, x, r) - network.pull(before, x, r)

    return largest(push, pull, first_direction(network, x), tolerance)


def first_direction(network: Network, x: Shaped[Tensor, "n ..."]) -> Float[Tensor, "n k"]:
    """Ones and noise, the same each time: with a part along any direction of outputs."""
    noise = torch.Generator().manual_seed(0)
    shape = len(x), network.outputs_each
    return 1 + 0.1 * torch.randn(shape, generator=noise, dtype=torch.float64).to(network.weights)


def largest(
    push: Callable[[Tensor], Tensor],
    pull: Callable[[Tensor], Tensor],
    first: Float[Tensor, "n k"],
    tolerance: float = TOLERANCE,
    most: int = 100,
) -> Norm:
    """The largest singular value over √n of a linear map from weights to outputs, from its products with vectors.

    Golub and Kahan's bidiagonalisation, each vector made orthogonal to all before it; a value from below that ends where a step
    changes it by less than `tolerance`.
    """
    left = [first.ravel() / first.norm()]
    right, diagonal, below, found = [], [], [], 0.0
    for step in range(1, most + 1):
        v = _orthogonal(pull(left[-1].view_as(first)), right)
        diagonal.append(v.norm().item())
        if diagonal[-1] > 0:
            right.append(v / diagonal[-1])
            u = _orthogonal(push(right[-1]).ravel(), left)
            below.append(u.norm().item())
        matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
        if step > 1:
            matrix += torch.diag(torch.tensor(below[: step - 1], dtype=torch.float64), -1)
        if diagonal[-1] > 0:  # the last row of the bidiagonal matrix
            last = torch.zeros(1, step, dtype=torch.float64)
            last[0, -1] = below[-1]
            matrix = torch.cat([matrix, last])
        if not matrix.isfinite().all():
            return Norm(math.inf, step)
        before, found = found, torch.linalg.matrix_norm(matrix, 2).item()
        if diagonal[-1] == 0 or below[-1] <= tolerance * found or abs(found - before) <= tolerance * found:
            break
        left.append(u / below[-1])
    return Norm(found / math.sqrt(len(first)), step)


def curvature(
    network: Network,
    w: Float[Tensor, " p"],
    x: Shaped[Tensor, "n ..."],
    searched: Shaped[Tensor, "m ..."] | None = None,
) -> float:
    """‖D²h(w)‖ from below, away from kinks.

    A symmetric bilinear map has the norm of its quadratic form, max ⟨r, D²h[u, u]⟩ over unit u and r. From several starts, by turns:
    u the eigenvector of the Hessian of ⟨r, h⟩ whose eigenvalue is largest in size, by Lanczos iteration, and r ∝ D²h[u, u], by a
    difference. With the best u found at the points `searched`, if not at all, ⟨r, D²h[u, u]⟩ at all points is returned, forward over
    reverse: a value that is reached, so that the norm is not less, however good r is.
    """
    some = x if searched is None else searched
    noise = torch.Generator().manual_seed(0)
    best, chosen = 0.0, torch.zeros_like(w)
    for start in range(STARTS):
        r = first_direction(network, some)
        if start:
            r = torch.randn(r.shape, generator=noise, dtype=torch.float64).to(w)
        u, found = torch.randn(len(w), generator=noise, dtype=torch.float64).to(w), 0.0
        for _ in range(ROUNDS):
            u = _top(partial(network.curve, w, some, r / r.norm()), u)
            r = _bent(network, w, some, u)
            before, found = found, _along(network, w, some, r, u)
            if not found > before * (1 + 1e-3):
                break
        if found > best:
            best, chosen = found, u
    r = _bent(network, w, x, chosen) if best else torch.zeros(1)
    return _along(network, w, x, r, chosen) / math.sqrt(len(x))


def _bent(
    network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], u: Float[Tensor, " p"]
) -> Float[Tensor, "n k"]:
    """In the direction of D²h(w)[u, u], by a central difference of Dh u."""
    size = torch.finfo(w.dtype).eps ** (1 / 3) * w.norm()
    return network.push(w + size * u, x, u) - network.push(w - size * u, x, u)


def _along(network: Network, w: Tensor, x: Tensor, r: Tensor, u: Tensor) -> float:
    """|⟨r, D²h(w)[u, u]⟩|/‖r‖ for a unit vector u; 0 where r is."""
    size = r.norm()
    return abs((network.curve(w, x, r / size, u) @ u).item()) if size > 0 else 0.0


def _top(product: Callable[[Tensor], Tensor], first: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """A unit vector near the eigenvector of largest eigenvalue in size of a symmetric map."""
    basis, rows = [first / first.norm()], []
    for _ in range(CURVATURE_STEPS):
        image = product(basis[-1])
        rows.append(torch.stack([one @ image for one in basis]))
        rest = _orthogonal(image, basis)
        if not rest.norm() > 1e-12 * image.norm():
            break
        basis.append(rest / rest.norm())
    size = len(rows)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for column, row in enumerate(rows):
        matrix[: column + 1, column] = row.double().cpu()
    matrix = torch.triu(matrix) + torch.triu(matrix, 1).T
    if not matrix.isfinite().all():
        return first / first.norm()
    values, vectors = torch.linalg.eigh(matrix)
    chosen = vectors[:, values.abs().argmax()].to(first)
    found = sum(share * one for share, one in zip(chosen, basis, strict=False))
    return found / found.norm()


def _orthogonal(vector: Tensor, basis: list[Tensor]) -> Tensor:
    for _ in range(2):  # once is not enough for rounding
        for one in basis:
            vector = vector - (one @ vector) * one
    return vector
