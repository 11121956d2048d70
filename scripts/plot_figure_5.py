"""Figure 5 (§3.4, §4.4): ln of the test loss over τ and α, in three readings of the experiment.

In: the summaries of the three experiments, and their tables of runs, for the exponent q of the level lines
α ∝ τ^(-q) seed by seed. Out: the figure as PNG and PDF.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.path import Path as MplPath

from lazytraining.config import names
from lazytraining.figures import plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.workflow import jobs

CONSTANT = r"$\alpha\tau^2=$ const"
BARS = "tau_alpha_code"


def level_lines(axes: plt.Axes, table: pd.DataFrame) -> None:
    """Lines of equal loss, interpolated in ln τ and ln α, and the line α τ² = const through the middle of the grid."""
    tau, alpha = table.columns.to_numpy(), table.index.to_numpy()
    limits = axes.get_xlim(), axes.get_ylim()
    if min(table.shape) > 1:
        options = {"levels": 7, "colors": "white", "linewidths": 0.8, "linestyles": "solid"}
        lines = axes.contour(np.log(tau), np.log(alpha), table.to_numpy(), **options)
        lines.set_paths([MplPath(np.exp(path.vertices), path.codes) for path in lines.get_paths()])
        lines.set_path_effects(style.OUTLINE)
    constant = np.exp(np.log(alpha).mean() + 2 * np.log(tau).mean())
    line = np.geomspace(*limits[0], 50)
    axes.plot(line, constant / line**2, color=style.COLORS[1], ls="--", lw=1.5, label=CONSTANT)
    axes.set(xlim=limits[0], ylim=limits[1])


def exponent(runs: pd.DataFrame, column: str) -> str:
    """The exponent of the level lines with its interval over seeds, and the least R², as text; empty where there is none."""
    try:
        found = fits.level_exponents(runs, column)
        return f"\n$q$ = {fits.interval(found['q'].to_numpy())}, $R^2$ = {found['explained'].min():.2f}"
    except ValueError:
        return ""


def invariance(runs: pd.DataFrame, column: str) -> str:
    """How far apart the losses of cells with one α τ² are, as text; empty where there are none."""
    spread = np.concatenate([np.empty(0), *fits.spreads(runs, column).values()])
    if not len(spread):
        return ""
    low, high = (f"{value:.1g}" for value in (np.median(spread), spread.max()))
    return rf"(c): relative spread of the losses of cells with one $\alpha\tau^2$: {low} in the median, {high} at most"


def bars(axes, table: pd.DataFrame, symbol: str) -> None:
    """The published view: a bar of height ln L, or ln(L/α²), for each cell."""
    rows, columns = np.nonzero(np.isfinite(table.to_numpy()))
    heights = table.to_numpy()[rows, columns]
    colors = np.where(heights < 0, style.COLORS[1], style.COLORS[0])
    if len(heights):
        axes.bar3d(columns - 0.3, rows - 0.3, 0, 0.6, 0.6, heights, color=colors, shade=True)
    else:
        plots.say(axes, plots.NO_LOSS)
        axes.set_zticks([])
    if heights.any():
        axes.set_zlim(heights.min(initial=0), heights.max(initial=0))
    for which, values, label in (("x", table.columns, r"$\tau$"), ("y", table.index, r"$\alpha$")):
        ticks = np.arange(0, len(values), max(1, len(values) // 3))
        getattr(axes, f"set_{which}ticks")(ticks, [f"{values[tick]:.3g}" for tick in ticks])
        getattr(axes, f"set_{which}label")(label)
    axes.set_zlabel(symbol)
    axes.view_init(elev=28, azim=-58)
    axes.set_box_aspect(None, zoom=0.92)


def divided(losses: pd.DataFrame, alpha: pd.Series) -> pd.DataFrame:
    """L/α²; α² by itself may be beyond all numbers."""
    return losses.div(alpha, axis=0).div(alpha, axis=0)


def draw(summary: pd.DataFrame, runs: pd.DataFrame, divide: bool) -> plt.Figure:
    """The four panels; with `divide` the loss is that of the objective, L/α²."""
    if divide:
        columns = sorted({reading.loss for reading in names.READINGS.values()})
        means = [f"{column}_mean" for column in columns]
        summary = summary.assign(**divided(summary[means], summary["alpha"]))
        runs = runs.assign(**divided(runs[columns], runs["alpha"]))
    symbol = r"$\ln(L/\alpha^2)$" if divide else r"$\ln L$"
    figure = plt.figure(figsize=(style.PAGE, 5.4))
    for number, (name, reading) in enumerate(names.READINGS.items(), start=1):
        axes = figure.add_subplot(2, 2, number)
        cells = summary[summary["experiment"] == name]
        mesh, table = plots.heat_map(axes, cells, "tau", "alpha", f"{reading.loss}_mean", logarithm=True)
        own = runs[(runs["experiment"] == name) & ~runs["diverged"]]
        level_lines(axes, table)
        plots.color_bar(figure, mesh.norm, axes, f"{symbol}, test")
        style.letter(axes, f"({'abc'[number - 1]}) {reading.short}{exponent(own, reading.loss)}")
        if name == BARS:
            solid = figure.add_subplot(2, 2, 4, projection="3d")
            bars(solid, table, symbol)
            style.letter(solid, "(d) the bars of (b)")
        if number == 1:
            handles, labels = axes.get_legend_handles_labels()
            level = Line2D([], [], color="white", lw=0.8, label="equal test loss", path_effects=style.OUTLINE)
            figure.legend(
                [*handles, level], [*labels, level.get_label()], loc="outside upper center", ncols=2
            )
    converged = runs[(runs["experiment"] == "tau_alpha_converged") & ~runs["diverged"]]
    figure.supxlabel(invariance(converged, "test_loss_end"), fontsize=7)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input.summaries, schemas.SUMMARY).to_pandas()
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(summary, runs, snakemake.params.divide), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
