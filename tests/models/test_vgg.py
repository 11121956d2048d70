"""The CNN against mathematics, and against torch.nn built from the same weights."""

import numpy as np
import pytest
import torch
from torch import nn

from lazytraining.models import cnn, vgg

WIDTH = 1 / 16


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((6, 3, 32, 32)))


def moved(weights: vgg.Weights, size: float, seed: int = 1) -> vgg.Weights:
    rng = np.random.default_rng(seed)
    return [
        vgg.Layer(*(part + size * torch.from_numpy(rng.standard_normal(part.shape)) for part in layer))
        for layer in weights
    ]


def gradient(weights: vgg.Weights, images: torch.Tensor, activation=vgg.plain) -> torch.Tensor:
    """Of a sum of outputs with different factors."""
    own = [vgg.Layer(*(part.clone().requires_grad_() for part in layer)) for layer in weights]
    outputs = vgg.network(own, images, activation)
    (outputs * torch.arange(1.0, 11.0)).sum().backward()
    return torch.cat([part.grad.ravel() for part in vgg.parameters(own)])


def library(weights: vgg.Weights) -> nn.Sequential:
    """The same network of torch's own modules."""
    modules = []
    for number, layer in enumerate(weights[:-1], start=1):
        modules += [nn.Conv2d(*layer.weight.shape[1::-1], 3, padding=1, dtype=torch.float64), nn.ReLU()]
        modules += [nn.MaxPool2d(2)] if number in (1, 2, 4, 6, 8) else []
    modules += [nn.Flatten(), nn.Linear(*weights[-1].weight.shape[::-1], dtype=torch.float64)]
    network = nn.Sequential(*modules)
    with torch.no_grad():
        for part, own in zip(network.parameters(), vgg.parameters(weights), strict=True):
            part.copy_(own)
    return network


def test_it_is_vgg_11_in_torchs_modules_with_their_gradient(images):
    weights = moved(vgg.initialise(WIDTH, seed=3), 0.01)
    network = library(weights)
    outputs = network(images)
    torch.testing.assert_close(vgg.network(weights, images), outputs)
    (outputs * torch.arange(1.0, 11.0)).sum().backward()
    expected = torch.cat([part.grad.ravel() for part in network.parameters()])
    torch.testing.assert_close(gradient(weights, images), expected)


def test_at_width_1_it_has_the_layers_of_vgg_11():
    weights = vgg.initialise(1.0, seed=0)
    assert [layer.weight.shape[0] for layer in weights] == [64, 128, 256, 256, 512, 512, 512, 512, 10]
    assert sum(part.numel() for part in vgg.parameters(weights)) == 9_225_610


def test_weights_follow_xaviers_rule_with_gain_1_and_biases_are_0():
    weights = vgg.initialise(1.0, seed=0)
    assert vgg.over_xavier(weights) == pytest.approx(1, abs=5e-3)
    for layer in weights:
        expected = torch.empty_like(layer.weight)
        nn.init.xavier_normal_(expected)
        assert vgg.xavier(layer.weight) == pytest.approx(expected.std().item(), rel=0.05)
        assert not layer.bias.any()
    assert vgg.over_xavier([vgg.Layer(3 * weight, bias) for weight, bias in weights]) == pytest.approx(
        3, abs=0.02
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_output_is_exactly_0_at_the_start(images, dtype):
    start = [vgg.Layer(*(part.to(dtype) for part in layer)) for layer in vgg.initialise(WIDTH, seed=0)]
    weights = [vgg.Layer(*(part.clone().requires_grad_() for part in layer)) for layer in start]
    outputs = vgg.symmetrised(weights, start, images.to(dtype))
    assert outputs.requires_grad and not outputs.any()
    assert vgg.distance(weights, start) == 0


def test_with_its_own_pattern_frozen_it_has_its_own_output_and_gradient(images):
    weights = vgg.initialise(WIDTH, seed=2)
    outputs, pattern = vgg.observe(weights, images)
    torch.testing.assert_close(vgg.network(weights, images, vgg.frozen(pattern)), outputs, rtol=0, atol=0)
    torch.testing.assert_close(
        gradient(weights, images, vgg.frozen(pattern)), gradient(weights, images), rtol=1e-10, atol=1e-14
    )


def test_a_frozen_network_is_the_network_as_long_as_patterns_coincide(images):
    start = vgg.initialise(WIDTH, seed=2)
    _, before = vgg.observe(start, images)
    for size, same in ((1e-9, True), (0.05, False)):
        weights = moved(start, size)
        outputs, after = vgg.observe(weights, images)
        frozen = vgg.network(weights, images, vgg.frozen(before))
        shares = vgg.kept(before, after)
        assert set(shares) == {*cnn.GATES, *cnn.CHOICES}
        assert (min(shares.values()) == 1) is same
        assert torch.allclose(frozen, outputs, rtol=1e-12, atol=1e-15) is same


@pytest.mark.parametrize("number", range(9))
def test_a_frozen_network_is_linear_in_each_layer(images, number):
    """As a function of weight and bias together; in the layers above it, which have biases, of those alone affine."""
    start, other = vgg.initialise(WIDTH, seed=2), vgg.initialise(WIDTH, seed=5)
    start, other = moved(start, 0.01), moved(other, 0.01, seed=4)
    activation = vgg.frozen(vgg.observe(start, images)[1])

    def output(share: float) -> torch.Tensor:
        layer = vgg.Layer(*(a + share * (b - a) for a, b in zip(start[number], other[number], strict=True)))
        return vgg.network([*start[:number], layer, *start[number + 1 :]], images, activation)

    first, middle, last = output(0), output(0.5), output(1)
    assert not torch.allclose(first, last)
    torch.testing.assert_close(middle, (first + last) / 2)


def test_what_is_kept_is_counted():
    """By hand, on one 4 × 4 layer: a gate of 16 switches, and one pooling of four takes another unit."""
    z = torch.tensor([[4.0, 1, 2, 2], [1, 1, 2, 2], [-1, -2, 7, 1], [-3, -4, 1, 1]]).double()[None, None]

    def observed(z: torch.Tensor) -> list[vgg.Switches]:
        units = vgg.windows(z)
        top, choice = units.max(-1, keepdim=True)
        return [vgg.Switches(z > 0, choice, units >= top)]

    other = z.clone()
    other[0, 0, 0, 1], other[0, 0, 3, 0] = 5, 0.5
    shares = vgg.kept(observed(z), observed(other))
    assert shares == {"gates_kept_1": 15 / 16, "choices_kept_1": 2 / 4}


def test_flat_images_have_no_choices_to_lose():
    """All four units of a pooling are equal up to rounding, so that any of them is the largest."""
    start = vgg.initialise(WIDTH, seed=0)
    flat = torch.full((2, 3, 32, 32), -0.945, dtype=torch.float64)
    before, after = (vgg.observe(weights, flat)[1] for weights in (start, moved(start, 1e-9)))
    assert vgg.kept(before, after)["choices_kept_1"] == 1
