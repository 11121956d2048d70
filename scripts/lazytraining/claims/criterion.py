"""The criterion κ, and gradients at the start (§1.1, §3.3, §3.4, §5.1, appendix A)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    LARGE,
    Measure,
    by_seed,
    exponent,
    is_lazy,
    jackknife,
    measures_per,
    need,
    off_one,
    per,
    plateau_kappa,
    start_rows,
)
from lazytraining.claims.verdict import AFTER_PAPER, AFTER_QUICK, Check, Claim, Evidence, Verdict
from lazytraining.config.names import SCALINGS, STARTS
from lazytraining.student import fits

LEVELS = (1.0, 0.3, 0.1)
"""Values of κ that may count as small."""


@measures_per("seeds")
def start_exponent(
    e: Evidence, column: str, sweep: str, *, symmetrize: bool, above: float = 0.0
) -> pd.Series:
    """Exponent of κ, the gradient or the stable step over τ or α, from `above` on."""
    rows = start_rows(e, sweep, symmetrize)
    rows = rows[rows[sweep] >= above]
    need(rows[sweep].nunique() > 1, f"at least two theory.{sweep} >= {above:g}")
    return exponent(rows, sweep, column)


def small_from(own: pd.DataFrame, level: float) -> float:
    """The τ at which κ first is at most a level; infinite if it is at no grid point. Exact between them: by 2-homogeneity κ² is a parabola
    in τ⁻²."""
    tau, kappa = own.sort_values("tau")[["tau", "kappa"]].to_numpy(float).T
    below = np.flatnonzero(kappa <= level)
    if not len(below):
        return np.inf
    if (i := below[0]) == 0:
        return float(tau[0])
    near = slice(i - 1, i + 2) if i + 1 < len(tau) else slice(max(0, i - 2), i + 1)
    u = (tau[near] / tau[i - 1]) ** -2.0
    parabola = np.polynomial.Polynomial.fit(u, kappa[near] ** 2, len(u) - 1, domain=[]) - level**2
    roots = parabola.roots()
    real = roots[np.isreal(roots)].real
    inside = real[((tau[i] / tau[i - 1]) ** -2.0 <= real * (1 + 1e-9)) & (real <= 1 + 1e-9)]
    return float(tau[i - 1] * inside.max() ** -0.5)


@measures_per("seeds")
def satisfied_earlier(e: Evidence, level: float) -> pd.Series:
    """τ at which κ first is below a level, with over without symmetrisation."""
    found = [
        by_seed(start_rows(e, "tau", start), lambda own: small_from(own, level)) for start in (True, False)
    ]
    tau = np.sort(start_rows(e, "tau")["tau"].unique())
    need(len(tau) > 1 and (np.diff(np.log10(tau)) < 0.6).all(), "theory.tau at most half a decade apart")
    need(np.isfinite(found[1]).all(), f"theory.tau at which κ < {level:g} without symmetrisation")
    return found[0] / found[1]


@per("seeds")
def level_start(e: Evidence) -> pd.Series:
    """The τ from which on κ stays within 10 % of that at the largest, not symmetrised, between grid points."""
    rows = start_rows(e, "tau")
    need(rows["tau"].nunique() > 1, "more than one theory.tau")
    return by_seed(rows, lambda own: fits.level_start(*own.sort_values("tau")[["tau", "kappa"]].to_numpy().T))


@per("seeds")
def kappa_off_scale(e: Evidence) -> pd.Series:
    """Largest relative difference of κ at (α, τ = 1) and at (1, √α), over the α whose root is a τ; not symmetrised."""
    over_alpha, over_tau = (
        start_rows(e, sweep).assign(scale=lambda r: r["alpha"] * r["tau"] ** 2) for sweep in ("alpha", "tau")
    )
    for rows in (over_alpha, over_tau):
        rows["scale"] = np.log(rows["scale"]).round(3)
    both = over_alpha.merge(over_tau, on=["seed", "scale"])
    both = both[both["alpha_x"] != both["alpha_y"]]
    need(len(both) > 0, "theory.alpha whose square roots are in theory.tau")
    return off_one(both["kappa_x"] / both["kappa_y"]).groupby(both["seed"]).max()


def kappa_over_bound(scaling: str) -> Measure:
    """Largest ratio over m of the mean of κ over seeds to m^(-1/2) + 1/(m α); jackknifed over seeds."""

    def largest(rows: pd.DataFrame) -> float:
        mean = rows.groupby("m")[["kappa", "alpha"]].mean()
        m = mean.index.to_numpy(float)
        return float((mean["kappa"] / (m**-0.5 + 1 / (m * mean["alpha"]))).max())

    return per("seeds")(lambda e: jackknife(start_rows(e, scaling), largest, least=3))


@per("seeds")
def gradient_share(e: Evidence) -> pd.Series:
    """Smallest ratio over τ and starts of ‖∇F‖ to ‖Dh‖ ‖α h − y‖ / α, which it can't be above."""
    rows = e.get("theory", "start")
    rows = rows[rows["sweep"] == "tau"]
    return (rows["gradient_norm"] / rows["gradient_bound"]).groupby(rows["seed"]).min()


