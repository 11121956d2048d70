"""Exponents and intervals: what a figure or a claim says of several seeds in one number."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its parts are imported where they are first used: a second, which few figures need
from jaxtyping import Float


class Interval(NamedTuple):
    """A mean with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.low):
            return f"{self.value:.3g}"
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def _of_correlations(values: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    return np.arctanh(np.clip(values, -MOST, MOST))


MOST = 0.999
"""A correlation beyond ± this counts as this: that of a few points in order is 1 exactly."""
SCALES = {
    "linear": (lambda values: values, lambda mean: mean),
    "log": (np.log, np.exp),
    "correlation": (_of_correlations, np.tanh),
    "share": (
        lambda values: np.arcsin(np.sqrt(values)),
        lambda mean: np.sin(np.clip(mean, 0, np.pi / 2)) ** 2,
    ),
}
"""How samples are transformed before their mean is taken, and how it is brought back: ratios and sizes in logarithms, correlations by
Fisher's z, shares from 0 to 1 by the arcsine of their roots. So no interval leaves the range of what it is of."""


def _transformed(values: Float[np.ndarray, " k"], scale: str) -> Float[np.ndarray, " k"]:
    values = np.asarray(values, float)
    outside = {"log": (values <= 0).any(), "share": ((values < 0) | (values > 1)).any()}
    if len(values) == 0 or not np.isfinite(values).all() or outside.get(scale):
        raise ValueError(f"no interval of {values}")
    return SCALES[scale][0](values)


def interval(values: Float[np.ndarray, " k"], scale: str = "linear") -> Interval:
    """Student's t interval of the mean over k samples, taken on one of SCALES: of the geometric mean with "log". With "median"
    that of their median by the sign test, from order statistics, which says nothing of a distribution; it needs six samples.

    One sample has no interval: its ends are NaN. Samples that are all equal have one of width 0.

    Raises ValueError for no samples, for a sample ≤ 0 with "log", or outside 0 to 1 with "share".
    """
    if scale == "median":
        ordered = np.sort(_transformed(values, "linear"))
        cut = int(scipy.stats.binom.ppf(0.025, len(ordered), 0.5))
        ends = (ordered[cut - 1], ordered[-cut]) if cut else (np.nan, np.nan)
        return Interval(*map(float, (np.median(ordered), *ends)))
    there = _transformed(values, scale)
    if np.ptp(there) == 0:
        value = float(np.asarray(values, float)[0])
        return Interval(value, *((value, value) if len(there) > 1 else (np.nan, np.nan)))
    power = np.frexp(np.abs(there).max())[1]  # of two, so that what is squared is at most 1
    there = np.ldexp(there, -power)
    half = scipy.stats.t.ppf(0.975, len(there) - 1) * scipy.stats.sem(there)
    ends = there.mean() + half * np.array([0, -1, 1])
    return Interval(*(float(SCALES[scale][1](np.ldexp(end, power))) for end in ends))


def chance(values: Float[np.ndarray, " k"], bound: float | int, scale: str = "linear") -> float:
    """p, two-sided: how likely k ≥ 2 samples are as far from `bound` as these, if that were their mean (or median). The interval of
    95 % ends at a bound where this is 0.05; of order statistics where it is at most that. 0 for samples that are all equal, elsewhere.
    """
    if scale == "median":
        off = _transformed(values, "linear") - bound
        off = off[off != 0]
        return float(scipy.stats.binomtest(int((off > 0).sum()), len(off)).pvalue) if len(off) else 1.0
    there, at = _transformed(values, scale), _transformed(np.array([bound], float), scale)[0]
    if np.ptp(there) == 0:
        return float(there[0] == at)
    power = np.frexp(max(np.abs(there).max(), abs(at)))[1]
    there, at = np.ldexp(there, -power), np.ldexp(at, -power)
    with np.errstate(divide="ignore"):
        return float(2 * scipy.stats.t.sf(abs(there.mean() - at) / scipy.stats.sem(there), len(there) - 1))


def holm(chances: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Holm's p of k tests: at most so likely that any of k true ones is refused at this level (Holm 1979)."""
    order, k = np.argsort(chances), len(chances)
    corrected = np.maximum.accumulate(chances[order] * (k - np.arange(k)))
    found = np.empty(k)
    found[order] = np.minimum(corrected, 1)
    return found


def slope(x: Float[np.ndarray, " k"], y: Float[np.ndarray, " k"]) -> float:
    """Exponent p of the power law y ∝ x^p that fits k ≥ 2 points best in logarithms."""
    return float(scipy.stats.linregress(np.log(x), np.log(y)).slope)


def two_terms(
    alpha: Float[np.ndarray, " k"], n: Float[np.ndarray, " k"], gap: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """The law gap² = C₁ α⁻⁴ + C₂ α⁻³/n with C₁, C₂ ≥ 0 that fit k gaps above 0 best in logarithms; its gaps.

    It is that of weights to those of the tangent model, where gates switch on n points: C₁ what flips add up to coherently, C₂ incoherently.
    """
    terms = np.column_stack([alpha**-2.0, alpha**-1.5 / np.sqrt(n)])
    size = gap.max()  # so that no square is beyond all numbers
    terms /= np.exp(np.log(terms / (gap / size)[:, None]).mean(0))  # either alone, where it fits best

    def law(logs: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " k"]:
        return np.hypot(*(terms * np.exp(logs)).T)

    both = scipy.optimize.least_squares(
        lambda logs: np.log(law(logs) / (gap / size)), np.full(2, -0.35), xtol=1e-15, ftol=1e-15, gtol=1e-15
    ).x
    found = [*terms.T, law(both)]
    return size * min(found, key=lambda own: np.square(np.log(own / (gap / size))).sum())


def first_below(t: Float[np.ndarray, " k"], loss: Float[np.ndarray, " k"], level: float) -> float:
    """Where a loss recorded at increasing t first is at most `level`, between records by log-linear
    interpolation; infinite if it never is."""
    below = np.flatnonzero(loss <= level)
    if not len(below):
        return np.inf
    last = below[0]
    if last == 0:
        return float(t[0])
    with np.errstate(divide="ignore"):
        before, at, after = np.log([loss[last - 1], level, loss[last]])
    share = (before - at) / (before - after)
    return float(t[last - 1] + share * (t[last] - t[last - 1]))


def level_start(x: Float[np.ndarray, " k"], values: Float[np.ndarray, " k"]) -> float:
    """The x > 0 from which on values stay within 10 % of the last, between points by log-linear interpolation; x increases."""
    off = np.abs(np.log(values / values[-1]))
    outside = np.flatnonzero(off > np.log(1.1))
    if not len(outside):
        return float(x[0])
    i = outside[-1]
    share = (off[i] - np.log(1.1)) / (off[i] - off[i + 1])
    return float(x[i] * (x[i + 1] / x[i]) ** share)


def level_exponent(
    tau: Float[np.ndarray, " k"], alpha: Float[np.ndarray, " k"], loss: Float[np.ndarray, " k"]
) -> tuple[float, float]:
    """Exponent q of the level lines α ∝ τ^(-q) of a loss over τ and α, and how well it describes them.

    The model is ln L = g(ln α + q ln τ), g a polynomial with a fifth as many degrees as there are cells; q in
    [0, 6] is where its squared residual is least. The second number is the share of the variance of ln L
    that it explains, R². Cells whose loss is not finite or 0 are left out.

    On grids of 10 × 10 it is within 0.2 of the truth for fronts as sharp as a grid step, and closer for smooth losses.

    Raises ValueError for fewer than six cells, where all cells have one loss, or if q is at an end of [0, 6].
    """
    kept = np.isfinite(loss) & (loss > 0)
    log_tau, log_alpha, log_loss = (np.log(part[kept]) for part in (tau, alpha, loss))
    if len(log_loss) < 6 or np.ptp(log_loss) == 0:
        raise ValueError(f"level lines need at least six cells of different loss, not {len(log_loss)}")
    variance = log_loss.var()

    def residual(q: float) -> float:
        scale = log_alpha + q * log_tau
        degree = min(len(scale) // 5, len(np.unique(scale.round(6))) - 1)
        fit = np.polynomial.Chebyshev.fit(scale, log_loss, degree)
        return float(np.square(fit(scale) - log_loss).mean() / variance)

    coarse = np.linspace(0, 6, 121)
    best = coarse[np.argmin([residual(q) for q in coarse])]
    if best in (coarse[0], coarse[-1]):
        raise ValueError(f"no level lines with an exponent between 0 and 6, but {best}")
    found = scipy.optimize.minimize_scalar(residual, bounds=(best - 0.05, best + 0.05), method="bounded")
    return float(found.x), 1 - float(found.fun)


def level_exponents(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """q and R² of `level_exponent` for each seed of rows over tau and alpha. Raises ValueError as it does, and without rows."""
    if runs.empty:
        raise ValueError("level lines need runs that did not diverge")
    found = {
        seed: level_exponent(*(own[name].to_numpy(float) for name in ("tau", "alpha", column)))
        for seed, own in runs.groupby("seed")
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=["q", "explained"])


def spreads(runs: pd.DataFrame, column: str) -> dict[int, Float[np.ndarray, " groups"]]:
    """`spread_at_equal` of cells with one α τ², for each seed."""
    return {
        seed: spread_at_equal((own["alpha"] * own["tau"] ** 2).to_numpy(), own[column].to_numpy())
        for seed, own in runs.groupby("seed")
    }


def spread_at_equal(
    scale: Float[np.ndarray, " k"], loss: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " groups"]:
    """Largest over least loss, minus 1, within each group of cells of one scale, up to 1e-4 of it."""
    order = np.argsort(scale)
    scale, loss = scale[order], loss[order]
    starts = np.flatnonzero(np.diff(np.log(scale)) > 1e-4) + 1
    groups = [group for group in np.split(loss, starts) if len(group) > 1]
    with np.errstate(divide="ignore"):
        return np.array([0.0 if np.ptp(group) == 0 else group.max() / group.min() - 1 for group in groups])


def diverged(rows: pd.DataFrame, runs: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Whether the run that a row is of has diverged, by the keys that both tables have of these."""
    keys = [key for key in keys if key in rows and key in runs]
    gone = pd.MultiIndex.from_frame(runs.loc[runs["diverged"].astype(bool), keys])
    return pd.Series(pd.MultiIndex.from_frame(rows[keys]).isin(gone), rows.index)


def times_to_reach(curves: pd.DataFrame, shares: list[float]) -> pd.DataFrame:
    """Iterations until the training loss is a share of its first value, for each τ, seed and share.

    `curves` are rows of curves over tau, eta and seed. `first` is the time at the smallest η of each
    τ, `best` the least over all η; both are infinite where the share is not reached.
    """
    rows = []
    for (tau, seed), own in curves.groupby(["tau", "seed"]):
        runs = [run.sort_values("iteration") for _, run in own.groupby("eta")]
        for share in shares:
            times = [
                first_below(
                    *(run[c].to_numpy(float) for c in ("iteration", "train_loss")),
                    share * run["train_loss"].iloc[0],
                )
                for run in runs
            ]
            rows.append({"tau": tau, "seed": seed, "share": share, "first": times[0], "best": min(times)})
    return pd.DataFrame(rows, columns=["tau", "seed", "share", "first", "best"])


def basin(surface: pd.DataFrame) -> tuple[float, float]:
    """How wide and how deep a landscape is: the share of its grid below twice the lowest loss, and the
    median loss on its rim over the lowest. `surface` are rows of a surface for one plane. NaN where it has no loss above 0."""
    loss = surface["test_loss"].to_numpy(float)
    if not (np.nan_to_num(loss, posinf=0.0) > 0).any():
        return np.nan, np.nan
    lowest = np.nanmin(loss)
    rim = np.zeros(len(loss), bool)
    for axis in ("x", "y"):
        rim |= surface[axis].isin([surface[axis].min(), surface[axis].max()]).to_numpy()
    with np.errstate(divide="ignore", over="ignore"):
        return float(np.mean(loss / 2 < lowest)), float(np.nanmedian(loss[rim]) / lowest)


def stable_rank(values: pd.Series) -> float:
    """‖B‖_F² / ‖B‖² from the singular values of B, the largest first; NaN for B = 0."""
    return float(((values / values.iloc[0]) ** 2).sum(skipna=False))
