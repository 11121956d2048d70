"""Figure 1, and how fast training converges (§3, §3.2, §4.2, §5.1, §5.2)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    at_extreme,
    at_largest_tau,
    by_seed,
    extreme,
    initial_loss,
    is_lazy,
    largest_tau,
    least_lazy,
    limit_rows,
    measures_per,
    moves_little,
    need,
    off_one,
    per,
)
from lazytraining.claims.verdict import AFTER_BOTH, AFTER_PAPER, AFTER_QUICK, Check, Claim, Evidence, Verdict
from lazytraining.files import schemas
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy
from lazytraining.student.step_rules import STEP_RULES

LEARNING_TAU = 0.1
"""The τ of the note's run that learns features: claims of speed demand it."""


@measures_per("seeds")
def ratio_of_extremes(e: Evidence, column: str) -> pd.Series:
    """A column of Figure 1's runs at the largest τ over that at the smallest."""
    rows = e.get("runs", "trajectory")
    return (at_extreme(rows, column, "tau") / at_extreme(rows, column, "tau", largest=False)).dropna()


SETTLED = 0.9
"""Share of S at the end from which on the weights count as settled."""


def settled(own: pd.DataFrame) -> float:
    """Iterations until S reaches that share."""
    own = own.sort_values("iteration")
    t, change = own["iteration"].to_numpy(float), own["relative_change"].to_numpy(float)
    level = SETTLED * change[-1]
    after = int(np.argmax(change >= level))
    if after == 0:
        return float(t[0])
    share = (level - change[after - 1]) / (change[after] - change[after - 1])
    return float(t[after - 1] + share * (t[after] - t[after - 1]))


def figure_1_curves(e: Evidence, *, largest: bool) -> pd.DataFrame:
    """Figure 1's curves at the largest or smallest τ."""
    return extreme(e.get("curves", "trajectory"), "tau", largest, " in trajectory")


def stays_lazy(name: str) -> Check:
    """Lazy at every recorded iteration, at the largest τ, as `laziness` has it."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        curves = largest_tau(e, name, "curves")
        need(curves[schemas.ALONG].notna().all(axis=None), f"laziness: recorded in {name}")
        return least_lazy(curves["gap_test"], curves["kernel_movement"]).groupby(curves["seed"]).max()

    quantity = "the same at its largest of all recorded iterations"
    return Check(quantity, measure, high=Lazy().gap, scale="log")


@measures_per("seeds")
def ratio_of_curves(e: Evidence, statistic: Callable[[pd.DataFrame], float]) -> pd.Series:
    """A number from each of Figure 1's curves, largest τ over smallest."""
    lazy, learning = (by_seed(figure_1_curves(e, largest=largest), statistic) for largest in (True, False))
    return (lazy / learning).dropna()


@per("seeds")
def moving_share(e: Evidence) -> pd.Series:
    """The share of the run that S takes to 90 % of its end, smallest τ."""
    return by_seed(
        figure_1_curves(e, largest=False), lambda own: settled(own) / own["iteration"].max()
    ).dropna()


def time_to(own: pd.DataFrame, level: float) -> float:
    """Iterations until the training loss is at a level; all of the run where it never is."""
    own = own.sort_values("iteration")
    t = own["iteration"].to_numpy(float)
    return min(fits.first_below(t, own["train_loss"].to_numpy(float), level), t[-1])


@measures_per("seeds")
def figure_1_speed(e: Evidence, share: float, *, common: bool = False) -> pd.Series:
    """Iterations until the training loss is a share of its first, largest τ over smallest: of its own first, or with `common` of that at
    the smallest τ, whose output is nearly 0, for both. A run that never gets there counts with all its iterations."""
    lazy, learning = (
        dict(list(figure_1_curves(e, largest=largest).groupby("seed"))) for largest in (True, False)
    )
    found = {}
    for seed in sorted(lazy.keys() & learning.keys()):
        levels = [share * initial_loss(own[seed]) for own in (learning if common else lazy, learning)]
        times = [time_to(own[seed], level) for own, level in zip((lazy, learning), levels, strict=True)]
        found[seed] = times[0] / times[1] if times[1] else np.nan
    return pd.Series(found, dtype=float).dropna()


@measures_per("seeds")
def slower_by(e: Evidence, share: float, kind: str) -> pd.Series:
    """Iterations to a share of the initial training loss at the largest τ, over those at τ = `LEARNING_TAU`.

    A lazy run that never gets there counts with all its iterations, so that the ratio is a lower bound.
    """
    curves = e.get("curves", "convergence_symmetrized")
    largest = extreme(curves, "tau", where=" in convergence_symmetrized")["tau"].iloc[0]
    text = f"tau = {LEARNING_TAU:g} and a larger one in convergence_symmetrized"
    need(LEARNING_TAU in set(curves["tau"]) and largest > LEARNING_TAU, text)
    times = fits.times_to_reach(curves, [share]).set_index("seed")
    lazy, learning = (times.loc[times["tau"] == tau, kind] for tau in (largest, LEARNING_TAU))
    need(
        np.isfinite(learning).all(),
        f"runs at tau = {LEARNING_TAU:g} that reach {share:g} of the initial loss",
    )
    return lazy.replace(np.inf, curves["iteration"].max()) / learning


