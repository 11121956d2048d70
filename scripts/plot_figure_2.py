"""Figure 2 (§4.7): test loss on the plane of the end points, for every m and both scalings.

In: surface and end points of every landscape. Out: the figure as PNG and PDF.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.workflow import jobs


def numbers(surface: pd.DataFrame) -> list[str]:
    """What stands below a panel: how far it reaches, the variance in the plane, the basin."""
    if surface.empty:
        return []
    said = [f"$r$ = {surface['x'].max():.3g}, {surface['y'].max():.3g}"]
    explained = surface["explained"].iloc[0]
    if np.isfinite(explained):
        said.append(f"{100 * explained:.0f} % of variance")
    wide, deep = fits.basin(surface)
    if np.isfinite(deep):
        said.append(f"{100 * wide:.2g} % wide, {deep:.3g} deep")
    return said


def draw(surfaces: pd.DataFrame, endpoints: pd.DataFrame, widths: list[int]) -> plt.Figure:
    columns = min(5, len(widths))
    rows = -(-len(widths) // columns)
    norm = plots.loss_norm(surfaces["test_loss"])
    panel = 0.85 * style.PAGE / columns
    size = (style.PAGE, 2 * rows * (panel + 0.58) + 0.4)
    figure, panels = plt.subplots(2 * rows, columns, figsize=size, squeeze=False)
    for block, experiment in zip(np.split(panels, 2), names.LANDSCAPES, strict=True):
        group = surfaces[surfaces["experiment"] == experiment]
        own = (endpoints["plane"] == experiment) & (endpoints["experiment"] == experiment)
        students = endpoints[own]
        for axes, m in zip(block.flat, widths, strict=False):
            own = group[group["m"] == m]
            plots.surface(axes, own, students[students["m"] == m], norm)
            axes.set_title(f"$m={m}$", pad=2)
            axes.set(xticks=[], yticks=[], xlabel="\n".join(numbers(own)))
            axes.xaxis.label.set_size(style.LEAST)
        for axes in block[:, 0]:
            axes.set_ylabel(f"{labels.SCALING_OF[experiment]}\nsecond direction")
        for axes in block.flat[len(widths) :]:
            axes.axis("off")
    unit = labels.directions(surfaces)[-1]
    figure.supxlabel(f"first direction ($r$: half-widths along both, distances {unit})", fontsize=8)
    plots.color_bar(figure, norm, panels, labels.LABELS["test_loss"], aspect=40)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    surfaces = parquet.read(snakemake.input.surfaces, schemas.SURFACE).to_pandas()
    endpoints = parquet.read(snakemake.input.endpoints, schemas.ENDPOINTS).to_pandas()
    style.save(draw(surfaces, endpoints, snakemake.params.widths), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
