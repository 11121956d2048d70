"""What experiments stand for, in plain text: output scales, readings of Figure 5, and networks.

The one place for the ledger, the report and interactive pages; figures/labels.py has what needs mathematical type.
"""

from dataclasses import dataclass

SCALINGS = {"1/m": "1/m", "1/sqrt(m)": "1/√m", "1": "1"}
"""Output scales α over m, by their expression in the configuration."""
SCALING_OF = {
    "landscape_mean_field": "1/m",
    "landscape_ntk": "1/sqrt(m)",
    "width_mean_field": "1/m",
    "width_ntk": "1/sqrt(m)",
}
"""The output scale of experiments that come in pairs."""
STARTS = {False: "not symmetrised", True: "symmetrised"}
"""What the two starts are called."""
LANDSCAPES = ("landscape_mean_field", "landscape_ntk")
"""Experiments whose end points span the planes of Figures 2 and 6."""

DEPTHS = {f"depth_{layers}": layers for layers in range(2, 7)}
UNBIASED = {f"unbiased_{layers}": layers for layers in range(2, 7)}
"""Networks of so many linear layers, with biases and without."""
MLP_WIDTHS = {
    scaling: {f"mlp_{scaling}_{width}": width for width in (16, 64, 256)} for scaling in ("ntk", "mean_field")
}
"""Networks of so many units in each layer, by their scaling."""
MLPS = (
    {name: {"depth": layers, "bias": True, "scaling": "standard"} for name, layers in DEPTHS.items()}
    | {name: {"depth": layers, "bias": False, "scaling": "standard"} for name, layers in UNBIASED.items()}
    | {
        name: {"width": width, "scaling": scaling}
        for scaling, of in MLP_WIDTHS.items()
        for name, width in of.items()
    }
)
"""The options of the built-in `mlp` that these names stand for."""


def scaling(experiment: str) -> str:
    """The output scale of an experiment, as "α = 1/m"."""
    return f"α = {SCALINGS[SCALING_OF[experiment]]}"


@dataclass(frozen=True)
class Reading:
    """An experiment of Figure 5: the loss that it is about, and what it is called above a panel and in full."""

    loss: str
    short: str
    full: str


READINGS = {
    "tau_alpha_text": Reading("test_loss_end", "as described, stopped early", "as described, stopped early"),
    "tau_alpha_code": Reading("test_loss_best", "as published, best", "as published, best throughout"),
    "tau_alpha_converged": Reading("test_loss_end", "converged", "trained to the end"),
}