@per("seeds")
def off_linear_rate(e: Evidence) -> pd.Series:
    """Largest |L / L_tangent − 1| over the run at the largest α."""
    rows = limit_rows(e, largest=True)
    return by_seed(rows, lambda own: off_one(own["train_loss"] / own["tangent_train_loss"]).max())


@per("seeds")
def smallest_rate(e: Evidence) -> pd.Series:
    """η λ_min(K)/n, which is above 0 if Dh(w0) has full rank."""
    return limit_rows(e).groupby("seed")["smallest_rate"].first()


@per("seeds")
def off_flow(e: Evidence) -> pd.Series:
    """|L/L' − 1| of the training losses of the two smallest steps, at equal η t; the median over recorded iterations, and the largest of all τ."""
    curves = e.get("curves", "convergence_symmetrized")
    need(curves.groupby("tau")["eta"].nunique().min() > 1, "two step sizes in convergence_symmetrized")

    def largest(own: pd.DataFrame) -> float:
        found = []
        for _, at_tau in own.groupby("tau"):
            smaller, larger = (
                at_tau[at_tau["eta"] == eta].sort_values("iteration")
                for eta in sorted(at_tau["eta"].unique())[:2]
            )
            time = [(run["eta"] * run["iteration"]).to_numpy(float) for run in (smaller, larger)]
            inside = time[1] <= time[0][-1]
            expected = np.interp(time[1][inside], time[0], np.log(smaller["train_loss"].to_numpy(float)))
            off = np.expm1(np.log(larger["train_loss"].to_numpy(float)[inside]) - expected)
            found.append(np.median(np.abs(off)))
        return float(max(*found, np.finfo(float).eps))

    return by_seed(curves, largest)


@per("seeds")
def stable_over_rule(e: Evidence) -> pd.Series:
    """The largest stable step at the start, 2n/λ_max, over the rule's, at the largest τ, symmetrised."""
    rows = e.get("theory", "start")
    rows = rows[(rows["sweep"] == "tau") & rows["symmetrize"]]
    rule = STEP_RULES["figure_3"].eta(rows["tau"].to_numpy(float))
    return at_extreme(rows.assign(ratio=rows["stable_step"] / rule), "ratio", "tau")


@measures_per("seeds")
def best_over_rule(e: Evidence, share: float) -> pd.Series:
    """Iterations to a share of the initial training loss at the rule's step, over those at the best step, at the largest τ."""
    curves = extreme(e.get("curves", "convergence_symmetrized"), "tau", where=" in convergence_symmetrized")
    need(curves["eta"].nunique() > 1, "more than one step size in convergence_symmetrized")
    times = fits.times_to_reach(curves, [share]).set_index("seed")
    times = times.replace(np.inf, curves["iteration"].max())
    return times["first"] / times["best"]


_SPEED = "iterations to {:g} of its initial training loss, largest τ over smallest"


def faster(kind: str) -> list[Check]:
    """Whether training at the largest τ takes fewer iterations than at τ = `LEARNING_TAU`, to a tenth and to a hundredth."""
    quantity = "iterations to {:g} of the initial training loss, largest τ over τ = {:g}"
    return [
        Check(quantity.format(share, LEARNING_TAU), slower_by(share, kind), high=1, scale="log")
        for share in (1e-1, 1e-2)
    ]


