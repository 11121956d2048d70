"""Figure 1, and how fast training converges (§3.2, §4.2, §5.2)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import Measure, at_extreme, by_seed, extreme, is_lazy, limit_rows, need, per
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.student import fits

LEARNING = 0.1
"""The τ of the note's run that learns features: claims of speed demand it."""


def ratio_of_extremes(column: str) -> Measure:
    """A column of Figure 1's runs at the largest τ over that at the smallest."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", "trajectory")
        return (at_extreme(rows, column, "tau") / at_extreme(rows, column, "tau", largest=False)).dropna()

    return measure


def late_movement(largest: bool) -> Measure:
    """Change of S over the last fifth of the run, as a share of S at its end, at the largest or smallest τ."""

    def share(own: pd.DataFrame) -> float:
        own = own.sort_values("iteration")
        t, change = own["iteration"].to_numpy(float), own["relative_change"].to_numpy(float)
        return abs(1 - np.interp(0.8 * t[-1], t, change) / change[-1])

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        return by_seed(
            extreme(e.get("curves", "trajectory"), "tau", largest, " in trajectory"), share
        ).dropna()

    return measure


def slower_by(share: float, kind: str) -> Measure:
    """Iterations to a share of the initial training loss at the largest τ, over those at τ = `LEARNING`.

    A lazy run that never gets there counts with all its iterations, so that the ratio is a lower bound.
    """

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        curves = e.get("curves", "convergence_symmetrized")
        largest = extreme(curves, "tau", where=" in convergence_symmetrized")["tau"].iloc[0]
        text = f"tau = {LEARNING:g} and a larger one in convergence_symmetrized"
        need(LEARNING in set(curves["tau"]) and largest > LEARNING, text)
        times = fits.times_to_reach(curves, [share]).set_index("seed")
        lazy, learning = (times.loc[times["tau"] == tau, kind] for tau in (largest, LEARNING))
        need(
            np.isfinite(learning).all(),
            f"runs at tau = {LEARNING:g} that reach {share:g} of the initial loss",
        )
        return lazy.replace(np.inf, curves["iteration"].max()) / learning

    return measure


@per("seeds")
def off_linear_rate(e: Evidence) -> pd.Series:
    """Largest |L / L_tangent − 1| over the run at the largest α."""
    rows = limit_rows(e, largest=True)
    return by_seed(rows, lambda own: float((own["train_loss"] / own["tangent_train_loss"] - 1).abs().max()))


@per("seeds")
def smallest_rate(e: Evidence) -> pd.Series:
    """η λ_min(K)/n, which is above 0 if Dh(w0) has full rank."""
    return limit_rows(e).groupby("seed")["smallest_rate"].first()


@per("seeds")
def late_rate(e: Evidence) -> pd.Series:
    """Rate of ln L over the last tenth of the iterations at the largest α, over that of the smallest eigenvalue."""

    def ratio(own: pd.DataFrame) -> float:
        own = own.sort_values("iteration")
        t = own["iteration"].to_numpy(float)
        late = np.interp(0.9 * t[-1], t, np.log(own["train_loss"]))
        measured = (late - np.log(own["train_loss"].iloc[-1])) / (0.1 * t[-1])
        return float(measured / (-2 * np.log1p(-own["smallest_rate"].iloc[0])))

    return by_seed(limit_rows(e, largest=True), ratio)


CLAIMS = [
    Claim(
        "1a",
        "§4.2",
        "In the lazy run of Figure 1 the weights change little, in the other one much.",
        "figure_1",
        [
            Check(
                "S at the end, largest τ over smallest",
                ratio_of_extremes("relative_change"),
                high=0.5,
                logarithmic=True,
            )
        ],
        reasons={
            Verdict.REPRODUCED: "S divides by the size of each initial weight, so that most of the ratio is that of the starts."
        },
    ),
    Claim(
        "1b",
        "§4.2",
        "In the lazy run the weights settle quickly.",
        "figure_1",
        [Check("share of S that the last fifth of the run adds, largest τ", late_movement(True), high=0.05)],
        reasons={Verdict.REPRODUCED: "Most of the way is gone at once: it is the output layer's way to 0."},
    ),
    Claim(
        "1c",
        "§4.2",
        "In the non-lazy run the weights change throughout training.",
        "figure_1",
        [Check("share of S that the last fifth of the run adds, smallest τ", late_movement(False), low=0.05)],
        reasons={
            Verdict.NOT: "Early stopping ends the run where the test loss stalls, and so do the weights."
        },
    ),
    Claim(
        "19",
        "§4.2",
        "The run of Figure 1 at its largest τ, not symmetrised, is lazy.",
        "figure_1",
        [is_lazy("trajectory")],
        reasons={
            Verdict.NOT: "The output layer goes to nearly 0 to cancel h(w0), of order τ²; a symmetrised start has nothing to "
            "cancel: see claim 19b."
        },
    ),
    Claim(
        "19b",
        "ours",
        "The symmetrised run of Figure 1 at its largest τ is lazy.",
        "figure_1",
        [is_lazy("trajectory_symmetrized")],
        reasons={Verdict.REPRODUCED: "With h(w0) = 0 there is nothing to cancel."},
    ),
    Claim(
        "2a",
        "§4.2, §5.2",
        "Lazy training converges faster, at the step rule that all τ share.",
        "theory",
        [
            Check(
                f"iterations to {share:g} of the initial training loss, largest τ over τ = {LEARNING:g}",
                slower_by(share, "first"),
                high=1,
                logarithmic=True,
            )
            for share in (1e-1, 1e-2)
        ],
        reasons={
            Verdict.NOT: "Linear convergence has the rate of the tangent kernel's small eigenvalues, and they are tiny; a "
            "network that learns the teacher's few directions needs none of them."
        },
    ),
    Claim(
        "2b",
        "§4.2, §5.2",
        "Lazy training converges faster, each τ at its best step.",
        "theory",
        [
            Check(
                f"iterations to {share:g} of the initial training loss, largest τ over τ = {LEARNING:g}",
                slower_by(share, "best"),
                high=1,
                logarithmic=True,
            )
            for share in (1e-1, 1e-2)
        ],
        reasons={
            Verdict.NOT: "As at equal step: no stable step makes up for the spread of the tangent kernel's eigenvalues."
        },
    ),
    Claim(
        "2c",
        "§4.2",
        "In Figure 1 the lazy run is done earlier.",
        "figure_1",
        [
            Check(
                "iterations before early stopping, largest τ over smallest",
                ratio_of_extremes("iterations"),
                high=1,
                logarithmic=True,
            )
        ],
        reasons={Verdict.NOT: "It stops later, in the published figure too."},
    ),
    Claim(
        "25",
        "§3.2",
        "With Dh(w0) of full rank, the training loss converges at least linearly in the lazy limit.",
        "theory",
        [
            Check(
                "largest relative distance of the training loss from the tangent model's",
                off_linear_rate,
                high=1e-3,
            ),
            Check(
                "late rate of ln L over that of the smallest eigenvalue", late_rate, low=1, logarithmic=True
            ),
        ],
        premises=[Check("η λ_min/n", smallest_rate, low=1e-12, logarithmic=True)],
        reasons={
            Verdict.REPRODUCED: "The loss is the closed form's, a sum of exponentials. That of the smallest eigenvalue is so slow that it "
            "is not seen within the run."
        },
    ),
]
