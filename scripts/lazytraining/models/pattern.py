"""The activation pattern of a network: all that its ReLUs and max poolings decide, however they are called.

Given the pattern that an input has at w0, a network of linear layers, ReLU and pooling is linear in each layer's weights and bias. With its own
pattern it has its own output and gradient (Chizat, Oyallon and Bach 2019).
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from jaxtyping import Bool, Float, Int
from torch import Tensor

RELUS = {"relu", "relu_", "leaky_relu", "leaky_relu_"}
POOLINGS = {f"{name}max_pool{d}d": d for name in ("", "adaptive_") for d in (1, 2, 3)}
"""Dimensions of each."""


@dataclass(frozen=True)
class Gates:
    """Of a ReLU: which units are on."""

    layer: str
    """The last layer with weights before it."""
    on: Bool[Tensor, "n ..."]


@dataclass(frozen=True)
class Choices:
    """Of a max pooling."""

    layer: str
    taken: Int[Tensor, "n ..."]
    """Which unit each takes, counted over all places of its channel."""
    units: Float[Tensor, "n ..."]
    """What it chooses among, before a ReLU that stands directly before it: so there is a choice where all are off. Places in one axis."""
    top: Float[Tensor, "n ..."]


Pattern = list[Gates | Choices]
"""In the order of the pass."""


class Recorded(torch.overrides.TorchFunctionMode):
    """Takes down the pattern of a pass. `layer` is to be set to each layer with weights once it is done; the first one before."""

    def __init__(self, layer: str = ""):
        super().__init__()
        self.layer, self.found = layer, []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name, z = _called(function, args, kwargs)
        if name in POOLINGS:
            z = self._before[id(z)][1] if id(z) in self._before else z
            d, given = POOLINGS[name], {key: kwargs[key] for key in kwargs.keys() - {"input"}}
            top, taken = getattr(F, f"{name}_with_indices")(z, *args[1:], **given)
            self.found.append(Choices(self.layer, taken, z.flatten(-d), top))
        elif _is_relu(name, args, kwargs):
            self.found.append(Gates(self.layer, z > 0))
            output = function(*args, **kwargs)
            self._before[id(output)] = output, z  # which keeps the output, so that no other has its id
            return output
        return function(*args, **kwargs)


class Frozen(torch.overrides.TorchFunctionMode):
    """A pass in which gates and choices are those of a pattern, whatever the units are."""

    def __init__(self, pattern: Pattern):
        super().__init__()
        self._left = iter(pattern)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name, z = _called(function, args, kwargs)
        if name in POOLINGS:
            taken, d = next(self._left).taken, POOLINGS[name]
            return z.flatten(-d).gather(-1, taken.flatten(-d)).view(taken.shape)
        if _is_relu(name, args, kwargs):
            on = next(self._left).on
            slope = (args[1:2] or [kwargs.get("negative_slope", 0.01)])[0] if "leaky" in name else 0.0
            multiplied = z.mul_ if name.endswith("_") or kwargs.get("inplace") else z.mul
            return multiplied(torch.where(on, z.new_ones(()), z.new_full((), slope)) if slope else on)
        return function(*args, **kwargs)


def kept(before: Pattern, after: Pattern) -> dict[str, dict[str, float]]:
    """`gates_kept`, the share of gates that are as before, and `choices_kept`, that of poolings whose choice before still equals the largest
    up to rounding (where an image is flat all do): of each layer, in the mean over its ReLUs and its poolings."""
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one, other in zip(before, after, strict=True):
        if isinstance(one, Gates):
            shares[one.layer]["gates_kept"].append((one.on == other.on).double().mean().item())
        else:
            was = other.units.gather(-1, one.taken.flatten(other.units.dim() - 1)).view(one.taken.shape)
            least = other.top - math.sqrt(torch.finfo(other.top.dtype).eps) * other.top.abs()
            shares[one.layer]["choices_kept"].append((was >= least).double().mean().item())
    return {
        layer: {name: sum(values) / len(values) for name, values in own.items()}
        for layer, own in shares.items()
    }


def flips(now: Pattern, start: Pattern) -> float:
    """Share of (ReLU unit, point) pairs whose gate differs; NaN where there is no ReLU."""
    pairs = [(one.on, other.on) for one, other in zip(now, start, strict=True) if isinstance(one, Gates)]
    total = sum(on.numel() for on, _ in pairs)
    return sum((on != was).sum().item() for on, was in pairs) / total if total else math.nan


def _called(function, args: tuple, kwargs: dict[str, Any]) -> tuple[str, Any]:
    """The name of a function, and what it is applied to."""
    return getattr(function, "__name__", ""), args[0] if args else kwargs.get("input")


def _is_relu(name: str, args: tuple, kwargs: dict[str, Any]) -> bool:
    """ReLU is also a clamp from 0 on."""
    return name in RELUS or (name in ("clamp", "clamp_min") and (args[1:2] or [kwargs.get("min")])[0] == 0)
