"""Losses of a row of outputs for each point, and the share of points that are classified rightly."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor


class Loss(ABC):
    """L = mean over points of ℓ(f(x), y), with y a row for each point: numbers, or one 1 at its class."""

    @abstractmethod
    def value(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> float:
        """L."""

    @abstractmethod
    def slope(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        """∂ℓ/∂f of each point, not yet divided by their number."""

    @abstractmethod
    def constant(self, y: Float[Tensor, "n k"]) -> float:
        """The least L of an f that is the same for all points."""


class MeanSquare(Loss):
    """ℓ = ½ ‖f − y‖²."""

    def constant(self, y: Float[Tensor, "n k"]) -> float:
        return self.value(y.mean(0).expand_as(y), y)

    def value(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> float:
        return ((f - y).square().sum() / (2 * len(f))).item()

    def slope(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return f - y


class CrossEntropy(Loss):
    """ℓ = −Σ_c y_c log softmax(f)_c."""

    def constant(self, y: Float[Tensor, "n k"]) -> float:
        return self.value(y.mean(0).clamp(torch.finfo(y.dtype).tiny).log().expand_as(y), y)

    def value(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> float:
        return -(torch.log_softmax(f, 1) * y).sum(1).mean().item()

    def slope(self, f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return torch.softmax(f, 1) - y


LOSSES: dict[str, Loss] = {"mse": MeanSquare(), "cross_entropy": CrossEntropy()}


def accuracy(f: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> float:
    """Share of points whose largest output is that of their class."""
    return (f.argmax(1) == y.argmax(1)).double().mean().item()


def relative(
    f: Float[Tensor, "*shape"], other: Float[Tensor, "*shape"], size: Float[Tensor, "*shape"]
) -> float:
    """‖f − other‖/‖size‖."""
    return (torch.linalg.vector_norm(f - other) / torch.linalg.vector_norm(size)).item()
