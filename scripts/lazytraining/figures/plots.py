"""What figures are built from: bands over seeds, heat maps, axes that fit their values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    NullFormatter,
    NullLocator,
)

from lazytraining.config import names
from lazytraining.figures import labels, style
from lazytraining.student import averages

NO_PLANE = "fewer than three\nruns did not diverge"
NO_LOSS = "no finite loss above 0"
NO_COLORS = LogNorm(1, 10)
"""Where there is nothing to colour; a bar of it has no numbers."""


def is_logarithmic(values: np.ndarray) -> bool:
    """Whether positive values are nearer to equal ratios than to equal steps."""
    values = np.sort(np.unique(values))
    if len(values) < 3 or values[0] <= 0:
        return bool(len(values) == 2 and values[0] > 0 and values[1] / values[0] >= 3)
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def fit_axis(axes: Axes, which: str, values: np.ndarray) -> None:
    """Logarithmic scale along x or y where the values call for it."""
    if is_logarithmic(np.asarray(values, float)):
        getattr(axes, f"set_{which}scale")("log")
        getattr(axes, f"{which}axis").set_minor_formatter(NullFormatter())


def log_axis(axes: Axes, which: str, below: float = 1.0, above: float = 1.0) -> None:
    """Logarithmic scale along x or y, its limits times `below` and `above`; not where nothing that is drawn is above 0.

    Where nothing is drawn at all there are no numbers either.
    """
    if not np.isfinite(getattr(axes.dataLim, f"minpos{which}")):
        shared = getattr(axes, f"get_shared_{which}_axes")().get_siblings(axes)
        if not any(np.isfinite(getattr(own.dataLim, f"interval{which}")).all() for own in shared):
            getattr(axes, f"set_{which}ticks")([])
        return
    getattr(axes, f"set_{which}scale")("log")
    if below != 1 or above != 1:
        low, high = getattr(axes, f"get_{which}lim")()
        getattr(axes, f"set_{which}lim")(low * below, high * above)


def say(axes: Axes, text: str, height: float = 0.5) -> None:
    """A few words in the middle of a panel, or higher."""
    place = {"ha": "center", "va": "center", "transform": axes.transAxes, "bbox": style.PAPER}
    (axes.text2D if axes.name == "3d" else axes.text)(0.5, height, text, fontsize=6, **place)


def say_diverged(axes: Axes, runs: pd.DataFrame) -> None:
    """How many of these runs diverged, at the top of a panel; in its middle if none is left to be drawn."""
    count = int(runs["diverged"].sum())
    if count:
        say(axes, f"{count} of {len(runs)} runs diverged", 0.5 if count == len(runs) else 0.96)


def band(axes: Axes, x, center, low, high, number: int, **line) -> None:
    """A line with markers in a band from low to high; `number` chooses colour and style."""
    line = style.line_look(number) | line
    axes.fill_between(x, low, high, color=line["color"], alpha=0.2, linewidth=0)
    axes.plot(x, center, **line)


def deviation(
    axes: Axes, x, mean: pd.Series, spread: pd.Series, number: int, floor: float = 0.0, **line
) -> None:
    """A mean ± one standard deviation, not below `floor`; of one value there is none."""
    spread = spread.fillna(0)
    band(axes, x, mean, (mean - spread).clip(lower=floor), mean + spread, number, **line)


def sweep(
    axes: Axes,
    runs: pd.DataFrame,
    columns: dict[str, str],
    over: str = "tau",
    divide_by: str | None = None,
    first: int = 0,
) -> None:
    """Mean ± one standard deviation over seeds of some columns against a swept key.

    Diverged runs are in no mean; each place that has some is marked at the top with how many.
    With `divide_by`, each run's value is divided by its own value of that column first. `first` is the number of the first line.
    """
    kept = runs[~runs["diverged"]]
    if divide_by:
        kept = kept.assign(**{column: kept[column] / kept[divide_by] for column in columns})
    found = averages.in_groups(kept, [over], list(columns), ["mean", "std"])
    found = found.reindex(sorted(runs[over].unique()))
    for number, (column, label) in enumerate(columns.items(), start=first):
        deviation(axes, found.index, found[column, "mean"], found[column, "std"], number, label=label)
    fit_axis(axes, "x", runs[over].to_numpy())
    axes.set_xlabel(labels.LABELS[over])
    mark_diverged(axes, runs.groupby(over)["diverged"].agg(diverged="sum", total="size"))


def medians(axes: Axes, values: pd.Series, number: int, label: str) -> None:
    """Median over seeds, with a band from the least to the greatest, of values indexed by what is swept and seed."""
    found = values.groupby(level=0).agg(["median", "min", "max"])
    band(axes, found.index, found["median"], found["min"], found["max"], number, label=label)


def dots(axes: Axes, runs: pd.DataFrame, column: str, number: int, label: str | None, **line) -> None:
    """A column against m: a dot for each seed, a line through the means."""
    line = style.line_look(number) | {"markersize": 3} | line
    means = runs.groupby("m")[column].mean()
    axes.plot(runs["m"], runs[column], ".", color=line["color"], ms=3, alpha=0.5)
    axes.plot(means.index, means, label=label, **line)


def mark_diverged(axes: Axes, counts: pd.DataFrame) -> None:
    """A cross at the top, with a count, wherever runs diverged; rows hold `diverged` of `total`."""
    for value, row in counts[counts["diverged"] > 0].iterrows():
        place = {"transform": axes.get_xaxis_transform(), "clip_on": False}
        axes.plot(value, 0.97, "x", color="0.2", **place)
        text = f"{row['diverged']:.0f}/{row['total']:.0f}"
        axes.text(value, 0.93, text, ha="center", va="top", fontsize=6, **place)


def edges(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Borders of cells around sorted centres."""
    centers = np.log(values) if logarithmic else np.asarray(values, float)
    if len(centers) == 1:
        return np.array([values[0] * 0.8, values[0] * 1.25])
    middle = (centers[1:] + centers[:-1]) / 2
    borders = np.concatenate([[2 * centers[0] - middle[0]], middle, [2 * centers[-1] - middle[-1]]])
    if not logarithmic:  # what is swept is above 0
        borders[0] = max(borders[0], centers[0] / 2)
    return np.exp(borders) if logarithmic else borders


