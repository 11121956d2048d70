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


def draw(surfaces: pd.DataFrame, endpoints: pd.DataFrame, widths: list[int]) -> plt.Figure:
    columns = min(5, len(widths))
    rows = -(-len(widths) // columns)
    norm = plots.loss_norm(surfaces["test_loss"])
    panel = 0.8 * style.PAGE / columns
    figure = plt.figure(figsize=(style.PAGE, 2 * rows * (panel + 0.5) + 0.4))
    figure.get_layout_engine().set(h_pad=0.08)
    blocks = figure.subfigures(2, 1)
    for block, experiment in zip(blocks, names.LANDSCAPES, strict=True):
        group = surfaces[surfaces["experiment"] == experiment]
        own = (endpoints["plane"] == experiment) & (endpoints["experiment"] == experiment)
        students = endpoints[own]
        block.suptitle(labels.SCALING_OF[experiment], fontsize=9)
        panels = block.subplots(rows, columns, squeeze=False)
        for axes, m in zip(panels.ravel(), widths, strict=False):
            own = group[group["m"] == m]
            plots.surface(axes, own, students[students["m"] == m], norm)
            axes.set_title(f"$m={m}$" + ("" if own.empty else f", ±{own['x'].max():.3g}"), pad=2)
            axes.set(xticks=[], yticks=[])
            if len(own):
                wide, deep = fits.basin(own)
                explained = own["explained"].iloc[0]
                numbers = [f"{100 * explained:.0f} % of variance"] if np.isfinite(explained) else []
                if np.isfinite(deep):
                    numbers.append(f"{100 * wide:.2g} % wide, {deep:.3g} deep")
                axes.set_xlabel("\n".join(numbers), fontsize=5.5, labelpad=2)
        for axes in panels.ravel()[len(widths) :]:
            axes.axis("off")
        plots.color_bar(block, norm, panels, labels.LABELS["test_loss"])
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    surfaces = parquet.read(snakemake.input.surfaces, schemas.SURFACE).to_pandas()
    endpoints = parquet.read(snakemake.input.endpoints, schemas.ENDPOINTS).to_pandas()
    style.save(draw(surfaces, endpoints, snakemake.params.widths), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
