"""Tangent kernels of a module, by chunks, and what is measured of them and of its layers."""

import math

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from lazytraining.models import module
from lazytraining.models.module import Network, Observed, nearby
from lazytraining.student import laziness


def traced(network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> Float[np.ndarray, "n n"]:
    """K(x, x') = Σ_c ⟨∇h_c(x), ∇h_c(x')⟩, the tangent kernel traced over outputs.

    As many outputs at once as `AT_ONCE` numbers hold; where it does not hold all points of one, their gradients are made again.
    """
    n, k, p = len(x), network.outputs_each, len(w)
    group = max(1, min(k, module.AT_ONCE // (n * p)))
    points = min(n, max(1, module.AT_ONCE // 2 // p)) if group == 1 and n * p > module.AT_ONCE else n
    found = w.new_zeros(n, n)
    for first in range(0, k, group):
        columns = range(first, min(k, first + group))
        for a in range(0, n, points):
            rows = network.rows(w, x[a : a + points], columns).flatten(1)
            found[a : a + points, a : a + points] += rows @ rows.T
            for b in range(a + points, n, points):
                others = network.rows(w, x[b : b + points], columns).flatten(1)
                product = rows @ others.T
                found[a : a + points, b : b + points] += product
                found[b : b + points, a : a + points] += product.T
                del others  # before the next are made
            del rows
    return found.double().numpy(force=True)


def full(network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> Float[np.ndarray, "nk nk"]:
    """Dh Dhᵀ of every output of every point, point by point."""
    n, k = len(x), network.outputs_each
    points = max(1, min(n, module.AT_ONCE // 2 // (k * len(w))))
    found = w.new_empty(n * k, n * k)
    for a in range(0, n, points):
        rows = network.rows(w, x[a : a + points], range(k)).flatten(0, 1)
        for b in range(0, a + points, points):
            others = rows if a == b else network.rows(w, x[b : b + points], range(k)).flatten(0, 1)
            block = rows @ others.T
            found[a * k : a * k + len(rows), b * k : b * k + len(others)] = block
            found[b * k : b * k + len(others), a * k : a * k + len(rows)] = block.T
            del others  # before the next are made
        del rows
    return found.double().numpy(force=True)


def alignment(kernel: Float[np.ndarray, "n n"], y: Float[np.ndarray, "n k"]) -> float:
    """Kernel-target alignment: cos of the centred kernel and the centred y yᵀ (Cortes, Mohri and Rostamizadeh 2012)."""
    return 1 - laziness.turn(laziness.centred(kernel), laziness.centred(y @ y.T))


def observed_at_start(network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> Observed:
    """What a network does at w0, without features that are rounding alone: of a symmetrised module that is one layer, h(w0) = 0."""
    found, others = network.observed(w, x), network.observed(nearby(w), x).features
    features = {name: own for name, own in found.features.items() if _varies(own, others[name])}
    return found._replace(features=features)


def feature_alignments(now: Observed, start: Observed) -> dict[str, float]:
    """Linear CKA of each layer's features with those at the start; NaN where training has left them the same at all points."""
    return {
        name: laziness.feature_alignment(
            now.features[name].double().numpy(force=True), features.double().numpy(force=True)
        )
        if _varies(now.features[name], features)
        else math.nan
        for name, features in start.features.items()
    }


def _varies(features: Float[Tensor, "n units"], others: Float[Tensor, "n units"]) -> bool:
    """Whether features differ between points by more than rounding, beside their own size and that of others."""
    size = max(torch.linalg.vector_norm(features).item(), torch.linalg.vector_norm(others).item())
    centred = torch.linalg.vector_norm(features - features.mean(0)).item()
    return centred > torch.finfo(features.dtype).eps ** 0.75 * size


def movements(network: Network, w: Float[Tensor, " p"], start: Float[Tensor, " p"]) -> dict[str, float]:
    """‖w_l − w0_l‖/‖w0_l‖ of each layer l."""
    return {name: _share(w[part] - start[part], start[part]) for name, part in network.layers.items()}


def euler_degree(network: Network, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> float:
    """q = ⟨h, Dh w⟩/⟨h, h⟩: the degree of a positively homogeneous h (Euler), and what least squares say of another.

    NaN where h is 0 up to rounding, beside what it is with a tenth more of each weight or less.
    """
    h, along = network.outputs(w, x).double(), network.push(w, x, w).double()
    other = network.outputs(nearby(w), x).double()
    if h.norm() <= torch.finfo(w.dtype).eps ** 0.75 * other.norm():
        return float("nan")
    return ((h * along).sum() / h.square().sum()).item()


def _share(moved: Tensor, start: Tensor) -> float:
    return (torch.linalg.vector_norm(moved) / torch.linalg.vector_norm(start)).item()
