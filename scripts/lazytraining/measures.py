"""Quantities that claims are checked on. Each takes the evidence and gives a sample for each seed, or plane.

τ counts as large from 10 on. Where an experiment's grid has not what a quantity needs, LackingError says so.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from lazytraining import cnn, fits
from lazytraining.ledger import Evidence, LackingError

LARGE = 10.0
Measure = Callable[[Evidence], pd.Series]


def by_seed(rows: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> pd.Series:
    """A number from each seed's rows."""
    return pd.Series({seed: statistic(own) for seed, own in rows.groupby("seed")}, dtype=float)


def need(condition: bool | np.bool_, text: str) -> None:
    if not condition:
        raise LackingError(text)


def at_extreme(rows: pd.DataFrame, column: str, key: str, largest: bool = True) -> pd.Series:
    """A column at the largest or smallest `key` of all rows, for the seeds that have it."""
    need(rows[key].nunique() > 1, f"more than one {key}")
    own = rows[rows[key] == (rows[key].max() if largest else rows[key].min())]
    need(not own["seed"].duplicated().any(), f"one run for each seed and {key}")
    return own.set_index("seed")[column]


def ratio_of_extremes(kind: str, name: str, column: str, key: str) -> Measure:
    """A column at the largest `key` over that at the smallest."""

    def measure(e: Evidence) -> pd.Series:
        rows = e.get(kind, name)
        return (at_extreme(rows, column, key) / at_extreme(rows, column, key, largest=False)).dropna()

    return measure


def exponent(rows: pd.DataFrame, x: str, y: str) -> pd.Series:
    """The exponent of y over x, of each seed that has at least two x."""
    rows = rows[rows.groupby("seed")[x].transform("nunique") > 1]
    need(len(rows) > 0, f"more than one {x}")
    return by_seed(rows, lambda own: fits.slope(own[x].to_numpy(float), own[y].to_numpy(float)))


def rank_correlation(x: pd.Series, y: pd.Series) -> float:
    return float(stats.spearmanr(x, y).statistic)


def jackknife(
    table: pd.DataFrame, statistic: Callable[[pd.DataFrame], float], kind: str, least: int = 6
) -> pd.Series:
    """Pseudo-values k θ − (k−1) θ_without of a statistic of a table with k values of `kind`: a mean with its spread."""
    items = table[kind].unique()
    k = len(items)
    need(k >= least, f"at least {least} different {kind}, not {k}")
    whole = statistic(table)
    values = {item: k * whole - (k - 1) * statistic(table[table[kind] != item]) for item in items}
    return pd.Series(values, dtype=float).rename_axis(kind)


# Figure 1 and the speed of convergence


def trajectory_ratio(column: str) -> Measure:
    return ratio_of_extremes("runs", "trajectory", column, "tau")


def late_movement(largest: bool) -> Measure:
    """Change of S over the last fifth of the run, as a share of S at its end, at the largest or smallest τ."""

    def share(own: pd.DataFrame) -> float:
        own = own.sort_values("iteration")
        t, change = own["iteration"].to_numpy(float), own["relative_change"].to_numpy(float)
        return abs(1 - np.interp(0.8 * t[-1], t, change) / change[-1])

    def measure(e: Evidence) -> pd.Series:
        curves = e.get("curves", "trajectory")
        need(curves["tau"].nunique() > 1, "more than one tau in trajectory")
        tau = curves["tau"].max() if largest else curves["tau"].min()
        return by_seed(curves[curves["tau"] == tau], share).dropna()

    return measure


def most_movement(name: str) -> Measure:
    """The larger of the two layers' relative movement at the largest τ."""

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        rows = rows[rows["tau"] == rows["tau"].max()]
        return rows.set_index("seed")[["hidden_distance", "output_distance"]].max(axis=1)

    return measure


def output_movement(name: str) -> Measure:
    return lambda e: at_extreme(e.get("runs", name), "output_distance", "tau")


