"""Measures that claims of several subjects are checked on, and what they are made of.

A measure takes the evidence and gives samples with their unit. Its parts are series over seeds or m, which pandas aligns. Where
an experiment's grid has not what a measure needs, LackingError says so.
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from lazytraining.claims.verdict import Check, Evidence, LackingError, Samples
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy

LARGE = 10.0
"""τ counts as large from here on."""
Measure = Callable[[Evidence], Samples]


def per(unit: str) -> Callable[[Callable[[Evidence], pd.Series]], Measure]:
    """Makes a measure of a function that gives a series: its values are the samples, one for each `unit`."""

    def decorate(series: Callable[[Evidence], pd.Series]) -> Measure:
        @wraps(series)
        def measure(e: Evidence) -> Samples:
            return Samples(series(e), unit)

        return measure

    return decorate


def measures_per(unit: str) -> Callable[[Callable[..., pd.Series]], Callable[..., Measure]]:
    """The same of a function that takes more than the evidence: called with the rest, it gives the measure."""

    def decorate(series: Callable[..., pd.Series]) -> Callable[..., Measure]:
        @wraps(series)
        def made(*arguments, **options) -> Measure:
            return lambda e: Samples(series(e, *arguments, **options), unit)

        return made

    return decorate


def by_seed(rows: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> pd.Series:
    """A number from each seed's rows."""
    return pd.Series({seed: statistic(own) for seed, own in rows.groupby("seed")}, dtype=float)


def need(condition: bool | np.bool_, text: str) -> None:
    """Raises LackingError, which says what is needed, unless it is there."""
    if not condition:
        raise LackingError(text)


def extreme(rows: pd.DataFrame, key: str, largest: bool = True, where: str = "") -> pd.DataFrame:
    """The rows at the largest or smallest `key` of all, those of runs that diverged included: of which there have to be others."""
    least, most = rows.attrs.get("whole", {}).get(key, (rows[key].min(), rows[key].max()))
    need(least < most, f"more than one {key}{where}")
    found = rows[rows[key] == (most if largest else least)]
    need(
        len(found) > 0,
        f"runs at the {'largest' if largest else 'smallest'} {key}{where} that did not diverge",
    )
    return found


def at_extreme(rows: pd.DataFrame, column: str, key: str, largest: bool = True) -> pd.Series:
    """A column at the largest or smallest `key` of all rows, for the seeds that have it."""
    own = extreme(rows, key, largest)
    need(not own["seed"].duplicated().any(), f"one run for each seed and {key}")
    return own.set_index("seed")[column]


def exponent(rows: pd.DataFrame, x: str, y: str) -> pd.Series:
    """The exponent of y over x, of each seed that has at least two x."""
    rows = rows[rows.groupby("seed")[x].transform("nunique") > 1]
    need(len(rows) > 0, f"more than one {x}")
    return by_seed(rows, lambda own: fits.slope(own[x].to_numpy(float), own[y].to_numpy(float)))


def rank_correlation(x: pd.Series, y: pd.Series) -> float:
    """Spearman's; NaN if x or y is constant."""
    if x.nunique() < 2 or y.nunique() < 2:
        return np.nan
    return float(stats.spearmanr(x, y).statistic)


def jackknife(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], float], *, least: int) -> pd.Series:
    """Pseudo-values k θ − (k−1) θ_without of a statistic of a table with k seeds: a mean with its spread."""
    seeds = table["seed"].unique()
    k = len(seeds)
    need(k >= least, f"at least {least} different seed, not {k}")
    whole = statistic(table)
    values = {seed: k * whole - (k - 1) * statistic(table[table["seed"] != seed]) for seed in seeds}
    return pd.Series(values, dtype=float)


def off_one(ratio: pd.Series) -> pd.Series:
    """|ratio − 1|; what is less than the rounding of 1 counts as that."""
    return (ratio - 1).abs().clip(lower=np.finfo(float).eps)


def initial_loss(own: pd.DataFrame) -> float:
    """The training loss at the first iteration of a curve."""
    return float(own.loc[own["iteration"].idxmin(), "train_loss"])


def stays_below(
    x: Float[np.ndarray, " k"], values: Float[np.ndarray, " k"], level: float | int
) -> float | int:
    """The x from which on values stay below a level, between points on a straight line of logarithms; x increases. −∞ if all are, ∞ if
    the last is not."""
    over = np.log(np.clip(values / level, 1e-300, 1e300))
    above = np.flatnonzero(~(over < 0))
    if not len(above):
        return -np.inf
    if above[-1] + 1 == len(x):
        return np.inf
    left, right = above[-1], above[-1] + 1
    return float(x[left] * (x[right] / x[left]) ** (over[left] / (over[left] - over[right])))


def largest_tau(e: Evidence, name: str, kind: str = "runs") -> pd.DataFrame:
    """The rows of an experiment at its largest τ, or at the only one."""
    rows = e.get(kind, name)
    several = rows.attrs["whole"]["tau"][1] > rows["tau"].min()
    return extreme(rows, "tau", where=f" in {name}") if several else rows


@measures_per("seeds")
def at_largest_tau(e: Evidence, name: str, *columns: str) -> pd.Series:
    """The largest of some columns at the largest τ."""
    found = largest_tau(e, name).set_index("seed")[list(columns)].max(axis=1, skipna=False)
    need(found.notna().all(), f"laziness: true in {name}")
    return found


LAYERS = ("hidden_distance", "output_distance")


def moves_little(name: str) -> Check:
    """At the largest τ neither layer moves by more than a tenth of its norm."""
    quantity = "relative movement of the layer that moves more, at the largest τ"
    return Check(quantity, at_largest_tau(name, *LAYERS), high=0.1, scale="log")


def least_lazy(gap: pd.Series, kernel: pd.Series) -> pd.Series:
    """The larger of a gap and a kernel movement, the latter times the ratio of their limits."""
    return np.maximum(gap, kernel * (Lazy().gap / Lazy().kernel))


def is_lazy(name: str) -> Check:
    """Lazy at the largest τ, as `laziness` has it: near its own tangent model, with a kernel that has moved little. Both by a tenth."""
    quantity = "the larger of its gap to its own tangent model on test points, over ‖y‖, and its kernel's relative movement, at the largest τ"

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        return least_lazy(
            *(at_largest_tau(name, column)(e).values for column in ("gap_test", "kernel_movement"))
        )

    return Check(quantity, measure, high=Lazy().gap, scale="log")


def start_rows(e: Evidence, sweep: str, symmetrize: bool = False) -> pd.DataFrame:
    """Rows of one sweep at the start, from one kind of start."""
    rows = e.get("theory", "start")
    return rows[(rows["sweep"] == sweep) & (rows["symmetrize"] == symmetrize)]


@per("seeds")
def plateau_kappa(e: Evidence) -> pd.Series:
    """κ at the largest τ, not symmetrised."""
    return at_extreme(start_rows(e, "tau"), "kappa", "tau")


def limit_rows(e: Evidence, symmetrize: bool = False, largest: bool = False) -> pd.DataFrame:
    """Towards the limit, from a start without mirrored neurons, or with; at every α, or at the largest."""
    rows = e.get("theory", "limit")
    rows = rows[rows["symmetrize"] == symmetrize]
    if largest:
        rows = rows[rows["alpha"] == rows.attrs["whole"]["alpha"][1]]
    need(
        len(rows) > 0,
        f"runs towards the limit{', at the largest alpha,' if largest else ''} that did not diverge",
    )
    return rows
