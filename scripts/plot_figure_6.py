"""Figure 6 (§4.7): where students of both scalings end, on the plane of the 1/m students, and what that hides.

In: surface and end points of every landscape. Out: the figure as PNG and PDF.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

PLANE = "landscape_mean_field"


def planes(figure, surfaces: pd.DataFrame, endpoints: pd.DataFrame, widths: list[int]) -> None:
    """The 1/m plane at each m, with the end points on it."""
    columns = min(3, len(widths))
    rows = -(-len(widths) // columns)
    norm = plots.loss_norm(surfaces["test_loss"])
    panels = figure.subplots(rows, columns, squeeze=False)
    first, second, _ = labels.directions(surfaces)
    for axes, m in zip(panels.ravel(), widths, strict=False):
        students = endpoints[endpoints["m"] == m]
        plots.surface(axes, surfaces[surfaces["m"] == m], students[students["experiment"] == PLANE], norm)
        plots.endpoints(axes, students, norm)
        axes.set_title(f"$m={m}$")
    for axes in panels.ravel()[len(widths) :]:
        axes.axis("off")
    for axes in panels[:, 0]:
        axes.set_ylabel(second)
    for axes in panels[-1]:
        axes.set_xlabel(first)
    plots.student_bar(figure, norm, panels, endpoints)


def numbers(figure, endpoints: pd.DataFrame) -> None:
    """How much of the students the plane shows, against m: a dot for each student, lines through the medians."""
    inside, mean_field, ntk = figure.subplots(1, 3)
    kept = endpoints[~endpoints["diverged"]]
    for number, experiment in enumerate(names.LANDSCAPES):
        students, label = kept[kept["experiment"] == experiment], labels.SCALING_OF[experiment]
        plots.dots(inside, students, "in_plane", number, label)
    plots.say_diverged(inside, endpoints)
    inside.set(ylim=(0, 1), ylabel="share of the distance to\nthe centre in the plane")
    losses = {
        "test_loss": "own",
        "surface_loss": "surface there",
        "test_loss_plane_alpha": f"own, at {labels.SCALING_OF[PLANE]}",
    }
    for axes, experiment in ((mean_field, PLANE), (ntk, "landscape_ntk")):
        students = kept[kept["experiment"] == experiment]
        for number, (column, label) in enumerate(losses.items(), start=2):
            if experiment != PLANE or column != "test_loss_plane_alpha":
                plots.dots(axes, students, column, number, label)
        plots.plain_logarithmic(axes)
        plots.clip_outliers(axes, students["m"], students["test_loss"])
        plots.say_diverged(axes, endpoints[endpoints["experiment"] == experiment])
        axes.set_ylabel("test loss")
        style.letter(axes, f"students of {labels.SCALING_OF[experiment]}")
    for axes in (inside, mean_field, ntk):
        plots.fit_axis(axes, "x", endpoints["m"].to_numpy())
        plots.tick_at(axes, "x", np.sort(endpoints["m"].unique()))
        axes.set_xlabel(labels.LABELS["m"])
        axes.legend()
    style.letter(inside, "in the plane")


def draw(surfaces: pd.DataFrame, endpoints: pd.DataFrame, widths: list[int]) -> plt.Figure:
    surfaces = surfaces[surfaces["experiment"] == PLANE]
    endpoints = endpoints[endpoints["plane"] == PLANE]
    heights = [2.0 * -(-len(widths) // 3) + 0.5, 2.1]
    figure = plt.figure(figsize=(style.PAGE, sum(heights) + 0.3))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    planes(upper, surfaces, endpoints, widths)
    numbers(lower, endpoints)
    plots.endpoint_legend(upper, endpoints)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    surfaces = parquet.read(snakemake.input.surfaces, schemas.SURFACE).to_pandas()
    endpoints = parquet.read(snakemake.input.endpoints, schemas.ENDPOINTS).to_pandas()
    style.save(draw(surfaces, endpoints, snakemake.params.widths), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
