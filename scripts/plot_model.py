"""A module and its tangent twin against α, or against τ where only τ is swept, and over iterations; and what training does to its layers.

In: the table of all runs, their curves and their layers. Out: the figure as PNG and PDF, two rows of panels for each value of the other scale,
or for three of them. Each α is at its best step size, where several numbers were tried; medians and ranges over the seeds that did not diverge, a cross where some did.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet
from lazytraining.models import tables
from lazytraining.student import averages, laziness
from lazytraining.workflow import jobs

MOST_ROWS, MOST_LAYERS = 3, 12
"""The values of the scale that is not on the axis, of which more are not drawn, and the layers that are named, at most."""
LEAST_SHARE = 0.9
"""An axis of shares begins here at the latest: what differs by less is all of it."""
LINE_OF_NAMES = 110
"""Letters of a legend that is as wide as the page; beside each name the look of its line takes seven."""
MEASURED = {
    "gap to the twin": (laziness.Lazy().gap, {"gap_test": "test points", "gap_train": "training points"}),
    "movement of the kernel": (
        laziness.Lazy().kernel,
        {"kernel_movement": "measured", "kernel_movement_predicted": "twin's weights"},
    ),
}
"""What is drawn against α: its threshold, and the columns that it has."""
SCORES = ("test_accuracy", "twin_test_accuracy", "test_accuracy_frozen")
LOSSES = ("test_loss_end", "twin_test_loss", "test_loss_frozen")
LAYERS = {
    "relative_distance": "movement of layers",
    "feature_alignment": "CKA of features",
    "gates_kept": "ReLUs as at the start",
    "choices_kept": "poolings as at the start",
}
"""Of each layer, where it has them."""


def draw(runs: pd.DataFrame, curves: pd.DataFrame, layers: pd.DataFrame) -> plt.Figure:
    best = tables.best(runs)
    over, other = swept(best)
    there = np.sort(best[other].unique())
    values = shown(there)
    figure, panels = plt.subplots(
        2 * len(values), 4, figsize=(style.PAGE, 1.3 + 4.0 * len(values)), squeeze=False
    )
    for row, below, value in zip(panels[::2], panels[1::2], values, strict=True):
        own = best[best[other] == value]
        keys = own[["alpha", "tau", "eta", "seed"]]
        _scores(row[0], own, over)
        kept = own[~own["diverged"]].set_index(over)
        for axes, (name, (limit, columns)) in zip(row[1:], MEASURED.items(), strict=False):
            lines = {label: kept[column] for column, label in columns.items()}
            plots.against_scale(axes, own, lines, limit, over=over)
            plots.plain_logarithmic(axes, room=2 * plots.LINE)
            axes.set_ylabel(name)
        finished = keys if own["diverged"].all() else keys[~own["diverged"]]
        _over_iterations(row[3], curves.merge(finished, on=list(keys)), over)
        _layers(below, layers.merge(keys, on=list(keys)), over)
        for letter, axes in zip("bcdefgh", [*row[1:], *below], strict=True):
            if axes.axison:
                style.letter(axes, f"({letter}) {plots.diverged(own) * (letter == 'b')}")
        style.letter(
            row[0], f"(a) {labels.SYMBOLS[other]} = {value:g}, {_steps(own, over)}\n{verdict(own, over)}"
        )
    if len(values) < len(there):
        text = f"{len(values)} of {len(there)} values of {labels.SYMBOLS[other]}: the smallest, the middle and the largest"
        figure.suptitle(text, fontsize=9)
    for axes in panels[0]:
        last = axes is panels[0, -1]
        title = labels.SYMBOLS[over] if last else None
        axes.legend(title=title, loc="upper right", handlelength=2.5 if last else 1.5)
    if layers["layer"].nunique() in range(1, MOST_LAYERS + 1):
        longest = layers["layer"].str.len().max()
        columns = max(1, min(6, LINE_OF_NAMES // (longest + 7)))
        plots.legend(figure, panels[1], title="layer", loc="outside lower center", ncols=columns)
    return figure


def swept(runs: pd.DataFrame) -> tuple[str, str]:
    """The scale that is on the axis, and the other: α and τ, but for sweeps of τ alone."""
    only_tau = runs["alpha"].nunique() == 1 < runs["tau"].nunique()
    return ("tau", "alpha") if only_tau else ("alpha", "tau")


def shown(values: np.ndarray) -> np.ndarray:
    """All of a few sorted values; of more the first, the middle and the last."""
    return values if len(values) <= MOST_ROWS else values[[0, len(values) // 2, -1]]


def _steps(best: pd.DataFrame, over: str) -> str:
    steps = best["step"].unique()
    return f"step {steps[0]}" if len(steps) == 1 else f"each {labels.SYMBOLS[over]} at its best step"


def verdict(best: pd.DataFrame, over: str) -> str:
    """From which scale on the module is lazy: the upper median over the seeds that get there, with the least and the greatest."""
    found = best.groupby("seed")[[over, "regime"]].apply(
        lambda own: laziness.lazy_from(dict(zip(own[over], own["regime"], strict=True)))
    )
    symbol, there = labels.SYMBOLS[over], found[np.isfinite(found)]
    if there.empty:
        last = min(best[best[over] == best[over].max()]["regime"].mode(), key=laziness.REGIMES.index)
        return f"{last} at {symbol} = {best[over].max():g}"
    said = f"lazy from {symbol} = {averages.upper_median(there):g} on"
    over_seeds = f"{there.min():g} to {there.max():g}" if there.min() < there.max() else ""
    if len(there) < len(found):
        return f"{said}\nin {len(there)} of {len(found)} seeds{f' ({over_seeds})' * bool(over_seeds)}"
    return f"{said}\n({over_seeds} over seeds)" if over_seeds else said


def _scores(axes, runs: pd.DataFrame, over: str) -> None:
    """Accuracy on test points, or their loss in a regression."""
    classes = runs["test_accuracy"].notna().any()
    words = ("model", "twin", "pattern frozen")
    names = {
        name: word
        for name, word in zip(SCORES if classes else LOSSES, words, strict=True)
        if runs[name].notna().any()
    }
    plots.sweep(axes, runs, names or {"test_loss_end": "model"}, over=over)
    axes.set_ylabel("test accuracy" if classes else labels.LABELS["test_loss"])
    if classes:
        low, high = axes.get_ylim()
        ticks = [tick for tick in axes.get_yticks() if low <= tick <= 1]
        axes.set_ylim(top=high + (3 + runs["diverged"].any()) * plots.LINE * (high - low))
        axes.set_yticks(ticks)
    else:
        axes.axhline(runs["zero_loss"].median(), **style.ZERO)
        plots.plain_logarithmic(axes, room=4 * plots.LINE)


def _layers(panels, layers: pd.DataFrame, over: str) -> None:
    """A line for each layer, in the median over seeds, the deeper the darker."""
    names = dict(layers.sort_values("number")[["number", "layer"]].drop_duplicates().itertuples(index=False))
    for axes, (column, label) in zip(panels, LAYERS.items(), strict=True):
        kept = layers[layers[column].notna()]
        if kept.empty:
            axes.set_axis_off()
            continue
        for place, number in enumerate(names):
            median = kept[kept["number"] == number].groupby(over)[column].median()
            look = style.line_look(place) | {"color": style.shade(place, len(names))}
            if len(median):
                axes.plot(median.index, median, label=names[number], **look)
        axes.set(xlabel=labels.LABELS[over], ylabel=label)
        plots.fit_axis(axes, "x", layers[over].to_numpy())
        if column == "relative_distance":
            plots.log_axis(axes, "y")
        else:
            low = min(axes.get_ylim()[0], LEAST_SHARE)
            axes.set_ylim(low, 1 + 0.04 * (1 - low))


def _over_iterations(axes, curves: pd.DataFrame, over: str) -> None:
    """Test loss of the model at some scales, in the median over seeds, the darker the larger; and of the twin at the largest."""
    scales = np.sort(curves[over].unique())
    named = shown(scales)
    for number, scale in enumerate(named):
        median = curves[curves[over] == scale].groupby("iteration")["test_loss"].median()
        look = {"color": style.shade(number, len(named)), "linestyle": style.LINES[number]}
        axes.plot(median.index, median, label=f"{scale:g}", **look)
    twin = curves[curves[over] == scales[-1]].groupby("iteration")["twin_test_loss"].median()
    axes.plot(twin.index, twin, color=style.COLORS[1], linestyle=":", linewidth=2, label="twin")
    axes.set(xscale="symlog", xlabel=labels.LABELS["iteration"], ylabel=labels.LABELS["test_loss"])
    plots.plain_logarithmic(axes, room=6.5 * plots.LINE)


def main(snakemake) -> None:
    jobs.start(snakemake)
    inputs = snakemake.input
    runs = parquet.read([inputs.runs], tables.RUN).to_pandas()
    curves = parquet.read(inputs.curves, tables.CURVE).to_pandas()
    layers = parquet.read(inputs.layers, tables.LAYERS).to_pandas()
    style.save(draw(runs, curves, layers), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
