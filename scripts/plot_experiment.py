"""The picture that every experiment gets: test loss, end and best, over whatever is swept.

In: summary/E.parquet and tables/E.parquet. Out: the figure as PNG and PDF. One swept key makes a line of medians with a band
from the least to the greatest, two a heat map of means, three or four small multiples of heat maps.
"""

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


def draw(summary: pd.DataFrame, runs: pd.DataFrame) -> plt.Figure:
    keys = swept(summary)
    figure = maps(summary, keys) if len(keys) > 1 else line(runs, keys)
    seeds = summary["n_seeds"].max()
    figure.suptitle(f"{summary['experiment'].iloc[0]} ({seeds} seed{'s' if seeds > 1 else ''})", fontsize=9)
    return figure


def line(runs: pd.DataFrame, keys: list[str]) -> plt.Figure:
    """Against the key that is swept; where none is, against τ all the same."""
    figure, axes = plt.subplots(figsize=(style.PAGE, 2.6))
    plots.sweep(axes, runs, labels.LOSSES, over=keys[0] if keys else "tau")
    losses = runs.loc[~runs["diverged"], list(labels.LOSSES)]
    if losses.max(axis=None) > 20 * losses.min(axis=None):
        plots.log_axis(axes, "y")
    axes.set_ylabel(labels.LABELS["test_loss"])
    if not keys:
        axes.set_xticks(runs["tau"].unique())
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
    plots.legend(figure, panels.flat, loc="outside lower center")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read([snakemake.input.summary], schemas.SUMMARY).to_pandas()
    runs = parquet.read([snakemake.input.runs], schemas.RUN).to_pandas()
    style.save(draw(summary, runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
