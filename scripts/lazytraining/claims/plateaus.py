"""The plateaus of Figures 3 and 4 (§3.3, §4.3)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    LARGE,
    LAYERS,
    at_extreme,
    at_largest_tau,
    by_seed,
    exponent,
    is_lazy,
    measures_per,
    need,
    off_one,
    per,
    stays_below,
)
from lazytraining.claims.verdict import AFTER_BOTH, AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy

MORE_NEURONS = "more_neurons_than_points"
FIRST = 0.1
"""The smallest τ of the note's Figure 3."""


@measures_per("seeds")
def left_of_layers(e: Evidence, column: str) -> pd.Series:
    """A column of the spectra at the largest τ, which has one value for a run."""
    rows = e.get("spectra", "plateau")
    return at_extreme(rows[rows["index"] == 1], column, "tau")


@per("seeds")
def off_trained_features(e: Evidence) -> pd.Series:
    """|loss / least squares on the features that training leaves − 1| at the largest τ."""
    fit = left_of_layers("trained_feature_loss")(e).values
    return off_one(at_extreme(e.get("runs", "plateau"), "test_loss_end", "tau") / fit).dropna()


@per("seeds")
def off_tangent(e: Evidence) -> pd.Series:
    """|loss / the tangent model's − 1| at the largest τ, symmetrised."""
    rows, baselines = (e.get(kind, "plateau_symmetrized") for kind in ("runs", "baselines"))
    baselines = baselines[baselines["tau"] <= rows["tau"].max()]
    tangent = at_extreme(baselines, "tangent_test_loss_end", "tau")
    return off_one(at_extreme(rows, "test_loss_end", "tau") / tangent).dropna()


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


def is_level(name: str) -> Check:
    """The end loss is the same at all large τ, to a twentieth."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        losses = large(e, name).groupby("seed")["test_loss_end"]
        return off_one(losses.max() / losses.min())

    return Check("largest over least end loss at large τ, minus 1", measure, high=0.05, scale="log")


@measures_per("seeds")
def excess(e: Evidence, first: float = 0.0) -> pd.Series:
    """End loss at the largest τ over the least of all τ, or of those from `first` on."""
    large(e, "plateau")
    rows = e.get("runs", "plateau")
    rows_from = rows[rows["tau"] >= first]
    need(rows_from["tau"].min() < LARGE, "smaller tau in plateau")
    if first:
        need(np.isclose(rows_from["tau"].min(), first), f"tau = {first:g} in plateau")
    least = rows_from.groupby("seed")["test_loss_end"].min()
    return at_extreme(rows, "test_loss_end", "tau") / least


def plateau_start(e: Evidence, name: str) -> pd.Series:
    """The τ from which on the end loss stays within 10 % of that at the largest τ, between grid points."""
    large(e, name)
    return by_seed(
        e.get("runs", name),
        lambda own: fits.level_start(*own.sort_values("tau")[["tau", "test_loss_end"]].to_numpy().T),
    )


@per("seeds")
def earlier_start(e: Evidence) -> pd.Series:
    """τ at which the plateau starts with symmetrisation, over that without."""
    return plateau_start(e, "plateau_symmetrized") / plateau_start(e, "plateau")


@measures_per("seeds")
def onset(e: Evidence, *columns: str) -> pd.Series:
    """The τ from which on all these columns stay below a tenth, symmetrised, between grid points."""
    rows = e.get("runs", "plateau_symmetrized")
    need(rows["tau"].nunique() > 1, "more than one tau in plateau_symmetrized")
    need(rows[list(columns)].notna().all(axis=None), "laziness: true in plateau_symmetrized")

    def first(own: pd.DataFrame) -> float:
        own = own.sort_values("tau")
        tau, most = own["tau"].to_numpy(float), own[list(columns)].max(axis=1).to_numpy(float)
        return max(tau[0], stays_below(tau, most, 0.1))

    found = by_seed(rows, first)
    need(
        np.isfinite(found).all(),
        f"larger tau in plateau_symmetrized, at which {' and '.join(columns)} are small",
    )
    return found


lazy_onset = onset("gap_test", "kernel_movement")
"""The τ from which on it is lazy, as `laziness` has it."""


@per("seeds")
def lazy_when_level(e: Evidence) -> pd.Series:
    """The τ from which on training is lazy, over that at which the plateau starts, symmetrised."""
    return lazy_onset(e).values / plateau_start(e, "plateau_symmetrized")


@per("seeds")
def over_tangent(e: Evidence) -> pd.Series:
    """The test loss over the tangent model's, with more neurons than points, at the largest τ."""
    tangent = at_extreme(e.get("baselines", MORE_NEURONS), "tangent_test_loss_end", "tau")
    return (at_extreme(e.get("runs", MORE_NEURONS), "test_loss_end", "tau") / tangent).dropna()


