"""Figure 1 (§4.2): how far weights move, and the test loss, along three kinds of training.

In: the curve of every run of the two trajectory experiments, and their tables of runs.
Out: the figure as PNG and PDF. Medians over seeds, bands from the least to the greatest.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy
from lazytraining.workflow import jobs

KINDS = ["experiment", "tau"]
TITLES = {
    "relative_change": "(a) relative change",
    "test_loss": "(b) test loss",
    "movement": "(c) movement",
    "gap_test": "(d) gap to the tangent model",
    "kernel_movement": "(e) movement of the kernel",
}
LIMITS = {"gap_test": Lazy().gap, "kernel_movement": Lazy().kernel}


def name(kind: tuple[str, float], diverged: pd.Series) -> str:
    start = names.STARTS[kind[0].endswith("symmetrized")]
    note = f" ({diverged.sum()} of {len(diverged)} diverged)" if diverged.any() else ""
    return rf"$\tau={kind[1]:g}$, {start}{note}"


def over_seeds(curves: pd.DataFrame, column: str) -> pd.DataFrame:
    """Median, least and greatest per iteration; a run that has stopped keeps its last value."""
    table = curves.pivot(index="iteration", columns="seed", values=column).ffill()
    return table.agg(["median", "min", "max"], axis=1)


def draw(curves: pd.DataFrame, runs: pd.DataFrame) -> plt.Figure:
    """Diverged runs are in no median and no band; the legend counts them. Panels of laziness where curves have it."""
    curves = curves[~fits.diverged(curves, runs, schemas.KEYS)]
    lazy = curves[schemas.ALONG].notna().all(axis=None)
    rows = [["relative_change", "test_loss", "movement"], ["gap_test", "kernel_movement", "movement"]][
        : 1 + lazy
    ]
    figure, panels = plt.subplot_mosaic(rows, figsize=(style.PAGE, 2.5 + 2 * lazy), width_ratios=[3, 3, 2])
    last = 1.15 * max(runs["iterations"].max(), 1)
    over_time = {column: axes for column, axes in panels.items() if column != "movement"}
    for number, (kind, group) in enumerate(runs.groupby(KINDS)):
        line = style.line_look(number)
        label, stop = name(kind, group["diverged"]), group.loc[~group["diverged"], "iterations"].median()
        mine = curves[(curves[KINDS] == list(kind)).all(axis=1)]
        for column, axes in over_time.items():
            statistics = over_seeds(mine, column).loc[:last]
            median = statistics.loc[statistics.index <= stop, "median"]
            color, band = line["color"], (statistics["min"], statistics["max"])
            axes.fill_between(statistics.index, *band, alpha=0.2, lw=0, color=color)
            axes.plot(median.index, median, label=label, color=color, ls=line["linestyle"])
            axes.plot(median.index[-1:], median.iloc[-1:], line["marker"], color=color)
    for column, axes in over_time.items():
        axes.set(xlim=(0, last), ylabel=labels.LABELS[column])
        if column in rows[-1]:
            axes.set_xlabel(labels.LABELS["iteration"])
        if column in LIMITS:
            axes.axhline(LIMITS[column], **style.THRESHOLD)
        plots.log_axis(axes, "y")
        if column in LIMITS:
            axes.set_ylim(bottom=max(LIMITS[column] / 1000, axes.get_ylim()[0]))
    if panels["relative_change"].get_ylim()[1] > 10:
        panels["relative_change"].set_ylim(bottom=1)
    movement(panels["movement"], runs)
    columns = 2 if runs["diverged"].any() else 3  # counts take room
    figure.legend(*panels["test_loss"].get_legend_handles_labels(), loc="outside upper center", ncols=columns)
    for column, axes in panels.items():
        style.letter(axes, TITLES[column])
    return figure


def movement(axes: plt.Axes, runs: pd.DataFrame) -> None:
    """Each layer's distance from its start at the end of training, a dot for each seed that did not diverge."""
    groups = list(runs.groupby(KINDS))
    for number, (_, group) in enumerate(groups):
        group = group[~group["diverged"]]
        line = style.line_look(number) | {"linestyle": "", "alpha": 0.6, "markeredgewidth": 0}
        offset = 0.6 * ((number + 0.5) / len(groups) - 0.5)
        for position, layer in enumerate(("hidden", "output")):
            axes.plot([position + offset] * len(group), group[f"{layer}_distance"], **line)
    axes.set_xticks([0, 1], ["hidden\n$b$", "output\n$a$"])
    axes.set(xlim=(-0.5, 1.5), ylabel=labels.LABELS["movement"])
    plots.log_axis(axes, "y")


def main(snakemake) -> None:
    jobs.start(snakemake)
    curves = parquet.read(snakemake.input.curves, schemas.CURVE).to_pandas()
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(curves, runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
