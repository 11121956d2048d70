"""Towards the lazy limit (§3, §5.2): gaps to the tangent model over α, the horizon and the sample, and speed of convergence.

In: limit and sample of every seed, and the curves and the table of `convergence_symmetrized`. Out: the figure as PNG and PDF. Lines are
medians over seeds, bands reach from the least to the greatest.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lazytraining.config import names
from lazytraining.figures import labels, plots, style
from lazytraining.files import parquet, schemas
from lazytraining.student import fits
from lazytraining.workflow import jobs

SMALL = {"markersize": 2.5}
SWITCHING = {"color": "black", "ls": "-", "lw": 0.6}
"""The look of the slopes where gates switch."""
GAP = r"$\|f_\alpha-\bar f\|\,/\,\|y\|$"
"""f is the model with its initial output subtracted."""
WEIGHTS = r"$\|w_\alpha-\bar w_\alpha\|$"
LAW = {"color": "black", "ls": "-", "lw": 0.7}
SHARES = [1e-1, 1e-2, 1e-3]
"""Of the initial training loss, in the last panel."""


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """At the last iteration, of what did not diverge."""
    return rows[~rows["diverged"] & (rows["iteration"] == rows["iteration"].max())]


def orders(axes: Axes, median: pd.Series, order: int, switching: str) -> None:
    """The slope that §3.1 gives, from the largest α down, and half a power less where gates switch, from the smallest up to 100."""
    plots.guide(axes, median, -1, order, f"${order}$")
    plots.guide(axes, median[median.index <= 100], 0, order + 0.5, switching, **SWITCHING)


def against_alpha(axes: Axes, rows: pd.DataFrame, ylabel: str) -> None:
    axes.set(xscale="log", xlabel=labels.LABELS["alpha"], ylabel=ylabel)
    plots.log_axis(axes, "y", room=2 * plots.LINE)
    axes.legend(loc="upper right")
    plots.say_diverged(axes, rows.drop_duplicates(["symmetrize", "alpha", "seed"]))


def weights(axes: Axes, rows: pd.DataFrame) -> None:
    """Distances of weights against α at the last iteration."""
    last = last_rows(rows[~rows["symmetrize"]]).set_index("alpha")
    moved = plots.medians(axes, last["distance"], 0, r"$\|w_\alpha-w_0\|$", **SMALL)
    plots.guide(axes, moved, 0, -1, "$-1$")
    orders(axes, plots.medians(axes, last["weight_gap"], 1, WEIGHTS, **SMALL), -2, r"$-\frac{3}{2}$")
    against_alpha(axes, rows, f"distance at iteration {rows['iteration'].max()}")


def outputs(axes: Axes, rows: pd.DataFrame) -> None:
    """The gap of the outputs on test points against α at the last iteration, of both starts."""
    last = last_rows(rows).set_index("alpha")
    medians = [
        plots.medians(axes, last.loc[last["symmetrize"] == start, "test_gap"], number, label, **SMALL)
        for number, (start, label) in enumerate(names.STARTS.items())
    ]
    orders(axes, medians[0], -1, r"$-\frac{1}{2}$")
    against_alpha(axes, rows, f"{GAP}, test")


def horizon(axes: Axes, rows: pd.DataFrame) -> None:
    """The gap of the outputs against the horizon, beside the bound of §3.1."""
    own = rows[~rows["symmetrize"]]
    plots.say_diverged(axes, own.drop_duplicates(["alpha", "seed"]))
    rows = own[~own["diverged"] & (own["iteration"] > 0)]
    alphas = np.sort(rows["alpha"].unique())
    chosen = dict.fromkeys([*alphas[:1], *alphas[len(alphas) // 2 :][:1], *alphas[-1:]])
    for number, alpha in enumerate(chosen):
        own = rows[rows["alpha"] == alpha].set_index("iteration")["train_gap"]
        plots.medians(axes, own, number, rf"$\alpha={alpha:g}$", marker="")
    for alpha in alphas[:1]:
        bound = rows[rows["alpha"] == alpha].groupby("iteration")["bound"].median()
        axes.plot(bound.index, bound, color="0.3", ls=(0, (1, 1.5)), label=rf"bound, $\alpha={alpha:g}$")
    axes.set(xscale="log", xlabel=labels.LABELS["iteration"], ylabel=f"{GAP}, training")
    plots.log_axis(axes, "y", room=2 * plots.LINE)
    if len(alphas):
        axes.legend(loc="upper left", ncols=2, columnspacing=0.6, handlelength=1.4)


def finite_sample(axes: Axes, rows: pd.DataFrame) -> None:
    """The weights' gap times α², level where it has the theorem's order, for each number of training points: its root mean square
    over seeds, beside the law of two terms."""
    if rows.empty:
        plots.say(axes, "theory.sample is null")
        return
    plots.say_diverged(axes, rows)
    kept = rows[~rows["diverged"] & (rows["weight_gap"] > 0)]
    axes.set(xscale="log", xlabel=labels.LABELS["alpha"], ylabel=rf"$\alpha^2$ {WEIGHTS}")
    plots.tick_at(axes, "x", np.sort(rows["alpha"].unique()))
    if kept.empty:
        return
    largest = kept["weight_gap"].max()  # so that no square is beyond all numbers
    squares = (kept["weight_gap"] / largest) ** 2
    found = largest * np.sqrt(squares.groupby([kept["n_train"], kept["alpha"]]).mean())
    points = found.reset_index()
    alpha, n, gap = (points[key].to_numpy(float) for key in ("alpha", "n_train", "weight_gap"))
    law = alpha**2 * fits.two_terms(alpha, n, gap)
    scaled = kept.assign(gap=kept["weight_gap"] * kept["alpha"] ** 2)
    for number, (n, own) in enumerate(points.groupby("n_train")):
        ends = scaled[scaled["n_train"] == n].groupby("alpha")["gap"].agg(["min", "max"])
        level = own["weight_gap"] * own["alpha"] ** 2
        plots.band(axes, own["alpha"], level, ends["min"], ends["max"], number, label=f"$n={n}$", **SMALL)
        axes.plot(
            own["alpha"], law[own.index], **LAW, label=r"$\sqrt{C_1+C_2\,\alpha/n}$" if number == 0 else None
        )
    plots.plain_logarithmic(axes, room=2 * plots.LINE)
    axes.legend(loc="upper right", ncols=2, columnspacing=0.8, handlelength=1.4)


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
            positive = own[kind].where(own[kind] > 0).astype(float)
            found = positive.groupby(own["tau"])
            median = found.median().where(np.isfinite(found.max()))
            line = style.line_look(number) | {"linestyle": dashes, "markerfacecolor": face}
            axes.plot(median.index, median, **line)
    shares = [
        Line2D(
            [], [], **(style.line_look(number) | {"linestyle": ""}), label=f"$10^{{{np.log10(share):.0f}}}$"
        )
        for number, share in enumerate(SHARES)
    ]
    kinds = [
        Line2D([], [], color="0.3", ls=ls, marker="o", markerfacecolor=face, label=label)
        for ls, face, label in (("-", None, "same rule"), ("--", "white", "best step"))
    ]
    axes.set(xscale="log", xlabel=labels.LABELS["tau"], ylabel="iterations to reach this share")
    said = plots.LINE * runs["diverged"].any()
    plots.log_axis(axes, "y", room=3.5 * plots.LINE + said)
    plots.say_diverged(axes, runs)
    look = {"ncols": 2, "columnspacing": 0.8, "handlelength": 1.4}
    axes.legend(handles=[*shares, *kinds], loc="upper right", bbox_to_anchor=(1, 1 - said / 2), **look)


def draw(limit: pd.DataFrame, sample: pd.DataFrame, curves: pd.DataFrame, runs: pd.DataFrame) -> plt.Figure:
    figure, panels = plt.subplots(2, 3, figsize=(style.PAGE, 4.8))
    (left, middle, right), (points, rate, fast) = panels
    weights(left, limit)
    outputs(middle, limit)
    horizon(right, limit)
    finite_sample(points, sample)
    linear_rate(rate, limit)
    speed(fast, curves, runs)
    d = sample["d"].iloc[0] if len(sample) else "?"
    titles = {
        left: r"(a) weights, not symm., $\tau=1$",
        middle: r"(b) outputs, $\tau=1$",
        right: "(c) gap against the horizon",
        points: f"(d) finite samples, $d={d}$",
        rate: rf"(e) linear convergence, $\alpha={limit['alpha'].max():g}$",
        fast: "(f) speed, symmetrised",
    }
    plots.entitle(titles)
    return figure


def main(snakemake) -> None:
    jobs.start(snakemake)
    read = snakemake.input
    limit = parquet.read(read.limit, schemas.THEORY_LIMIT).to_pandas()
    none = schemas.THEORY_SAMPLE.empty_table()  # where theory.sample is null
    sample = (parquet.read(read.sample, schemas.THEORY_SAMPLE) if read.sample else none).to_pandas()
    curves = parquet.read(read.curves, schemas.CURVE).to_pandas()
    runs = parquet.read(read.runs, schemas.RUN).to_pandas()
    style.save(draw(limit, sample, curves, runs), snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
