"""The theory, measured (§1.1, §3, §5): κ, one step, the lazy limit, gradients, and speed of convergence.

In: start, step and limit of every seed, and the curves and the table of `convergence_symmetrized`.
Out: the figure as PNG and PDF. Lines are means over seeds (geometric), bands reach from the least to the greatest.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.workflow import jobs

GAPS = {
    "distance": (r"$\|w_\alpha-w_0\|$", -1),
    "weight_gap": (r"$\|w_\alpha-\bar w_\alpha\|$", -2),
    "test_gap": (r"$\|f_\alpha-\bar f\|\,/\,\|y\|$, test", -1),
}
"""Label and the order in α that §3.1 gives; f is the model with its initial output subtracted."""
SWITCHING = {"color": "black", "linestyle": "-", "linewidth": 0.6}
"""The look of the slopes where gates switch."""
SHARES = [1e-1, 1e-2, 1e-3]
"""Of the initial training loss, in the last panel."""


def over_seeds(axes: Axes, rows: pd.DataFrame, x: str, y: str, number: int, **line) -> pd.Series:
    """Geometric mean of what is finite and above 0 against x, with a band over seeds; returns the mean."""
    values = rows.set_index(x)[y].astype(float)
    grouped = np.log(values[np.isfinite(values) & (values > 0)]).groupby(level=0)
    low, mean, high = (np.exp(getattr(grouped, name)()) for name in ("min", "mean", "max"))
    plots.band(axes, mean.index, mean, low, high, number, **({"markersize": 2.5} | line))
    return mean


def reference(axes: Axes, mean: pd.Series, at: int, exponent: float, label: str | None) -> None:
    """A dotted line of a given slope through a point of a mean, the first or the last."""
    x = mean.index.to_numpy(float)
    if len(x):
        y = mean.iloc[at] * (x / x[at]) ** exponent
        axes.plot(x, y, color="0.3", ls=(0, (1, 1.5)), lw=0.9, label=label)


def kappa(axes: Axes, start: pd.DataFrame, sweep: str) -> None:
    for number, (symmetrize, label) in enumerate(labels.STARTS.items()):
        rows = start[(start["sweep"] == sweep) & (start["symmetrize"] == symmetrize)]
        over_seeds(axes, rows, sweep, "kappa", number, label=label)
    axes.set(xscale="log", xlabel=labels.LABELS[sweep], ylabel=r"$\kappa_{\alpha h}(w_0)$")
    plots.log_axis(axes, "y")
    axes.legend()


def kappa_of_width(axes: Axes, start: pd.DataFrame) -> None:
    for number, (sweep, label) in enumerate(labels.SCALINGS.items()):
        mean = start[start["sweep"] == sweep].groupby("m")["kappa"].mean()
        axes.plot(mean.index, mean, **(style.line_look(number) | {"markersize": 2.5}), label=label)
    reference(axes, mean, 0, -0.5, r"$\propto m^{-1/2}$")
    axes.set(xscale="log", xlabel=labels.LABELS["m"], ylabel=r"mean of $\kappa_{\alpha h}(w_0)$")
    plots.log_axis(axes, "y")
    axes.legend()


def one_step(axes: Axes, step: pd.DataFrame) -> None:
    """Δ(F)/Δ(Dh) after one step: how much more the objective changes than the differential."""
    ratio = step.assign(ratio=step["objective_change"] / step["differential_change"])
    for number, (symmetrize, label) in enumerate(labels.STARTS.items()):
        for sweep, symbol in (("tau", r"$\tau$"), ("alpha", r"$\alpha$")):
            rows = ratio[(ratio["sweep"] == sweep) & (ratio["symmetrize"] == symmetrize)]
            options = {"marker": "o" if sweep == "tau" else "^", "linestyle": "-" if sweep == "tau" else "--"}
            over_seeds(axes, rows, sweep, "ratio", number, label=f"{label}, over {symbol}", **options)
    axes.axhline(1, **(style.ZERO | {"label": None}))
    axes.set(xscale="log", xlabel=r"$\tau$ or $\alpha$, the other being 1")
    axes.set_ylabel(r"$\Delta(F)\,/\,\Delta(Dh)$ after one step")
    plots.log_axis(axes, "y")
    axes.legend()


def gradient(axes: Axes, start: pd.DataFrame) -> None:
    for number, (symmetrize, label) in enumerate(labels.STARTS.items()):
        rows = start[(start["sweep"] == "tau") & (start["symmetrize"] == symmetrize)]
        over_seeds(axes, rows, "tau", "gradient_norm", number, label=rf"$\|\nabla F(w_0)\|$, {label}")
    over_seeds(axes, rows, "tau", "stable_step", 2, label="largest stable step $2/\\|Dh\\|^2$")
    axes.set(xscale="log", xlabel=labels.LABELS["tau"], ylabel="gradient norm, step size")
    plots.log_axis(axes, "y", above=1e7)
    axes.legend()


def limit(axes: Axes, rows: pd.DataFrame) -> None:
    """Distances against α at the last iteration, with the slopes that §3.1 gives and those where gates switch."""
    last = rows[~rows["diverged"] & (rows["iteration"] == rows["iteration"].max())]
    generic, mirrored = (last[last["symmetrize"] == start] for start in (False, True))
    for number, (column, (label, order)) in enumerate(GAPS.items()):
        mean = over_seeds(axes, generic, "alpha", column, number, label=label)
        dotted = rf"slopes {', '.join(f'${gap[1]}$' for gap in GAPS.values())}" if number == 0 else None
        reference(axes, mean, -1, order, dotted)
        switch = mean.index[mean.index <= 100].to_numpy(float)
        if column != "distance" and len(switch):
            axes.plot(switch, mean.iloc[0] * (switch / switch[0]) ** (order + 0.5), **SWITCHING)
    over_seeds(axes, mirrored, "alpha", "test_gap", 3, label="the last, symmetrised")
    axes.plot([], [], **SWITCHING, label=r"$-\frac{3}{2}$, $-\frac{1}{2}$ (gates switch)")
    axes.set(xscale="log", xlabel=labels.LABELS["alpha"])
    axes.set_ylabel(f"at iteration {rows['iteration'].max()}")
    plots.log_axis(axes, "y", above=1e3)
    axes.legend(loc="upper right", ncols=2, columnspacing=0.8, handlelength=1.6, fontsize=6)
    plots.say_diverged(axes, rows.drop_duplicates(["symmetrize", "alpha", "seed"]))


def horizon(axes: Axes, rows: pd.DataFrame) -> None:
    """The gap of the outputs against the horizon, beside the bound of §3.1."""
    own = rows[~rows["symmetrize"]]
    plots.say_diverged(axes, own.drop_duplicates(["alpha", "seed"]))
    rows = own[~own["diverged"] & (own["iteration"] > 0)]
    alphas = np.sort(rows["alpha"].unique())
    for number, alpha in enumerate(
        dict.fromkeys([*alphas[:1], *alphas[len(alphas) // 2 :][:1], *alphas[-1:]])
    ):
        own = rows[rows["alpha"] == alpha]
        over_seeds(axes, own, "iteration", "train_gap", number, marker="", label=rf"$\alpha={alpha:g}$")
    for alpha in alphas[:1]:
        bound = rows[rows["alpha"] == alpha].groupby("iteration")["bound"].mean()
        axes.plot(bound.index, bound, color="0.3", ls=(0, (1, 1.5)), label=rf"bound, $\alpha={alpha:g}$")
    axes.set(
        xscale="log",
        xlabel=labels.LABELS["iteration"],
        ylabel=GAPS["test_gap"][0].replace("test", "training"),
    )
    plots.log_axis(axes, "y", below=1e-3)
    if len(alphas):
        axes.legend(loc="lower right", ncols=2)


def linear_rate(axes: Axes, rows: pd.DataFrame) -> None:
    """Training loss at the largest α, its closed form, and what the smallest eigenvalue guarantees; the first seed that did not
    diverge."""
    largest = rows[(rows["alpha"] == rows["alpha"].max()) & ~rows["symmetrize"]]
    plots.say_diverged(axes, largest.drop_duplicates("seed"))
    axes.set(xlabel=labels.LABELS["iteration"], ylabel="training loss / initial")
    kept = largest[~largest["diverged"]]
    if kept.empty:
        return
    own = kept[kept["seed"] == kept["seed"].min()]
    initial = own["train_loss"].iloc[0]
    axes.plot(own["iteration"], own["train_loss"] / initial, color=style.COLORS[0], label="trained")
    closed = own["tangent_train_loss"] / initial
    axes.plot(own["iteration"], closed, color="black", ls="--", lw=0.8, label="tangent model")
    with np.errstate(divide="ignore", invalid="ignore"):  # beyond the stable step nothing is guaranteed
        guaranteed = np.exp(2 * own["iteration"] * np.log1p(-own["smallest_rate"]))
    label = r"$(1-\eta\lambda_{\min}/n)^{2t}$"
    axes.plot(own["iteration"], guaranteed, color=style.COLORS[1], ls="-.", label=label)
    plots.log_axis(axes, "y")
    axes.legend()


def speed(axes: Axes, curves: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Iterations to reach a share of the initial training loss, at the smallest step given and at the best.

    A τ at which some seed does not get there has no point.
    """
    curves = curves[~fits.diverged(curves, runs, schemas.KEYS)]
    times = fits.times_to_reach(curves, SHARES)
    for number, share in enumerate(SHARES):
        for kind, dashes, face in (("first", "-", None), ("best", "--", "white")):
            own = times[times["share"] == share]
            positive = own[kind].where(own[kind] > 0)
            mean = np.exp(np.log(positive).groupby(own["tau"]).mean()).replace(np.inf, np.nan)
            line = style.line_look(number) | {"linestyle": dashes, "markerfacecolor": face}
            axes.plot(mean.index, mean, **line)
    shares = [
        Line2D(
            [], [], **(style.line_look(number) | {"linestyle": ""}), label=f"$10^{{{np.log10(share):.0f}}}$"
        )
        for number, share in enumerate(SHARES)
    ]
    kinds = [
        Line2D([], [], color="0.3", ls=ls, label=label)
        for ls, label in (("-", "same rule"), ("--", "best step"))
    ]
    axes.set(xscale="log", xlabel=labels.LABELS["tau"], ylabel="iterations to reach this share")
    plots.log_axis(axes, "y", above=6.0)
    plots.say_diverged(axes, runs)
    axes.legend(handles=[*shares, *kinds], loc="upper center", ncols=3, columnspacing=1)


