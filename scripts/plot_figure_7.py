"""Figure 7 (§5.1): test loss against τ with one step size for every τ, both initialisations.

In: the tables of runs of the two experiments. Out: the figure as PNG and PDF. Medians over
the seeds that did not diverge, bands from the least to the greatest; where some did, a cross says how many.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs


def draw(runs: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(1, 2, figsize=(style.PAGE, 2.6), sharey=True)
    for axes, panel, (symmetrize, group) in zip(panels, "ab", runs.groupby("symmetrize"), strict=True):
        plots.sweep(axes, group, labels.LOSSES)
        zero = group.drop_duplicates("seed")["zero_loss"].median()
        axes.axhline(zero, **style.ZERO)
        plots.log_axis(axes, "y")
        style.letter(axes, f"({panel}) {names.STARTS[symmetrize]}")
    panels[0].set_ylabel(labels.LABELS["test_loss"])
    plots.legend(figure, panels, ncols=4)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
