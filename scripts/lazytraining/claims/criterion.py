"""The criterion κ, one step, and gradients at the start (§1.1, §3.3, §5.1)."""

import pandas as pd

from lazytraining.claims.measures import LARGE, Measure, at_extreme, exponent, is_lazy, jackknife, need, per
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.config.names import SCALINGS


def start_rows(e: Evidence, sweep: str, symmetrize: bool = False) -> pd.DataFrame:
    """Rows of one sweep at the start, from one kind of start."""
    rows = e.get("theory", "start")
    return rows[(rows["sweep"] == sweep) & (rows["symmetrize"] == symmetrize)]


def start_exponent(column: str, sweep: str, symmetrize: bool, above: float = 0.0) -> Measure:
    """Exponent of κ, the gradient or the stable step over τ or α, from `above` on."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = start_rows(e, sweep, symmetrize)
        rows = rows[rows[sweep] >= above]
        need(rows[sweep].nunique() > 1, f"at least two theory.{sweep} >= {above:g}")
        return exponent(rows, sweep, column)

    return measure


@per("seeds")
def plateau_kappa(e: Evidence) -> pd.Series:
    """κ at the largest τ, not symmetrised."""
    return at_extreme(start_rows(e, "tau"), "kappa", "tau")


@per("seeds")
def kappa_symmetrised(e: Evidence) -> pd.Series:
    """κ with over κ without symmetrisation, at the largest τ."""
    ours, theirs = (at_extreme(start_rows(e, "tau", start), "kappa", "tau") for start in (True, False))
    return ours / theirs


def kappa_over_bound(scaling: str) -> Measure:
    """Largest ratio over m of the mean of κ over seeds to m^(-1/2) + 1/(m α); jackknifed over seeds."""

    def largest(rows: pd.DataFrame) -> float:
        mean = rows.groupby("m")[["kappa", "alpha"]].mean()
        m = mean.index.to_numpy(float)
        return float((mean["kappa"] / (m**-0.5 + 1 / (m * mean["alpha"]))).max())

    return per("seeds")(lambda e: jackknife(start_rows(e, scaling), largest, "seed", least=3))


def one_step(symmetrize: bool, largest: bool) -> Measure:
    """Δ(F)/Δ(Dh) at the largest or smallest τ."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("theory", "step")
        rows = rows[(rows["sweep"] == "tau") & (rows["symmetrize"] == symmetrize)]
        rows = rows.assign(ratio=rows["objective_change"] / rows["differential_change"])
        return at_extreme(rows, "ratio", "tau", largest)

    return measure


CLAIMS = [
    Claim(
        "7a",
        "§3.3, A.1",
        "Without symmetrisation κ is constant at large τ.",
        "theory",
        [Check("exponent of κ over τ at large τ", start_exponent("kappa", "tau", False, LARGE), -0.01, 0.01)],
        reasons={Verdict.REPRODUCED: "By 2-homogeneity, up to y/τ², which vanishes."},
    ),
    Claim(
        "7b",
        "§3.3",
        "As κ has levelled off at a small value there, the model is in the lazy regime.",
        "theory",
        [is_lazy("plateau")],
        premises=[Check("κ at the largest τ", plateau_kappa, high=0.1, logarithmic=True)],
        reasons={
            Verdict.NOT: "κ weighs the curvature against the largest singular value of Dh(w0), while how far w has to go is decided "
            "by the small ones."
        },
    ),
    Claim(
        "7c",
        "§3.3",
        "With symmetrisation κ is smaller.",
        "theory",
        [Check("κ with over without, at the largest τ", kappa_symmetrised, high=0.1, logarithmic=True)],
        reasons={Verdict.REPRODUCED: "By homogeneity: with h(w0) = 0 it falls as τ⁻² and has no level."},
    ),
    Claim(
        "26",
        "§1.1",
        "κ falls as α grows.",
        "theory",
        [
            Check("exponent of κ over α, symmetrised", start_exponent("kappa", "alpha", True), high=-0.5),
            Check(
                "exponent of κ over α, not symmetrised", start_exponent("kappa", "alpha", False), high=-0.5
            ),
        ],
        reasons={
            Verdict.PARTLY: "Only if h(w0) = 0: else ‖α h(w0) − y‖ grows with α, and κ has a level as over τ."
        },
    ),
    Claim(
        "16",
        "§1.1, §4.7",
        "E κ is at most m^(-1/2) + 1/(m α(m)).",
        "theory",
        [
            Check(
                f"largest ratio over m of the mean of κ to the bound, α = {name}",
                kappa_over_bound(sweep),
                high=1,
            )
            for sweep, name in SCALINGS.items()
        ],
        reasons={
            Verdict.REPRODUCED: "For α = 1/m it levels off, for the others it falls as m^(-1/2), but for a slow growth of ‖D²h‖, which is "
            "a maximum over neurons."
        },
    ),
    Claim(
        "20a",
        "§1.1",
        "In the lazy regime one step changes the objective far more than the differential.",
        "theory",
        [Check("Δ(F)/Δ(Dh), symmetrised, largest τ", one_step(True, True), low=10, logarithmic=True)],
        reasons={Verdict.REPRODUCED: "At equal Δ(F), Δ(Dh) falls as τ⁻²."},
    ),
    Claim(
        "20b",
        "§1.1",
        "Outside it, it does not.",
        "theory",
        [Check("Δ(F)/Δ(Dh), symmetrised, smallest τ", one_step(True, False), high=1, logarithmic=True)],
    ),
    Claim(
        "22a",
        "§5.1",
        "Larger initial weights give larger gradients.",
        "theory",
        [
            Check(
                f"exponent of ‖∇F(w0)‖ over τ at large τ, {name}",
                start_exponent("gradient_norm", "tau", start, LARGE),
                low=0.5,
            )
            for name, start in (("not symmetrised", False), ("symmetrised", True))
        ],
        reasons={Verdict.REPRODUCED: "By homogeneity, as τ³ where h(w0) is not 0 and as τ where it is."},
    ),
    Claim(
        "22b",
        "§5.1",
        "So that larger steps would be appropriate at larger τ.",
        "theory",
        [
            Check(
                "exponent over τ of the largest stable step",
                start_exponent("stable_step", "tau", False),
                low=0,
            )
        ],
        reasons={
            Verdict.NOT: "By homogeneity the curvature grows as τ², so the largest stable step falls as τ⁻², as the note's own rule does."
        },
    ),
]
