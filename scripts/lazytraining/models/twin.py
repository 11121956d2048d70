"""The tangent twin of a module: f̄ = f_0 + Dh(w0) ε, descended as the module is, with w̄ = w0 + ε/α.

Descent on F = L/α² of f = α (h(w) − h(w0)) moves ε = α (w̄ − w0) by −η Dhᵀ ∂L/∂f̄, in which α does not occur: with centring one
twin serves every α. Without, f_0 = α h(w0), and each α has its own.
"""

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from lazytraining.models import kernels, losses
from lazytraining.models.module import Network
from lazytraining.student.tangent import TangentModel

CLOSED_FORM = 4000
"""Most training points times outputs of which the twin is taken in closed form."""


class Stepped:
    """Step by step: a product with Dh and one with its transpose at each. For any loss and any batches."""

    def __init__(self, network: Network, w0: Float[Tensor, " p"], loss: losses.Loss):
        self.network, self.w0, self.loss = network, w0, loss
        self.epsilon, self.velocity = torch.zeros_like(w0), torch.zeros_like(w0)

    def step(
        self,
        step_size: float,
        momentum: float,
        x: Shaped[Tensor, "b ..."],
        f0: Float[Tensor, "b k"],
        y: Float[Tensor, "b k"],
    ) -> None:
        """v ← μ v + Dhᵀ ∂L/∂f̄ over these points, ε ← ε − η v."""
        now = f0 + self.network.push(self.w0, x, self.epsilon)
        gradient = self.network.pull(self.w0, x, self.loss.slope(now, y) / len(x))
        self.velocity = momentum * self.velocity + gradient
        self.epsilon = self.epsilon - step_size * self.velocity

    def at(self, iteration: int) -> Float[Tensor, " p"]:
        """ε after as many steps as were taken."""
        return self.epsilon


class Closed:
    """In closed form, by the eigenvectors of Dh Dhᵀ (`tangent.TangentModel`): half the mean square, all points at each step."""

    def __init__(
        self,
        network: Network,
        w0: Float[Tensor, " p"],
        x: Shaped[Tensor, "n ..."],
        f0: Float[Tensor, "n k"],
        y: Float[Tensor, "n k"],
        step_size: float,
    ):
        self.network, self.w0, self.x, self.step_size = network, w0, x, step_size
        eigenvalues, basis = np.linalg.eigh(kernels.full(network, w0, x))
        start, target = (part.double().numpy(force=True).ravel() for part in (f0, y))
        none = np.empty(0)
        self.model = TangentModel(
            np.maximum(eigenvalues, 0), start, none, basis, np.empty((0, len(basis))), target, none
        )

    def step(self, *_) -> None:
        """Nothing: `at` knows all iterations."""

    def at(self, iteration: int) -> Float[Tensor, " p"]:
        """ε after so many iterations."""
        k = self.network.outputs_each  # the model takes n k outputs for n points
        summed = self.model.summed_residuals(1.0, self.step_size * k, np.array([iteration]))
        r = torch.from_numpy(summed).to(self.w0).view(-1, k)
        return self.network.pull(self.w0, self.x, r) * (-self.step_size / len(self.x))
