"""One landscape of Figure 2: the surface in perspective, and from above with the end points.

In: surface and end points of the landscapes of one experiment at one m.
Out: the figure as PNG and PDF.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs


def perspective(axes, surface: pd.DataFrame, norm) -> None:
    table = surface.pivot(index="y", columns="x", values="test_loss")
    loss = table.where(np.isfinite(table) & (table > 0))
    x, y = np.meshgrid(table.columns, table.index)
    colors = plt.get_cmap(style.COLORMAP)(norm(np.ma.masked_invalid(loss)))
    options = {"rstride": 1, "cstride": 1, "linewidth": 0, "shade": False}
    axes.plot_surface(x, y, np.log10(loss.to_numpy()), facecolors=colors, **options)
    first, second, _ = labels.directions(surface)
    axes.set(xlabel=first, ylabel=second, zlabel=r"$\log_{10}$ test loss")
    axes.locator_params(nbins=4)
    axes.set_box_aspect(None, zoom=0.95)


def draw(surface: pd.DataFrame, endpoints: pd.DataFrame) -> plt.Figure:
    experiment, m = endpoints[["plane", "m"]].iloc[0]
    own = endpoints[endpoints["experiment"] == experiment]
    norm = plots.loss_norm(surface["test_loss"])
    figure = plt.figure(figsize=(style.PAGE, 3))
    figure.suptitle(rf"{labels.SCALING_OF[experiment]}, $m={m}$", fontsize=9)
    if ((surface["test_loss"] > 0) & np.isfinite(surface["test_loss"])).any():
        perspective(figure.add_subplot(1, 2, 1, projection="3d"), surface, norm)
    flat = figure.add_subplot(1, 2, 2)
    plots.surface(flat, surface, own, norm)
    plots.endpoints(flat, own, norm)
    first, second, _ = labels.directions(surface)
    flat.set(xlabel=first, ylabel=second)
    plots.student_bar(figure, norm, flat, own)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    surface = parquet.read([snakemake.input.surface], schemas.SURFACE)
    endpoints = parquet.read([snakemake.input.endpoints], schemas.ENDPOINTS)
    figure = draw(surface.to_pandas(), endpoints.to_pandas())
    style.save(figure, snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
