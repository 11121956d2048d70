"""The phase diagram: what decides whether training is lazy, learns features or collapses."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    Measure,
    at_extreme,
    by_seed,
    exponent,
    extreme,
    measures_per,
    need,
    per,
    plateau_kappa,
)
from lazytraining.claims.verdict import AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.student import fits
from lazytraining.student.laziness import LAZY

NOTE = "phase_plane_note"
MOVED, HALF = 0.1, 0.5
"""A relative movement is small below the first, and of the order of 1 above the second."""


def cells(e: Evidence, *, symmetrize: bool, name: str = "phase_plane") -> pd.DataFrame:
    """The cells of one start."""
    rows = e.get("phase", name)
    kept = rows[rows["symmetrize"] == symmetrize]
    kept.attrs["whole"] = rows.attrs["whole"]
    need(len(kept) > 0, f"symmetrize: [{str(symmetrize).lower()}, …] in {name}")
    return kept


def of_widths(e: Evidence, least: float) -> pd.DataFrame:
    """Symmetrised cells of all m from `least` n on, of which there have to be two."""
    rows = cells(e, symmetrize=True)
    rows = rows[rows["m"] >= least * rows["n_train"]]
    need(rows["m"].nunique() > 1, f"more than one m{' >= n_train' if least else ''} in phase_plane")
    return rows


@measures_per("seeds")
def spread_over_widths(e: Evidence, least: float = 0.0) -> pd.Series:
    """Largest kernel movement over the least of all m from `least` n on at one g, the largest such ratio of all g at which all move by MOVED."""
    rows = of_widths(e, least)

    def ratio(own: pd.DataFrame) -> float:
        table = own.pivot(index="coupling", columns="m", values="kernel_movement")
        table = table[table.min(axis=1) > MOVED]
        return float((table.max(axis=1) / table.min(axis=1)).max())

    return by_seed(rows, ratio).dropna()


@per("seeds")
def kernel_constant(e: Evidence) -> pd.Series:
    """g times the kernel's movement at the smallest g and the largest m, symmetrised."""
    rows = extreme(cells(e, symmetrize=True), "m", where=" in phase_plane")
    return at_extreme(
        rows.assign(size=rows["coupling"] * rows["kernel_movement"]), "size", "coupling", largest=False
    )


def first_below(own: pd.DataFrame, x: str, y: str, level: float) -> float:
    """The x > 0 at which y first is at most a level, between points on a straight line of logarithms; infinite if it never is."""
    own = own.sort_values(x)
    return float(np.exp(fits.first_below(np.log(own[x].to_numpy(float)), own[y].to_numpy(float), level)))


@per("seeds")
def lazy_from(e: Evidence) -> pd.Series:
    """The g at which the kernel moves by MOVED, between grid points, at the largest m, symmetrised."""
    rows = extreme(cells(e, symmetrize=True), "m", where=" in phase_plane")
    found = by_seed(rows, lambda own: first_below(own, "coupling", "kernel_movement", MOVED))
    need(np.isfinite(found).all(), "larger coupling in phase_plane, at which the kernel stays")
    return found


@per("seeds")
def gap_over_widths(e: Evidence) -> pd.Series:
    """Exponent over m ≥ n of the gap on test points, at the least g at which training is lazy for all of them, symmetrised."""
    rows = of_widths(e, 1.0)
    lazy = (rows["regime"] == LAZY).groupby([rows["seed"], rows["coupling"]]).transform("all")
    need(lazy.any(), "couplings in phase_plane at which all m >= n_train are lazy")
    rows = rows[lazy]
    return exponent(
        rows[rows["coupling"] == rows.groupby("seed")["coupling"].transform("min")], "m", "gap_test"
    )


@measures_per("seeds")
def lazy_decades(e: Evidence, *, symmetrize: bool, largest: bool) -> pd.Series:
    """Decades of g, from the first lazy cell to the last, at the largest or the smallest m; 0 for none or one."""
    rows = extreme(cells(e, symmetrize=symmetrize), "m", largest, " in phase_plane")

    def decades(own: pd.DataFrame) -> float:
        lazy = np.log10(own.loc[own["regime"] == LAZY, "coupling"])
        return float(np.ptp(lazy)) if len(lazy) else 0.0

    return by_seed(rows, decades)


