"""What figures are built from: bands over seeds, heat maps, axes that fit their values."""

from collections.abc import Iterable, Mapping

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
from matplotlib.transforms import ScaledTranslation

from lazytraining.config import names
from lazytraining.figures import labels, style

LINE = 0.16
"""Room for a line of a legend at the top of a panel, as a share of the axis that is drawn."""
NO_PLANE = "fewer than three\nruns did not diverge"
NO_LOSS = "no finite loss above 0"
HATCH = {"fill": False, "hatch": "////", "edgecolor": "0.6", "linewidth": 0}
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


def log_axis(axes: Axes, which: str, room: float | int = 0) -> None:
    """Logarithmic scale along x or y, not where nothing that is drawn is above 0; where nothing is drawn at all there are no numbers either.

    `room` is what is added at its upper end, as a share of its length.
    """
    if not np.isfinite(getattr(axes.dataLim, f"minpos{which}")):
        shared = getattr(axes, f"get_shared_{which}_axes")().get_siblings(axes)
        if not any(np.isfinite(getattr(own.dataLim, f"interval{which}")).all() for own in shared):
            getattr(axes, f"set_{which}ticks")([])
        return
    getattr(axes, f"set_{which}scale")("log")
    if room:
        low, high = getattr(axes, f"get_{which}lim")()
        top = np.log10(high) + room * (np.log10(high) - np.log10(low))
        getattr(axes, f"set_{which}lim")(low, max(high, 10.0 ** min(top, 300.0)))


def say(axes: Axes, text: str, height: float = 0.5) -> None:
    """A few words in the middle of a panel, or higher."""
    place = {"ha": "center", "va": "center", "transform": axes.transAxes, "bbox": style.PAPER}
    (axes.text2D if axes.name == "3d" else axes.text)(0.5, height, text, fontsize=style.LEAST, **place)


def diverged(runs: pd.DataFrame) -> str:
    """How many of these runs diverged, in words; nothing if none did."""
    count = int(runs["diverged"].sum())
    return f"{count} of {len(runs)} runs diverged" if count else ""


def say_diverged(axes: Axes, runs: pd.DataFrame) -> None:
    """How many of these runs diverged, at the top of a panel; in its middle if none is left to be drawn."""
    if text := diverged(runs):
        say(axes, text, 0.5 if runs["diverged"].all() else 0.96)


def band(axes: Axes, x, center, low, high, number: int, **line) -> None:
    """A line with markers in a band from low to high; `number` chooses colour and style."""
    line = style.line_look(number) | line
    axes.fill_between(x, low, high, color=line["color"], alpha=0.2, linewidth=0)
    axes.plot(x, center, **line)


def sweep(
    axes: Axes,
    runs: pd.DataFrame,
    columns: dict[str, str],
    over: str = "tau",
    divide_by: str | None = None,
    first: int = 0,
) -> None:
    """Medians over seeds of some columns against a swept key, with bands from the least to the greatest.

    Diverged runs are in none; each place that has some is marked above with how many.
    With `divide_by`, each run's value is divided by its own value of that column first. `first` is the number of the first line.
    """
    kept = runs.set_index(over)
    for number, (column, label) in enumerate(columns.items(), start=first):
        values = kept[column].where(~kept["diverged"])
        medians(axes, values / kept[divide_by] if divide_by else values, number, label)
    fit_axis(axes, "x", runs[over].to_numpy())
    axes.set_xlabel(labels.LABELS[over])
    mark_diverged(axes, runs.groupby(over)["diverged"].agg(diverged="sum", total="size"))


def medians(axes: Axes, values: pd.Series, number: int, label: str, **line) -> pd.Series:
    """Median over seeds, with a band from the least to the greatest, of values indexed by what is swept; returns the median."""
    found = values.astype(float).groupby(level=0).agg(["median", "min", "max"])
    band(axes, found.index, found["median"], found["min"], found["max"], number, label=label, **line)
    return found["median"]


def guide(axes: Axes, median: pd.Series, at: int, exponent: float | int, text: str, **line) -> None:
    """A line of a given slope through a point of a median, the first or the last, with a few words at its other end."""
    there = median[np.isfinite(median) & (median > 0)]
    if there.empty:
        return
    x = there.index.to_numpy(float)
    y = there.iloc[at] * (x / x[at]) ** exponent
    axes.plot(x, y, **({"color": "0.3", "ls": (0, (1, 1.5)), "lw": 0.9} | line))
    first = at != 0
    place = {"textcoords": "offset points", "xytext": (0, -8) if first else (3, 0)}
    align = {"ha": "left", "va": "top"} if first else {"ha": "left", "va": "center"}
    end = 0 if first else -1
    axes.annotate(text, (x[end], y[end]), fontsize=style.LEAST, color="0.3", **place, **align)


def dots(axes: Axes, runs: pd.DataFrame, column: str, number: int, label: str | None, **line) -> None:
    """A column against m: a dot for each seed, a line through the medians."""
    line = style.line_look(number) | {"markersize": 3} | line
    found = runs.groupby("m")[column].median()
    axes.plot(runs["m"], runs[column], ".", color=line["color"], ms=3, alpha=0.5)
    axes.plot(found.index, found, label=label, **line)


