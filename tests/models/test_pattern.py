"""The activation pattern, of VGG-11 and of ReLU and max pooling however they are called; against mathematics."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from lazytraining.models import builtin, pattern
from lazytraining.models.module import Network
from lazytraining.models.pattern import Frozen, Recorded

WIDTH = 1 / 16
CONVOLUTIONS = 8


def images(side: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((6, 3, side, side)))


@pytest.fixture(scope="module")
def vgg() -> Network:
    return Network(builtin.build("vgg11", {"width": WIDTH}, (3, 32, 32), 10, 2), images())


def moved(network: Network, size: float) -> torch.Tensor:
    noise = np.random.default_rng(1).standard_normal(len(network.weights))
    return network.weights + size * torch.from_numpy(noise)


def gradient(network: Network, w: torch.Tensor, mode=None) -> torch.Tensor:
    """Of a sum of outputs with different factors."""
    leaves = network._leaves(w)
    if mode is None:
        outputs = network._call(leaves, images())
    else:
        with mode:
            outputs = network._call(leaves, images())
    found = torch.autograd.grad((outputs * torch.arange(1.0, 11.0)).sum(), leaves)
    return torch.cat([part.ravel() for part in found])


def test_at_width_1_it_has_the_layers_of_vgg_11_by_xaviers_rule():
    module = builtin.build("vgg11", {"width": 1.0}, (3, 32, 32), 10, 0)
    assert sum(part.numel() for part in module.parameters()) == 9_225_610
    layers = [part for part in module if hasattr(part, "weight")]
    assert [len(layer.weight) for layer in layers] == [64, 128, 256, 256, 512, 512, 512, 512, 10]
    pools = [index for index, part in enumerate(module) if isinstance(part, nn.MaxPool2d)]
    assert len(pools) == 5
    for layer in layers:
        deviation = math.sqrt(2 / (layer.weight[0].numel() + layer.weight[:, 0].numel()))
        assert layer.weight.std().item() == pytest.approx(deviation, rel=0.05)
        assert not layer.bias.any()


def test_with_its_own_pattern_frozen_it_has_its_own_output_and_gradient(vgg):
    x = images()
    seen = vgg.observed(vgg.weights, x)
    assert torch.equal(seen.outputs, vgg.outputs(vgg.weights, x))
    assert torch.equal(vgg.frozen(vgg.weights, x, seen.pattern), seen.outputs)
    own, frozen = gradient(vgg, vgg.weights), gradient(vgg, vgg.weights, Frozen(seen.pattern))
    torch.testing.assert_close(frozen, own, rtol=1e-10, atol=1e-14)


def test_a_frozen_network_is_the_network_as_long_as_patterns_coincide(vgg):
    x = images()
    before = vgg.observed(vgg.weights, x).pattern
    for size, same in ((1e-9, True), (0.05, False)):
        after = vgg.observed(moved(vgg, size), x)
        shares = pattern.kept(before, after.pattern)
        assert sum("gates_kept" in own for own in shares.values()) == CONVOLUTIONS
        pooled = [layer for layer, own in shares.items() if "choices_kept" in own]
        assert pooled == [f"conv{number}" for number in builtin.POOLED]
        values = [share for own in shares.values() for share in own.values()]
        assert (min(values) == 1) is same
        frozen = vgg.frozen(moved(vgg, size), x, before)
        assert torch.allclose(frozen, after.outputs, rtol=1e-12, atol=1e-15) is same


def test_a_frozen_network_is_linear_in_each_layer(vgg):
    """As a function of weight and bias together; in the layers above it, which have biases, of those alone affine."""
    x, start, other = images(), moved(vgg, 0.01), moved(vgg, 0.02)
    seen = vgg.observed(start, x).pattern
    for part in vgg.layers.values():
        ends = []
        for share in (0.0, 0.5, 1.0):
            w = start.clone()
            w[part] += share * (other[part] - start[part])
            ends.append(vgg.frozen(w, x, seen))
        assert not torch.allclose(ends[0], ends[2])
        torch.testing.assert_close(ends[1], (ends[0] + ends[2]) / 2)


def test_what_is_kept_is_counted():
    """By hand, on one 4 × 4 layer: a gate of 16 switches, and two poolings of four take another unit, one of them among units that are off."""
    z = torch.tensor([[4.0, 1, 2, 2], [1, 1, 2, 2], [-1, -2, 7, 1], [-3, -4, 1, 1]]).double()[None, None]
    other = z.clone()
    other[0, 0, 0, 1], other[0, 0, 3, 0] = 5, 0.5

    def seen(z: torch.Tensor) -> pattern.Pattern:
        with Recorded() as recorded:
            recorded.layer = "one"
            F.max_pool2d(torch.relu(z), 2)
        return recorded.found

    assert pattern.kept(seen(z), seen(other)) == {"one": {"gates_kept": 15 / 16, "choices_kept": 2 / 4}}
    assert pattern.flips(seen(other), seen(z)) == 1 / 16


def test_flat_images_have_no_choices_to_lose(vgg):
    """All four units of a pooling are equal up to rounding, so that any of them is the largest."""
    flat = torch.full((2, 3, 32, 32), -0.945, dtype=torch.float64)
    before, after = (vgg.observed(w, flat).pattern for w in (vgg.weights, moved(vgg, 1e-9)))
    assert pattern.kept(before, after)["conv1"]["choices_kept"] == 1


RELUS = {
    "function": F.relu,
    "in place": lambda z: F.relu(z.clone(), inplace=True),
    "torch": torch.relu,
    "method": lambda z: z.relu(),
    "method in place": lambda z: z.clone().relu_(),
    "clamp": lambda z: z.clamp(min=0),
    "clamp_min": lambda z: torch.clamp_min(z, 0),
    "leaky": lambda z: F.leaky_relu(z, 0.2),
    "module": nn.ReLU(),
}
POOLS = {
    "1d": lambda z: F.max_pool1d(z.flatten(2), 3, stride=2, padding=1),
    "2d": lambda z: F.max_pool2d(z, kernel_size=(2, 3), dilation=2),
    "3d": lambda z: F.max_pool3d(z[:, None], 2),
    "torch": lambda z: torch.max_pool2d(z, 2),
    "module": nn.MaxPool2d(2, ceil_mode=True),
    "adaptive": nn.AdaptiveMaxPool2d(3),
    "none": lambda z: z,
}


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("relu", RELUS)
def test_however_they_are_called_they_are_seen_and_frozen(relu, pool):
    def both(z: torch.Tensor) -> torch.Tensor:
        return POOLS[pool](RELUS[relu](z))

    z = images(7)
    with Recorded() as recorded:
        own = both(z)
    assert len(recorded.found) == 2 - (pool == "none")
    with Frozen(recorded.found):
        assert torch.equal(both(z), own)
    with Frozen(recorded.found):
        kept = both(-z)
    assert not torch.equal(kept, both(-z)), "another pattern"
    torch.testing.assert_close(kept, -own)


def test_a_frozen_statement_in_place_changes_its_tensor():
    z = images(4)
    with Recorded() as recorded:
        z.clone().relu_()
    other = (-z).clone()
    with Frozen(recorded.found):
        other.relu_()
    assert torch.equal(other, -z * (z > 0))