def plain_logarithmic(axes: Axes) -> None:
    """A logarithmic y axis with plain numbers at 1, 2 and 5 times the powers of ten where it is short."""
    log_axis(axes, "y")
    if axes.get_yscale() == "linear":
        return
    axes.yaxis.set_minor_formatter(NullFormatter())
    if np.ptp(np.log10(axes.get_ylim())) < 2:
        axes.yaxis.set_major_locator(style.Decades(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")


def tick_at(axes: Axes, which: str, values: np.ndarray) -> None:
    """Ticks at the swept values themselves where they are few, and none between."""
    axis = getattr(axes, f"{which}axis")
    axis.set_minor_formatter(NullFormatter())
    if len(values) <= 8 and not all(float(np.log10(value)).is_integer() for value in values):
        axis.set_major_locator(FixedLocator(values))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
        axis.set_minor_locator(NullLocator())


def heat_map(
    axes: Axes, summary: pd.DataFrame, x: str, y: str, column: str, logarithm: bool = False, **options
):
    """A cell for each (x, y). Where every run diverged it is hatched, where some did it says how many.

    With `logarithm` the natural logarithm of the column is drawn. Returns the mesh and its table.
    """
    table = summary.pivot(index=y, columns=x, values=column)
    if logarithm:
        table = np.log(table.where(table > 0))
    elif table.min(axis=None) > 0:
        options.setdefault("norm", loss_norm(summary[column]))
    if not np.isfinite(table).any(axis=None):
        options["norm"] = NO_COLORS
    values = [table.columns.to_numpy(), table.index.to_numpy()]
    logs = [is_logarithmic(part) for part in values]
    borders = [edges(part, log) for part, log in zip(values, logs, strict=True)]
    mesh = axes.pcolormesh(*borders, table.to_numpy(), rasterized=True, **options)
    for which, part, log, label in zip("xy", values, logs, (x, y), strict=True):
        if log:
            getattr(axes, f"set_{which}scale")("log")
        getattr(axes, f"set_{which}label")(labels.LABELS[label])
        tick_at(axes, which, part)
    axes.grid(False)
    cells = summary[[x, y, "n_diverged", "n_seeds"]]
    for place_x, place_y, diverged, total in cells[cells["n_diverged"] > 0].itertuples(index=False):
        if diverged < total:
            text = f"{diverged}/{total}\ndiverged"
            letters = {"fontsize": 5, "color": "white", "path_effects": style.OUTLINE}
            axes.text(place_x, place_y, text, ha="center", va="center", **letters)
            continue
        (left, right), (low, high) = (
            border[np.searchsorted(part, place) :][:2]
            for border, part, place in zip(borders, values, (place_x, place_y), strict=True)
        )
        corner, size = (left, low), (right - left, high - low)
        axes.add_patch(Rectangle(corner, *size, fill=False, hatch="////", edgecolor="0.6", linewidth=0))
    if (cells["n_diverged"] == cells["n_seeds"]).all():
        say(axes, "all runs diverged")
    return mesh, table


def loss_norm(losses: pd.Series) -> LogNorm:
    """Logarithmic colours over all finite losses; on both sides of one."""
    finite = losses[np.isfinite(losses) & (losses > 0)]
    if finite.empty:
        return NO_COLORS
    low, high = finite.min(), finite.max()
    return LogNorm(low, high) if low < high else LogNorm(low / 2, min(high, np.finfo(float).max / 2) * 2)


def surface(axes: Axes, points: pd.DataFrame, students: pd.DataFrame, norm: LogNorm) -> None:
    """Filled contours of a landscape's grid, and how many of the students that span it diverged."""
    axes.set_box_aspect(1)
    if points.empty:
        say(axes, f"{NO_PLANE},\n{students['diverged'].sum()} of {len(students)} did")
        return
    say_diverged(axes, students)
    table = points.pivot(index="y", columns="x", values="test_loss")
    loss = table.where(np.isfinite(table) & (table > 0))
    if loss.isna().all(axis=None):
        say(axes, NO_LOSS)
        return
    levels = np.geomspace(norm.vmin, norm.vmax, 24)
    axes.contourf(table.columns, table.index, np.ma.masked_invalid(loss), levels=levels, norm=norm)


def color_bar(figure: Figure | SubFigure, norm: Normalize, axes, label: str, **options) -> None:
    """A colour bar; logarithmic ones have numbers at 1, 2 and 5 times the powers of ten, or fewer."""
    if isinstance(norm, LogNorm):  # of its exponents, since a bar takes numbers under 1e-287 for 0
        low, high = np.log10([norm.vmin, norm.vmax])
        steps = (1.0,) if high - low > 2 else (1.0, 2.0, 5.0)
        ticks = style.Decades(subs=steps).tick_values(norm.vmin, norm.vmax)
        ticks = ticks[(norm.vmin <= ticks) & (ticks <= norm.vmax)]
        shown = [
            f"$\\mathdefault{{10^{{{np.log10(tick):.0f}}}}}$" if len(steps) == 1 else f"{tick:g}"
            for tick in ticks
        ]
        if norm is NO_COLORS:
            ticks, shown = [], []
        norm = Normalize(low, high)
        options |= {"ticks": FixedLocator(np.log10(ticks)), "format": FixedFormatter(shown)}
    bar = figure.colorbar(ScalarMappable(norm, style.COLORMAP), ax=axes, label=label, **options)
    bar.minorticks_off()


def endpoints(axes: Axes, points: pd.DataFrame, norm: LogNorm) -> None:
    """Students at their projections, coloured by their own test loss, but for those that diverged."""
    for experiment, marker in zip(names.LANDSCAPES, style.MARKERS, strict=False):
        own = points[(points["experiment"] == experiment) & ~points["diverged"]]
        if len(own):
            options = {"norm": norm, "marker": marker, "edgecolor": "white", "linewidth": 0.8, "s": 28}
            axes.scatter(own["x"], own["y"], c=own["test_loss"], **options)


def endpoint_legend(figure: Figure | SubFigure, points: pd.DataFrame) -> None:
    """Which marker stands for which scaling."""
    handles = [
        Line2D(
            [],
            [],
            ls="",
            marker=marker,
            color="0.5",
            label=f"students trained with {labels.SCALING_OF[name]}",
        )
        for name, marker in zip(names.LANDSCAPES, style.MARKERS, strict=False)
        if (points["experiment"] == name).any()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
