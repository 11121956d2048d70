"""A module and its tangent twin against α, and over iterations.

In: the table and the summary of all runs, and their curves. Out: the figure as PNG and PDF, a row of panels for each (τ, step size);
medians and ranges over the seeds that did not diverge, a cross where some did.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet
from lazytraining.models import tables
from lazytraining.student import laziness
from lazytraining.workflow import jobs

MOST_ROWS = 6
ROOM = 20.0
"""What the top of a logarithmic axis is multiplied by, for a legend."""
MEASURED = {
    "gap to the twin": (laziness.Lazy().gap, {"gap_test": "test points", "gap_train": "training points"}),
    "movement of the kernel": (
        laziness.Lazy().kernel,
        {"kernel_movement": "measured", "kernel_movement_predicted": "twin's weights"},
    ),
}
"""What is drawn against α: its threshold, and the columns that it has."""


def draw(runs: pd.DataFrame, summary: pd.DataFrame, curves: pd.DataFrame) -> plt.Figure:
    groups = list(runs.groupby(["tau", "step"]))[:MOST_ROWS]
    figure, panels = plt.subplots(
        len(groups), 4, figsize=(style.PAGE, 0.7 + 2.1 * len(groups)), squeeze=False
    )
    for row, ((tau, step), own) in zip(panels, groups, strict=True):
        said = summary[(summary["tau"] == tau) & (summary["step"] == step)]
        keys = own[["alpha", "seed", "eta"]]
        _scores(row[0], own)
        kept = own[~own["diverged"]].set_index("alpha")
        for axes, (name, (limit, columns)) in zip(row[1:], MEASURED.items(), strict=False):
            lines = {label: kept[column] for column, label in columns.items()}
            plots.against_scale(axes, own, lines, limit)
            plots.log_axis(axes, "y", above=ROOM)
            axes.set_ylabel(name)
        _over_iterations(row[3], curves[curves["tau"] == tau].merge(keys, on=list(keys)))
        style.letter(row[0], f"{labels.SYMBOLS['tau']} = {tau:g}, step {step}: {verdict(said)}")
    for axes in panels[:-1].flat:
        axes.set_xlabel("")
    for axes in panels[0]:
        last = axes is panels[0, -1]
        title = labels.SYMBOLS["alpha"] if last else None
        axes.legend(title=title, loc="lower left" if last else "upper right", handlelength=1.5)
    return figure


def verdict(summary: pd.DataFrame) -> str:
    """From which α on the module is lazy, with the least and the greatest of the seeds."""
    first = summary.iloc[0]
    if not np.isfinite(first["lazy_from_high"]):
        last = summary.loc[summary["alpha"].idxmax()]
        return f"{last['regime']} at {labels.SYMBOLS['alpha']} = {last['alpha']:g}"
    low, high = first["lazy_from_low"], first["lazy_from_high"]
    seeds = f" ({low:g} to {high:g})" if low < high else ""
    return f"lazy from {labels.SYMBOLS['alpha']} = {first['lazy_from']:g} on{seeds}"


def _scores(axes, runs: pd.DataFrame) -> None:
    """Accuracy on test points, or their loss in a regression."""
    classes = runs["test_accuracy"].notna().any()
    names = ("test_accuracy", "twin_test_accuracy") if classes else ("test_loss_end", "twin_test_loss")
    plots.sweep(axes, runs, dict(zip(names, ("model", "twin"), strict=True)), over="alpha")
    axes.set_ylabel("test accuracy" if classes else labels.LABELS["test_loss"])
    if classes:
        low, high = axes.get_ylim()
        axes.set_ylim(top=high + 0.3 * (high - low))
    else:
        axes.axhline(runs["zero_loss"].median(), **style.ZERO)
        plots.log_axis(axes, "y", above=ROOM)


def _over_iterations(axes, curves: pd.DataFrame) -> None:
    """Test loss of the model at each α, in the median over seeds, the darker the larger; and of the twin at the largest."""
    alphas = np.sort(curves["alpha"].unique())
    for number, alpha in enumerate(alphas):
        median = curves[curves["alpha"] == alpha].groupby("iteration")["test_loss"].median()
        color = style.shade(number, len(alphas))
        axes.plot(median.index, median, color=color, linestyle=style.LINES[number % 4], label=f"{alpha:g}")
    twin = curves[curves["alpha"] == alphas[-1]].groupby("iteration")["twin_test_loss"].median()
    axes.plot(twin.index, twin, color="0.2", linestyle=(0, (1, 1)), label="twin")
    axes.set(xscale="symlog", xlabel=labels.LABELS["iteration"], ylabel=labels.LABELS["test_loss"])
    plots.plain_logarithmic(axes)
    ceiling = 3 * twin.max()
    if np.isfinite(ceiling) and axes.get_ylim()[1] > 30 * ceiling:
        axes.set_ylim(top=ceiling)


def main(snakemake) -> None:
    jobs.start(snakemake)
    inputs = snakemake.input
    runs = parquet.read([inputs.runs], tables.RUN).to_pandas()
    summary = parquet.read([inputs.summary], tables.SUMMARY).to_pandas()
    curves = parquet.read(inputs.curves, tables.CURVE).to_pandas()
    style.save(draw(runs, summary, curves), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
