"""Paths of neurons in the plane, one row for each τ, one column for each seed; and the first seed's as an animation.

In: the paths of every seed. Out: the figure as PNG and PDF, a GIF, and trained/E.json, how many runs these are and where they
come from. A neuron is drawn at |a_i| b_i, in the colour of the sign of a_i; arrows are the teacher's neurons.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lazytraining.figures import style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

FRAMES = 60
SIGNS = {1: (style.COLORS[0], "o", "a > 0"), -1: (style.COLORS[1], "s", "a < 0")}
"""Colour, marker and legend of a neuron by the sign of its output weight."""


def color_and_marker(output: pd.Series) -> tuple[str, str]:
    """Colour and marker of a neuron, by the sign that its output weight ends with."""
    return SIGNS[1 if output.iloc[-1] >= 0 else -1][:2]


def teacher(axes: Axes, rows: pd.DataFrame) -> None:
    for row in rows.itertuples():
        color = SIGNS[1 if row.output >= 0 else -1][0]
        arrow = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0, "alpha": 0.45}
        axes.annotate("", (row.x, row.y), (0, 0), arrowprops=arrow, zorder=1)


def frame(axes: Axes, rows: pd.DataFrame) -> None:
    """Equal axes that hold all rows, and the unit circle."""
    reach = 1.08 * max(1.0, np.abs(rows[["x", "y"]]).to_numpy().max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.add_patch(plt.Circle((0, 0), 1, fill=False, color="0.7", lw=0.6, ls=(0, (2, 2))))
    axes.grid(False)
    axes.locator_params(nbins=5)


def neurons(axes: Axes, rows: pd.DataFrame) -> list[tuple[Line2D, Line2D, pd.DataFrame]]:
    """A path and an end point for each neuron; returned with their rows, so that an animation can move them."""
    drawn = []
    for _, path in rows.groupby("neuron"):
        color, marker = color_and_marker(path["output"])
        (line,) = axes.plot(path["x"], path["y"], color=color, lw=0.8, zorder=2)
        axes.plot(path["x"].iloc[0], path["y"].iloc[0], ".", color="0.55", ms=2.5, zorder=2)
        end = {"color": color, "marker": marker, "ms": 4, "ls": "", "mec": "white", "mew": 0.4, "zorder": 3}
        (dot,) = axes.plot(path["x"].iloc[-1:], path["y"].iloc[-1:], **end)
        drawn.append((line, dot, path))
    return drawn


def panel(axes: Axes, rows: pd.DataFrame) -> list[tuple[Line2D, Line2D, pd.DataFrame]]:
    """One student with its teacher; of one that diverged the start alone, since its path has no end."""
    student = rows[rows["neuron"] >= 0].sort_values("iteration")
    if student["diverged"].any():
        student = student[student["iteration"] == 0]
    frame(axes, pd.concat([rows[rows["neuron"] < 0], student]))
    teacher(axes, rows[rows["neuron"] < 0])
    return neurons(axes, student)


def legend(figure: plt.Figure) -> None:
    handles = [
        Line2D([], [], color=color, marker=marker, lw=0.8, ms=4, label=f"${text}$")
        for color, marker, text in SIGNS.values()
    ]
    handles.append(Line2D([], [], color="0.55", marker=".", ls="", label="at the start"))
    handles.append(Line2D([], [], color="0.4", lw=1.6, alpha=0.6, label="teacher's neurons (arrows)"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4)


def draw(rows: pd.DataFrame) -> plt.Figure:
    seeds, taus = rows["seed"].unique(), sorted(rows["tau"].unique())
    shape = (len(taus), len(seeds)) if len(seeds) > 1 else (1, len(taus))
    size = style.PAGE / max(2, shape[1])
    figure, panels = plt.subplots(*shape, figsize=(style.PAGE, (size + 0.3) * shape[0] + 0.3), squeeze=False)
    for axes, (tau, seed) in zip(panels.flat, itertools.product(taus, seeds), strict=True):
        own = rows[(rows["tau"] == tau) & (rows["seed"] == seed)]
        panel(axes, own)
        last = own[own["iteration"] == own["iteration"].max()].iloc[-1]
        said = f"train {last['train_loss']:.1e}, test {last['test_loss']:.1e}"
        if last["diverged"]:
            said = f"diverged after iteration {last['iteration']}"
        axes.set_title(rf"$\tau={tau:g}$, seed {seed}" + f"\n{said}", fontsize=style.LEAST)
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$|a_i|\,b_{i,2}$")
    for axes in panels[-1]:
        axes.set_xlabel(r"$|a_i|\,b_{i,1}$")
    legend(figure)
    return figure


def animate(rows: pd.DataFrame) -> Iterator[plt.Figure]:
    """The first seed's paths as they grow, iterations in equal ratios: one figure, frame after frame."""
    rows = rows[rows["seed"] == rows["seed"].min()]
    taus = sorted(rows["tau"].unique())
    figure, panels = plt.subplots(1, len(taus), figsize=(2.6 * len(taus), 3.1), dpi=110, squeeze=False)
    drawn = []
    for axes, tau in zip(panels[0], taus, strict=True):
        own = rows[rows["tau"] == tau]
        drawn += panel(axes, own)
        axes.set_title(rf"$\tau={tau:g}$" + (", diverged" if own["diverged"].any() else ""))
    legend(figure)
    last = rows["iteration"].max()
    times = np.concatenate([[0], np.geomspace(20, max(last, 20), FRAMES - 1)])
    clock = figure.supxlabel("iteration 0", fontsize=8)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the layout is that of every frame

    for time in times:
        clock.set_text(f"iteration {time:,.0f}")
        for line, dot, path in drawn:
            past = path[path["iteration"] <= time * (1 + 1e-9)]
            line.set_data(past["x"], past["y"])
            dot.set_data(past["x"].iloc[-1:], past["y"].iloc[-1:])
        yield figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    paths = parquet.read(snakemake.input, schemas.PATHS)
    jobs.describe(paths, snakemake.output.trained)
    rows = paths.to_pandas()
    style.save(draw(rows), snakemake.output.png, snakemake.output.pdf)
    style.save_animation(animate(rows), snakemake.output.gif)


if __name__ == "__main__":
    main(snakemake)
