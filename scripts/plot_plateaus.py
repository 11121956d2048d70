"""Both plateaus in one picture (§3.3, §4.3): test loss at the end against τ, with and without symmetrisation.

In: summaries and baselines of the two experiments. Out: the figure as PNG and PDF. Mean ± one standard deviation over seeds;
thin dashed lines are what each plateau is by theory.
"""

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs

KINDS = {
    "plateau": ("not symmetrised", "random_feature_loss", "least squares on random ReLU features"),
    "plateau_symmetrized": ("symmetrised", "tangent_test_loss_end", "the tangent model: lazy training"),
}
"""Of each experiment its name, and the column of its baselines that predicts the plateau, with what that is."""


def predicted(axes: plt.Axes, losses: pd.Series, text: str, above: bool) -> None:
    """A thin line at τ ≥ 1, with its name at the end."""
    losses = losses[losses.index >= 1]
    if losses.empty:
        return
    axes.plot(losses.index, losses, color="black", lw=0.8, ls=(0, (4, 2)), zorder=3)
    offset = {"xytext": (0, 7 if above else -8), "textcoords": "offset points"}
    place = {"ha": "right", "va": "bottom" if above else "top", "fontsize": 7}
    axes.annotate(text, (losses.index[-1], losses.iloc[-1]), **offset, **place)


def draw(summary: pd.DataFrame, baselines: pd.DataFrame) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(5.2, 3.2))
    for number, (name, (label, column, text)) in enumerate(KINDS.items()):
        rows = summary[summary["experiment"] == name].sort_values("tau")
        mean, spread = rows["test_loss_end_mean"], rows["test_loss_end_std"]
        plots.deviation(axes, rows["tau"], mean, spread, number, floor=mean.min() / 3, label=label)
        own = baselines[baselines["experiment"] == name]
        predicted(axes, own.groupby("tau")[column].mean(), text, above=number == 0)
    counts = summary.groupby("tau").agg(diverged=("n_diverged", "sum"), total=("n_seeds", "sum"))
    plots.mark_diverged(axes, counts)
    axes.set(xscale="log", xlabel=labels.LABELS["tau"], ylabel="test loss at the end")
    plots.log_axis(axes, "y")
    axes.legend(loc="lower right")
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    summary = parquet.read(snakemake.input.summaries, schemas.SUMMARY).to_pandas()
    baselines = parquet.read(snakemake.input.baselines, schemas.BASELINES).to_pandas()
    style.save(draw(summary, baselines), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