CLAIMS = [
    Claim(
        "11",
        "§3",
        "Gradient flow is descent with a small step.",
        "lazy_limit",
        [
            Check(
                "median relative difference of the training losses of the two smallest steps at equal η t, at the τ where it is largest",
                off_flow,
                high=0.1,
                scale="log",
            )
        ],
        quote="The following analysis is based on gradient flow, which is an approximation of stochastic gradient descent with a small learning "
        "rate.",
        criterion_set=AFTER_QUICK,
    ),
    Claim(
        "15",
        "§3.2",
        "With Dh(w0) of full rank, the training loss converges at least linearly in the lazy limit.",
        "lazy_limit",
        [
            Check(
                "largest relative distance of the training loss from the tangent model's",
                off_linear_rate,
                high=1e-3,
                scale="log",
            ),
        ],
        premises=[Check("η λ_min/n", smallest_rate, low=1e-12, scale="log")],
        quote="under the assumption that Dh(w0) has full rank … the model will converge with an exponential rate with respect to time t",
        reasons={
            Verdict.REPRODUCED: "The loss is the closed form's, a sum of exponentials. That of the smallest eigenvalue is so slow that it "
            "is not seen within the run."
        },
    ),
    Claim(
        "21a",
        "§4.2",
        "In the run of Figure 1 that the note calls lazy the weights change little, in the other one much.",
        "figure_1",
        [
            Check(
                "S at the end, largest τ over smallest",
                ratio_of_extremes("relative_change"),
                high=0.5,
                scale="log",
            )
        ],
        quote="in the lazy regime, the weights change very little",
        reasons={
            Verdict.REPRODUCED: "S divides by the size of each initial weight, so that most of the ratio is that of the starts."
        },
    ),
    Claim(
        "21b",
        "§4.2",
        "In the run called lazy the weights settle quickly.",
        "figure_1",
        [
            Check(
                "iterations until S is at 90 % of its end, largest τ over smallest",
                ratio_of_curves(settled),
                high=0.5,
                scale="log",
            )
        ],
        quote="and quickly stabilize",
        reasons={Verdict.REPRODUCED: "Most of the way is gone at once: it is the output layer's way to 0."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "21c",
        "§4.2",
        "In the other run the weights change throughout training.",
        "figure_1",
        [
            Check(
                "share of the run until S is at 90 % of its end, smallest τ",
                moving_share,
                low=0.5,
                scale="share",
            )
        ],
        quote="under non-lazy training, the weights undergo continuous and substantial changes throughout training",
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "22a",
        "§4.2",
        "In the run of Figure 1 that the note calls lazy the parameters move little.",
        "figure_1",
        [moves_little("trajectory")],
        quote="In the lazy regime, the model parameters exhibit minimal movement",
        reasons={
            Verdict.NOT: "The output layer goes to nearly 0 to cancel h(w0), of order τ²; a symmetrised start has nothing to "
            "cancel: see claim 22c."
        },
    ),
    Claim(
        "22b",
        "§4.2",
        "It follows the linearised flow.",
        "figure_1",
        [
            Check(
                "gap to its own tangent model on test points, over ‖y‖, at the largest τ",
                at_largest_tau("trajectory", "gap_test"),
                high=Lazy().gap,
                scale="log",
            )
        ],
        quote="closely following the linearized gradient flow",
        reasons={Verdict.NOT: "Its tangent model is far from having cancelled h(w0) when the run stops."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "22c",
        "ours",
        "The symmetrised run of Figure 1 at its largest τ is lazy, from its start to its end.",
        "figure_1",
        [
            moves_little("trajectory_symmetrized"),
            is_lazy("trajectory_symmetrized"),
            stays_lazy("trajectory_symmetrized"),
        ],
        reasons={Verdict.REPRODUCED: "With h(w0) = 0 there is nothing to cancel."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "23a",
        "§4.2",
        "In Figure 1 the training loss of the run called lazy converges faster.",
        "figure_1",
        [Check(_SPEED.format(share), figure_1_speed(share), high=1, scale="log") for share in (1e-1, 1e-2)],
        artefact=[
            Check(
                "initial training loss, largest τ over smallest",
                ratio_of_curves(initial_loss),
                low=100,
                scale="log",
            ),
            Check(
                "iterations to a tenth of the smallest τ's initial loss, largest τ over smallest",
                figure_1_speed(1e-1, common=True),
                low=1,
                scale="log",
            ),
        ],
        quote="In our observations, the training loss converges faster in the case of a lazy model.",
        reasons={
            Verdict.ARTEFACT: "The initial loss is that of h(w0), of order τ⁴, and cancelling it takes few steps. To one and the same loss the "
            "run called lazy takes longer, and it may never get there."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "23b",
        "§4.2",
        "In Figure 1 the run called lazy is done earlier.",
        "figure_1",
        [
            Check(
                "iterations before early stopping, largest τ over smallest",
                ratio_of_extremes("iterations"),
                high=1,
                scale="log",
            )
        ],
        quote="The lazy regime achieves faster convergence due to its simplified, near-linear dynamics.",
        reasons={Verdict.NOT: "It stops later, in the published figure too."},
    ),
    Claim(
        "34c",
        "§5.1",
        "The rule for the step slows convergence at large τ.",
        "lazy_limit",
        [
            Check(
                "largest stable step at the start over the rule's, largest τ",
                stable_over_rule,
                low=1.5,
                scale="log",
            ),
            Check(
                "iterations to a tenth of the initial training loss at the rule's step over those at the best, largest τ",
                best_over_rule(1e-1),
                low=1.5,
                scale="log",
            ),
        ],
        quote="it potentially slows convergence in cases where the gradients are well-behaved",
        reasons={
            Verdict.REPRODUCED: "A lazy run takes 1/η iterations, so the first ratio is what the rule gives away."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "37a",
        "§5.2, §6",
        "Lazy training converges faster, at the step rule that all τ share.",
        "lazy_limit",
        faster("first"),
        quote="we provide empirical support and show by experiment that indeed a lazy training regime helps with faster convergence",
        reasons={
            Verdict.NOT: "Linear convergence has the rate of the tangent kernel's small eigenvalues, and they are tiny; a "
            "network that learns the teacher's few directions needs none of them."
        },
    ),
    Claim(
        "37b",
        "§5.2, §6",
        "Lazy training converges faster, each τ at its best step.",
        "lazy_limit",
        faster("best"),
        quote="larger scaling factors or larger scales at initialization lead to faster convergence by limiting parameter updates",
        reasons={
            Verdict.NOT: "As at equal step: no stable step makes up for the spread of the tangent kernel's eigenvalues."
        },
    ),
]
