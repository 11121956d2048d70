"""Figure 1 where runs diverge: what is left keeps its look in every panel."""

import numpy as np
import pandas as pd
import plot_figure_1
import pytest

from lazytraining.files import schemas

TAU = [0.1, 1.0, 2.0]
KEY = {"experiment": "trajectory", "m": 4, "alpha": 1.0, "eta": 0.1}


@pytest.mark.parametrize("gone", TAU)
@pytest.mark.parametrize(("measured", "panels"), [(np.nan, 3), (0.2, 5)])
def test_a_kind_that_diverged_passes_its_colour_to_no_other(gone, measured, panels):
    keys = [KEY | {"tau": tau, "seed": seed} for tau in TAU for seed in range(3)]
    ends = {"iterations": 20, "hidden_distance": 0.5, "output_distance": 0.25}
    runs = pd.DataFrame([key | ends | {"diverged": key["tau"] == gone} for key in keys])
    points = {"relative_change": 1.5, "test_loss": 0.5} | dict.fromkeys(schemas.ALONG, measured)
    curves = pd.DataFrame([key | points | {"iteration": t} for key in keys for t in (0, 10, 20)])
    assert set(schemas.KEYS) <= set(curves)
    figure = plot_figure_1.draw(curves, runs)
    first, _, movement, *lazy = figure.axes
    assert 3 + len(lazy) == panels
    shown = [line for line in movement.lines if len(line.get_xdata())]
    lines = {line.get_label(): line for line in first.lines if "tau" in line.get_label()}
    left = [line.get_color() for label, line in lines.items() if "diverged" not in label]
    assert len(lines) == 3 and len(left) == 2
    assert [line.get_color() for line in shown] == list(np.repeat(left, 2))
