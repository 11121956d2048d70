"""The theory at the start (§1.1, §3, §5): κ, one step, the gradient and the largest stable step. It needs no training.

In: start and step of every seed. Out: the figure as PNG and PDF. Lines are medians over seeds, in (c) means; bands reach from the least to
the greatest.
"""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

SMALL = {"markersize": 2.5}
LOOKS = {
    "tau": SMALL | {"marker": "o", "linestyle": "-"},
    "alpha": SMALL | {"marker": "^", "linestyle": "--"},
}
"""Of lines over τ and over α in one panel."""


def over(axes: Axes, start: pd.DataFrame, sweep: str, column: str, ylabel: str) -> None:
    """A column against what is swept, a line for each start."""
    for number, (symmetrize, label) in enumerate(names.STARTS.items()):
        rows = start[(start["sweep"] == sweep) & (start["symmetrize"] == symmetrize)]
        plots.medians(axes, rows.set_index(sweep)[column], number, label, **SMALL)
    axes.set(xscale="log", xlabel=labels.LABELS[sweep], ylabel=ylabel)
    plots.log_axis(axes, "y")


def kappa_of_width(axes: Axes, start: pd.DataFrame) -> None:
    """Means, since what is bounded is the expectation of κ."""
    for number, (sweep, label) in enumerate(labels.SCALINGS.items()):
        found = start[start["sweep"] == sweep].groupby("m")["kappa"].agg(["mean", "min", "max"])
        plots.band(axes, found.index, found["mean"], found["min"], found["max"], number, label=label, **SMALL)
    plots.guide(axes, found["mean"], 0, -0.5, r"$m^{-1/2}$")
    axes.set(xscale="log", xlabel=labels.LABELS["m"], ylabel=r"mean of $\kappa_{\alpha h}(w_0)$")
    plots.log_axis(axes, "y")
    axes.legend()


def one_step(axes: Axes, step: pd.DataFrame) -> None:
    """Δ(F)/Δ(Dh) after one step: how much more the objective changes than the differential."""
    ratio = step.assign(ratio=step["objective_change"] / step["differential_change"])
    for number, (symmetrize, label) in enumerate(names.STARTS.items()):
        for sweep, look in LOOKS.items():
            rows = ratio[(ratio["sweep"] == sweep) & (ratio["symmetrize"] == symmetrize)]
            named = f"{label}, over {labels.SYMBOLS[sweep]}"
            plots.medians(axes, rows.set_index(sweep)["ratio"], number, named, **look)
    axes.axhline(1, **style.THRESHOLD)
    axes.set(xscale="log", xlabel=r"$\tau$ or $\alpha$, the other being 1")
    axes.set_ylabel(r"$\Delta(F)\,/\,\Delta(Dh)$ after one step")
    plots.log_axis(axes, "y", room=4 * plots.LINE)
    axes.legend(loc="upper left", labelspacing=0.3)


def draw(start: pd.DataFrame, step: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(2, 3, figsize=(style.PAGE, 4.5))
    (tau, alpha, width), (changes, gradients, steps) = panels
    over(tau, start, "tau", "kappa", r"$\kappa_{\alpha h}(w_0)$")
    over(alpha, start, "alpha", "kappa", r"$\kappa_{\alpha h}(w_0)$")
    kappa_of_width(width, start)
    one_step(changes, step)
    over(gradients, start, "tau", "gradient_norm", r"$\|\nabla F(w_0)\|$")
    over(steps, start, "tau", "stable_step", r"$2\,/\,\|Dh(w_0)\|^2$")
    titles = {
        tau: r"(a) $\kappa$ against $\tau$",
        alpha: r"(b) $\kappa$ against $\alpha$",
        width: r"(c) $\kappa$ against $m$, not symm.",
        changes: "(d) objective against differential",
        gradients: r"(e) gradient",
        steps: r"(f) largest stable step",
    }
    plots.entitle(titles)
    plots.legend(figure, [tau], ncols=2)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    start = parquet.read(snakemake.input.start, schemas.THEORY_START).to_pandas()
    step = parquet.read(snakemake.input.step, schemas.THEORY_STEP).to_pandas()
    style.save(draw(start, step), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
