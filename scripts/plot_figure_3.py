"""Figures 3 and 4 (§3.3, §4.3): test loss against τ beside what theory says, and movement per layer.

In: the table of runs of one experiment, and its baselines. Out: the figure as PNG and PDF. Medians over
seeds and bands from the least to the greatest, end of training and best throughout.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

THEORY = {
    False: {"random_feature_loss": "least squares on random features"},
    True: {"tangent_test_loss_end": "tangent model, end", "tangent_test_loss_best": "tangent model, best"},
}
"""The baselines drawn, without and with symmetrisation. Without, the tangent model's loss grows like τ⁴."""


def theory(axes: plt.Axes, baselines: pd.DataFrame, columns: dict[str, str], divide: bool) -> None:
    """A thin black line for each baseline, its median over seeds at each τ, and the zero predictor."""
    zero = baselines["zero_loss"]
    for (column, label), line in zip(columns.items(), ("-", "--"), strict=False):
        values = baselines[column] / zero if divide else baselines[column]
        found = values.groupby(baselines["tau"]).median()
        axes.plot(found.index, found, color="black", ls=line, lw=0.8, label=label)
    axes.axhline(1 if divide else baselines.drop_duplicates("seed")["zero_loss"].median(), **style.ZERO)


def draw(runs: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    columns = THEORY[bool(runs["symmetrize"].all())]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(style.PAGE, 2.7))
    for axes, divide, label in ((left, False, "test loss"), (middle, True, "test loss / zero predictor's")):
        plots.sweep(axes, runs, labels.LOSSES, divide_by="zero_loss" if divide else None)
        theory(axes, baselines, columns, divide)
        axes.set(ylabel=label)
        plots.log_axis(axes, "y")
    plots.sweep(right, runs, labels.LAYERS, first=2)
    right.set(ylabel=labels.LABELS["movement"])
    plots.log_axis(right, "y")
    right.legend()
    titles = ("(a) test loss", "(b) relative, seed by seed", "(c) movement")
    for axes, title in zip((left, middle, right), titles, strict=True):
        style.letter(axes, title)
    plots.legend(figure, (left, middle), ncols=5)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    baselines = parquet.read(snakemake.input.baselines, schemas.BASELINES).to_pandas()
    style.save(draw(runs, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
