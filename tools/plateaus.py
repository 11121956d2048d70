"""The two plateaus in one picture, from the reference: test loss against τ, with and without symmetrisation.

Writes figures/plateaus.png there. Ends with 0; with 2 if the arguments are wrong.
"""

import argparse
import sys
from pathlib import Path

import _terminal

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("reference", type=Path, help="a folder of the reference, such as docs/reference/paper")
if __name__ == "__main__":
    _terminal.prepare()
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

import pandas as pd
from matplotlib import pyplot as plt

from lazytraining.figures import plots, style

KINDS = {
    "plateau": ("not symmetrised", "random_feature_loss", "least squares on random ReLU features"),
    "plateau_symmetrized": ("symmetrised", "tangent_test_loss_end", "the tangent model: lazy training"),
}
"""What is drawn of an experiment: its name, and the column of its baselines that predicts the plateau, with what that is."""


def draw(reference: Path) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(5.2, 3.2))
    for number, (name, (label, column, prediction)) in enumerate(KINDS.items()):
        rows = pd.read_parquet(reference / "summary" / f"{name}.parquet")
        rows = rows[rows["n_diverged"] < rows["n_seeds"]].sort_values("tau")
        mean, spread = rows["test_loss_end_mean"], rows["test_loss_end_std"]
        plots.deviation(axes, rows["tau"], mean, spread, number, floor=mean.min() / 3, label=label)
        predicted = pd.read_parquet(reference / "baselines" / f"{name}.parquet").groupby("tau")[column].mean()
        predicted = predicted[predicted.index >= 1]
        axes.plot(predicted.index, predicted, color="black", lw=0.8, ls=(0, (4, 2)), zorder=3)
        above = number == 0
        axes.annotate(
            prediction,
            (predicted.index[-1], predicted.iloc[-1]),
            xytext=(0, 7 if above else -8),
            textcoords="offset points",
            ha="right",
            va="bottom" if above else "top",
            fontsize=7,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=r"scale of the initialisation $\tau$",
        ylabel="test loss at the end",
    )
    axes.legend(loc="lower right")
    return figure


def main(arguments: list[str] | None = None) -> int:
    reference = PARSER.parse_args(arguments).reference
    style.save(draw(reference), reference / "figures/plateaus.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
