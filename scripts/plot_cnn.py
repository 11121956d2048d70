"""The CNN against α: accuracies, and what training keeps of the activation pattern.

In: the table of all runs. Out: the figure as PNG and PDF. Each α at its best learning rate; medians over the seeds that
did not diverge, in (a) with bands from the least to the greatest; a cross where some did.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet
from lazytraining.models import cnn
from lazytraining.workflow import jobs

ACCURACIES = {
    "train_accuracy": "training images",
    "test_accuracy": "test images",
    "test_accuracy_frozen": "test images, pattern frozen",
}


def shares(axes, best: pd.DataFrame, columns: list[str], label: str) -> None:
    """A line for each layer, the deeper the darker."""
    for number, column in enumerate(columns):
        found = best[~best["diverged"]].groupby("alpha")[column].median()
        line = style.line_look(number) | {"color": style.shade(number, len(columns))}
        axes.plot(found.index, found, label=column.rsplit("_", 1)[1], **line)
    axes.set(xscale="log", xlabel=labels.LABELS["alpha"], ylim=(-0.02, 1.03))
    axes.legend(title=label, ncols=2, loc="lower right")


def draw(runs: pd.DataFrame) -> plt.Figure:
    best = cnn.best(runs)
    figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.9))
    plots.sweep(panels[0], best, ACCURACIES, over="alpha")
    panels[0].set(xscale="log", ylim=(-0.02, 1.03), ylabel="accuracy")
    panels[0].axhline(1 / 10, **style.ZERO | {"label": "chance"})
    plots.legend(figure, panels[:1], ncols=5)
    shares(panels[1], best, cnn.GATES, "convolution")
    panels[1].set_ylabel("share as at the start")
    shares(panels[2], best, cnn.CHOICES, "after convolution")
    for axes, text in zip(
        panels, ("(a) accuracy", "(b) gates of ReLU", "(c) choices of max pooling"), strict=True
    ):
        style.letter(axes, text)
        decades = np.log10(best["alpha"].agg(["min", "max"]))
        axes.set_xticks(
            10.0 ** np.arange(np.ceil(decades["min"]), decades["max"] + 0.5, 1 + np.ptp(decades) // 6)
        )
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input, cnn.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