@per("seeds")
def opening(e: Evidence) -> pd.Series:
    """The least m/n with a lazy cell, without symmetrisation; of the seeds that have one."""
    rows = cells(e, symmetrize=False)
    rows = rows[rows["regime"] == LAZY]
    need(len(rows) > 0, "larger m in phase_plane, at which a cell is lazy")
    return (rows["m"] / rows["n_train"]).groupby(rows["seed"]).min()


@measures_per("seeds")
def at_corner(
    e: Evidence,
    column: str,
    *,
    symmetrize: bool,
    most_neurons: bool,
    most_coupling: bool = True,
    name: str = "phase_plane",
) -> pd.Series:
    """A measure of the cell at the largest or smallest m and the largest or smallest g."""
    rows = extreme(cells(e, symmetrize=symmetrize, name=name), "m", most_neurons, f" in {name}")
    rows = rows.assign(kappa_over_distance=rows["kappa"] / rows["relative_distance"])
    return at_extreme(rows, column, "coupling", most_coupling)


@measures_per("seeds")
def agreement(e: Evidence, said: str, column: str, level: float) -> pd.Series:
    """Share of cells in which what is said without training and what training did are on one side of `level`."""
    rows = e.get("phase", "phase_plane")
    return by_seed(rows, lambda own: float(((own[said] > level) == (own[column] > level)).mean()))


@measures_per("seeds")
def stable_step(e: Evidence, *, most_coupling: bool) -> pd.Series:
    """The largest stable step of descent over 2n/λ_max at the start, symmetrised, at the largest or smallest g."""
    rows = cells(e, symmetrize=True)
    rows = rows[rows["stable_step_ratio"].notna()]
    need(len(rows) > 0, "stable_step: true in phase_plane")
    rows = rows[rows["m"] == rows["m"].max()]
    return at_extreme(rows, "stable_step_ratio", "coupling", most_coupling)


def kappa_over_distance(name: str) -> Measure:
    """κ over the relative distance of all weights at the largest g and m, symmetrised: a constant where training is lazy."""
    return at_corner("kappa_over_distance", symmetrize=True, most_neurons=True, name=name)


@per("seeds")
def constant_ratio(e: Evidence) -> pd.Series:
    """That constant at the note's sizes over that of the other plane, in the mean over its seeds."""
    ours, note = (kappa_over_distance(name)(e).values for name in ("phase_plane", NOTE))
    return note / ours.mean()