def slower_by(share: float, kind: str) -> Measure:
    """Iterations to a share of the initial training loss at the largest τ, over those at τ = 0.1.

    A lazy run that never gets there counts with all its iterations, so that the ratio is a lower bound.
    """

    def measure(e: Evidence) -> pd.Series:
        curves = e.get("curves", "convergence_symmetrized")
        taus = set(curves["tau"])
        need(0.1 in taus and max(taus) > 0.1, "tau = 0.1 and a larger one in convergence_symmetrized")
        times = fits.times_to_reach(curves, [share]).set_index("seed")
        lazy, learning = (times.loc[times["tau"] == tau, kind] for tau in (max(taus), 0.1))
        need(np.isfinite(learning).all(), f"runs at tau = 0.1 that reach {share:g} of the initial loss")
        return lazy.replace(np.inf, curves["iteration"].max()) / learning

    return measure


# Plateaus


def large(e: Evidence, name: str) -> pd.DataFrame:
    rows = e.get("runs", name)
    rows = rows[rows["tau"] >= LARGE]
    need(rows["tau"].nunique() > 1, f"at least two tau >= {LARGE:g} in {name}")
    return rows


def unevenness(name: str) -> Measure:
    """Largest over least end loss at large τ, minus 1."""
    return lambda e: by_seed(
        large(e, name), lambda own: own["test_loss_end"].max() / own["test_loss_end"].min() - 1
    )


def excess(name: str) -> Measure:
    """End loss at the largest τ over the least of all τ."""

    def measure(e: Evidence) -> pd.Series:
        large(e, name)
        rows = e.get("runs", name)
        return at_extreme(rows, "test_loss_end", "tau") / rows.groupby("seed")["test_loss_end"].min()

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


def earlier_start(e: Evidence) -> pd.Series:
    return plateau_start(e, "plateau_symmetrized") / plateau_start(e, "plateau")


def off_baseline(name: str, column: str, end: str = "test_loss_end") -> Measure:
    """|loss / baseline − 1| at the largest τ."""

    def measure(e: Evidence) -> pd.Series:
        rows, baselines = e.get("runs", name), e.get("baselines", name)
        baselines = baselines[baselines["tau"] <= rows["tau"].max()]
        return (at_extreme(rows, end, "tau") / at_extreme(baselines, column, "tau") - 1).abs().dropna()

    return measure


# Theory at the start and in the limit


def start_rows(e: Evidence, sweep: str, symmetrize: bool = False) -> pd.DataFrame:
    rows = e.get("theory", "start")
    return rows[(rows["sweep"] == sweep) & (rows["symmetrize"] == symmetrize)]


def start_exponent(column: str, sweep: str, symmetrize: bool, above: float = 0.0) -> Measure:
    """Exponent of κ, the gradient or the stable step over τ or α, from `above` on."""

    def measure(e: Evidence) -> pd.Series:
        rows = start_rows(e, sweep, symmetrize)
        rows = rows[rows[sweep] >= above]
        need(rows[sweep].nunique() > 1, f"at least two theory.{sweep} >= {above:g}")
        return exponent(rows, sweep, column)

    return measure


def plateau_kappa(e: Evidence) -> pd.Series:
    return at_extreme(start_rows(e, "tau"), "kappa", "tau")


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

    return lambda e: jackknife(start_rows(e, scaling), largest, "seed", least=3)


def limit_rows(e: Evidence, symmetrize: bool = False) -> pd.DataFrame:
    """Towards the limit, from a start without mirrored neurons, or with."""
    rows = e.get("theory", "limit")
    return rows[rows["symmetrize"] == symmetrize]


def smooth_exponent(column: str, supremum: bool = False, symmetrize: bool = False) -> Measure:
    """Exponent over α of a distance at the last iteration, or of its supremum over iterations, where no gate switches.

    Those α of a seed at which no training point's gate has switched at any recorded iteration: there h is smooth.
    """

    def measure(e: Evidence) -> pd.Series:
        rows = limit_rows(e, symmetrize)
        rows = rows[rows.groupby(["seed", "alpha"])["gate_flips"].transform("max") == 0]
        need(len(rows) > 0, "larger theory.alpha, at which no gate switches")
        if not supremum:
            rows = rows[rows["iteration"] == rows["iteration"].max()]
        return exponent(rows.groupby(["seed", "alpha"], as_index=False)[column].max(), "alpha", column)

    return measure


