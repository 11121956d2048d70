"""Towards the lazy limit (§3.1, §3.2)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import Measure, by_seed, exponent, jackknife, limit_rows, need, per
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.student import fits


def smooth_exponent(column: str, supremum: bool = False, symmetrize: bool = False) -> Measure:
    """Exponent over α of a distance at the last iteration, or of its supremum over iterations, where no gate switches.

    Those α of a seed at which no training point's gate has switched at any recorded iteration: there h is smooth.
    """

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = limit_rows(e, symmetrize)
        rows = rows[rows.groupby(["seed", "alpha"])["gate_flips"].transform("max") == 0]
        need(len(rows) > 0, "larger theory.alpha, at which no gate switches")
        if not supremum:
            rows = rows[rows["iteration"] == rows["iteration"].max()]
        return exponent(rows.groupby(["seed", "alpha"], as_index=False)[column].max(), "alpha", column)

    return measure


def switching_exponent(column: str) -> Measure:
    """Exponent over α of the root mean square over seeds of a distance at the last iteration, where gates switch.

    Those α at which a training point's gate has switched in most seeds; jackknifed over seeds.
    """

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = limit_rows(e)
        rows = rows[rows["iteration"] == rows["iteration"].max()]
        rows = rows[(rows["gate_flips"] > 0).groupby(rows["alpha"]).transform("mean") > 0.5]
        need(rows["alpha"].nunique() > 1, "at least two theory.alpha at which gates switch")

        def slope(part: pd.DataFrame) -> float:
            mean = part.assign(square=part[column] ** 2).groupby("alpha")["square"].mean()
            return fits.slope(mean.index.to_numpy(float), np.sqrt(mean.to_numpy()))

        return jackknife(rows, slope, "seed", least=3)

    return measure


@per("seeds")
def horizon_exponent(e: Evidence) -> pd.Series:
    """Exponent of the test gap over the last decade of iterations, at the largest α."""
    rows = limit_rows(e, largest=True)
    return exponent(rows[rows["iteration"] >= rows["iteration"].max() / 10], "iteration", "test_gap")


@per("seeds")
def gap_over_bound(e: Evidence) -> pd.Series:
    """Largest ratio of the training gap to the bound of §3.1, over all α and iterations."""
    rows = limit_rows(e)
    rows = rows[rows["iteration"] > 0]
    return by_seed(rows, lambda own: float((own["train_gap"] / own["bound"]).max()))


_SMOOTH = "exponent over α at which no gate has switched"
_SWITCHING = "exponent over α at which gates switch, root mean square over seeds"
_LAW = (
    "ReLU's differential jumps at a gate, so it is not locally Lipschitz, as §3 assumes. A step of order 1/α switches a "
    "share of order 1/α of the gates, and each changes the scaled output by something of order 1: in mean square the "
    "outputs' gap is of order α^(-1/2), and that of the weights, which divides by α once more, α^(-3/2)."
)

CLAIMS = [
    Claim(
        "17a",
        "§3.1",
        "‖w_α(T) − w0‖ = O(1/α) with h(w0) = 0.",
        "theory",
        [Check(_SMOOTH, smooth_exponent("distance"), high=-0.95)],
    ),
    Claim(
        "17b",
        "§3.1",
        "‖w_α(T) − w̄_α(T)‖ = O(1/α²).",
        "theory",
        [
            Check(_SMOOTH, smooth_exponent("weight_gap"), high=-1.95),
            Check(_SWITCHING, switching_exponent("weight_gap"), high=-1.95),
        ],
        reasons={Verdict.PARTLY: f"So it is where no gate switches. {_LAW}"},
    ),
    Claim(
        "17c",
        "§3.1, §3.2",
        "The gap between the model's outputs and the tangent model's is O(1/α).",
        "theory",
        [
            Check(f"{_SMOOTH}, training inputs", smooth_exponent("train_gap"), high=-0.95),
            Check(f"{_SWITCHING}, test inputs", switching_exponent("test_gap"), high=-0.95),
        ],
        reasons={Verdict.PARTLY: f"So it is where no gate switches. {_LAW}"},
    ),
    Claim(
        "17d",
        "ours",
        "Where gates switch, these gaps are of order α^(-3/2) and α^(-1/2) in mean square.",
        "theory",
        [
            Check(f"{_SWITCHING}, weights", switching_exponent("weight_gap"), -1.65, -1.35),
            Check(f"{_SWITCHING}, test inputs", switching_exponent("test_gap"), -0.65, -0.35),
        ],
        reasons={Verdict.REPRODUCED: _LAW},
    ),
    Claim(
        "17g",
        "ours",
        "With a symmetrised start the outputs' gap is smaller, O(1/α²).",
        "theory",
        [Check(f"{_SMOOTH}, training inputs", smooth_exponent("train_gap", symmetrize=True), high=-1.95)],
        reasons={
            Verdict.REPRODUCED: "In mirrored neurons (a, b) and (−a, b), a moves alike and b oppositely, so the second-order terms of "
            "h cancel in pairs. Only where no gate switches."
        },
    ),
    Claim(
        "17e",
        "§3.2",
        "The gap stays O(1/α) for all times.",
        "theory",
        [
            Check(
                f"{_SMOOTH}, of its supremum over iterations, training inputs",
                smooth_exponent("train_gap", supremum=True),
                high=-0.95,
            )
        ],
        reasons={Verdict.REPRODUCED: "Within the iterations of the run, and where no gate switches."},
    ),
    Claim(
        "17f",
        "§3.1",
        "The gap grows at most as the square of the horizon.",
        "theory",
        [
            Check("exponent over the last decade of iterations", horizon_exponent, high=2),
            Check("largest gap over the bound, training inputs", gap_over_bound, high=1, logarithmic=True),
        ],
        reasons={
            Verdict.REPRODUCED: "The bound holds and is orders of magnitude too large: the gap grows far more slowly."
        },
    ),
]
