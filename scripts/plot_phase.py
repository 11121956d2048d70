"""A phase diagram over the coupling g and the width m, for each start; below it, its order parameters against g.

In: the summary of a diagram. Out: the figure as PNG and PDF. A cell has the colour of the regime of most seeds, with a dot where
another seed is in another. Contours are of medians over seeds; those of what is predicted need no training. Lines below are
medians, one for each m.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.figures.regimes import LOOKS
from lazytraining.files import parquet, schemas
from lazytraining.student import laziness
from lazytraining.workflow import jobs

LEAST = 1e-4
"""Below, a kernel has not moved."""
OUTPUT_MOVED = 0.5
"""Share of its norm by which the output layer moves where little of its start is left."""
KAPPA = laziness.Lazy().gap
"""The note's criterion is to be small: as small as a gap."""
WIDTH, OUTLINE = 1.4, [withStroke(linewidth=2.8, foreground="black")]
ROWS = {
    "kernel_movement": r"kernel movement $\|K_T-K_0\|\,/\,\|K_0\|$",
    "gap_test": r"gap $\|f_T-\bar f_T\|\,/\,\|y\|$, test points",
    "stable_step_ratio": r"largest stable step, over $2n/\lambda_{\max}(K_0)$",
}
"""What is drawn against the coupling; the step where it was measured."""


def contours(lazy: dict[str, float]) -> dict[str, tuple[str, float, dict]]:
    """What is drawn as a line over the cells: its label, column, level and look."""
    black, white = ({"colors": colour, "linestyles": "-"} for colour in ("black", "white"))
    return {
        f"kernel movement {lazy['kernel']:g}": ("kernel_movement", lazy["kernel"], black),
        f"gap {lazy['gap']:g}": ("gap_test", lazy["gap"], black | {"linestyles": "--"}),
        f"kernel movement {lazy['kernel']:g}, predicted": ("predicted_kernel", lazy["kernel"], white),
        f"movement of the output layer {OUTPUT_MOVED:g}, predicted": (
            "predicted_output",
            OUTPUT_MOVED,
            white | {"linestyles": "--"},
        ),
        rf"$\kappa={KAPPA:g}$": ("kappa", KAPPA, white | {"linestyles": ":"}),
    }


def cells(axes: Axes, own: pd.DataFrame) -> None:
    """Regimes of one start."""
    regimes = own.pivot(index="m", columns="coupling", values="regime").map(laziness.REGIMES.index)
    places = regimes.columns.to_numpy(float), regimes.index.to_numpy(float)
    borders = [plots.edges(values, True) for values in places]
    colours = ListedColormap([colour for colour, _ in LOOKS.values()])
    norm = BoundaryNorm(np.arange(len(LOOKS) + 1) - 0.5, len(LOOKS))
    axes.pcolormesh(*borders, regimes.to_numpy(), cmap=colours, norm=norm, rasterized=True)
    for number, (_, hatch) in enumerate(LOOKS.values()):
        for row, column in np.argwhere(regimes.to_numpy() == number) if hatch else ():
            (left, right), (low, high) = borders[0][column : column + 2], borders[1][row : row + 2]
            corner, look = (left, low), plots.HATCH | {"hatch": hatch}
            axes.add_patch(Rectangle(corner, right - left, high - low, **look))
    split = own[own["regime_share"] < 1]
    axes.plot(split["coupling"], split["m"], ".", color="0.25", ms=2.5)
    axes.set(xscale="log", yscale="log", xlim=borders[0][[0, -1]], ylim=borders[1][[0, -1]])
    axes.grid(False)


def lines(axes: Axes, own: pd.DataFrame, lazy: dict[str, float]) -> None:
    """Contours of medians over seeds."""
    for column, level, look in contours(lazy).values():
        table = own.pivot(index="m", columns="coupling", values=f"{column}_median")
        values = np.log(np.maximum(table.to_numpy(float), 1e-300))
        if min(values.shape) > 1 and (values < np.log(level)).any() and (values > np.log(level)).any():
            drawn = axes.contour(
                table.columns, table.index, values, [np.log(level)], linewidths=WIDTH, **look
            )
            if look["colors"] == "white":
                drawn.set_path_effects(OUTLINE)


def draw(summary: pd.DataFrame, lazy: dict[str, float], n_train: int) -> plt.Figure:
    starts = sorted(summary["symmetrize"].unique(), reverse=True)
    steps = summary["stable_step_ratio_median"].notna().any()
    rows = {name: label for name, label in ROWS.items() if steps or name != "stable_step_ratio"}
    shape = (1 + len(rows), len(starts))
    size = (style.PAGE, 2.4 * shape[0] + 0.7)
    figure, panels = plt.subplots(*shape, figsize=size, squeeze=False, sharex=True, sharey="row")
    widths = sorted(summary["m"].unique())
    for column, start in zip(panels.T, starts, strict=True):
        own = summary[summary["symmetrize"] == start]
        cells(column[0], own)
        lines(column[0], own, lazy)
        column[0].axhline(n_train, color="0.3", lw=0.8, ls=(0, (1, 3)))
        style.letter(column[0], names.STARTS[bool(start)])
        for axes, (name, label) in zip(column[1:], rows.items(), strict=True):
            for number, m in enumerate(widths):
                one = own[own["m"] == m].sort_values("coupling")
                look = style.line_look(number) | {"color": style.shade(number, len(widths))}
                look |= {"linestyle": "-", "markersize": 2.5}
                axes.plot(one["coupling"], one[f"{name}_median"], label=f"{m}", **look)
            level = {"kernel_movement": lazy["kernel"], "gap_test": lazy["gap"], "stable_step_ratio": 1}[name]
            axes.axhline(level, **style.THRESHOLD)
            axes.set(yscale="log", ylabel=label)
            axes.label_outer()
        column[-1].set_xlabel(labels.LABELS["coupling"])
    low, high = panels[1, 0].get_ylim()
    if high > LEAST > low:
        panels[1, 0].set_ylim(bottom=LEAST)
    panels[0, 0].set_ylabel(labels.LABELS["m"])
    panels[1, -1].legend(title="neurons $m$", ncols=2, loc="upper right")
    if gone := summary["n_diverged"].sum():
        figure.supxlabel(
            f"{gone}/{summary['n_seeds'].sum()} flows diverged, and are in no median", fontsize=style.LEAST
        )
    handles = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="0.5", lw=0.4, label=name)
        for name, (colour, hatch) in LOOKS.items()
        if (summary["regime"] == name).any()
    ]
    for label, (_, _, look) in contours(lazy).items():
        effects = OUTLINE if look["colors"] == "white" else None
        style_of = {"color": look["colors"], "ls": look["linestyles"], "lw": WIDTH}
        handles.append(Line2D([], [], label=label, path_effects=effects, **style_of))
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input, schemas.PHASE_SUMMARY).to_pandas()
    params = snakemake.params
    style.save(draw(summary, params.lazy, params.n_train), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
