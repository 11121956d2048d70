"""Figure 6 (§4.7): where students of both scalings end, on the plane of the 1/m students.

In: surface.parquet and endpoints.parquet of every landscape. Out: the figure as PNG and PDF.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining import jobs, plots, records, style, tables

PLANE = "landscape_mean_field"


def draw(surfaces: pd.DataFrame, endpoints: pd.DataFrame, widths: list[int]) -> plt.Figure:
    surfaces = surfaces[surfaces["experiment"] == PLANE]
    endpoints = endpoints[endpoints["plane"] == PLANE]
    columns = min(3, len(widths))
    rows = -(-len(widths) // columns)
    norm = plots.loss_norm(pd.concat([surfaces["test_loss"], endpoints["test_loss"]]))
    figure, panels = plt.subplots(
        rows, columns, figsize=(style.PAGE, 2.2 * rows + 0.5), squeeze=False, layout="constrained"
    )
    for axes, m in zip(panels.ravel(), widths, strict=False):
        plots.surface(axes, surfaces[surfaces["m"] == m], norm)
        plots.endpoints(axes, endpoints[endpoints["m"] == m], norm)
        axes.set_title(f"$m={m}$")
    for axes in panels.ravel()[len(widths) :]:
        axes.axis("off")
    for axes in panels[:, 0]:
        axes.set_ylabel("second direction")
    for axes in panels[-1]:
        axes.set_xlabel("first direction")
    plots.color_bar(figure, norm, panels, "test loss: surface, and each model's own")
    plots.endpoint_legend(figure, endpoints)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    surfaces = records.read(snakemake.input.surfaces, tables.SURFACE).to_pandas()
    endpoints = records.read(snakemake.input.endpoints, tables.ENDPOINTS).to_pandas()
    style.save(draw(surfaces, endpoints, snakemake.params.widths), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
