"""Networks that an experiment can name: `mlp`, `cnn`, `transformer`, `vgg11`, and the note's two-layer `student`."""

import itertools
import math
from collections import OrderedDict
from collections.abc import Callable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from lazytraining.models.images import SIDE
from lazytraining.student import network as two_layer
from lazytraining.student import problem
from lazytraining.student.problem import Stream

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "linear": nn.Identity}


def mlp(
    shape: tuple[int, ...],
    outputs: int,
    *,
    depth: int = 3,
    width: int = 256,
    activation: str = "relu",
    bias: bool = True,
    scaling: str = "standard",
) -> nn.Module:
    """`depth` linear layers, `width` units between them, by PyTorch's initialisation.

    With `scaling` ntk all weights are N(0, 2), the last N(0, 1), and each layer is divided by √(its inputs). Mean field divides the last by
    its inputs instead.
    """
    sizes = [math.prod(shape), *[width] * (depth - 1), outputs]
    layers: list[nn.Module] = [nn.Flatten()]
    for number, (before, after) in enumerate(itertools.pairwise(sizes), start=1):
        if scaling == "standard":
            layers.append(nn.Linear(before, after, bias=bias))
        else:
            last = number == depth
            power = 1.0 if last and scaling == "mean_field" else 0.5
            layers.append(Scaled(before, after, 1.0 if last else math.sqrt(2), before**-power, bias))
        layers += [ACTIVATIONS[activation]()] if number < depth else []
    return nn.Sequential(*layers)


class Scaled(nn.Module):
    """x ↦ scale (W x) + b with W ~ N(0, deviation²) and b = 0: what NTK and mean-field scaling are made of."""

    def __init__(self, inputs: int, outputs: int, deviation: float, scale: float, bias: bool):
        super().__init__()
        self.weight = nn.Parameter(deviation * torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = scale

    def forward(self, x: Float[Tensor, "n inputs"]) -> Float[Tensor, "n outputs"]:
        return nn.functional.linear(x * self.scale, self.weight, self.bias)


def cnn(shape: tuple[int, ...], outputs: int, *, channels: int = 16, bias: bool = True) -> nn.Module:
    """Two 3 × 3 convolutions, `channels` and twice as many, ReLU and 2 × 2 max pooling after each, and a linear layer."""
    before, height, width = shape
    layers: list[nn.Module] = []
    for after in (channels, 2 * channels):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=bias), nn.ReLU(), nn.MaxPool2d(2)]
        before = after
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(before * (height // 4) * (width // 4), outputs, bias=bias)
    )


class Transformer(nn.Module):
    """One block: attention and two linear layers, each after a layer norm and added; the rows of an image are its words."""

    def __init__(self, shape: tuple[int, ...], outputs: int, width: int, heads: int):
        super().__init__()
        words, size = (shape[-2], math.prod(shape) // shape[-2]) if len(shape) > 1 else (shape[0], 1)
        self.size, self.heads = size, heads
        self.embed = nn.Linear(size, width)
        self.places = nn.Parameter(torch.randn(words, width) / math.sqrt(width))
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.joined = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Shaped[Tensor, "n ..."]) -> Float[Tensor, "n outputs"]:
        rows = x.movedim(-2, 1) if x.dim() > 2 else x
        z = self.embed(rows.reshape(len(x), -1, self.size)) + self.places
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.mixed(self.first(z)).chunk(3, -1)
        )
        attended = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        z = z + self.joined(attended)
        z = z + self.narrow(nn.functional.relu(self.wide(self.second(z))))
        return self.last(z.mean(1))


def transformer(shape: tuple[int, ...], outputs: int, *, width: int = 32, heads: int = 4) -> nn.Module:
    return Transformer(shape, outputs, width, heads)


CHANNELS = (64, 128, 256, 256, 512, 512, 512, 512)
"""Of VGG-11's convolutions."""
POOLED = (1, 2, 4, 6, 8)
"""Convolutions, counted from 1, that a pooling follows. (The list of Chizat, Oyallon and Bach has one more than a 32 × 32 image allows.)"""


def vgg11(shape: tuple[int, ...], outputs: int, seed: int, *, width: float = 0.125) -> nn.Module:
    """VGG-11 as Chizat, Oyallon and Bach 2019 train it: eight 3 × 3 convolutions, `width` times its channels, and a linear layer.

    Weights are normal with Xavier's deviation √(2 / (inputs + outputs)), gain 1 (Glorot and Bengio 2010), biases 0. Stream CNN:
    `standard_normal(shape)` layer after layer. Images of another side than 32 are made that large, by bilinear interpolation.
    """
    layers: dict[str, nn.Module] = {}
    if shape[-1] != SIDE:
        layers["upsample"] = nn.Upsample(SIDE, mode="bilinear")
    before = shape[0]
    for number, count in enumerate(CHANNELS, start=1):
        after = max(1, round(count * width))
        layers |= {f"conv{number}": nn.Conv2d(before, after, 3, padding=1), f"relu{number}": nn.ReLU()}
        if number in POOLED:
            layers[f"pool{number}"] = nn.MaxPool2d(2)
        before = after
    layers |= {"flatten": nn.Flatten(), "linear": nn.Linear(before, outputs)}
    network = nn.Sequential(OrderedDict(layers))
    rng = problem.generator(seed, Stream.CNN)
    with torch.no_grad():
        for name, part in network.named_parameters():
            part.zero_()
            if name.endswith("weight"):
                deviation = math.sqrt(2 / (part[0].numel() + part[:, 0].numel()))
                part.copy_(torch.from_numpy(rng.standard_normal(tuple(part.shape))) * deviation)
    return network


class Student(nn.Module):
    """h(w, x) = Σ_i a_i ReLU(b_i · x), of the note."""

    def __init__(self, weights: two_layer.Weights):
        super().__init__()
        self.hidden = nn.Parameter(torch.from_numpy(weights.hidden[0]))
        self.output = nn.Parameter(torch.from_numpy(weights.output[0]))

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        return torch.relu(x @ self.hidden.T) @ self.output


def student(
    shape: tuple[int, ...], outputs: int, seed: int, *, m: int = 50, symmetrize: bool = False
) -> nn.Module:
    """From the seed's own stream, as `network.initialise` has it at τ = 1."""
    return Student(two_layer.initialise(m, math.prod(shape), 1.0, seed, symmetrize))


DRAWN_BY_TORCH: dict[str, Callable[..., nn.Module]] = {"mlp": mlp, "cnn": cnn, "transformer": transformer}
FROM_STREAMS: dict[str, Callable[..., nn.Module]] = {"vgg11": vgg11, "student": student}
"""Which take the seed."""


def build(name: str, options: dict, shape: tuple[int, ...], outputs: int, seed: int) -> nn.Module:
    """The network of this name for points of this shape."""
    if name in FROM_STREAMS:
        return FROM_STREAMS[name](shape, outputs, seed, **options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DRAWN_BY_TORCH[name](shape, outputs, **options)
