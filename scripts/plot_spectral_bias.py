"""How many directions the hidden layer has at the end of training, against τ.

In: the singular values of the two plateaus. Out: the figure as PNG and PDF. Medians over the seeds that did not diverge, bands
from the least to the greatest.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.workflow import jobs

DRAWN = (2, 3, 4, 6, 10, 20)
"""Which singular values are drawn, over the first."""


def draw(spectra: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.6))
    for number, (symmetrize, label) in enumerate(names.STARTS.items()):
        axes = panels[1 + number]
        runs = spectra[spectra["experiment"] == ("plateau_symmetrized" if symmetrize else "plateau")]
        kept = runs[~runs["diverged"]].sort_values("index")
        own = kept.groupby(["tau", "seed"])
        plots.medians(panels[0], own["end"].agg(fits.stable_rank), number, label)
        before = own["start"].agg(fits.stable_rank).median()
        panels[0].axhline(before, color=style.COLORS[number], ls=":", lw=1)
        ends = kept.pivot(index=["tau", "seed"], columns="index", values="end")
        for place, index in enumerate(index for index in DRAWN if index in ends):
            plots.medians(axes, ends[index] / ends[1], place, rf"$\sigma_{{{index}}}$")
        counts = runs[runs["index"] == 1].groupby("tau")["diverged"].agg(diverged="sum", total="size")
        plots.mark_diverged(axes, counts)
        style.letter(axes, f"({'bc'[number]}) {label}")
        axes.set_ylabel(r"$\sigma_i/\sigma_1$ of the hidden layer")
    panels[0].plot([], [], color="0.3", ls=":", lw=1, label="at the start")
    panels[0].set(ylabel=r"stable rank $\|B\|_F^2/\|B\|^2$", ylim=(0, None))
    style.letter(panels[0], "(a) stable rank")
    panels[0].legend()
    panels[2].sharey(panels[1])
    for axes in panels[1:]:
        plots.log_axis(axes, "y")
    named = [axes for axes in panels[1:] if axes.get_legend_handles_labels()[0]]
    for axes in named[-1:]:
        axes.legend(ncols=2)
    for axes in panels:
        axes.set_xlabel(labels.LABELS["tau"])
        plots.fit_axis(axes, "x", spectra["tau"].to_numpy())
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    spectra = parquet.read(snakemake.input.spectra, schemas.SPECTRA).to_pandas()
    style.save(draw(spectra), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
