"""All modules beside each other: gap and kernel movement against α, and the degree q of each at its start.

In: the tables of all experiments of kind model. Out: the figure as PNG and PDF. Experiments whose names differ in a number at the end
are a series, a row of panels, the larger number the darker; all others, and one that is left of a series, share the last row. Of several τ
of an experiment the smallest is drawn.
"""

import re

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from lazytraining.figures import plots, style
from lazytraining.files import parquet
from lazytraining.models import tables
from lazytraining.student import laziness
from lazytraining.workflow import jobs

PANELS = {
    "gap_test": ("gap to the twin, test", laziness.Lazy().gap),
    "kernel_movement": ("movement of the kernel", laziness.Lazy().kernel),
}
"""What is drawn, and the threshold below which a network is lazy."""
NUMBERS = {"depth": "linear layers $L$", "unbiased": "linear layers $L$"}
NUMBERS |= {"mlp_ntk": "units in a layer", "mlp_mean_field": "units in a layer"}
"""What the number in a name stands for."""
LEAST_RANGE = 0.1
"""Of an axis of degrees: less than that is rounding."""


def series(names: list[str]) -> dict[str, dict[str, str]]:
    """Of each row of panels its experiments, with what they are called there."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = re.fullmatch(r"(.+)_(\d+)", name)
        found.setdefault(match[1] if match else "", {})[name] = match[2] if match else name
    ordered = {
        key: dict(sorted(of.items(), key=lambda item: int(item[1])))
        for key, of in found.items()
        if key and len(of) > 1
    }
    others = {name: name for name in names if not any(name in of for of in ordered.values())}
    return ordered | ({"": others} if others else {})


def name_places(axes: Axes, name: str, own: dict[str, str]) -> None:
    """A place for each experiment of a row."""
    axes.set_xticks(range(len(own)), list(own.values()), **({} if name else {"rotation": 30, "ha": "right"}))
    axes.set(xlim=(-0.5, len(own) - 0.5), xlabel=NUMBERS.get(name, "number in the name") if name else "")


def degrees(axes: Axes, runs: pd.DataFrame, own: dict[str, str]) -> None:
    """The degree of each experiment, a dot for each run."""
    for place, one in enumerate(own):
        values = runs.loc[runs["experiment"] == one, "euler_degree"].to_numpy()
        axes.plot(np.full(len(values), place), values, "o", color=style.shade(place, len(own)))
        if not np.isfinite(values).any():
            words = {"rotation": 90, "ha": "center", "va": "center", "fontsize": style.LEAST}
            axes.text(place, 0.5, "no output at the start", transform=axes.get_xaxis_transform(), **words)
    if not np.isfinite(axes.dataLim.intervaly).all():
        axes.set_yticks([])
    axes.set_ylabel("degree $q$ at the start")
    if np.ptp(axes.get_ylim()) < LEAST_RANGE:
        axes.set_ylim(np.mean(axes.get_ylim()) + np.array([-0.5, 0.5]) * LEAST_RANGE)


def draw(runs: pd.DataFrame) -> plt.Figure:
    runs = tables.best(runs)
    runs = runs[runs["tau"] == runs.groupby("experiment")["tau"].transform("min")]
    rows = series(list(dict.fromkeys(runs["experiment"])))
    figure, panels = plt.subplots(len(rows), 3, figsize=(style.PAGE, 0.3 + 2.1 * len(rows)), squeeze=False)
    for row, (name, own) in zip(panels, rows.items(), strict=True):
        chosen = runs[runs["experiment"].isin(own)]
        kept = chosen[~chosen["diverged"]]
        several = chosen["alpha"].nunique() > 1
        columns = 2 if name and len(own) > 3 else 1
        room = np.ceil(len(own) / columns) * plots.LINE if several else 0
        for axes, (column, (label, limit)) in zip(row, PANELS.items(), strict=False):
            if several:
                by_alpha = kept.set_index("alpha")
                lines = {
                    text: by_alpha.loc[by_alpha["experiment"] == one, column] for one, text in own.items()
                }
                plots.against_scale(axes, chosen, lines, limit, shaded=True)
            else:
                places = kept["experiment"].map(list(own).index)
                plots.medians(axes, kept.set_index(places)[column], 0, "")
                axes.axhline(limit, **style.THRESHOLD)
                name_places(axes, name, own)
            plots.plain_logarithmic(axes, room=room if axes is row[0] else 0)
            axes.set_ylabel(label)
        degrees(row[2], chosen, own)
        name_places(row[2], name, own)
        style.letter(
            row[0], ": ".join(filter(None, [name.replace("_", " ") or "others", plots.diverged(chosen)]))
        )
        if several:
            row[0].legend(loc="upper right", ncols=columns)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input, tables.RUN).to_pandas()
    style.save(draw(runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
