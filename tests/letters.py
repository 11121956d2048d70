"""What stands in a figure, and whether it can be read."""

import itertools
from collections.abc import Iterator

from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lazytraining.figures import style

LEAST_PIXELS = 2000
"""Across a PNG: a page on a screen with two pixels a point."""


def written(artist: Artist) -> Iterator[tuple[str, float]]:
    """Texts of a figure with their sizes, those at its ticks too, without making those, which takes longer than all the rest."""
    if isinstance(artist, Axis):
        yield artist.label.get_text(), artist.label.get_fontsize()
        size = artist.get_tick_params().get("labelsize", plt.rcParams["xtick.labelsize"])
        for ticks in (artist.major, artist.minor):
            for text in ticks.formatter.format_ticks(ticks.locator()):
                yield text, size
        return
    if isinstance(artist, Text):
        yield artist.get_text(), artist.get_fontsize()
    for child in artist.get_children():
        yield from written(child)


def is_legible(figure: plt.Figure) -> None:
    """A page wide, with enough pixels, no letters under seven points, and no title over another."""
    assert figure.get_figwidth() == style.PAGE
    assert figure.get_figwidth() * plt.rcParams["savefig.dpi"] >= LEAST_PIXELS
    small = {(text, size) for text, size in written(figure) if text and size < 7}
    assert not small
    titles = [
        title
        for axes in figure.axes
        for title in (axes.title, axes._left_title, axes._right_title)
        if axes.axison and title.get_text()
    ]
    for one, other in itertools.combinations(titles, 2):
        assert not _last_line(one).overlaps(_last_line(other)), (one, other)


def _last_line(title: Text) -> Bbox:
    """Where the line is that stands beside the titles of other panels."""
    text = title.get_text()
    title.set_text(text.rstrip("\n").split("\n")[-1])
    box = title.get_window_extent()
    title.set_text(text)
    return box


def under_legends(figure: plt.Figure) -> list[tuple[float, float]]:
    """Points that are drawn and that a legend of their panel lies over."""
    found = []
    for axes in figure.axes:
        box = axes.get_legend() and axes.get_legend().get_window_extent()
        for line in axes.lines if box else ():
            places = line.get_transform().transform(line.get_xydata())
            found += [tuple(place) for place in places if box.contains(*place)]
    return found