def switching_exponent(column: str) -> Measure:
    """Exponent over α of the root mean square over seeds of a distance at the last iteration, where gates switch.

    Those α at which a training point's gate has switched in most seeds; jackknifed over seeds.
    """

    def measure(e: Evidence) -> pd.Series:
        rows = limit_rows(e)
        rows = rows[rows["iteration"] == rows["iteration"].max()]
        rows = rows[(rows["gate_flips"] > 0).groupby(rows["alpha"]).transform("mean") > 0.5]
        need(rows["alpha"].nunique() > 1, "at least two theory.alpha at which gates switch")

        def slope(part: pd.DataFrame) -> float:
            mean = part.assign(square=part[column] ** 2).groupby("alpha")["square"].mean()
            return fits.slope(mean.index.to_numpy(float), np.sqrt(mean.to_numpy()))

        return jackknife(rows, slope, "seed", least=3)

    return measure


def horizon_exponent(e: Evidence) -> pd.Series:
    """Exponent of the test gap over the last decade of iterations, at the largest α."""
    rows = limit_rows(e)
    rows = rows[rows["alpha"] == rows["alpha"].max()]
    return exponent(rows[rows["iteration"] >= rows["iteration"].max() / 10], "iteration", "test_gap")


def gap_over_bound(e: Evidence) -> pd.Series:
    """Largest ratio of the training gap to the bound of §3.1, over all α and iterations."""
    rows = limit_rows(e)
    rows = rows[rows["iteration"] > 0]
    return by_seed(rows, lambda own: float((own["train_gap"] / own["bound"]).max()))


def off_linear_rate(e: Evidence) -> pd.Series:
    """Largest |L / L_tangent − 1| over the run at the largest α."""
    rows = limit_rows(e)
    rows = rows[rows["alpha"] == rows["alpha"].max()]
    return by_seed(rows, lambda own: float((own["train_loss"] / own["tangent_train_loss"] - 1).abs().max()))


def smallest_rate(e: Evidence) -> pd.Series:
    """η λ_min(K)/n, which is above 0 if Dh(w0) has full rank."""
    return limit_rows(e).groupby("seed")["smallest_rate"].first()


def late_rate(e: Evidence) -> pd.Series:
    """Rate of ln L over the last tenth of the iterations at the largest α, over that of the smallest eigenvalue."""

    def ratio(own: pd.DataFrame) -> float:
        own = own.sort_values("iteration")
        t = own["iteration"].to_numpy(float)
        late = np.interp(0.9 * t[-1], t, np.log(own["train_loss"]))
        measured = (late - np.log(own["train_loss"].iloc[-1])) / (0.1 * t[-1])
        return float(measured / (-2 * np.log1p(-own["smallest_rate"].iloc[0])))

    rows = limit_rows(e)
    return by_seed(rows[rows["alpha"] == rows["alpha"].max()], ratio)


def one_step(symmetrize: bool, largest: bool) -> Measure:
    """Δ(F)/Δ(Dh) at the largest or smallest τ."""

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("theory", "step")
        rows = rows[(rows["sweep"] == "tau") & (rows["symmetrize"] == symmetrize)]
        rows = rows.assign(ratio=rows["objective_change"] / rows["differential_change"])
        return at_extreme(rows, "ratio", "tau", largest)

    return measure


# Figure 5


def level_exponent(name: str, column: str, result: str = "q") -> Measure:
    """q of the level lines α ∝ τ^(-q), or the share of the variance of ln L that they explain."""

    def measure(e: Evidence) -> pd.Series:
        try:
            return fits.level_exponents(e.get("runs", name), column)[result]
        except ValueError as error:
            raise LackingError(f"other cells in {name}: {error}") from None

    return measure


