"""Step sizes as functions of τ that the plane of η and τ is read along (§5.1)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StepRule:
    """A step size η for each τ."""

    text: str
    eta: Callable[[np.ndarray], np.ndarray]


STEP_RULES = {
    "figure_3": StepRule("min(10, 0.1/τ²)", lambda tau: np.minimum(10, 0.1 / tau**2)),
    "figure_7": StepRule("0.005", lambda tau: np.full_like(tau, 0.005)),
}
"""Of Figure 3 and of Figure 7; figures/labels.py has them for figures."""
