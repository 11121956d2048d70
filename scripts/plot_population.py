"""Population loss, and few neurons in many dimensions, against τ (§4.6).

In: the tables of runs of the two experiments, and the baselines of the second. Out: the figure as PNG and PDF. Medians with bands
from the least to the greatest, over the seeds that did not diverge.
"""

import itertools

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs


def normalised(runs: pd.DataFrame) -> pd.DataFrame:
    """With the loss over the last batches, of each seed divided by its largest over τ."""
    losses = runs["train_loss_end"].where(~runs["diverged"])
    return runs.assign(train_loss_end=losses / losses.groupby(runs["seed"]).transform("max"))


def beside_tangent(axes: plt.Axes, runs: pd.DataFrame, baselines: pd.DataFrame) -> None:
    """Training loss and the tangent model's after as many iterations, each over the best fit of its own tangent space."""
    keys = ["tau", "seed"]
    fit = baselines.set_index(keys)["tangent_fit_loss"]
    losses = {
        "gradient descent": runs[~runs["diverged"]].set_index(keys)["train_loss_end"],
        "tangent model": baselines.set_index(keys)["tangent_train_loss_end"],
    }
    for number, (label, values) in enumerate(losses.items()):
        plots.medians(axes, (values / fit).replace(np.inf, np.nan).dropna(), number, label)
    axes.axhline(1, color="black", lw=0.8, label="best tangent fit")
    plots.fit_axis(axes, "x", runs["tau"].to_numpy())
    axes.set(xlabel=labels.LABELS["tau"], ylabel="training loss / best tangent fit", ylim=(0, None))
    axes.legend()
    plots.say_diverged(axes, runs)


def draw(population: pd.DataFrame, narrow: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(style.PAGE, 2.7))
    plots.sweep(left, normalised(population), {"train_loss_end": "stochastic descent"})
    left.set(ylabel="population loss / seed's largest", ylim=(0, None))
    style.letter(left, f"(a) fresh batches, $m={population['m'].iloc[0]}$")
    beside_tangent(middle, narrow, baselines)
    style.letter(middle, f"(b) full batch, $m={narrow['m'].iloc[0]}$")
    numbers = itertools.count()
    for name, runs in (("(a)", population), ("(b)", narrow)):
        moved = runs[~runs["diverged"]].set_index(["tau", "seed"])
        for column, label in labels.LAYERS.items():
            plots.medians(right, moved[column], next(numbers), f"{name} {label.split()[-1]}")
    right.set(xlabel=labels.LABELS["tau"], ylabel=labels.LABELS["movement"])
    plots.log_axis(right, "y", room=3 * plots.LINE)
    plots.fit_axis(right, "x", narrow["tau"].to_numpy())
    right.legend(loc="upper right", ncols=2, title=", ".join(labels.LAYERS.values()), columnspacing=1)
    style.letter(right, "(c) movement")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    population, narrow = (parquet.read([path], schemas.RUN).to_pandas() for path in snakemake.input.runs)
    baselines = parquet.read(snakemake.input.baselines, schemas.BASELINES).to_pandas()
    style.save(draw(population, narrow, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