def spread_at_equal_scale(statistic: Callable[[np.ndarray], float]) -> Measure:
    """Median or largest spread of the end losses of cells with one α τ²."""

    def measure(e: Evidence) -> pd.Series:
        found = fits.spreads(e.get("runs", "tau_alpha_converged"), "test_loss_end")
        need(
            all(len(groups) for groups in found.values()), "cells of equal alpha tau² in tau_alpha_converged"
        )
        return pd.Series({seed: statistic(groups) for seed, groups in found.items()}, dtype=float)

    return measure


def share_above_zero(e: Evidence) -> pd.Series:
    """Share of the cells of the published variant whose best loss is above the zero predictor's."""
    rows = e.get("runs", "tau_alpha_code")
    return by_seed(rows, lambda own: float((own["test_loss_best"] > own["zero_loss"]).mean()))


def best_over_initial(e: Evidence) -> pd.Series:
    """Median of best over initial loss in those cells."""
    keys = ["seed", "alpha", "tau"]
    curves = e.get("curves", "tau_alpha_code")
    initial = curves[curves["iteration"] == 0].set_index(keys)["test_loss"]
    rows = e.get("runs", "tau_alpha_code").set_index(keys)
    rows = rows[rows["test_loss_best"] > rows["zero_loss"]]
    need(len(rows) > 0, "cells above the zero predictor in tau_alpha_code")
    return (rows["test_loss_best"] / initial.reindex(rows.index)).groupby(level="seed").median()


def unconverged_share(e: Evidence) -> pd.Series:
    """Share of the cells of the text's variant that end more than a quarter above the converged loss at their α τ²."""
    found = {}
    ours, converged = (
        dict(list(e.get("runs", name).groupby("seed"))) for name in ("tau_alpha_text", "tau_alpha_converged")
    )
    for seed in ours.keys() & converged.keys():
        end = converged[seed].assign(
            s=np.log(converged[seed]["alpha"] * converged[seed]["tau"] ** 2).round(3)
        )
        reference = np.log(end.groupby("s")["test_loss_end"].median())
        s = np.log(ours[seed]["alpha"] * ours[seed]["tau"] ** 2)
        inside = s.between(reference.index.min(), reference.index.max())
        expected = np.interp(s[inside], reference.index, reference)
        found[seed] = float(
            (np.log(ours[seed].loc[inside, "test_loss_end"]) - expected > np.log(1.25)).mean()
        )
    need(len(found) > 0, "a seed that tau_alpha_text and tau_alpha_converged share")
    return pd.Series(found, dtype=float)


# Step sizes


def rise_with_tau(name: str, column: str, highest: float = np.inf) -> Measure:
    """Rank correlation of a loss with τ up to `highest`."""

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        rows = rows[rows["tau"] <= highest * (1 + 1e-9)]
        need(rows["tau"].nunique() >= 3, f"at least three tau in {name}")
        need(rows["seed"].nunique() >= 3, f"at least three seeds in {name}")
        return by_seed(rows, lambda own: rank_correlation(own["tau"], own[column]))

    return measure


def rise_along(step: Callable[[np.ndarray], np.ndarray]) -> Measure:
    """Rank correlation of the end loss with τ along the steps of a plane nearest to η(τ), less than a factor 3 off.

    A τ at which that run diverged is left out.
    """

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", "step_size", diverged=True)
        off = np.abs(np.log(rows["eta"] / step(rows["tau"])))
        nearest = off.groupby([rows["seed"], rows["tau"]]).idxmin()
        rows = rows.loc[nearest[off[nearest].to_numpy() < np.log(3)]]
        rows = rows[~rows["diverged"]]
        need(rows["tau"].nunique() >= 3, "at least three tau with such steps in step_size")
        return by_seed(rows, lambda own: rank_correlation(own["tau"], own["test_loss_end"]))

    return measure


# Widths and landscapes