def draw(
    start: pd.DataFrame, step: pd.DataFrame, rows: pd.DataFrame, curves: pd.DataFrame, runs: pd.DataFrame
) -> plt.Figure:
    figure, panels = plt.subplots(3, 3, figsize=(style.PAGE * 1.3, 7.6))
    (tau, alpha, width), (scaling, time, changes), (gradients, rate, fast) = panels
    kappa(tau, start, "tau")
    kappa(alpha, start, "alpha")
    kappa_of_width(width, start)
    limit(scaling, rows)
    horizon(time, rows)
    one_step(changes, step)
    gradient(gradients, start)
    linear_rate(rate, rows)
    speed(fast, curves, runs)
    titles = {
        tau: r"(a) $\kappa$ against $\tau$",
        alpha: r"(b) $\kappa$ against $\alpha$",
        width: r"(c) $\kappa$ against $m$, not symmetrised",
        scaling: r"(d) towards the lazy limit, $\tau=1$",
        time: "(e) the gap against the horizon",
        changes: "(f) objective against differential",
        gradients: r"(g) gradient and step at $w_0$",
        rate: rf"(h) linear convergence, $\alpha={rows['alpha'].max():g}$",
        fast: "(i) speed, symmetrised",
    }
    for axes, title in titles.items():
        style.letter(axes, title)
        for which in "xy":
            getattr(axes, f"{which}axis").set_minor_locator(NullLocator())
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    theory = {"start": schemas.THEORY_START, "step": schemas.THEORY_STEP, "limit": schemas.THEORY_LIMIT}
    parts = [parquet.read(snakemake.input[name], schema).to_pandas() for name, schema in theory.items()]
    curves = parquet.read(snakemake.input.curves, schemas.CURVE).to_pandas()
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    style.save(draw(*parts, curves, runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
