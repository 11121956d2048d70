"""Towards the lazy limit (§3.1, §3.2)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    Measure,
    by_seed,
    exponent,
    extreme,
    jackknife,
    limit_rows,
    measures_per,
    need,
    per,
)
from lazytraining.claims.verdict import AFTER_BOTH, AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.config.names import STARTS
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy


@measures_per("seeds")
def smooth_exponent(e: Evidence, column: str, supremum: bool = False, symmetrize: bool = False) -> pd.Series:
    """Exponent over α of a distance at the last iteration, or of its supremum over iterations, where no gate switches.

    Those α of a seed at which no training point's gate has switched at any recorded iteration: there h is smooth.
    """
    rows = limit_rows(e, symmetrize)
    rows = rows[rows.groupby(["seed", "alpha"])["gate_flips"].transform("max") == 0]
    need(len(rows) > 0, "larger theory.alpha, at which no gate switches")
    if not supremum:
        rows = rows[rows["iteration"] == rows["iteration"].max()]
    return exponent(rows.groupby(["seed", "alpha"], as_index=False)[column].max(), "alpha", column)


@measures_per("seeds")
def switching_exponent(e: Evidence, column: str) -> pd.Series:
    """Exponent over α of the root mean square over seeds of a distance at the last iteration, where gates switch.

    Those α at which a training point's gate has switched in most seeds; jackknifed over seeds.
    """
    rows = limit_rows(e)
    rows = rows[rows["iteration"] == rows["iteration"].max()]
    rows = rows[(rows["gate_flips"] > 0).groupby(rows["alpha"]).transform("mean") > 0.5]
    need(rows["alpha"].nunique() > 1, "at least two theory.alpha at which gates switch")

    def slope(part: pd.DataFrame) -> float:
        mean = part.assign(square=part[column] ** 2).groupby("alpha")["square"].mean()
        return fits.slope(mean.index.to_numpy(float), np.sqrt(mean.to_numpy()))

    return jackknife(rows, slope, least=3)


@measures_per("seeds")
def horizon_exponent(e: Evidence, first: bool) -> pd.Series:
    """Exponent of the training gap over the first or the last decade of iterations, at the largest α."""
    rows = limit_rows(e, largest=True)
    rows = rows[rows["iteration"] > 0]
    decade = rows["iteration"] <= 10 if first else rows["iteration"] >= rows["iteration"].max() / 10
    return exponent(rows[decade], "iteration", "train_gap")


@measures_per("seeds")
def largest_over(e: Evidence, column: str, bound: str) -> pd.Series:
    """Largest ratio of a column to its bound of §3.1, over all α and iterations."""
    rows = limit_rows(e)
    rows = rows[rows["iteration"] > 0]
    return by_seed(rows, lambda own: float((own[column] / own[bound]).max()))


@measures_per("seeds")
def gap_where_lazy(e: Evidence, symmetrize: bool) -> pd.Series:
    """The gap on test points at the last iteration, at the smallest α of each seed at which that on training points is small."""
    rows = limit_rows(e, symmetrize)
    rows = rows[(rows["iteration"] == rows["iteration"].max()) & (rows["train_gap"] < Lazy().gap)]
    need(len(rows) > 0, "theory.alpha at which the gap on training points is small")
    return by_seed(rows, lambda own: float(own.loc[own["alpha"].idxmin(), "test_gap"]))


def sample_rows(e: Evidence) -> pd.DataFrame:
    """Towards the limit over the number of training points, in few dimensions."""
    rows = e.get("theory", "sample")
    need(rows["alpha"].nunique() > 1, "at least two theory.sample.alpha")
    return rows


def largest_sample_exponent(column: str) -> Measure:
    """Exponent of a gap over α, on the largest sample."""
    return per("seeds")(lambda e: exponent(extreme(sample_rows(e), "n_train"), "alpha", column))


@per("seeds")
def off_two_terms(e: Evidence) -> pd.Series:
    """Root mean square of ln(gap²) of the weights less that of C₁ α⁻⁴ + C₂ α⁻³/n, with C₁, C₂ ≥ 0 that fit best."""
    rows = sample_rows(e)
    need(rows["n_train"].nunique() > 1, "at least two theory.sample.n")
    need((rows["weight_gap"] > 0).all(), "weights that have left their tangent model")

    def off(own: pd.DataFrame) -> float:
        gap = own["weight_gap"].to_numpy(float)
        law = fits.two_terms(own["alpha"].to_numpy(), own["n_train"].to_numpy(float), gap)
        return float(np.sqrt(np.square(2 * np.log(law / gap)).mean()))

    return by_seed(rows, off)


_SMOOTH = "exponent over α at which no gate has switched"
_SWITCHING = "exponent over α at which gates switch, root mean square over seeds"
_LAW = (
    "ReLU's differential jumps at a gate, so it is not locally Lipschitz, as §3 assumes. A step of order 1/α switches a "
    "share of order 1/α of the gates, and each changes the scaled output at its point by something of order 1: in mean square the "
    "outputs' gap is of order α^(-1/2). Each moves the weights by something of order 1/(α² n). On a finite sample of many dimensions these "
    "add up incoherently, to α^(-3/2) n^(-1/2); on many points in few dimensions coherently, to the theorem's α⁻²."
)

CLAIMS = [
    Claim(
        "12a",
        "ours",
        "Where no gate switches the orders in α are the theorem's, for all times of the run; with a symmetrised start the outputs' is α⁻².",
        "lazy_limit",
        [
            Check(f"{_SMOOTH}, ‖w − w0‖", smooth_exponent("distance"), high=-0.95),
            Check(f"{_SMOOTH}, ‖w − w̄‖", smooth_exponent("weight_gap"), high=-1.95),
            Check(f"{_SMOOTH}, training outputs", smooth_exponent("train_gap"), high=-0.95),
            Check(
                f"{_SMOOTH}, training outputs, supremum over iterations",
                smooth_exponent("train_gap", supremum=True),
                high=-0.95,
            ),
            Check(
                f"{_SMOOTH}, training outputs, symmetrised",
                smooth_exponent("train_gap", symmetrize=True),
                high=-1.95,
            ),
        ],
        identity=True,
        reasons={
            Verdict.IDENTITY: "h is a polynomial there, and what is seen is its Taylor expansion. In mirrored neurons (a, b) and (−a, b), a moves alike "
            "and b oppositely, so the second-order terms of h cancel in pairs."
        },
    ),
    Claim(
        "12b",
        "§3.1",
        "‖w_α(T) − w̄_α(T)‖ = O(1/α²).",
        "lazy_limit",
        [Check(_SWITCHING, switching_exponent("weight_gap"), high=-1.95)],
        quote="the difference between the gradient flow of the model and the linearized model is at the order of the inverse square of scaling "
        "factor",
        reasons={Verdict.NOT: f"Not where gates switch, on this finite sample. {_LAW}"},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "12c",
        "ours",
        "On a finite sample of many dimensions, where gates switch, these gaps are of order α^(-3/2) in the weights, α^(-1/2) in the outputs.",
        "lazy_limit",
        [
            Check(f"{_SWITCHING}, weights", switching_exponent("weight_gap"), -1.65, -1.35),
            Check(f"{_SWITCHING}, test inputs", switching_exponent("test_gap"), -0.65, -0.35),
        ],
        reasons={Verdict.REPRODUCED: _LAW},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "12d",
        "ours",
        "On many points in few dimensions the weights' gap keeps the theorem's order α⁻², though gates switch; that of the outputs does not.",
        "lazy_limit",
        [
            Check(
                "exponent over α on the largest sample, weights",
                largest_sample_exponent("weight_gap"),
                -2.15,
                -1.85,
            ),
            Check(
                "exponent over α on the largest sample, test inputs",
                largest_sample_exponent("test_gap"),
                -0.75,
                -0.25,
            ),
            Check(
                "root mean square of ln(gap²) of the weights less that of C₁ α⁻⁴ + C₂ α⁻³/n, over samples and α",
                off_two_terms,
                high=0.7,
                scale="log",
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "So α^(-3/2) is a law of a finite sample. Under the population risk of §3 the theorem's order for the weights survives "
            "ReLU, and only the outputs lose a half."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "13",
        "§3.1",
        "Where the model is near the linearised one on the training set, it generalises as that does.",
        "lazy_limit",
        [
            Check(
                f"gap on test points over ‖y‖ at the end, smallest α at which that on training points is below a tenth, {name}",
                gap_where_lazy(start),
                high=Lazy().gap,
                scale="log",
            )
            for start, name in STARTS.items()
        ],
        quote="the above bound means that the model generalizes as the linearized model beyond the training set",
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "14a",
        "§3.1",
        "The gap is at most K² Lip(Dh) ‖y‖/(α Lip(h)²) times ‖y‖.",
        "lazy_limit",
        [
            Check(
                "largest training gap over the bound", largest_over("train_gap", "bound"), high=1, scale="log"
            )
        ],
        quote="‖(w_α(T) − α h̄(w̄_α(T)))‖/‖(w0) − y‖ ≤ K² Lip(Dh)/(α Lip(h)²) ‖αh(w0) − y‖",
        reasons={
            Verdict.REPRODUCED: "And it is orders of magnitude too large. The norms at w0 stand for Lipschitz constants."
        },
    ),
    Claim(
        "14b",
        "§3.1",
        "The gap grows as K², the square of the horizon.",
        "lazy_limit",
        [
            Check(
                f"exponent of the training gap over the {decade} decade of iterations",
                horizon_exponent(first),
                1.5,
                2.5,
            )
            for decade, first in (("first", True), ("last", False))
        ],
        quote="it is observable that the relative gap between the gradient flow of the model and its linearized correspondent grows as K²",
        whole=True,
        reasons={
            Verdict.NOT: "It begins so, as two smooth flows from one start do; then it levels off with the training loss, while the bound goes on."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "14c",
        "§3.1",
        "With α ≥ K ‖y‖/(r Lip(h)) the weights stay within r of their start.",
        "lazy_limit",
        [
            Check(
                "largest ‖w − w0‖ over the r that α allows",
                largest_over("distance", "radius"),
                high=1,
                scale="log",
            )
        ],
        quote="under the condition that α ≥ K‖αh(w0) − y‖/(r Lip(h))",
    ),
    Claim(
        "16",
        "§3.2",
        "The gap between the model's outputs and the tangent model's is O(1/α).",
        "lazy_limit",
        [Check(f"{_SWITCHING}, test inputs", switching_exponent("test_gap"), high=-0.95)],
        quote="the gap between the model and its linearized version is at most at the order of 1/α",
        reasons={Verdict.NOT: f"Not where gates switch. {_LAW}"},
        criterion_set=AFTER_PAPER,
    ),
]
