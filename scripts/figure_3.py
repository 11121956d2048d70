"""Figures 3 and 4 (§3.3, §4.3): test loss against τ, and in units of the zero predictor's.

In: the table of runs of one experiment. Out: the figure as PNG and PDF. Mean ± one standard
deviation over seeds, end of training and best throughout.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining import jobs, plots, records, style


def draw(runs: pd.DataFrame) -> plt.Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE, 2.6))
    plots.sweep(left, runs, plots.LOSSES)
    zero = runs.drop_duplicates("seed")["zero_loss"].mean()
    left.axhline(zero, color="0.4", linestyle=(0, (1, 1)), lw=1, label="zero predictor")
    left.set_ylabel(style.LABELS["test_loss"])
    plots.sweep(right, runs, plots.LOSSES, divide_by="zero_loss")
    right.axhline(1, color="0.4", linestyle=(0, (1, 1)), lw=1, label="zero predictor")
    right.set_ylabel("test loss / zero predictor's")
    for axes, title in ((left, "(a) test loss"), (right, "(b) relative, seed by seed")):
        axes.set_ylim(bottom=0)
        style.letter(axes, title)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    runs = records.read(snakemake.input.runs, records.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
