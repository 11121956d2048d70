"""Both plateaus in one picture (§3.3, §4.3): test loss at the end against τ, with and without symmetrisation.

In: the tables of runs and the baselines of the two experiments. Out: the figure as PNG and PDF. Medians over seeds and bands from
the least to the greatest; thin dashed lines are what each plateau is by theory.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

KINDS = {
    "plateau": (names.STARTS[False], "random_feature_loss", "least squares on random ReLU features"),
    "plateau_symmetrized": (names.STARTS[True], "tangent_test_loss_end", "the tangent model: lazy training"),
}
"""Of each experiment its name, and the column of its baselines that predicts the plateau, with what that is."""


def predicted(axes: plt.Axes, losses: pd.Series, text: str, above: bool) -> None:
    """A thin line at τ ≥ 1, with its name at the end."""
    losses = losses[losses.index >= 1]
    if losses.empty:
        return
    axes.plot(losses.index, losses, color="black", lw=0.8, ls=(0, (4, 2)), zorder=3)
    offset = {"xytext": (0, 7 if above else -8), "textcoords": "offset points"}
    place = {"ha": "right", "va": "bottom" if above else "top", "fontsize": style.LEAST}
    axes.annotate(text, (losses.index[-1], losses.iloc[-1]), **offset, **place)


def draw(runs: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(style.PAGE, 3.2))
    for number, (name, (label, column, text)) in enumerate(KINDS.items()):
        kept = runs[(runs["experiment"] == name) & ~runs["diverged"]]
        plots.medians(axes, kept.set_index("tau")["test_loss_end"], number, label)
        own = baselines[baselines["experiment"] == name]
        predicted(axes, own.groupby("tau")[column].median(), text, above=number == 0)
    plots.mark_diverged(axes, runs.groupby("tau")["diverged"].agg(diverged="sum", total="size"))
    axes.set(xscale="log", xlabel=labels.LABELS["tau"], ylabel="test loss at the end")
    plots.log_axis(axes, "y", room=0.05)
    axes.legend(loc="lower right")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    baselines = parquet.read(snakemake.input.baselines, schemas.BASELINES).to_pandas()
    style.save(draw(runs, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