def clip_outliers(axes: Axes, x: pd.Series, values: pd.Series) -> None:
    """Limits of a logarithmic y axis that hold most values. Those beyond are counted, with a triangle at the edge for each.

    Beyond is farther from the quartiles than 1.5 times their distance, and than a decade; all in logarithms.
    """
    logs = np.log10(values[np.isfinite(values) & (values > 0)])
    if logs.empty or axes.get_yscale() != "log":
        return
    low, high = logs.quantile([0.25, 0.75])
    room = max(1.0, 1.5 * (high - low))
    below, above = logs < low - room, logs > high + room
    if not (below | above).any():
        return
    kept = 10 ** logs[~below & ~above].agg(["min", "max"])
    axes.set_ylim(
        (kept["min"] if below.any() else axes.dataLim.minposy) / 2,
        (kept["max"] if above.any() else axes.dataLim.y1) * 2,
    )
    for out, word, height, marker in ((below, "below", 0.04, "v"), (above, "above", 0.96, "^")):
        count = int(out.sum())
        if not count:
            continue
        edge = {"transform": axes.get_xaxis_transform(), "color": "0.2", "ls": ""}
        axes.plot(x[out.index[out]], [height] * count, marker=marker, ms=3.5, **edge)
        text = f"{count} run{'s' if count > 1 else ''} {word}"
        place = {"ha": "right", "va": "center", "transform": axes.transAxes, "bbox": style.PAPER}
        axes.text(0.98, height, text, fontsize=style.LEAST, **place)


def mark_diverged(axes: Axes, counts: pd.DataFrame) -> None:
    """A cross above the panel wherever runs diverged, with how many where that changes; rows hold `diverged` of `total`."""
    gone = counts["diverged"] > 0
    if not gone.any():
        return
    points = axes.figure.dpi_scale_trans
    above = [axes.get_xaxis_transform() + ScaledTranslation(0, up / 72, points) for up in (5, 8)]
    look = {"marker": "x", "ms": 4, "color": "0.2", "ls": "", "label": "diverged runs", "clip_on": False}
    axes.plot(counts.index[gone], [1] * gone.sum(), transform=above[0], **look)
    axes.update_datalim(
        [(value, 1) for value in counts.index], updatey=False
    )  # moved points count for no limits
    axes.autoscale_view(scaley=False)
    said = [f"{of.diverged:.0f}/{of.total:.0f}" if of.diverged else "" for of in counts.itertuples()]
    for value, text, before in zip(counts.index, said, ["", *said], strict=False):
        if text not in ("", before):
            letters = {"ha": "center", "va": "bottom", "fontsize": style.LEAST, "gid": style.ABOVE}
            axes.text(value, 1, text, transform=above[1], **letters)


def against_scale(
    axes: Axes,
    runs: pd.DataFrame,
    lines: dict[str, pd.Series],
    threshold: float,
    shaded: bool = False,
    over: str = "alpha",
) -> None:
    """Medians of what is indexed by a scale, a line for each label, beside a threshold; with `shaded` the later the darker."""
    for number, (label, values) in enumerate(lines.items()):
        look = {"color": style.shade(number, len(lines))} if shaded else {}
        medians(axes, values, number, label, **look)
    axes.axhline(threshold, **style.THRESHOLD)
    fit_axis(axes, "x", runs[over].to_numpy())
    axes.set_xlabel(labels.LABELS[over])


def legend(figure: Figure | SubFigure, panels: Iterable[Axes], **options) -> None:
    """What any of the panels has a label for, once, above them all."""
    entries = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries.keys(), **({"loc": "outside upper center"} | options))


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


def plain_logarithmic(axes: Axes, room: float | int = 0) -> None:
    """A logarithmic y axis with plain numbers at 1, 2 and 5 times the powers of ten where it is short."""
    log_axis(axes, "y", room)
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
    """A cell for each (x, y). Where all runs diverged it is hatched, where some did it says how many.

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
            letters = {"fontsize": style.LEAST, "color": "white", "path_effects": style.OUTLINE}
            axes.text(place_x, place_y, f"{diverged}/{total}", ha="center", va="center", **letters)
            continue
        (left, right), (low, high) = (
            border[np.searchsorted(part, place) :][:2]
            for border, part, place in zip(borders, values, (place_x, place_y), strict=True)
        )
        corner, size = (left, low), (right - left, high - low)
        axes.add_patch(Rectangle(corner, *size, label="all runs diverged", **HATCH))
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
    axes.grid(False)
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


def entitle(titles: Mapping[Axes, str]) -> None:
    """Panels with their titles, and ticks at labelled values alone."""
    for axes, title in titles.items():
        style.letter(axes, title)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())


def student_bar(figure: Figure | SubFigure, norm: LogNorm, axes, students: pd.DataFrame, **options) -> None:
    """The colour bar of surfaces on which students stand in the colour of their own loss; those off its scale are counted."""
    label = labels.LABELS["test_loss"]
    own = students.loc[~students["diverged"], "test_loss"]
    off = {"below": (own < norm.vmin).sum(), "above": (own > norm.vmax).sum()}
    if norm is not NO_COLORS and any(off.values()):
        said = [f"{count} of {len(own)} students' own {where}" for where, count in off.items() if count]
        label += f" ({', '.join(said)})"
        options["extend"] = "both" if all(off.values()) else "min" if off["below"] else "max"
    color_bar(figure, norm, axes, label, **options)


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
