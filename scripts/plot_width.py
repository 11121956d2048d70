"""Test loss, movement and gates against the width m (§4.5), for α = 1/m and α = 1/√m.

In: the tables of runs of the two experiments. Out: the figure as PNG and PDF. A dot for each seed, a line through the
medians; diverged runs are in neither.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

NAMES = {"width_mean_field": "mean-field", "width_ntk": "NTK"}
PANELS = {
    "test_loss_end": labels.LABELS["test_loss_end"],
    "hidden_distance": labels.LABELS["movement"],
    "gate_flips": "share of gates that switched",
}


def draw(runs: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.7))
    kept = runs[~runs["diverged"]]
    for number, (experiment, scaling) in enumerate(NAMES.items()):
        label = f"{labels.SCALING_OF[experiment]} ({scaling})"
        own = kept[kept["experiment"] == experiment]
        for axes, column in zip(panels, PANELS, strict=True):
            plots.dots(axes, own, column, number, label)
        plots.dots(panels[1], own, "output_distance", number, None, linestyle=":")
    panels[0].axhline(kept.drop_duplicates("seed")["zero_loss"].median(), **style.ZERO)
    plots.log_axis(panels[0], "y")
    plots.clip_outliers(panels[0], kept["m"], kept["test_loss_end"])
    counts = runs.groupby("m")["diverged"].agg(diverged="sum", total="size")
    for axes, label, title in zip(panels, PANELS.values(), "abc", strict=True):
        axes.set(xlabel=labels.LABELS["m"], ylabel=label)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        plots.mark_diverged(axes, counts)
        style.letter(axes, f"({title})")
    plots.log_axis(panels[1], "y")
    for line, text in zip("-:", labels.LAYERS.values(), strict=True):
        panels[1].plot([], [], color="0.3", ls=line, label=text)
    plots.legend(figure, panels[:2], ncols=3)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
