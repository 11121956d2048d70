"""One step size for all τ, Figure 7, and the conjecture about others (§5.1)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import LARGE, Measure, by_seed, need, per, rank_correlation
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.student.step_rules import STEP_RULES, StepRule


def rise_with_tau(name: str, column: str, highest: float = np.inf) -> Measure:
    """Rank correlation of a loss with τ up to `highest`."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        rows = rows[rows["tau"] <= highest * (1 + 1e-9)]
        need(rows["tau"].nunique() >= 3, f"at least three tau in {name}")
        need(rows["seed"].nunique() >= 3, f"at least three seeds in {name}")
        return by_seed(rows, lambda own: rank_correlation(own["tau"], own[column]))

    return measure


def rise_along(rule: StepRule) -> Measure:
    """Rank correlation of the end loss with τ along the steps of a plane nearest to η(τ), less than a factor 3 off.

    A τ at which that run diverged is left out.
    """

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", "step_size", diverged=True)
        off = np.abs(np.log(rows["eta"] / rule.eta(rows["tau"])))
        nearest = off.groupby([rows["seed"], rows["tau"]]).idxmin()
        rows = rows.loc[nearest[off[nearest].to_numpy() < np.log(3)]]
        rows = rows[~rows["diverged"]]
        need(rows["tau"].nunique() >= 3, "at least three tau with such steps in step_size")
        return by_seed(rows, lambda own: rank_correlation(own["tau"], own["test_loss_end"]))

    return measure


_SMALLER, _LARGER = STEP_RULES["smaller_at_small_tau"], STEP_RULES["figure_3"]
CLAIMS = [
    Claim(
        "10a",
        "§5.1",
        "With one step size for all τ Figure 3 is inverted (best throughout).",
        "figure_7",
        [
            Check(
                "rank correlation of the best loss with τ, one step size",
                rise_with_tau("fixed_step", "test_loss_best"),
                high=-0.5,
            ),
            Check(
                "rank correlation of the best loss with τ up to where it is large, Figure 3",
                rise_with_tau("plateau", "test_loss_best", LARGE),
                low=0.5,
            ),
        ],
    ),
    Claim(
        "10b",
        "§5.1",
        "So is Figure 4.",
        "figure_7",
        [
            Check(
                "rank correlation of the best loss with τ, one step size",
                rise_with_tau("fixed_step_symmetrized", "test_loss_best"),
                high=-0.5,
            ),
            Check(
                "rank correlation of the best loss with τ up to where it is large, Figure 4",
                rise_with_tau("plateau_symmetrized", "test_loss_best", LARGE),
                low=0.5,
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "By how far training has come: with a fixed step, small τ has hardly moved when it ends."
        },
    ),
    Claim(
        "11a",
        "§5.1",
        "Figure 3 returns with smaller steps at smaller τ.",
        "step_size",
        [
            Check(
                f"rank correlation of the end loss with τ along η = {_SMALLER.text}",
                rise_along(_SMALLER),
                low=0.5,
            )
        ],
        reasons={
            Verdict.NOT: "Small τ needs larger steps, not smaller ones: the gradient there is of order τ."
        },
    ),
    Claim(
        "11b",
        "§5.1",
        "The other reading: it returns with larger steps at smaller τ.",
        "step_size",
        [
            Check(
                f"rank correlation of the end loss with τ along η = {_LARGER.text}",
                rise_along(_LARGER),
                low=0.5,
            )
        ],
    ),
]