CLAIMS = [
    Claim(
        "40a",
        "ours",
        "Kernel movement depends on α, τ and m through one coupling alone, g = m α τ²/‖y‖.",
        "phase_plane",
        [
            Check(
                "largest kernel movement over the least of all m at one g, symmetrised, where all move by a tenth",
                spread_over_widths(),
                high=2.5,
                scale="log",
            )
        ],
        reasons={Verdict.REPRODUCED: "At one α τ² instead, it would differ as much as the widths do."},
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "40b",
        "ours",
        "From as many neurons as training points on, g alone decides how far the kernel moves; at small g it is 4/g.",
        "phase_plane",
        [
            Check(
                "largest kernel movement over the least of all m ≥ n at one g, symmetrised, where all move by a tenth",
                spread_over_widths(1.0),
                high=1.3,
                scale="log",
            ),
            Check(
                "g times kernel movement, symmetrised, smallest g, largest m",
                kernel_constant,
                2,
                8,
                scale="log",
            ),
            Check(
                "g at which the kernel moves by a tenth, symmetrised, largest m",
                lazy_from,
                8,
                30,
                scale="log",
            ),
        ],
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "40c",
        "ours",
        "The gap to the tangent model does not collapse: in the lazy regime it falls with m at one g.",
        "phase_plane",
        [
            Check(
                "exponent of the gap over m ≥ n at the first g at which all of them are lazy, symmetrised",
                gap_over_widths,
                high=-0.1,
            )
        ],
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "41a",
        "ours",
        "Without symmetrisation the lazy regime is a window in g, closed towards large g and small m; with it, it has no upper end.",
        "phase_plane",
        [
            Check(
                "decades of g that are lazy, largest m, not symmetrised",
                lazy_decades(symmetrize=False, largest=True),
                low=0.3,
            ),
            Check("the same, smallest m", lazy_decades(symmetrize=False, largest=False), high=0.1),
            Check(
                "gap to the tangent model at the largest g, largest m, not symmetrised",
                at_corner("gap_test", symmetrize=False, most_neurons=True),
                low=0.5,
                scale="log",
            ),
            Check(
                "the same, symmetrised",
                at_corner("gap_test", symmetrize=True, most_neurons=True),
                high=0.05,
                scale="log",
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "h(w0) grows with g and has to be cancelled first; the more neurons there are for each point, the less each "
            "has to move for it."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "41b",
        "ours",
        "The window opens only where there are more neurons than training points.",
        "phase_plane",
        [Check("least m/n with a lazy cell, not symmetrised", opening, low=1, scale="log")],
        reasons={
            Verdict.REPRODUCED: "The note's Figure 3 has a twentieth as many neurons as points. At such a ratio no cell of the diagram is lazy, at any g: "
            "at large g it has the plateau of random features."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "42a",
        "ours",
        "The kernel at the start says without training how far layers and kernel move.",
        "phase_plane",
        [
            Check(
                "share of cells predicted rightly: output layer moves by more than a tenth",
                agreement("predicted_output", "output_distance", MOVED),
                low=0.9,
                scale="share",
            ),
            Check(
                "the same: by more than a half",
                agreement("predicted_output", "output_distance", HALF),
                low=0.9,
                scale="share",
            ),
            Check(
                "the same: the kernel, by more than a tenth",
                agreement("predicted_kernel", "kernel_movement", MOVED),
                low=0.9,
                scale="share",
            ),
        ],
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "42b",
        "ours",
        "Where κ calls a collapse lazy, the tangent model's displacement does not.",
        "phase_plane",
        [
            Check(
                "predicted movement of the output layer at the note's sizes, smallest m, largest g, not symmetrised",
                at_corner("predicted_output", symmetrize=False, most_neurons=False, name=NOTE),
                low=HALF,
                scale="log",
            ),
            Check(
                "the same, measured",
                at_corner("output_distance", symmetrize=False, most_neurons=False, name=NOTE),
                low=HALF,
                scale="log",
            ),
            Check("κ of that start, largest τ", plateau_kappa, high=MOVED, scale="log"),
        ],
        reasons={
            Verdict.REPRODUCED: "κ weighs curvature against the largest singular value of Dh(w0); the displacement counts the small ones, "
            "along which most of the way is."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "43a",
        "ours",
        "At large g the largest stable step is what the kernel at the start says, at small g far less.",
        "phase_plane",
        [
            Check(
                "largest stable step over 2n/λ_max at the start, symmetrised, smallest g",
                stable_step(most_coupling=False),
                high=0.2,
                scale="log",
            ),
            Check("the same, largest g", stable_step(most_coupling=True), 0.9, 1.2, scale="log"),
        ],
        reasons={
            Verdict.REPRODUCED: "Below g of order 1 the kernel grows until the outputs have the size of the targets, and the step has to be stable "
            "there: see claim 43b."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "43b",
        "ours",
        "The largest eigenvalue of the kernel stays what it is at the start at large g alone.",
        "phase_plane",
        [
            Check(
                "largest λ_max on the way over that at the start, largest m, symmetrised, smallest g",
                at_corner("sharpening", symmetrize=True, most_neurons=True, most_coupling=False),
                low=10,
                scale="log",
            ),
            Check(
                "the same, largest g",
                at_corner("sharpening", symmetrize=True, most_neurons=True),
                high=1.1,
                scale="log",
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "Below g of order 1 the weights grow until the outputs have the size of the targets."
        },
    ),
    Claim(
        "44",
        "ours",
        "How far lazy weights move is κ times a number that depends on d and n.",
        "phase_plane_note",
        [
            Check(
                "κ over the relative distance of w, largest g and m, symmetrised",
                kappa_over_distance("phase_plane"),
                0.1,
                10,
                scale="log",
            ),
            Check("the same, at the note's sizes", kappa_over_distance(NOTE), 0.1, 10, scale="log"),
            Check("the second over the first", constant_ratio, high=0.8, scale="log"),
        ],
        criterion_set=AFTER_PAPER,
    ),
]
