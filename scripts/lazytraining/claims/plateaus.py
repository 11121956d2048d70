"""The plateaus of Figures 3 and 4 (§3.3, §4.3)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    LARGE,
    Measure,
    at_extreme,
    by_seed,
    exponent,
    is_lazy,
    need,
    off_baseline,
    over_least,
    per,
)
from lazytraining.claims.verdict import Check, Claim, Evidence, Samples, Verdict


@per("seeds")
def output_kept(e: Evidence) -> pd.Series:
    """‖a_T‖/‖a_0‖ at the largest τ."""
    rows = e.get("spectra", "plateau")
    return at_extreme(rows[rows["index"] == 1], "output_kept", "tau")


@per("seeds")
def hidden_moved(e: Evidence) -> pd.Series:
    """How far the hidden layer has moved, relative to its start, at the largest τ."""
    return at_extreme(e.get("runs", "plateau"), "hidden_distance", "tau")


@per("seeds")
def tangent_over_own(e: Evidence) -> pd.Series:
    """The tangent model's test loss over the network's own, at the largest τ."""
    tangent = at_extreme(e.get("baselines", "plateau"), "tangent_test_loss_end", "tau")
    return tangent / at_extreme(e.get("runs", "plateau"), "test_loss_end", "tau")


@per("seeds")
def tangent_growth(e: Evidence) -> pd.Series:
    """The exponent over τ of the tangent model's test loss, at large τ."""
    rows = e.get("baselines", "plateau")
    return exponent(rows[rows["tau"] >= LARGE], "tau", "tangent_test_loss_end")


def large(e: Evidence, name: str) -> pd.DataFrame:
    """Runs at large τ, of which there have to be two."""
    rows = e.get("runs", name)
    rows = rows[rows["tau"] >= LARGE]
    need(rows["tau"].nunique() > 1, f"at least two tau >= {LARGE:g} in {name}")
    return rows


def unevenness(name: str) -> Measure:
    """Largest over least end loss at large τ, minus 1."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        return by_seed(
            large(e, name), lambda own: own["test_loss_end"].max() / own["test_loss_end"].min() - 1
        )

    return measure


def excess(name: str) -> Measure:
    """End loss at the largest τ over the least of all τ."""

    def measure(e: Evidence) -> Samples:
        large(e, name)
        return over_least(name, "test_loss_end")(e)

    return measure


def plateau_start(e: Evidence, name: str) -> pd.Series:
    """The τ from which on the end loss stays within 10 % of that at the largest τ, between grid points."""

    def start(own: pd.DataFrame) -> float:
        own = own.sort_values("tau")
        tau, off = own["tau"].to_numpy(), np.abs(np.log(own["test_loss_end"] / own["test_loss_end"].iloc[-1]))
        outside = np.flatnonzero(off > np.log(1.1))
        if not len(outside):
            return tau[0]
        i = outside[-1]
        share = (off.iloc[i] - np.log(1.1)) / (off.iloc[i] - off.iloc[i + 1])
        return float(tau[i] * (tau[i + 1] / tau[i]) ** share)

    large(e, name)
    return by_seed(e.get("runs", name), start)


@per("seeds")
def earlier_start(e: Evidence) -> pd.Series:
    """τ at which the plateau starts with symmetrisation, over that without."""
    return plateau_start(e, "plateau_symmetrized") / plateau_start(e, "plateau")


LEVEL = Check("largest over least end loss at large τ, minus 1", unevenness("plateau"), high=0.05)
CLAIMS = [
    Claim(
        "3a",
        "§3.3, §4.3",
        "Without symmetrisation the test loss has a plateau at large τ (Figure 3).",
        "figure_3",
        [LEVEL],
        reasons={
            Verdict.REPRODUCED: "With η ∝ 1/τ² a run at large τ depends on τ through y/τ² alone. Training towards y = 0 brings h to "
            "0 here, so that the loss is τ⁴ times something of second order in y/τ². Where it does not, the loss grows like τ⁴."
        },
    ),
    Claim(
        "3b",
        "§4.3",
        "The loss on that plateau is higher than at small τ.",
        "figure_3",
        [Check("plateau over the least loss of all τ", excess("plateau"), low=1.2, logarithmic=True)],
        premises=[LEVEL],
        reasons={Verdict.REPRODUCED: "Random features do not know the teacher's directions."},
    ),
    Claim(
        "4",
        "§3.3, §4.3",
        "The plateau of Figure 3 is lazy training.",
        "figure_3",
        [
            is_lazy("plateau"),
            Check("the tangent model's loss over its own", tangent_over_own, 0.95, 1.05, logarithmic=True),
        ],
        artefact=[
            Check("share of its norm that the output layer keeps", output_kept, high=0.1, logarithmic=True),
            Check(
                "relative distance of its loss from least squares on random features",
                off_baseline("plateau", "random_feature_loss"),
                high=0.05,
            ),
            Check(
                "relative movement of the hidden layer",
                hidden_moved,
                high=0.1,
            ),
            Check("exponent over τ of the tangent model's loss", tangent_growth, low=3.9, high=4.1),
        ],
        premises=[LEVEL],
        reasons={
            Verdict.ARTEFACT: "With many more points than neurons, h(w0) is cancelled by a collapse of the output layer, while the "
            "hidden layer hardly turns: what is left is least squares on random features. Lazy training would show no plateau "
            "at all: where h(w0) is not 0 the tangent model's loss grows like τ⁴."
        },
    ),
    Claim(
        "5a",
        "§3.3, §4.3",
        "With symmetrisation there is a plateau too (Figure 4).",
        "figure_4",
        [
            Check(
                "largest over least end loss at large τ, minus 1",
                unevenness("plateau_symmetrized"),
                high=0.05,
            )
        ],
    ),
    Claim(
        "5b",
        "§3.3, §4.3",
        "It starts at a lower τ than without.",
        "figure_4",
        [Check("start of the plateau, with over without", earlier_start, high=1, logarithmic=True)],
        reasons={Verdict.REPRODUCED: "But the two are plateaus of different things: see claims 4 and 6."},
    ),
    Claim(
        "6",
        "§3.3, §4.3",
        "The plateau of Figure 4 is lazy training.",
        "figure_4",
        [
            is_lazy("plateau_symmetrized"),
            Check(
                "relative distance of its loss from the tangent model's",
                off_baseline("plateau_symmetrized", "tangent_test_loss_end"),
                high=0.01,
            ),
        ],
        reasons={Verdict.REPRODUCED: "Its loss at the end is the tangent model's, from its closed form."},
    ),
]
