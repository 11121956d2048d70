"""Series of experiments, and the verdict over seeds."""

import pandas as pd
import plot_model
import plot_models
import pytest
import summarise_models
from letters import is_legible, under_legends
from matplotlib.text import Text

from lazytraining.models import tables
from lazytraining.student import averages


def test_experiments_that_end_in_a_number_are_a_series():
    found = plot_models.series(["depth_10", "mine", "depth_2", "ntk_4", "own"])
    assert found == {
        "depth": {"depth_2": "2", "depth_10": "10"},
        "": {name: name for name in ("mine", "ntk_4", "own")},
    }


def test_the_smallest_lazy_scale_has_the_range_of_its_seeds():
    rows = [
        {"experiment": "e", "alpha": alpha, "tau": 1.0, "step": "auto", "eta": 0.5 + seed, "seed": seed}
        | {"diverged": False, "regime": "lazy" if alpha >= limit else "crossover"}
        | dict.fromkeys(tables.MEASURED, alpha + seed)
        for seed, limit in enumerate((1, 10, 10))
        for alpha in (1.0, 10.0, 100.0)
    ]
    summary = summarise_models.summarise(pd.DataFrame(rows))
    assert list(summary.columns) == tables.SUMMARY.names
    assert summary["n_lazy"].tolist() == [1, 3, 3] and summary["regime"].tolist() == [
        "crossover",
        "lazy",
        "lazy",
    ]
    assert summary.loc[0, ["lazy_from", "lazy_from_low", "lazy_from_high"]].tolist() == [10, 1, 10]
    assert summary["eta_mean"].tolist() == [1.5] * 3 and summary.loc[0, "gap_test_mean"] == 2


def test_of_equally_many_seeds_the_first_regime_of_the_list_counts():
    rows = pd.DataFrame(
        [
            {"experiment": "e", "alpha": 1.0, "tau": 1.0, "step": "auto", "eta": 1.0, "seed": seed}
            | {"diverged": False, "regime": regime}
            | dict.fromkeys(tables.MEASURED, 1.0)
            for seed, regime in enumerate(("crossover", "lazy"))
        ]
    )
    assert summarise_models.summarise(rows)["regime"].tolist() == ["lazy"]


def test_a_title_says_how_many_seeds_get_lazy():
    def title(*limits: float) -> str:
        rows = [
            {"alpha": alpha, "seed": seed, "regime": "lazy" if alpha >= limit else "unfinished"}
            for seed, limit in enumerate(limits)
            for alpha in (1.0, 10.0, 100.0)
        ]
        return plot_model.verdict(pd.DataFrame(rows), "alpha").replace("$\\alpha$", "α")

    assert title(10, 10, 10) == "lazy from α = 10 on"
    assert title(1, 10, 10) == "lazy from α = 10 on\n(1 to 10 over seeds)"
    assert title(1, 1000, 10) == "lazy from α = 10 on\nin 2 of 3 seeds (1 to 10)"
    assert title(1000, 1000, 1000) == "unfinished at α = 100"


def test_of_two_seeds_the_smallest_lazy_scale_is_one_that_was_tried():
    assert averages.upper_median(pd.Series([10.0, 100.0])) == 100
    assert averages.upper_median(pd.Series([10.0, float("inf"), 1.0])) == 10