def width_exponent(name: str, column: str = "test_loss_end", least: int = 8) -> Measure:
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        return exponent(rows[rows["m"] >= least], "m", column)

    return measure


def width_ratio(e: Evidence) -> pd.Series:
    ours, theirs = (
        at_extreme(e.get("runs", n), "test_loss_end", "m") for n in ("width_ntk", "width_mean_field")
    )
    return ours / theirs


def basins(e: Evidence) -> pd.DataFrame:
    """Width (share below twice the lowest) and depth (rim over lowest) of every plane, with its students' loss."""
    rows = []
    for name in ("landscape_mean_field", "landscape_ntk"):
        losses = e.get("endpoints", name)
        losses = losses[losses["experiment"] == losses["plane"]].groupby("m")["test_loss"].mean()
        for m, surface in principal(e.get("surfaces", name)).groupby("m"):
            wide, deep = fits.basin(surface)
            rows.append({"scaling": name, "m": m, "wide": wide, "deep": deep, "loss": losses[m]})
    return pd.DataFrame(rows)


def principal(surfaces: pd.DataFrame) -> pd.DataFrame:
    need((surfaces["kind"] == "principal").all(), "landscape.plane: principal")
    return surfaces


def basin_at_smallest(column: str, over: str, under: str) -> Measure:
    """A basin's number of one scaling over the other's, where a power law over m has it at the smallest m."""

    def measure(e: Evidence) -> pd.Series:
        table = basins(e)
        smallest = np.log(table["m"].min())

        def fitted(part: pd.DataFrame) -> float:
            values = part.pivot(index="m", columns="scaling", values=column)
            line = stats.linregress(
                np.log(values.index.to_numpy(float)), np.log(values[over] / values[under])
            )
            return line.intercept + line.slope * smallest

        return np.exp(jackknife(table, fitted, "m"))

    return measure


def basin_exponent(column: str) -> Measure:
    """Exponent over m of a number of the 1/√m basins."""

    def measure(e: Evidence) -> pd.Series:
        table = basins(e)
        table = table[table["scaling"] == "landscape_ntk"]
        return jackknife(
            table, lambda part: fits.slope(part["m"].to_numpy(float), part[column].to_numpy()), "m"
        )

    return measure


def sharpness_correlation(e: Evidence) -> pd.Series:
    """Rank correlation over m and scaling of how wide a plane is with its students' test loss; jackknifed over m."""
    return jackknife(basins(e), lambda part: rank_correlation(part["wide"], part["loss"]), "m")


