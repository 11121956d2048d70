"""What one step changes, and norms at the start (§1.1, A.1.3)."""

import pandas as pd

from lazytraining.claims.measures import (
    Measure,
    at_extreme,
    exponent,
    least_lazy,
    measures_per,
    need,
    per,
)
from lazytraining.claims.verdict import AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.config.names import STARTS
from lazytraining.student.laziness import Lazy

FAR_MORE = 10
"""What ≫ is taken for."""


def step_rows(e: Evidence, *, symmetrize: bool | None) -> pd.DataFrame:
    """Rows over τ of one step, from one kind of start, or from both."""
    rows = e.get("theory", "step")
    rows = rows[(rows["sweep"] == "tau") & ((rows["symmetrize"] == symmetrize) | (symmetrize is None))]
    need(len(rows) > 0, "theory.tau")
    return rows


def norm_exponent(column: str) -> Measure:
    """Exponent over τ of a norm at the start, not symmetrised."""
    return per("seeds")(lambda e: exponent(step_rows(e, symmetrize=False), "tau", column))


def with_one_step(e: Evidence, *, symmetrize: bool) -> pd.DataFrame:
    """Rows over τ of one step, with Δ(F)/Δ(Dh)."""
    rows = step_rows(e, symmetrize=symmetrize)
    return rows.assign(ratio=rows["objective_change"] / rows["differential_change"])


@per("seeds")
def one_step(e: Evidence) -> pd.Series:
    """Δ(F)/Δ(Dh) at the largest τ, symmetrised."""
    return at_extreme(with_one_step(e, symmetrize=True), "ratio", "tau")


@measures_per("seeds")
def one_step_outside(e: Evidence, name: str, *, symmetrize: bool) -> pd.Series:
    """The largest Δ(F)/Δ(Dh) of the τ at which no run of an experiment with such starts is lazy."""
    runs = e.get("runs", name)
    measured = least_lazy(runs["gap_test"], runs["kernel_movement"])
    need(measured.notna().all(), f"laziness: true in {name}")
    least = measured.groupby(runs["tau"]).min()
    rows = with_one_step(e, symmetrize=symmetrize)
    rows = rows[rows["tau"].isin(least.index[least >= Lazy().gap])]
    need(len(rows) > 0, f"theory.tau at which runs of {name} are not lazy")
    return rows.groupby("seed")["ratio"].max()


@measures_per("seeds")
def over_estimate(
    e: Evidence, change: str, estimate: str, *, symmetrize: bool | None, largest: bool
) -> pd.Series:
    """Largest or smallest ratio over τ of a change in one step to what §1.1 says that it is."""
    rows = step_rows(e, symmetrize=symmetrize)
    ratio = (rows[change] / rows[estimate]).groupby(rows["seed"])
    return ratio.max() if largest else ratio.min()


CLAIMS = [
    Claim(
        "2",
        "§1.1",
        "The objective changes in one step by about η ‖∇F‖²/F.",
        "theory",
        [
            Check(
                "smallest ratio of the two over τ",
                over_estimate("objective_change", "objective_estimate", symmetrize=None, largest=False),
                low=0.5,
                scale="log",
            ),
            Check(
                "largest ratio of the two over τ",
                over_estimate("objective_change", "objective_estimate", symmetrize=None, largest=True),
                high=2,
                scale="log",
            ),
        ],
        quote="Δ(F) = … ≈ η ‖∇F(w0)‖²/F(w0)",
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "3",
        "§1.1",
        "The differential changes in one step by at most η ‖∇F‖ ‖D²h‖/‖Dh‖.",
        "theory",
        [
            Check(
                f"largest ratio of the two over τ, {name}",
                over_estimate("differential_change", "differential_bound", symmetrize=start, largest=True),
                high=1,
                scale="log",
            )
            for start, name in STARTS.items()
        ],
        quote="Δ(Dh) = ‖Dh(w1) − Dh(w0)‖/‖Dh(w0)‖ ≤ η ‖∇F(w0)‖·‖D²h(w0)‖/‖Dh(w0)‖",
        reasons=dict.fromkeys(
            (Verdict.NOT, Verdict.PARTLY),
            "D²h(w0) knows nothing of gates: a step in which one switches changes Dh by as much as a neuron's whole part.",
        ),
        whole=True,
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "5a",
        "§1.1",
        "At large τ, symmetrised, one step changes the objective far more than the differential.",
        "theory",
        [Check("Δ(F)/Δ(Dh), symmetrised, largest τ", one_step, low=FAR_MORE, scale="log")],
        quote="implying Δ(F) ≫ Δ(Dh)",
        identity=True,
        reasons={
            Verdict.IDENTITY: "At equal Δ(F), Δ(Dh) falls as τ⁻² by homogeneity, so it is so from some τ on."
        },
    ),
    Claim(
        "5b",
        "§1.1",
        "Outside the lazy regime, it does not.",
        "theory",
        [
            Check(
                f"largest Δ(F)/Δ(Dh) of the τ at which training is not lazy, {STARTS[start]}",
                one_step_outside(name, symmetrize=start),
                high=FAR_MORE,
                scale="log",
            )
            for name, start in (("plateau", False), ("plateau_symmetrized", True))
        ],
        quote="the model is said to be in a lazy training regime if the model benefits from a huge reduction in objective function while the "
        "differential of h stays mostly unchanged",
        reasons={
            Verdict.NOT: "The ratio is small at the smallest τ alone. It is several already where Figure 1's run learns features, and most on "
            "Figure 3's plateau, which is never lazy."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "39",
        "A.1.3",
        "h, Dh and D²h scale with τ as τ², τ and 1.",
        "theory",
        [
            Check(f"exponent over τ of ‖{name}‖", norm_exponent(column), power - 0.01, power + 0.01)
            for name, column, power in (
                ("h(w0)", "output_norm", 2),
                ("Dh(w0)", "first_norm", 1),
                ("D²h(w0)", "second_norm", 0),
            )
        ],
        quote="h(w0) scales as τ^q … Dh(w0) scales as τ^(q−1) … D²h(w0) scales as τ^(q−2)",
        identity=True,
        reasons={Verdict.IDENTITY: "By 2-homogeneity, derivative by derivative."},
    ),
]
