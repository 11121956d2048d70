"""VGG-11 as Chizat, Oyallon and Bach 2019 train it, and its activation pattern.

Eight 3 × 3 convolutions with biases, each followed by ReLU, numbers 1, 2, 4, 6 and 8 also by 2 × 2 max pooling, and a linear
layer; no normalisation. What is trained is f(w, x) = net(w, x) − net(w0, x), 0 at the start, times α.

The pattern of an image is all that ReLU and pooling decide: which units are on (gates), and which of its four units
each pooling takes (choices). Given a pattern the network is linear in each layer's weights and bias; at w0, with the
pattern of w0, it has the network's own output and gradient.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lazytraining.models.cnn import CHANNELS, POOLED
from lazytraining.models.images import CLASSES
from lazytraining.student import problem
from lazytraining.student.problem import Stream


class Layer(NamedTuple):
    """Of a convolution, or of the linear layer."""

    weight: Float[Tensor, "out in ..."]  # noqa: F821 - reads like Python
    bias: Float[Tensor, " out"]


Weights = list[Layer]
"""Eight convolutions and the linear layer."""


class Switches(NamedTuple):
    """The pattern of one layer on a batch of images; without a pooling, `choice` and `largest` are None.

    `choice` is which of a pooling's four units it takes, counted row by row; `largest` marks all that equal it up to rounding:
    where an image is flat, all four do.
    """

    gate: Bool[Tensor, "n channels side side"]
    choice: Int[Tensor, "n channels half half 1"] | None
    largest: Bool[Tensor, "n channels half half 4"] | None


Activation = Callable[[int, Tensor], Tensor]
"""What follows convolution number 1 to 8, from its output."""


def channels(width: float) -> list[int]:
    """Channels of the eight convolutions, times `width`."""
    return [max(1, round(count * width)) for count in CHANNELS]


def xavier(weight: Float[Tensor, "out in ..."]) -> float:  # noqa: F821
    """Standard deviation √(2 / (inputs + outputs)) of the rule of Glorot and Bengio 2010 with gain 1."""
    return math.sqrt(2 / (weight[0].numel() + weight[:, 0].numel()))


def initialise(width: float, seed: int) -> Weights:
    """Xavier-normal weights, biases 0, in float64. Stream CNN: `standard_normal(shape)` layer after layer."""
    rng = problem.generator(seed, Stream.CNN)
    sizes = [3, *channels(width)]
    shapes = [(after, before, 3, 3) for before, after in itertools.pairwise(sizes)]
    weights = []
    for shape in [*shapes, (CLASSES, sizes[-1])]:
        weight = torch.from_numpy(rng.standard_normal(shape))
        weights.append(Layer(weight * xavier(weight), torch.zeros(shape[0], dtype=torch.float64)))
    return weights


def plain(layer: int, z: Float[Tensor, "n channels side side"]) -> Tensor:
    """ReLU, and max pooling where it follows."""
    x = F.relu(z)
    if layer not in POOLED:
        return x
    # On a GPU the gradient of max_pool2d is summed in no fixed order; on a CPU it is four times as fast.
    return F.max_pool2d(x, 2) if x.device.type == "cpu" else windows(x).amax(-1)


def windows(z: Tensor) -> Tensor:
    """(n, channels, side, side) as (n, channels, side/2, side/2, 4): the units of each 2 × 2 pooling."""
    return z.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).transpose(3, 4).flatten(4)


def network(
    weights: Weights, images: Float[Tensor, "n 3 32 32"], activation: Activation = plain
) -> Float[Tensor, "n 10"]:
    """net(w, x): plain, or with what `frozen` makes of a pattern."""
    x = images
    for number, layer in enumerate(weights[:-1], start=1):
        x = activation(number, F.conv2d(x, *layer, padding=1))
    return F.linear(x.flatten(1), *weights[-1])


def observe(
    weights: Weights, images: Float[Tensor, "n 3 32 32"]
) -> tuple[Float[Tensor, "n 10"], list[Switches]]:
    """net(w, x), and the pattern it has there, layer by layer.

    A pooling chooses among units before ReLU, so that there is a choice where all four are off.
    """
    seen = []

    def look(layer: int, z: Tensor) -> Tensor:
        choice = largest = None
        if layer in POOLED:
            units = windows(z)
            top, choice = units.max(-1, keepdim=True)
            largest = units >= top - math.sqrt(torch.finfo(z.dtype).eps) * top.abs()
        seen.append(Switches(z > 0, choice, largest))
        return plain(layer, z)

    with torch.no_grad():
        return network(weights, images, look), seen


def frozen(switches: list[Switches]) -> Activation:
    """Gates and choices as in this pattern, whatever the units are."""

    def activation(layer: int, z: Tensor) -> Tensor:
        gate, choice, _ = switches[layer - 1]
        x = z * gate
        return x if choice is None else windows(x).gather(-1, choice)[..., 0]

    return activation


def kept(before: list[Switches], after: list[Switches]) -> dict[str, float]:
    """Share of gates that are as before, and of poolings whose choice before still equals the largest, layer by layer."""
    shares = {}
    for number, (one, other) in enumerate(zip(before, after, strict=True), start=1):
        shares[f"gates_kept_{number}"] = (one.gate == other.gate).double().mean().item()
        if one.choice is not None and other.largest is not None:
            shares[f"choices_kept_{number}"] = other.largest.gather(-1, one.choice).double().mean().item()
    return shares


def symmetrised(
    weights: Weights, start: Weights, images: Float[Tensor, "n 3 32 32"]
) -> Float[Tensor, "n 10"]:
    """f(w, x) = net(w, x) − net(w0, x), exactly 0 at w0."""
    with torch.no_grad():
        offset = network(start, images)
    return network(weights, images) - offset


def parameters(weights: Weights) -> list[Tensor]:
    """All weights and biases, layer after layer."""
    return [part for layer in weights for part in layer]


def over_xavier(weights: Weights) -> float:
    """Root mean square of the weights over the deviation of Xavier's rule, in the mean over layers."""
    ratios = [layer.weight.square().mean().sqrt().item() / xavier(layer.weight) for layer in weights]
    return sum(ratios) / len(ratios)


def distance(weights: Weights, start: Weights) -> float:
    """‖w − w0‖ / ‖w0‖."""

    def norm(tensors: Iterable[Tensor]) -> Tensor:
        return torch.stack([tensor.double().square().sum() for tensor in tensors]).sum().sqrt()

    steps = (one - other for one, other in zip(parameters(weights), parameters(start), strict=True))
    return (norm(steps) / norm(parameters(start))).item()