@per("seeds")
def gap_over_tangent(e: Evidence) -> pd.Series:
    """The gap on test points over the tangent model's own distance from the targets there, with more neurons than points, at the largest τ."""
    gap, zero = (at_largest_tau(MORE_NEURONS, column)(e).values for column in ("gap_test", "zero_loss"))
    tangent = at_extreme(e.get("baselines", MORE_NEURONS), "tangent_test_loss_end", "tau")
    return (gap * np.sqrt(zero / tangent)).dropna()


@per("seeds")
def growth_with_more_neurons(e: Evidence) -> pd.Series:
    """The exponent over τ of the test loss at large τ, with more neurons than points."""
    return exponent(large(e, MORE_NEURONS), "tau", "test_loss_end")


CLAIMS = [
    Claim(
        "19a",
        "§3.3, §4.3",
        "Without symmetrisation the test loss has a plateau at large τ (Figure 3).",
        "figure_3",
        [is_level("plateau")],
        quote="the test loss exhibits a plateau",
        reasons={
            Verdict.REPRODUCED: "With η ∝ 1/τ² a run at large τ depends on τ through y/τ² alone. Training towards y = 0 brings h to "
            "0 here, so that the loss is τ⁴ times something of second order in y/τ². Where it does not, the loss grows like τ⁴: see claim 25g."
        },
    ),
    Claim(
        "19b",
        "§3.3, §4.3",
        "With symmetrisation there is a plateau too (Figure 4).",
        "figure_4",
        [is_level("plateau_symmetrized")],
        quote="In the context of a symmetrized initialization … the plateau phenomenon should occur",
    ),
    Claim(
        "19c",
        "§3.3, §4.3",
        "It starts at a lower τ than without.",
        "figure_4",
        [Check("start of the plateau, with over without", earlier_start, high=1, scale="log")],
        quote="the plateau phenomenon should occur earlier as τ increases and it has been verified empirically",
        reasons={Verdict.REPRODUCED: "But the two are plateaus of different things: see claims 25b and 25d."},
    ),
    Claim(
        "25a",
        "§4.3",
        "The loss on that plateau is higher than at small τ.",
        "figure_3",
        [
            Check("plateau over the least loss of all τ", excess(), low=1.2, scale="log"),
            Check(
                f"plateau over the least loss of τ ≥ {FIRST:g}, as in the note's figure",
                excess(FIRST),
                low=1.2,
                scale="log",
            ),
        ],
        premises=[is_level("plateau")],
        quote="In this regime, the model fails to capture the nonlinear relationships in the data, leading to a higher test loss.",
        reasons={Verdict.REPRODUCED: "Random features do not know the teacher's directions."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "25b",
        "§3.3, §4.3",
        "The plateau of Figure 3 is lazy training.",
        "figure_3",
        [is_lazy("plateau")],
        artefact=[
            Check(
                "share of its norm that the output layer keeps",
                left_of_layers("output_kept"),
                high=0.1,
                scale="log",
            ),
            Check(
                "relative distance of its loss from least squares on the features that training leaves",
                off_trained_features,
                high=1e-6,
                scale="log",
            ),
            Check(
                "relative movement of the hidden layer",
                at_largest_tau("plateau", "hidden_distance"),
                high=0.1,
                scale="log",
            ),
            Check("exponent over τ of the tangent model's loss", tangent_growth, low=3.9, high=4.1),
        ],
        premises=[is_level("plateau")],
        quote="beyond a certain value of τ, the model enters a lazy training regime",
        reasons={
            Verdict.ARTEFACT: "With many more points than neurons, h(w0) is cancelled by a collapse of the output layer, while the "
            "hidden layer hardly turns: what is left is least squares on the features that it has. Its kernel hardly turns, and its output is far from "
            "the tangent model's. Lazy training would show no plateau at all: where h(w0) is not 0 the tangent model's loss grows like τ⁴."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "25d",
        "§4.3",
        "The plateau of Figure 4 is lazy training, at the largest τ.",
        "figure_4",
        [
            is_lazy("plateau_symmetrized"),
            Check(
                "relative distance of its loss from the tangent model's",
                off_tangent,
                high=0.01,
                scale="log",
            ),
        ],
        quote="beyond a certain value of τ, the model enters a lazy training regime",
        identity=True,
        reasons={
            Verdict.IDENTITY: "With h(w0) = 0 the weights move by τ⁻² of their norm, so from some τ on it is lazy: claim 25e says which."
        },
    ),
    Claim(
        "25e",
        "§4.3",
        "With symmetrisation training is lazy from where the loss is level.",
        "figure_4",
        [
            Check(
                "first τ from which on gap and kernel movement are below a tenth",
                lazy_onset,
                high=LARGE,
                scale="log",
            ),
            Check("the same over the start of the plateau", lazy_when_level, 1 / 3, 3, scale="log"),
            Check(
                "first τ from which on both layers move by less than a tenth",
                onset(*LAYERS),
                high=LARGE,
                scale="log",
            ),
        ],
        quote="the test loss exhibits a plateau, indicating that beyond a certain value of τ, the model enters a lazy training regime",
        whole=True,
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "25f",
        "§4.3",
        "Without symmetrisation it is lazy too, from a higher τ on.",
        "figure_4",
        [is_lazy("plateau")],
        quote="the lazy training regime is achieved earlier with respect to τ when using symmetrized initialization",
        reasons={
            Verdict.NOT: "With symmetrisation it is lazy from a finite τ on (claim 25e), without it at none: the output layer always goes."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "25g",
        "ours",
        "With more neurons than points the kernel stays without symmetrisation too, and there is no plateau: the loss is the tangent model's.",
        MORE_NEURONS,
        [
            Check(
                "relative movement of its kernel, at the largest τ",
                at_largest_tau(MORE_NEURONS, "kernel_movement"),
                high=Lazy().kernel,
                scale="log",
            ),
            Check(
                "gap to its own tangent model on test points, over the latter's own distance from the targets, at the largest τ",
                gap_over_tangent,
                high=Lazy().gap,
                scale="log",
            ),
            Check(
                "test loss over the tangent model's, at the largest τ", over_tangent, 0.9, 1.1, scale="log"
            ),
            Check("exponent of the test loss over τ at large τ", growth_with_more_neurons, 3.9, 4.1),
            Check(
                "relative movement of its output layer, at the largest τ",
                at_largest_tau(MORE_NEURONS, "output_distance"),
                low=0.1,
                scale="log",
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "h(w0) is cancelled on the training points with no layer lost, and stays elsewhere. So the gap on test points over ‖y‖ "
            "grows as τ² like the output itself, and by that measure no such run is lazy (claim 41a). A layer that moves by more than a tenth does "
            "not tell that the kernel moves."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "25h",
        "ours",
        "On the plateau of Figure 3 the kernel has hardly turned, and the run is far from its tangent model.",
        "figure_3",
        [
            Check(
                "1 − cos of the kernel at the end with that at the start, largest τ",
                at_largest_tau("plateau", "kernel_turn"),
                high=0.05,
                scale="log",
            ),
            Check(
                "gap to its own tangent model on test points, over ‖y‖, at the largest τ",
                at_largest_tau("plateau", "gap_test"),
                low=1,
                scale="log",
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "So the turn of the kernel alone does not tell what is lazy. Its movement does here: the kernel shrinks more than it turns."
        },
        criterion_set=AFTER_PAPER,
    ),
]
