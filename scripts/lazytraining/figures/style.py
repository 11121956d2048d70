"""One look for every figure: sizes, colours, files."""

import json
from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from fontTools import subset
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.scale import LogScale, register_scale
from matplotlib.ticker import LogLocator

from lazytraining.files.provenance import provenance
from lazytraining.files.whole import replacing

PAGE = 7.0
"""Width of every figure, in inches."""
LEAST = 7
"""The smallest letters of a figure, in points."""
ABOVE = "above a panel"
"""Marks text between a panel and its title."""
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
"""Okabe and Ito's palette: told apart by the colour-blind; line styles tell them apart in grey."""
LINES = ["-", "--", "-.", ":"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
COLORMAP = "viridis"
OUTLINE = [withStroke(linewidth=1.8, foreground="0.2")]
"""Makes white lines and letters readable on every colour of a map."""
PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
"""Makes dark letters readable on maps and hatches."""
THRESHOLD = {"color": "0.4", "linestyle": (0, (1, 1)), "linewidth": 1}
ZERO = THRESHOLD | {"label": "zero predictor"}
"""The look of limits, and of the zero predictor's loss, on every figure."""

plt.rcdefaults()  # not those of a matplotlibrc where the workflow runs
plt.rcParams.update(
    {
        "savefig.dpi": 300,
        "pdf.fonttype": 42,
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": LEAST,
        "ytick.labelsize": LEAST,
        "legend.fontsize": LEAST,
        "legend.title_fontsize": LEAST,
        "legend.frameon": False,
        "lines.linewidth": 1.3,
        "lines.markersize": 3.5,
        "axes.grid": True,
        "grid.color": "0.9",
        "grid.linewidth": 0.5,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": matplotlib.cycler(color=COLORS),
        "figure.constrained_layout.use": True,
        "image.cmap": COLORMAP,
    }
)


class Decades(LogLocator):
    """Ticks of a logarithmic axis, none of them beyond all numbers, and none where there is nothing above 0."""

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        if not 0 < vmin < vmax:
            return np.array([])
        with np.errstate(over="ignore"):
            ticks = super().tick_values(vmin, vmax)
        return ticks[np.isfinite(ticks) & (ticks > 0)]


class Logarithmic(LogScale):
    """Matplotlib's logarithmic scale with these ticks."""

    def __init__(self, **options):  # without the axis, which Matplotlib gives up
        super().__init__(**options)

    def set_default_locators_and_formatters(self, axis) -> None:
        super().set_default_locators_and_formatters(axis)
        axis.set_major_locator(Decades(self.base))
        axis.set_minor_locator(Decades(self.base, self.subs))


register_scale(Logarithmic)


# A PDF places each glyph, so that the fonts in it need no tables to place them by; to thin those out takes a second a file.
subset.Options._drop_tables_default = [*subset.Options._drop_tables_default, "GDEF", "GPOS", "GSUB"]


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, PNG or PDF by its suffix, with its provenance, whole or not at all."""
    texts = provenance()
    for path in paths:
        with replacing(path) as temporary:
            form = Path(path).suffix[1:]
            metadata = {"Keywords": json.dumps(texts)} if form == "pdf" else texts  # a PDF's keys are fixed
            figure.savefig(temporary, format=form, metadata=metadata)
        figure.set_layout_engine("none")  # laid out once, for all its files
    plt.close(figure)


def save_animation(figures: Iterable[Figure], path: str | Path) -> None:
    """Write what figures, or one as it changes, look like as a GIF that goes round, with provenance as its comment."""
    frames = []
    for figure in figures:
        figure.canvas.draw()
        frames.append(PIL.Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB"))
    plt.close(figure)
    with replacing(path) as temporary:
        options = {"duration": 80, "loop": 0, "comment": json.dumps(provenance())}
        frames[0].save(temporary, "GIF", save_all=True, append_images=frames[1:], **options)


def line_look(number: int) -> dict[str, str | float]:
    """Colour, line style and marker of the number-th line of a figure; every other marker is smaller."""
    kinds = {"color": COLORS, "linestyle": LINES, "marker": MARKERS, "markersize": [5.0, 3.2]}
    return {name: values[number % len(values)] for name, values in kinds.items()}


def shade(place: int, total: int) -> tuple[float, ...]:
    """The colour of one line of several in order: the later the darker."""
    return plt.get_cmap(COLORMAP)(0.9 - 0.9 * place / max(1, total - 1))


def letter(axes, text: str) -> None:
    """Title of one panel of several, at its left, over what stands above the panel."""
    above = any(one.get_gid() == ABOVE for one in axes.texts)
    axes.set_title(text, loc="left", pad=18 if above else None)
