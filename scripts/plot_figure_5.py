"""Figure 5 (§3.4, §4.4): ln of the test loss over τ and α, in three readings of the experiment.

In: the summaries of the three experiments, and their tables of runs, for the exponent q of the level lines
α ∝ τ^(-q) seed by seed. Out: the figure as PNG and PDF.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
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
        return f"\n$q$ = {fits.interval(found['q'].to_numpy())}\n$R^2$ = {found['explained'].min():.2f}"
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
        getattr(axes, f"set_{which}ticks")(*decades(values.to_numpy()))
        getattr(axes, f"set_{which}label")(label, labelpad=-4)
        axes.tick_params(axis=which, pad=-3)
    axes.set_zlabel(symbol, labelpad=-4)
    axes.tick_params(axis="z", pad=-1)
    axes.locator_params(axis="z", nbins=5)
    axes.view_init(elev=28, azim=-58)
    axes.set_box_aspect(None, zoom=0.92)


def decades(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Where powers of ten stand among values that are numbered, three at most, and their names; of values within a decade the first."""
    logs = np.log10(values)
    powers = np.arange(np.ceil(logs[0] - 1e-6), logs[-1] + 1e-6)
    if len(powers) < 2:
        return np.array([0]), [f"{values[0]:.3g}"]
    powers = powers[:: -(-len(powers) // 3)].astype(int)
    return np.interp(powers, logs, np.arange(len(values))), [f"$10^{{{power}}}$" for power in powers]


def share_limits(panels: list[plt.Axes]) -> None:
    """One range for all, and a decade of τ as long as one of α, so that slopes can be read."""
    for which in "xy":
        limits = np.array([getattr(axes, f"get_{which}lim")() for axes in panels])
        for axes in panels:
            getattr(axes, f"set_{which}scale")(getattr(axes, f"get_{which}scale")())  # ticks of its own
            getattr(axes, f"set_{which}lim")(limits[:, 0].min(), limits[:, 1].max())
    for axes in panels:
        if axes.get_xscale() == axes.get_yscale():
            axes.set_aspect("equal", adjustable="box")


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
    panels = {name: figure.add_subplot(2, 2, place) for place, name in enumerate(names.READINGS, start=1)}
    drawn = {}
    for name, reading in names.READINGS.items():
        cells = summary[summary["experiment"] == name]
        options = {"logarithm": True, "norm": Normalize()}
        drawn[name] = plots.heat_map(panels[name], cells, "tau", "alpha", f"{reading.loss}_mean", **options)
    share_limits(list(panels.values()))
    for loss in dict.fromkeys(reading.loss for reading in names.READINGS.values()):
        comparable = [name for name, reading in names.READINGS.items() if reading.loss == loss]
        values = np.concatenate([drawn[name][1].to_numpy().ravel() for name in comparable])
        values = values[np.isfinite(values)]
        norm = Normalize(values.min(), values.max()) if len(values) else plots.NO_COLORS
        for name in comparable:
            drawn[name][0].set_norm(norm)
        plots.color_bar(figure, norm, [panels[name] for name in comparable], f"{symbol}, test", aspect=30)
    for letter, (name, reading) in zip("abc", names.READINGS.items(), strict=True):
        own = runs[(runs["experiment"] == name) & ~runs["diverged"]]
        level_lines(panels[name], drawn[name][1])
        style.letter(panels[name], f"({letter}) {reading.short}{exponent(own, reading.loss)}")
    level = Line2D([], [], color="white", lw=0.8, label="equal test loss", path_effects=style.OUTLINE)
    panels[BARS].add_line(level)
    plots.legend(figure, panels.values(), ncols=4)
    solid = figure.add_subplot(2, 2, 4, projection="3d")
    bars(solid, drawn[BARS][1], symbol)
    style.letter(solid, "(d) the bars of (b)")
    converged = runs[(runs["experiment"] == "tau_alpha_converged") & ~runs["diverged"]]
    figure.supxlabel(invariance(converged, "test_loss_end"), fontsize=style.LEAST)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input.summaries, schemas.SUMMARY).to_pandas()
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(summary, runs, snakemake.params.divide), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
