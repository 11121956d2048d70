"""Figure 6 (§4.7): where students of both scalings end, on the planes of the 1/m students, and what that hides.

In: surface and end points of every landscape, and those of the 1/m students with their neurons aligned. Out: the figure as PNG and PDF.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

PLANE = "landscape_mean_field"
PANELS = 4
"""Planes in a row."""


class Plane(NamedTuple):
    """One kind of plane of the 1/m students at each m, with the students of both scalings on it."""

    surfaces: pd.DataFrame
    endpoints: pd.DataFrame
    title: str = ""


def planes(figure, shown: list[Plane], widths: list[int]) -> None:
    """At each m all these planes side by side."""
    columns = min(PANELS // len(shown), len(widths)) * len(shown)
    norm = plots.loss_norm(pd.concat([plane.surfaces["test_loss"] for plane in shown]))
    panels = figure.subplots(rows_of(widths, len(shown)), columns, squeeze=False)
    pairs = [(m, plane) for m in widths for plane in shown]
    for axes, (m, plane) in zip(panels.flat, pairs, strict=False):
        students = plane.endpoints[plane.endpoints["m"] == m]
        spanning = students[students["experiment"] == PLANE]
        plots.surface(axes, plane.surfaces[plane.surfaces["m"] == m], spanning, norm)
        plots.endpoints(axes, students, norm)
        axes.set_title(f"$m={m}${plane.title}")
        axes.locator_params(nbins=4)
    for axes in panels.flat[len(pairs) :]:
        axes.axis("off")
    first, second, _ = labels.directions(shown[0].surfaces)
    figure.supxlabel(first, fontsize=8)
    figure.supylabel(second, fontsize=8)
    plots.student_bar(figure, norm, panels, shown[0].endpoints, aspect=20 * len(panels))


def rows_of(widths: list[int], kinds: int) -> int:
    return -(-len(widths) // (PANELS // kinds))


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
    style.letter(inside, "in the plane")
    plots.legend(figure, (inside, mean_field, ntk), ncols=5)


def draw(
    surfaces: pd.DataFrame,
    endpoints: pd.DataFrame,
    aligned_surfaces: pd.DataFrame,
    aligned_endpoints: pd.DataFrame,
    widths: list[int],
) -> plt.Figure:
    shown = [Plane(surfaces[surfaces["experiment"] == PLANE], endpoints[endpoints["plane"] == PLANE])]
    if not (surfaces["kind"] == "aligned").any():  # else the configuration asks for no other
        shown.append(Plane(aligned_surfaces, aligned_endpoints, ", aligned"))
    heights = [1.5 * rows_of(widths, len(shown)) + 0.7, 2.1]
    figure = plt.figure(figsize=(style.PAGE, sum(heights) + 0.3))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    planes(upper, shown, widths)
    numbers(lower, shown[0].endpoints)
    plots.endpoint_legend(upper, endpoints)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    read = snakemake.input
    tables = [
        parquet.read(paths, schema).to_pandas()
        for paths, schema in (
            (read.surfaces, schemas.SURFACE),
            (read.endpoints, schemas.ENDPOINTS),
            (read.aligned_surfaces, schemas.SURFACE),
            (read.aligned_endpoints, schemas.ENDPOINTS),
        )
    ]
    style.save(draw(*tables, snakemake.params.widths), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
