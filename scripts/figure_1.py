"""Figure 1 (§4.2): how far weights move, and the test loss, along three kinds of training.

In: curve.parquet of every run of the two trajectory experiments, and their tables of runs.
Out: the figure as PNG and PDF. Medians over seeds, bands from the least to the greatest.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining import jobs, records, style

KINDS = ["experiment", "tau"]


def name(kind: tuple[str, float]) -> str:
    start = "symmetrised" if kind[0].endswith("symmetrized") else "not symmetrised"
    return rf"$\tau={kind[1]:g}$, {start}"


def over_seeds(curves: pd.DataFrame, column: str) -> pd.DataFrame:
    """Median, least and greatest per iteration; a run that has stopped keeps its last value."""
    table = curves.pivot(index="iteration", columns="seed", values=column).ffill()
    return table.agg(["median", "min", "max"], axis=1)


def draw(curves: pd.DataFrame, runs: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(1, 3, figsize=(style.PAGE, 2.5), width_ratios=[3, 3, 2])
    stops = runs.groupby(KINDS)["iterations"].median()
    last = 1.15 * runs["iterations"].max()
    for number, (kind, group) in enumerate(curves.groupby(KINDS)):
        for axes, column in zip(panels, ("relative_change", "test_loss"), strict=False):
            look = {"color": style.COLORS[number], "linestyle": style.LINES[number]}
            statistics = over_seeds(group, column).loc[:last]
            median = statistics["median"]
            axes.fill_between(
                statistics.index, statistics["min"], statistics["max"], alpha=0.2, lw=0, color=look["color"]
            )
            running = median[median.index <= stops[kind]]
            axes.plot(running.index, running, label=name(kind), **look)
            axes.plot(running.index[-1], running.iloc[-1], style.MARKERS[number], color=look["color"])
            axes.set(yscale="log", xlabel=style.LABELS["iteration"], ylabel=style.LABELS[column])
            axes.set_xlim(0, last)
    panels[0].set_ylim(bottom=1)
    movement(panels[2], runs)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    for axes, title in zip(panels, ("(a) relative change", "(b) test loss", "(c) movement"), strict=True):
        style.letter(axes, title)
    return figure


def movement(axes: plt.Axes, runs: pd.DataFrame) -> None:
    """Each layer's distance from its start at the end of training, a dot for each seed."""
    for number, (_, group) in enumerate(runs.groupby(KINDS)):
        for position, layer in enumerate(("hidden", "output")):
            values = group[f"{layer}_distance"]
            place = [position + 0.22 * (number - 1)] * len(values)
            axes.plot(place, values, style.MARKERS[number], color=style.COLORS[number], alpha=0.6, mew=0)
    axes.set_xticks([0, 1], ["hidden\n$b$", "output\n$a$"])
    axes.set(xlim=(-0.5, 1.5), yscale="log", ylabel=r"$\|w_T-w_0\|\,/\,\|w_0\|$ per layer")


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    curves = records.read(snakemake.input.curves, records.CURVE).to_pandas()
    runs = records.read(snakemake.input.runs, records.RUN).to_pandas()
    style.save(draw(curves, runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