CLAIMS = [
    Claim(
        "4",
        "§1.1",
        "The gradient's norm is about ‖Dh‖ ‖h − y‖.",
        "theory",
        [Check("smallest ratio of the two over τ", gradient_share, low=0.5, scale="log")],
        quote="with the approximation ‖ΔF(w0)‖ ≈ ‖Dh(w0)‖·‖h(w0) − y‖",
        reasons={
            Verdict.NOT: "It would be if h − y lay along the leading singular vector of Dh. The targets do not, least of all where h(w0) = 0."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "6a",
        "§1.1",
        "With h(w0) = 0, κ falls as 1/α.",
        "theory",
        [
            Check(
                "exponent of κ over α, symmetrised",
                start_exponent("kappa", "alpha", symmetrize=True),
                -1.01,
                -0.99,
            )
        ],
        quote="As α grows bigger the criterion decreases, leading to a lazy training situation.",
        identity=True,
        reasons={Verdict.IDENTITY: "κ is (1/α) ‖y‖ ‖D²h‖/‖Dh‖² there."},
    ),
    Claim(
        "6b",
        "§1.1",
        "κ falls as α grows, where h(w0) is not 0 too.",
        "theory",
        [
            Check(
                "exponent of κ over α, not symmetrised",
                start_exponent("kappa", "alpha", symmetrize=False),
                high=-0.5,
            )
        ],
        quote="As α grows bigger the criterion decreases, leading to a lazy training situation.",
        reasons={Verdict.NOT: "‖α h(w0) − y‖ grows with α there, and κ has a level as over τ."},
    ),
    Claim(
        "7",
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
        quote="E[kh_m(w0)] ≤ m^(−1/2) + (m α(m))^(−1)",
        reasons={
            Verdict.REPRODUCED: "For α = 1/m it levels off. For the others it falls a little more slowly than m^(-1/2): ‖Dh‖²/m falls and "
            "‖h − y‖/√m rises with m, each to its limit, while ‖D²h‖ hardly changes."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "18a",
        "§3.3, A.1",
        "Without symmetrisation κ is constant at large τ.",
        "theory",
        [
            Check(
                "exponent of κ over τ at large τ",
                start_exponent("kappa", "tau", symmetrize=False, above=LARGE),
                -0.01,
                0.01,
            )
        ],
        quote="as τ increases further, the criterion stabilizes",
        identity=True,
        reasons={Verdict.IDENTITY: "By 2-homogeneity, up to y/τ², which vanishes."},
    ),
    Claim(
        "18b",
        "§3.3",
        "As κ has levelled off at a small value there, the model is in the lazy regime.",
        "theory",
        [is_lazy("plateau")],
        premises=[Check("κ at the largest τ", plateau_kappa, high=0.1, scale="log")],
        quote="leading to a plateau where the model enters a regime of lazy training",
        reasons={
            Verdict.NOT: "κ weighs the curvature against the largest singular value of Dh(w0), while how far w has to go is decided "
            "by the small ones. It hangs on a tenth being small: the level is a little below.",
        },
        criterion_set=AFTER_QUICK,
    ),
    Claim(
        "18c",
        "§3.3, §4.3",
        "With symmetrisation κ is small from a lower τ on.",
        "theory",
        [
            Check(
                f"first τ with κ < {level:g}, with over without symmetrisation",
                satisfied_earlier(level),
                high=1,
                scale="log",
            )
            for level in LEVELS
        ],
        quote="Since h(w′) is close to zero, the lazy training criterion is expected to be satisfied at lower values of τ.",
        reasons={
            Verdict.NOT: "Where κ falls through these values h(w0) is still small beside y, so both starts are alike.",
            Verdict.REPRODUCED: "But hardly where κ falls through 1, for h(w0) is still small beside y there. By more only near the level that κ has "
            "without symmetrisation.",
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "20a",
        "§3.4, §6",
        "κ is constant where α τ² is.",
        "theory",
        [Check("largest relative difference of κ at one α τ²", kappa_off_scale, high=1e-4, scale="log")],
        quote="So to keep the criterion at a given level it must hold: ατ^q = constant",
        identity=True,
        reasons={Verdict.IDENTITY: "κ depends on α and τ through α τ² alone, by 2-homogeneity."},
    ),
    Claim(
        "25c",
        "§4.3",
        "The plateau is not seen in the criterion.",
        "theory",
        [Check("τ from which on κ is at its level", level_start, low=LARGE, scale="log")],
        quote="this phenomenon is not directly observed through the lazy criterion as described in the theoretical section",
        reasons={Verdict.NOT: "κ levels off too, and at a lower τ than the loss."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "34a",
        "§5.1",
        "Larger initial weights give larger gradients.",
        "theory",
        [
            Check(
                f"exponent of ‖∇F(w0)‖ over τ at large τ, {name}",
                start_exponent("gradient_norm", "tau", symmetrize=start, above=LARGE),
                low=0.5,
            )
            for start, name in STARTS.items()
        ],
        quote="the resulting larger weights generally correspond to larger gradients",
        identity=True,
        reasons={Verdict.IDENTITY: "By homogeneity, as τ³ where h(w0) is not 0 and as τ where it is."},
    ),
    Claim(
        "34b",
        "§5.1",
        "But larger steps are not appropriate at larger τ: the largest stable step falls as τ⁻².",
        "theory",
        [
            Check(
                "exponent over τ of the largest stable step",
                start_exponent("stable_step", "tau", symmetrize=False),
                -2.01,
                -1.99,
            )
        ],
        quote="Intuitively, this might suggest that a larger step size would be appropriate",
        identity=True,
        reasons={
            Verdict.IDENTITY: "By homogeneity the curvature grows as τ². The note's own rule falls as the largest stable step does, so it is no "
            "paradox."
        },
    ),
]