def widest(e: Evidence, students: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """At the largest m: the surface of the 1/m plane, and the end points of one scaling on it."""
    surface, points = (e.get(kind, "landscape_mean_field") for kind in ("surfaces", "endpoints"))
    principal(surface)
    m = surface["m"].max()
    own = points[(points["m"] == m) & (points["experiment"] == students) & np.isfinite(points["x"])]
    return surface[surface["m"] == m], own.set_index("seed")


def centre(surface: pd.DataFrame) -> float:
    """The loss at the grid point nearest to the plane's centre."""
    return float(surface.loc[np.hypot(surface["x"], surface["y"]).idxmin(), "test_loss"])


def centre_over(column: str) -> Measure:
    """Height of the centre of the widest 1/m plane over a height at each of its end points."""

    def measure(e: Evidence) -> pd.Series:
        surface, points = widest(e, "landscape_mean_field")
        return centre(surface) / points[column]

    return measure


def projection_radius(e: Evidence) -> pd.Series:
    """Distance of each 1/√m projection from the centre, over the mean one of the 1/m students."""
    radius = [
        np.hypot(points["x"], points["y"])
        for points in (widest(e, name)[1] for name in ("landscape_ntk", "landscape_mean_field"))
    ]
    return radius[0] / radius[1].mean()


def projected(column: str, over: str) -> Measure:
    """A column of the 1/√m end points on the widest 1/m plane over another, or over the lowest point."""

    def measure(e: Evidence) -> pd.Series:
        surface, points = widest(e, "landscape_ntk")
        return points[column] / (surface["test_loss"].min() if over == "lowest" else points[over])

    return measure


def in_plane(e: Evidence) -> pd.Series:
    return widest(e, "landscape_ntk")[1]["in_plane"]


# Population loss, few neurons, neurons in the plane, spectra


def over_least(name: str, column: str) -> Measure:
    """A loss at the largest τ over the least of all τ."""

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        return at_extreme(rows, column, "tau") / rows.groupby("seed")[column].min()

    return measure


def paths_moved(largest: bool) -> Measure:
    """‖w_T − w0‖/‖w0‖ over the points |a| b of all neurons, at the largest or smallest τ."""

    def moved(own: pd.DataFrame) -> float:
        places = own.pivot(index="iteration", columns="neuron", values=["x", "y"]).to_numpy()
        return float(np.linalg.norm(places[-1] - places[0]) / np.linalg.norm(places[0]))

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("paths", "neuron_paths")
        need(rows["tau"].nunique() > 1, "more than one tau in neuron_paths")
        tau = rows["tau"].max() if largest else rows["tau"].min()
        return by_seed(rows[(rows["tau"] == tau) & (rows["neuron"] >= 0)], moved)

    return measure


def rank_left(name: str, largest: bool) -> Measure:
    """Stable rank of the hidden layer at the end over that at the start, at the largest or smallest τ."""

    def share(own: pd.DataFrame) -> float:
        end, start = (fits.stable_rank(own.sort_values("index")[column]) for column in ("end", "start"))
        return end / start

    def measure(e: Evidence) -> pd.Series:
        rows = e.get("spectra", name)
        rows = rows[~rows["diverged"]]
        need(rows["tau"].nunique() > 1, f"more than one tau in {name}")
        tau = rows["tau"].max() if largest else rows["tau"].min()
        return by_seed(rows[rows["tau"] == tau], share)

    return measure


# The CNN


def cnn_runs(e: Evidence) -> pd.DataFrame:
    """Each α's runs at its best learning rate, without those that diverged."""
    best = cnn.best(e.get("cnn", "vgg11"))
    return best[~best["diverged"]]


def at_alpha(e: Evidence, column: str, alpha: float | None) -> pd.Series:
    """A column by seed, at one α or at the largest."""
    rows = cnn_runs(e)
    if alpha is None:
        return at_extreme(rows, column, "alpha")
    need(alpha in set(rows["alpha"]), f"alpha = {alpha:g} in vgg11")
    return rows[rows["alpha"] == alpha].set_index("seed")[column]


def change_to_largest_alpha(column: str) -> Measure:
    """A column at the largest α, less at α = 1."""
    return lambda e: (at_alpha(e, column, None) - at_alpha(e, column, 1.0)).dropna()


def frozen_gap(alpha: float | None) -> Measure:
    """Absolute difference of test accuracies with the pattern of w0 frozen and without, at one α or at the largest."""
    return lambda e: (at_alpha(e, "test_accuracy", alpha) - at_alpha(e, "test_accuracy_frozen", alpha)).abs()


def least_kept(e: Evidence) -> pd.Series:
    """Share of gates or poolings as at the start, in the layer that keeps least, at the largest α."""
    return pd.concat([at_alpha(e, name, None) for name in (*cnn.GATES, *cnn.CHOICES)], axis=1).min(axis=1)


def kept_with_alpha(e: Evidence) -> pd.Series:
    """Rank correlation over α of the share of gates as at the start, in the mean over layers."""
    rows = cnn_runs(e)
    need(rows["alpha"].nunique() > 2, "more than two alpha in vgg11")
    return by_seed(rows, lambda own: rank_correlation(own["alpha"], own[cnn.GATES].mean(axis=1)))


def initial_weights(e: Evidence) -> pd.Series:
    """Size of the CNN's initial weights over that of Xavier's rule."""
    return e.get("cnn", "vgg11").groupby("seed")["weights_over_xavier"].first()
