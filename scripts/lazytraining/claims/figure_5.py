"""τ against α, Figure 5 (abstract, §3.4, §4.4)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lazytraining.claims.measures import LAYERS, by_seed, extreme, measures_per, need, per
from lazytraining.claims.verdict import AFTER_BOTH, Check, Claim, Evidence, LackingError, Verdict
from lazytraining.config.names import READINGS
from lazytraining.student import fits


@measures_per("seeds")
def level_exponent(e: Evidence, name: str, result: str = "q") -> pd.Series:
    """q of the level lines α ∝ τ^(-q), or the share of the variance of ln L that they explain."""
    try:
        return fits.level_exponents(e.get("runs", name), READINGS[name].loss)[result]
    except ValueError as error:
        raise LackingError(f"other cells in {name}: {error}") from None


@measures_per("seeds")
def spread_at_equal_scale(e: Evidence, statistic: Callable[[np.ndarray], float]) -> pd.Series:
    """Median or largest spread of the end losses of cells with one α τ²."""
    found = fits.spreads(e.get("runs", "tau_alpha_converged"), "test_loss_end")
    need(all(len(groups) for groups in found.values()), "cells of equal alpha tau² in tau_alpha_converged")
    values = pd.Series({seed: statistic(groups) for seed, groups in found.items()}, dtype=float)
    return values.clip(lower=np.finfo(float).eps)


@per("seeds")
def share_above_zero(e: Evidence) -> pd.Series:
    """Share of the cells of the published variant whose best loss is above the zero predictor's."""
    rows = e.get("runs", "tau_alpha_code")
    return by_seed(rows, lambda own: float((own["test_loss_best"] > own["zero_loss"]).mean()))


@per("seeds")
def best_over_initial(e: Evidence) -> pd.Series:
    """Median of best over initial loss in those cells."""
    keys = ["seed", "alpha", "tau"]
    curves = e.get("curves", "tau_alpha_code")
    initial = curves[curves["iteration"] == 0].set_index(keys)["test_loss"]
    rows = e.get("runs", "tau_alpha_code").set_index(keys)
    rows = rows[rows["test_loss_best"] > rows["zero_loss"]]
    need(len(rows) > 0, "cells above the zero predictor in tau_alpha_code")
    return (rows["test_loss_best"] / initial.reindex(rows.index)).groupby(level="seed").median()


@per("seeds")
def unconverged_share(e: Evidence) -> pd.Series:
    """Share of the cells of the text's variant that end more than a quarter above the converged loss at their α τ²."""
    found = {}
    ours, converged = (
        dict(list(e.get("runs", name).groupby("seed"))) for name in ("tau_alpha_text", "tau_alpha_converged")
    )
    for seed in ours.keys() & converged.keys():
        end = converged[seed].assign(
            s=np.log(converged[seed]["alpha"] * converged[seed]["tau"] ** 2).round(3)
        )
        reference = np.log(end.groupby("s")["test_loss_end"].median())
        s = np.log(ours[seed]["alpha"] * ours[seed]["tau"] ** 2)
        inside = s.between(reference.index.min(), reference.index.max())
        expected = np.interp(s[inside], reference.index, reference)
        found[seed] = float(
            (np.log(ours[seed].loc[inside, "test_loss_end"]) - expected > np.log(1.25)).mean()
        )
    need(len(found) > 0, "a seed that tau_alpha_text and tau_alpha_converged share")
    return pd.Series(found, dtype=float)


def _q(name: str) -> Check:
    return Check("q", level_exponent(name), 1.75, 2.25)


def _described(name: str) -> Check:
    return Check("R² of the level lines", level_exponent(name, "explained"), low=0.8)


@per("seeds")
def moved_at_large_alpha(e: Evidence) -> pd.Series:
    """Relative movement of the layer that moves more, at the largest α and τ."""
    rows = extreme(extreme(e.get("runs", "tau_alpha_converged"), "alpha"), "tau")
    return rows.set_index("seed")[list(LAYERS)].max(axis=1)


CLAIMS = [
    Claim(
        "1",
        "abstract",
        "A large α alone keeps the weights where they are.",
        "figure_5",
        [
            Check(
                "relative movement of the layer that moves more, at the largest α and τ",
                moved_at_large_alpha,
                high=0.1,
                scale="log",
            )
        ],
        quote="large scaling factors induce minimal parameter updates",
        reasons={
            Verdict.NOT: "Not without symmetrisation: α h(w0) grows with α too, and cancelling it takes the output layer, as over τ."
        },
    ),
    Claim(
        "20b",
        "§1.1, §3.4",
        "With a step that depends on α τ² alone, equal losses lie on α ∝ τ^(-q) with q = 2.",
        "figure_5",
        [
            _q("tau_alpha_converged"),
            Check(
                "median spread of the losses of cells with one α τ²",
                spread_at_equal_scale(np.median),
                high=1e-4,
                scale="log",
            ),
        ],
        quote="initializing the model by parameters scaled by λ is equivalent to a scale factor of λ^q",
        identity=True,
        reasons={
            Verdict.IDENTITY: "At every iteration, by 2-homogeneity, if η/α depends on α τ² alone; what spread there is is "
            "rounding that training has amplified."
        },
    ),
    Claim(
        "26a",
        "§4.4",
        "Equal losses lie on α ∝ τ^(-q) with q = 2, in the experiment as the text describes it.",
        "figure_5",
        [_q("tau_alpha_text"), _described("tau_alpha_text")],
        whole=True,
        criterion_set=AFTER_BOTH,
        quote="to maintain the same level of test loss, α decays proportionally to 1/τ^q",
        reasons=dict.fromkeys(
            (Verdict.NOT, Verdict.PARTLY), "η/α is not a function of α τ² there, and small steps stop early."
        ),
    ),
    Claim(
        "26b",
        "§4.4",
        "So they do in the experiment as it was published.",
        "figure_5",
        [_q("tau_alpha_code"), _described("tau_alpha_code")],
        whole=True,
        criterion_set=AFTER_BOTH,
        quote="to maintain the same level of test loss, α decays proportionally to 1/τ^q",
        reasons=dict.fromkeys(
            (Verdict.NOT, Verdict.PARTLY),
            "The step falls with α³: cells of large α hardly train, whatever their α τ².",
        ),
    ),
    Claim(
        "27a",
        "§4.4",
        "The published Figure 5 shows the loss at convergence.",
        "figure_5",
        [Check("share of cells above the zero predictor's loss", share_above_zero, high=0.05, scale="share")],
        artefact=[
            Check("share of cells above the zero predictor's loss", share_above_zero, low=0.3, scale="share"),
            Check("best over initial loss in those cells, median", best_over_initial, low=0.5, scale="log"),
        ],
        quote="We calculated the test loss of the model at convergence for each pair of (τ, α)",
        reasons={Verdict.ARTEFACT: "It shows the size of h(w0): most cells are nearly where they started."},
    ),
    Claim(
        "27b",
        "§4.4",
        "Early stopping as the text has it means convergence.",
        "figure_5",
        [
            Check(
                "share of cells a quarter above the converged loss at their α τ²",
                unconverged_share,
                high=0.05,
                scale="share",
            )
        ],
        quote="Convergence was defined using early stopping, requiring an improvement of at least 10^(−4) over 100 training iterations for the "
        "loss.",
        reasons={Verdict.NOT: "Where η/α is small the loss improves too slowly for the rule that stops it."},
    ),
]
