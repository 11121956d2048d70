"""Population loss, and few neurons in many dimensions, against τ (§4.6).

In: the tables of runs of the two experiments, and the baselines of the second. Out: the figure as PNG and PDF. Mean ± one
standard deviation over the seeds that did not diverge.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining import jobs, plots, records, style, tables

LAYERS = {"hidden_distance": "hidden layer $b$", "output_distance": "output layer $a$"}


def normalised(runs: pd.DataFrame) -> pd.DataFrame:
    """With the loss over the last batches, divided by the largest of its means over seeds at one τ."""
    largest = runs.loc[~runs["diverged"]].groupby("tau")["train_loss_end"].mean().max()
    return runs.assign(train_loss_end=runs["train_loss_end"] / largest)


def draw(population: pd.DataFrame, narrow: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(style.PAGE, 2.7))
    plots.sweep(left, normalised(population), {"train_loss_end": "stochastic descent"})
    left.set(ylabel="population loss / its largest mean", ylim=(0, None))
    style.letter(left, f"(a) fresh batches, $m={population['m'].iloc[0]}$")

    plots.sweep(middle, narrow, {"train_loss_end": "gradient descent"})
    fit = baselines.groupby("tau")["tangent_fit_loss"].mean()
    middle.plot(fit.index, fit, color="black", lw=0.8, label="best fit, tangent space at $w_0$")
    middle.set(ylabel="training loss, end of training", ylim=(0, None))
    middle.legend(loc="lower right", fontsize=6)
    style.letter(middle, f"(b) $m={narrow['m'].iloc[0]}$, full batch")

    for number, (name, runs) in enumerate((("(a)", population), ("(b)", narrow))):
        columns = {column: f"{name} {label}" for column, label in LAYERS.items()}
        plots.sweep(right, runs, columns, first=2 * number)
    right.set(ylabel=r"$\|w_T-w_0\|\,/\,\|w_0\|$ per layer", yscale="log")
    right.legend(loc="lower left", fontsize=6)
    style.letter(right, "(c) movement")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    population, narrow = (records.read([path], records.RUN).to_pandas() for path in (snakemake.input.runs))
    baselines = records.read(snakemake.input.baselines, tables.BASELINES).to_pandas()
    style.save(draw(population, narrow, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
