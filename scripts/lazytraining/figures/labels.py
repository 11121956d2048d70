"""What figures call things: symbols, axes, layers, starts, scalings, step rules."""

import pandas as pd

from lazytraining.config import names

SYMBOLS = {"m": "$m$", "alpha": r"$\alpha$", "tau": r"$\tau$", "eta": r"$\eta$"}
SCALINGS = {"1/m": r"$\alpha=1/m$", "1/sqrt(m)": r"$\alpha=1/\sqrt{m}$", "1": r"$\alpha=1$"}
SCALING_OF = {experiment: SCALINGS[scaling] for experiment, scaling in names.SCALING_OF.items()}
"""What figures call output scales, as config/names.py has them, and those of experiments."""
STEP_RULES = {
    "figure_7": r"$\eta=0.005$ (Figure 7)",
    "figure_3": r"$\eta=\min(10,\,0.1/\tau^2)$ (Figure 3)",
}
LAYERS = {"hidden_distance": "hidden layer $b$", "output_distance": "output layer $a$"}
"""What figures call the layers, by the column of their movement."""


def directions(surfaces: pd.DataFrame) -> tuple[str, str, str]:
    """Both axes of planes in the space of weights, and the unit of distances along them."""
    filtered = (surfaces["kind"] == "filter_normalized").any()
    unit = r"$\|\Delta w\|\,/\,\|w\|$" if filtered else r"$\|\Delta w\|$"
    return f"first direction, {unit}", f"second direction, {unit}", unit


LABELS = {
    "m": r"neurons $m$",
    "alpha": r"output scale $\alpha$",
    "tau": r"initialisation scale $\tau$",
    "eta": r"step size $\eta$",
    "coupling": r"coupling $g=m\,\alpha\tau^2/\|y\|$",
    "iteration": r"iteration $t$",
    "test_loss": "test loss",
    "test_loss_end": "test loss, end of training",
    "movement": r"$\|w_T-w_0\|\,/\,\|w_0\|$ per layer",
    "relative_change": r"$S_t=\sum_i|w_{t,i}-w_{0,i}|\,/\,|w_{0,i}|$",
    "gap_test": r"$\|f_t-\bar f_t\|\,/\,\|y\|$",
    "kernel_movement": r"$\|K_t-K_0\|_F\,/\,\|K_0\|_F$",
}
LOSSES = {"test_loss_end": "end of training", "test_loss_best": "best throughout"}
"""The two losses of a run that figures show, and what they call them."""
