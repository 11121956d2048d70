"""The picture that every experiment gets: test loss, end and best, over whatever is swept.

In: summary/E.parquet. Out: the figure as PNG and PDF. One swept key makes a line with a band,
two a heat map, three or four small multiples of heat maps.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs


def swept(summary: pd.DataFrame) -> list[str]:
    """Keys with several values that do not follow from the others, outermost last."""
    keys = [key for key in ("tau", "alpha", "m", "eta") if summary[key].nunique() > 1]
    for key in ("eta", "alpha"):
        others = [other for other in keys if other != key]
        if key in keys and others and not summary.duplicated(others).any():
            keys = others
    return keys


def draw(summary: pd.DataFrame) -> plt.Figure:
    keys = swept(summary)
    draw_panels = [single, line, maps][min(len(keys), 2)]
    figure = draw_panels(summary, keys)
    seeds = summary["n_seeds"].max()
    figure.suptitle(f"{summary['experiment'].iloc[0]} ({seeds} seed{'s' if seeds > 1 else ''})", fontsize=9)
    return figure


def single(summary: pd.DataFrame, keys: list[str]) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.5))
    row = summary.iloc[0]
    for number, column in enumerate(labels.LOSSES):
        spread = np.nan_to_num(row[f"{column}_std"])
        axes.errorbar(number, row[f"{column}_mean"], spread, marker=style.MARKERS[number], capsize=4)
    axes.set_xticks(range(len(labels.LOSSES)), labels.LOSSES.values())
    if row["n_diverged"]:
        axes.set_title(f"{row['n_diverged']} of {row['n_seeds']} diverged")
    axes.set(xlim=(-0.5, len(labels.LOSSES) - 0.5), ylabel=labels.LABELS["test_loss"])
    return figure


def line(summary: pd.DataFrame, keys: list[str]) -> plt.Figure:
    (key,) = keys
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.6))
    summary = summary.sort_values(key)
    means = summary[[f"{column}_mean" for column in labels.LOSSES]]
    for number, (column, label) in enumerate(labels.LOSSES.items()):
        mean, std = summary[f"{column}_mean"], summary[f"{column}_std"]
        plots.deviation(axes, summary[key], mean, std, number, floor=means.min(axis=None) / 2, label=label)
    plots.fit_axis(axes, "x", summary[key].to_numpy())
    if means.max(axis=None) > 20 * means.min(axis=None):
        plots.log_axis(axes, "y")
    counts = summary.set_index(key)[["n_diverged", "n_seeds"]]
    plots.mark_diverged(axes, counts.set_axis(["diverged", "total"], axis=1))
    axes.set(xlabel=labels.LABELS[key], ylabel=labels.LABELS["test_loss"])
    axes.legend()
    return figure


def maps(summary: pd.DataFrame, keys: list[str]) -> plt.Figure:
    x, y, *outer = keys
    groups = list(summary.groupby(outer)) if outer else [((), summary)]
    figure, panels = plt.subplots(
        len(groups), 2, figsize=(style.PAGE, 2.6 * len(groups)), squeeze=False, sharex=True, sharey=True
    )
    for row, (values, group) in zip(panels, groups, strict=True):
        for axes, (column, label) in zip(row, labels.LOSSES.items(), strict=True):
            mesh, _ = plots.heat_map(axes, group, x, y, f"{column}_mean")
            plots.color_bar(figure, mesh.norm, axes, labels.LABELS["test_loss"])
            at = ", ".join(f"{labels.SYMBOLS[key]} = {v:g}" for key, v in zip(outer, values, strict=True))
            style.letter(axes, f"{label}{', ' if at else ''}{at}")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input, schemas.SUMMARY).to_pandas()
    style.save(draw(summary), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
