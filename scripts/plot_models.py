"""All modules beside each other: gap and kernel movement against α, and the degree q of each at its start.

In: the tables of all experiments of kind model. Out: the figure as PNG and PDF. Experiments whose names differ in a number at the end
are a series, a row of panels, the larger number the darker; all others share the last row.
"""

import re

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet
from lazytraining.models import tables
from lazytraining.student import laziness
from lazytraining.workflow import jobs

PANELS = {"gap_test": "gap to the twin, test", "kernel_movement": "movement of the kernel"}
LIMITS = {"gap_test": laziness.Lazy().gap, "kernel_movement": laziness.Lazy().kernel}


def series(names: list[str]) -> dict[str, dict[str, str]]:
    """Of each row of panels its experiments, with what they are called there."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = re.fullmatch(r"(.+)_(\d+)", name)
        found.setdefault(match[1] if match else "", {})[name] = match[2] if match else name
    ordered = {
        key: dict(sorted(of.items(), key=lambda item: int(item[1]))) for key, of in found.items() if key
    }
    return ordered | ({"": found[""]} if "" in found else {})


def draw(runs: pd.DataFrame) -> plt.Figure:
    first = runs.groupby("experiment")[["tau", "step"]].transform("first")  # where several are swept
    runs = runs[(runs["tau"] == first["tau"]) & (runs["step"] == first["step"])]
    rows = series(list(dict.fromkeys(runs["experiment"])))
    figure, panels = plt.subplots(len(rows), 3, figsize=(style.PAGE, 0.3 + 2.1 * len(rows)), squeeze=False)
    for row, (name, own) in zip(panels, rows.items(), strict=True):
        several = runs[runs["experiment"].isin(own)]["alpha"].nunique() > 1
        for axes, (column, label) in zip(row, PANELS.items(), strict=False):
            _against(axes, runs, own, column, several)
            axes.axhline(LIMITS[column], color="0.4", linestyle=(0, (1, 1)), linewidth=1)
            plots.plain_logarithmic(axes)
            plots.say_diverged(axes, runs[runs["experiment"].isin(own)])
            axes.set_ylabel(label)
        degrees = [runs[runs["experiment"] == one]["euler_degree"].to_numpy() for one in own]
        for place, values in enumerate(degrees):
            row[2].plot(np.full(len(values), place), values, "o", color=_color(place, len(own)))
        if not np.isfinite(np.concatenate(degrees)).any():
            row[2].set_yticks([])
            plots.say(row[2], "no output at the start,\nand so no degree")
        row[2].set_xticks(range(len(own)), list(own.values()), rotation=0 if name else 20)
        row[2].set(ylabel="degree $q$ at the start", xlabel="number in the name" if name else "")
        style.letter(row[0], name.replace("_", " ") or "others")
        if several:
            row[0].legend(fontsize=6, title=name.replace("_", " ") or None)
    return figure


def _against(axes, runs: pd.DataFrame, own: dict[str, str], column: str, over_alpha: bool) -> None:
    """A line for each experiment against α; or, at one α, one against the number in their names."""
    kept = runs[~runs["diverged"]]
    if over_alpha:
        for place, (name, label) in enumerate(own.items()):
            values = kept[kept["experiment"] == name].set_index("alpha")[column]
            plots.medians(axes, values, place, label)
            axes.lines[-1].set_color(_color(place, len(own)))
            axes.collections[-1].set_color(_color(place, len(own)))
        plots.fit_axis(axes, "x", runs[runs["experiment"].isin(own)]["alpha"].to_numpy())
        axes.set_xlabel(labels.LABELS["alpha"])
        return
    chosen = kept[kept["experiment"].isin(own)]
    places = chosen["experiment"].map({name: list(own).index(name) for name in own})
    plots.medians(axes, chosen.set_index(places)[column], 0, "")
    axes.set_xticks(range(len(own)), list(own.values()))
    axes.set_xlabel("number in the name")


def _color(place: int, total: int):
    return plt.get_cmap(style.COLORMAP)(0.9 - 0.9 * place / max(1, total - 1))


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input, tables.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
