"""What is measured of each layer's features, and kernels beside targets."""

import numpy as np
import pytest
import torch
from torch import nn

from lazytraining.models import builtin, kernels
from lazytraining.models.module import Network


def few(*shape: int, n: int = 7) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((n, *shape)))


def test_features_and_movement_are_those_of_each_layer():
    network = Network(builtin.build("mlp", {"depth": 3, "width": 4}, (6,), 2, 0), few(6))
    w = network.weights.clone()
    w[network.layers["3"]] *= 3
    start, now = network.observed(network.weights, few(6)), network.observed(w, few(6))
    assert kernels.movements(network, w, network.weights) == pytest.approx({"1": 0, "3": 2, "5": 0})
    found = kernels.feature_alignments(now, start)
    assert (
        found["1"] == pytest.approx(1) and found["3"] == pytest.approx(1) and list(found) == ["1", "3", "5"]
    )
    torch.testing.assert_close(now.features["3"], 3 * start.features["3"])


def test_features_that_are_rounding_alone_are_not_aligned_with_anything():
    class Offset(nn.Module):
        """One layer, whose output begins at 0; or one with the same output at each point."""

        def __init__(self, constant: bool):
            super().__init__()
            self.w, self.b = nn.Parameter(torch.ones(6, 2)), nn.Parameter(torch.tensor(0.1))
            self.register_buffer("start", torch.ones(6, 2).double())
            self.constant = constant

        def forward(self, x):
            return self.b + 0 * x[:, :2] if self.constant else x @ self.w - (x.flip(1) @ self.start)

    for constant in (False, True):
        network = Network(Offset(constant), few(6))
        start = kernels.observed_at_start(network, network.weights, few(6))
        for size in (1e-6, 1):
            now = network.observed(network.weights * (1 + size), few(6))
            assert kernels.feature_alignments(now, start) == {}
    plain = Network(nn.Linear(6, 2), few(6))
    start = kernels.observed_at_start(plain, plain.weights, few(6))
    assert np.isnan(kernels.feature_alignments(plain.observed(0 * plain.weights, few(6)), start)["Linear"])
    found = kernels.feature_alignments(plain.observed(1e-9 * plain.weights, few(6)), start)["Linear"]
    assert found == pytest.approx(1)


def test_alignment_is_1_for_the_targets_own_kernel():
    y = np.random.default_rng(0).standard_normal((9, 2))
    assert kernels.alignment(5 * y @ y.T, y) == pytest.approx(1)
    assert kernels.alignment(np.eye(9), y) < 1