def runs_of(diverged: bool) -> pd.DataFrame:
    """Rows of two experiments, of a series each."""
    values = dict.fromkeys(tables.MEASURED, float("nan") if diverged else 0.05) | {"euler_degree": 1.5}
    said = {"zero_loss": 0.5, "diverged": diverged, "regime": "diverged" if diverged else "lazy"}
    rows = [
        {"experiment": name, "alpha": alpha, "tau": 1.0, "step": "auto", "eta": 0.5, "seed": seed}
        | values
        | said
        for name in ("depth_2", "own")
        for alpha in (1.0, 10.0)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("names", [["1", "2"], [f"blocks.{i}.normalisation" for i in range(9)]])
@pytest.mark.parametrize("diverged", [False, True])
def test_figures_are_drawn_from_whatever_is_there(diverged, names):
    runs = runs_of(diverged)
    curve = {"iteration": 0, "test_loss": float("nan") if diverged else 0.4, "twin_test_loss": 0.4}
    curves = runs[["experiment", "alpha", "tau", "eta", "seed"]].assign(**curve)
    figures = [plot_models.draw(runs)]
    one = runs[runs["experiment"] == "own"]
    layers = [
        one.assign(number=number, layer=name, **dict.fromkeys(tables.LAYER_MEASURED, 0.5))
        for number, name in enumerate(names)
    ]
    layers = pd.DataFrame(columns=tables.LAYERS.names) if diverged else pd.concat(layers)
    figures.append(plot_model.draw(one, curves[curves["experiment"] == "own"], layers))
    for figure in figures:
        figure.canvas.draw()
        is_legible(figure)
        assert not under_legends(figure)
        texts = [text.get_text() for text in figure.findobj(Text)]  # titles among them
        assert any("runs diverged" in text for text in texts) is diverged
    widths = [axes.get_position().width for axes in figures[1].axes]
    assert min(widths) > 0.1, "names take no room from the panels"
    title = figures[1].axes[0].get_title(loc="left")
    assert ("diverged at $\\alpha$ = 10" if diverged else "lazy from $\\alpha$ = 1 on") in title


def test_where_tau_alone_is_swept_the_axis_and_the_verdict_are_of_tau():
    runs = pd.concat(
        runs_of(False).query("experiment == 'own' and alpha == 1").assign(tau=tau, regime=regime)
        for tau, regime in ((0.1, "crossover"), (1.0, "lazy"), (10.0, "lazy"))
    )
    curves = runs[["experiment", "alpha", "tau", "eta", "seed"]].assign(
        iteration=0, test_loss=0.4, twin_test_loss=0.4
    )
    layers = runs.assign(number=1, layer="1", **dict.fromkeys(tables.LAYER_MEASURED, 0.5))
    figure = plot_model.draw(runs, curves, layers)
    assert len(figure.axes) == 8
    title = figure.axes[0].get_title("left")
    assert r"$\alpha$ = 1," in title and r"lazy from $\tau$ = 1 on" in title
    for axes in (figure.axes[1], figure.axes[4]):
        assert "\\tau" in axes.get_xlabel() and axes.lines[0].get_xdata().tolist() == [0.1, 1, 10]


@pytest.mark.parametrize(("count", "drawn"), [(3, [0, 1, 2]), (6, [0, 3, 5])])
def test_of_more_scales_than_there_are_rows_three_are_drawn_and_the_figure_says_so(count, drawn):
    taus = [10.0**power for power in range(count)]
    runs = pd.concat(runs_of(False).query("experiment == 'own'").assign(tau=tau) for tau in reversed(taus))
    curves = runs[["experiment", "alpha", "tau", "eta", "seed"]].assign(
        iteration=0, test_loss=0.4, twin_test_loss=0.4
    )
    layers = runs.assign(number=1, layer="1", **dict.fromkeys(tables.LAYER_MEASURED, 0.5))
    figure = plot_model.draw(runs, curves, layers)
    titles = [axes.get_title("left") for axes in figure.axes[::8]]
    assert [title.split(",")[0].removeprefix("(a) ") for title in titles] == [
        f"$\\tau$ = {taus[i]:g}" for i in drawn
    ]
    assert (figure.get_suptitle() == "") is (count == 3)
    if count > 3:
        assert figure.get_suptitle().startswith(f"3 of {count} values of $\\tau$: the smallest")
        is_legible(figure)


def test_of_several_tau_all_modules_are_beside_each_other_at_the_smallest():
    runs = pd.concat(
        runs_of(False).assign(tau=tau, gap_test=gap, kernel_movement=gap)
        for tau, gap in ((10.0, 0.02), (1.0, 0.07))
    )
    figure = plot_models.draw(runs)
    (line,) = [
        line for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and line.get_label() == "depth_2"
    ]
    assert line.get_ydata().tolist() == [0.07, 0.07]
