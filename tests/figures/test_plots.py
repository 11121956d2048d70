"""Parts of figures: what is clipped is counted, what diverged stands above, slopes can be read."""

import numpy as np
import pandas as pd
import plot_figure_5
import pytest
from matplotlib import pyplot as plt

from lazytraining.figures import plots, style


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def dotted(axes: plt.Axes, values: list[float]) -> list[str]:
    table = pd.DataFrame(
        {"m": np.arange(1, len(values) + 1), "loss": values}, index=np.arange(7, 7 + len(values))
    )
    plots.dots(axes, table, "loss", 0, None)
    plots.log_axis(axes, "y")
    plots.clip_outliers(axes, table["m"], table["loss"])
    return [text.get_text() for text in axes.texts]


BULK = [1.0, 1.5, 2.0, 3.0, 3.5]


@pytest.mark.parametrize(
    ("far", "said"),
    [
        ([], []),
        ([20.0], []),  # within a decade of the quartiles
        ([1e-22], ["1 run below"]),
        ([1e-22, 1e-9], ["2 runs below"]),
        ([1e13], ["1 run above"]),
        ([1e-22, 1e13], ["1 run below", "1 run above"]),
    ],
)
def test_outliers_leave_the_scale_and_are_counted(axes, far, said):
    """A factor of 3.5 is a good part of the axis, however far one of them is."""
    assert dotted(axes, [*BULK, *BULK, *far]) == said
    low, high = np.log10(axes.get_ylim())
    assert high - low < 2.5 and low < 0 and high > np.log10(3.5)


def test_where_nothing_is_above_0_nothing_is_clipped(axes):
    assert dotted(axes, [0.0, 0.0]) == []


def test_counts_of_diverged_runs_stand_above_the_panel_once_for_equal_neighbours(axes):
    counts = pd.DataFrame({"diverged": [0, 1, 3, 3, 0, 3], "total": 3}, index=[1.0, 2, 3, 4, 5, 6])
    plots.mark_diverged(axes, counts)
    style.letter(axes, "(a)")
    (cross,) = axes.lines
    assert list(cross.get_xdata()) == [2, 3, 4, 6] and cross.get_label() == "diverged runs"
    places = {text.get_position()[0]: text.get_text() for text in axes.texts}
    assert places == {2: "1/3", 3: "3/3", 6: "3/3"}
    assert axes.get_xlim()[0] < 1 and axes.get_xlim()[1] > 6, "where no run is left to be drawn too"
    axes.figure.canvas.draw()
    renderer = axes.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert all(box.y0 > axes.bbox.y1 for box in boxes), "off every curve"
    title = axes._left_title.get_window_extent(renderer)
    assert all(box.y1 <= title.y0 for box in boxes)


def test_bands_are_of_seeds_and_not_of_a_mean_that_none_of_them_has(axes):
    """Two kinds of seeds: mean ± deviation would go below 0 and above the largest."""
    runs = pd.DataFrame({"tau": 1.0, "diverged": False, "loss": [1e-4] * 3 + [1.0] * 2})
    runs = pd.concat([runs, runs.assign(tau=10.0, diverged=[False] * 4 + [True])])
    plots.sweep(axes, runs, {"loss": "loss"})
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert {*band} == {1e-4, 1.0}
    assert axes.lines[0].get_ydata().tolist() == [1e-4, 1e-4]


def test_a_slope_of_2_looks_like_2():
    figure, panels = plt.subplots(1, 2)
    for axes, reach in zip(panels, (10, 1000), strict=True):
        axes.set(xscale="log", yscale="log", xlim=(0.01, reach), ylim=(1, 100))
    plot_figure_5.share_limits(list(panels))
    figure.canvas.draw()
    for axes in panels:
        assert axes.get_xlim() == (0.01, 1000) and axes.get_ylim() == (1, 100)
        (x, y), (right, down) = axes.transData.transform([(1, 100), (10, 1)])
        assert (y - down) / (right - x) == pytest.approx(2)
    plt.close(figure)


def test_powers_of_ten_are_where_they_stand_between_bars():
    places, texts = plot_figure_5.decades(np.logspace(-2.2, 3, 10))
    assert texts == ["$10^{-2}$", "$10^{0}$", "$10^{2}$"]
    assert places == pytest.approx((np.array([-2, 0, 2]) + 2.2) / 5.2 * 9)
    assert plot_figure_5.decades(np.array([0.5])) == (np.array([0]), ["0.5"])
