"""The CNN of Chizat, Oyallon and Bach (§5.3)."""

import pandas as pd

from lazytraining.claims.measures import Measure, at_extreme, by_seed, need, per, rank_correlation
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.models import cnn


def cnn_runs(e: Evidence) -> pd.DataFrame:
    """Each α's runs at its best learning rate, without those that diverged."""
    best = cnn.best(e.get("cnn", "vgg11", diverged=True))
    return best[~best["diverged"]]


def at_alpha(e: Evidence, column: str, alpha: float | None) -> pd.Series:
    """A column by seed, at one α or at the largest."""
    rows = cnn_runs(e)
    if alpha is None:
        return at_extreme(rows, column, "alpha")
    need(alpha in set(rows["alpha"]), f"alpha = {alpha:g} in vgg11")
    return rows[rows["alpha"] == alpha].set_index("seed")[column]


def change_to_largest_alpha(column: str) -> Measure:
    """A column at the largest α, less at α = 1."""
    return per("seeds")(lambda e: (at_alpha(e, column, None) - at_alpha(e, column, 1.0)).dropna())


def frozen_gap(alpha: float | None) -> Measure:
    """Absolute difference of test accuracies with the pattern of w0 frozen and without, at one α or at the largest."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        return (at_alpha(e, "test_accuracy", alpha) - at_alpha(e, "test_accuracy_frozen", alpha)).abs()

    return measure


@per("seeds")
def least_kept(e: Evidence) -> pd.Series:
    """Share of gates or poolings as at the start, in the layer that keeps least, at the largest α."""
    return pd.concat([at_alpha(e, name, None) for name in (*cnn.GATES, *cnn.CHOICES)], axis=1).min(axis=1)


@per("seeds")
def kept_with_alpha(e: Evidence) -> pd.Series:
    """Rank correlation over α of the share of gates as at the start, in the mean over layers."""
    rows = cnn_runs(e)
    need(rows["alpha"].nunique() > 2, "more than two alpha in vgg11")
    return by_seed(rows, lambda own: rank_correlation(own["alpha"], own[cnn.GATES].mean(axis=1)))


@per("seeds")
def initial_weights(e: Evidence) -> pd.Series:
    """Size of the CNN's initial weights over that of Xavier's rule."""
    return e.get("cnn", "vgg11", diverged=True).groupby("seed")["weights_over_xavier"].first()


CLAIMS = [
    Claim(
        "23",
        "§5.3",
        "The CNN of Chizat, Oyallon and Bach is initialised with large weights.",
        "cnn",
        [Check("initial weights over those of Xavier's rule, standard deviation", initial_weights, low=1.5)],
        reasons={
            Verdict.NOT: "Their experiment uses Xavier's rule with gain 1, as here. What makes it lazy is α, the factor on the output."
        },
    ),
    Claim(
        "31a",
        "ours",
        "The CNN classifies worse in the lazy regime (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check(
                f"{name} accuracy at the largest α less that at α = 1",
                change_to_largest_alpha(column),
                high=0,
            )
            for name, column in (("test", "test_accuracy"), ("training", "train_accuracy"))
        ],
    ),
    Claim(
        "31b",
        "ours",
        "At large α it is the network with the activation pattern of its start, at small α not (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check("difference of their test accuracies, largest α", frozen_gap(None), high=0.005),
            Check("difference of their test accuracies, α = 1", frozen_gap(1.0), low=0.05),
        ],
    ),
    Claim(
        "31c",
        "ours",
        "The larger α, the more activations stay as they were (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check("rank correlation over α of the share of gates as at the start", kept_with_alpha, low=0.8),
            Check("share as at the start in the layer that keeps least, largest α", least_kept, low=0.99),
        ],
    ),
]
