"""The CNN of Chizat, Oyallon and Bach (§5.3)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import Measure, at_extreme, by_seed, need, per, rank_correlation
from lazytraining.claims.verdict import AFTER_PAPER, Check, Claim, Evidence
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
def frozen_from(e: Evidence) -> pd.Series:
    """The α from which on the test accuracy with the pattern of w0 frozen is the same, to half a percent."""
    rows = cnn_runs(e)
    need(rows["alpha"].nunique() > 1, "more than one alpha in vgg11")

    def first(own: pd.DataFrame) -> float:
        own = own.sort_values("alpha")
        alpha, off = (
            own["alpha"].to_numpy(float),
            (own["test_accuracy"] - own["test_accuracy_frozen"]).abs().to_numpy(),
        )
        apart = np.flatnonzero(off > 0.005)
        if not len(apart):
            return float(alpha[0])
        return float(alpha[apart[-1] + 1]) if apart[-1] + 1 < len(alpha) else np.inf

    found = by_seed(rows, first)
    need(np.isfinite(found).all(), "larger alpha in vgg11, at which the frozen pattern does as well")
    return found


@per("seeds")
def rate_inside(e: Evidence) -> pd.Series:
    """The best learning rate at the largest α, over the largest that was tried."""
    most = e.get("cnn", "vgg11", diverged=True)["learning_rate"].max()
    return at_alpha(e, "learning_rate", None) / most


@per("seeds")
def left_untrained(e: Evidence) -> pd.Series:
    """Training accuracy at α = 1, less that at the largest α."""
    return (at_alpha(e, "train_accuracy", 1.0) - at_alpha(e, "train_accuracy", None)).dropna()


@per("seeds")
def kept_with_alpha(e: Evidence) -> pd.Series:
    """Rank correlation over α of the share of gates as at the start, in the mean over layers."""
    rows = cnn_runs(e)
    need(rows["alpha"].nunique() > 2, "more than two alpha in vgg11")
    return by_seed(rows, lambda own: rank_correlation(own["alpha"], own[cnn.GATES].mean(axis=1)))


CLAIMS = [
    Claim(
        "38a",
        "ours",
        "The CNN classifies worse in the lazy regime, trained as far (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check(
                "test accuracy at the largest α less that at α = 1",
                change_to_largest_alpha("test_accuracy"),
                high=0,
            )
        ],
        premises=[
            Check("best learning rate at the largest α over the largest tried", rate_inside, high=1),
            Check("training accuracy at α = 1 less that at the largest α", left_untrained, high=0.05),
        ],
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "38b",
        "ours",
        "At large α it is the network with the activation pattern of its start, at small α not (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check("α from which on their test accuracies are the same", frozen_from, high=1e4, scale="log"),
            Check("difference of their test accuracies, α = 1", frozen_gap(1.0), low=0.05),
        ],
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "38c",
        "ours",
        "The larger α, the more activations stay as they were (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check(
                "rank correlation over α of the share of gates as at the start",
                kept_with_alpha,
                low=0.8,
                scale="correlation",
            )
        ],
    ),
]
