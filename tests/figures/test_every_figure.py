"""Every figure, each part of it in turn, from whatever may be there: it is drawn, and says what diverged."""

import io
import json
import re
from itertools import islice

import numpy as np
import pandas as pd
import plot_experiment
import plot_figure_1
import plot_figure_2
import plot_figure_3
import plot_figure_5
import plot_figure_6
import plot_figure_7
import plot_interactive
import plot_landscape
import plot_lazy_limit
import plot_neurons
import plot_phase
import plot_plateaus
import plot_population
import plot_spectral_bias
import plot_step_size
import plot_theory
import plot_width
import pytest
import summarise_phase
import summarise_runs
import tables
from conftest import ROOT
from letters import is_legible, written
from matplotlib import pyplot as plt

from lazytraining.claims.verdict import Evidence
from lazytraining.config import catalogue, names

pytestmark = [pytest.mark.workflow, pytest.mark.filterwarnings("error")]
LEFT = [case for case in tables.CASES if case not in ("all there", "one diverged run", "losses of 0")]
"""Cases that figures are drawn from; what turns and the ledger are from the others too."""
ALONE = ("a diverged seed",)
"""Cases of whole figures, and not of each part in turn."""
WHOLLY = "nothing but diverged runs"
"""The case in which figures are not only put together but drawn to the last letter."""


@pytest.fixture(scope="module")
def made() -> dict[str, Evidence]:
    return {name: tables.evidence(case) for name, case in tables.CASES.items()}


class Mixed:
    """The tables of a figure: those of one case, and in one part those of another."""

    def __init__(self, whole: Evidence, part: str, other: Evidence):
        self.whole, self.part, self.other = whole, part, other

    def __call__(self, kind: str, *names: str) -> pd.DataFrame:
        found = [getattr(self.other if name == self.part else self.whole, kind)[name] for name in names]
        return pd.concat([table for table in found if len(table)] or found, ignore_index=True)

    def summaries(self, *names: str) -> pd.DataFrame:
        return summarise_runs.summarise(self("runs", *names))

    def plane(self) -> pd.DataFrame:
        return summarise_phase.summarise(self("phase", "phase_plane"))

    def widths(self) -> list[int]:
        return sorted(self("endpoints", *LANDSCAPES)["m"].unique())


LANDSCAPES = list(names.LANDSCAPES)
PLATEAUS = ["plateau", "plateau_symmetrized"]
APART = ("figure_5", "figure_6", "lazy_limit")
"""Figures whose panels share nothing, or that draw one experiment."""
OF = {name: list(figure.experiments) for name, figure in catalogue.FIGURES.items()}


def both(t: Mixed, name: str, *kinds: str) -> list[pd.DataFrame]:
    """What is read of all experiments of a figure, kind by kind."""
    return [t(kind, *OF[name]) for kind in kinds]


DRAW = {
    "figure_1": lambda t: plot_figure_1.draw(*both(t, "figure_1", "curves", "runs")),
    "figure_2": lambda t: plot_figure_2.draw(*both(t, "figure_2", "surfaces", "endpoints"), t.widths()),
    "figure_3": lambda t: plot_figure_3.draw(*both(t, "figure_3", "runs", "baselines")),
    "figure_4": lambda t: plot_figure_3.draw(*both(t, "figure_4", "runs", "baselines")),
    "figure_5": lambda t: plot_figure_5.draw(t.summaries(*OF["figure_5"]), t("runs", *OF["figure_5"]), True),
    "figure_6": lambda t: plot_figure_6.draw(
        *both(t, "figure_6", "surfaces", "endpoints"),
        *(t(kind, plot_figure_6.PLANE) for kind in ("surfaces", "endpoints")),
        t.widths(),
    ),
    "figure_7": lambda t: plot_figure_7.draw(t("runs", *OF["figure_7"])),
    "plateaus": lambda t: plot_plateaus.draw(*both(t, "plateaus", "runs", "baselines")),
    "theory": lambda t: plot_theory.draw(*(t("theory", part) for part in ("start", "step"))),
    "lazy_limit": lambda t: plot_lazy_limit.draw(
        *(t("theory", part) for part in ("limit", "sample")), *both(t, "lazy_limit", "curves", "runs")
    ),
    "width": lambda t: plot_width.draw(t("runs", *OF["width"])),
    "population": lambda t: plot_population.draw(
        *(t("runs", name) for name in OF["population"]), t("baselines", "underparameterized")
    ),
    "step_size": lambda t: plot_step_size.draw(t.summaries("step_size"), t("baselines", "step_size")),
    "spectral_bias": lambda t: plot_spectral_bias.draw(t("spectra", *PLATEAUS)),
    "neurons": lambda t: plot_neurons.draw(t("paths", "neuron_paths")),
    "phase": lambda t: plot_phase.draw(t.plane(), {"gap": 0.1, "kernel": 0.1}, 4),
    "landscape": lambda t: plot_landscape.draw(
        *(t(kind, LANDSCAPES[0]).query("m == m.max()") for kind in ("surfaces", "endpoints"))
    ),
    **{
        name: lambda t, name=name: plot_experiment.draw(t.summaries(name), t("runs", name))
        for name in ("plateau", "tau_alpha_text")
    },
}
"""From tables to each figure: as the main function of its script."""
UNTRAINED = "theory"
"""The figure in which no run can diverge."""
IN_TURN = {name: of for name, of in OF.items() if len(of) > 1 and name not in APART}
"""The experiments of figures in which several share axes or colours."""
SAYS = re.compile(r"diverge|\b\d+/\d+\b")


def is_drawn(figure: plt.Figure, diverged: bool, whole: bool, page: bool = True) -> None:
    """Its ticks, or all of it, can be drawn and read; no number of it is none, and it says that runs diverged."""
    if whole:
        figure.set_layout_engine("none")  # takes as long again
        figure.savefig(io.BytesIO(), dpi=20)
    texts = [text for text, _ in written(figure)]
    if page:
        is_legible(figure)
    plt.close(figure)
    assert not any(re.search(r"\bnan\b|\binf\b", text) for text in texts), texts
    assert any(map(SAYS.search, texts)) >= diverged, texts


@pytest.mark.parametrize("case", LEFT)
@pytest.mark.parametrize("name", DRAW)
def test_every_figure_is_drawn_from_what_is_there(name, case, made):
    """From one case alone, and each part from it while the others are whole."""
    diverged = tables.CASES[case].diverged and name != UNTRAINED
    is_drawn(DRAW[name](Mixed(made[case], "", made[case])), diverged, case == WHOLLY)
    for part in () if case in ALONE else IN_TURN.get(name, ()):
        is_drawn(DRAW[name](Mixed(made["all there"], part, made[case])), diverged, False)


@pytest.mark.parametrize("name", ["figure_2", "figure_6", "landscape"])
def test_a_plane_beyond_all_numbers_is_drawn(name):
    def far_away(kind: str, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(test_loss=np.inf) if kind == "surfaces" else table

    far = tables.evidence(tables.Case(far_away))
    is_drawn(DRAW[name](Mixed(far, "", far)), False, True)


def test_figure_6_has_both_planes_side_by_side_and_one_where_the_configuration_asks_for_the_aligned(made):
    found = made["all there"]
    t = Mixed(found, "", found)
    surfaces, endpoints = both(t, "figure_6", "surfaces", "endpoints")
    own = [t(kind, plot_figure_6.PLANE) for kind in ("surfaces", "endpoints")]
    for kind, beside in (("principal", 2), ("aligned", 1)):
        figure = plot_figure_6.draw(surfaces.assign(kind=kind), endpoints, *own, t.widths())
        titles = [axes.get_title() for axes in figure.axes]
        assert [f"$m={m}$" in titles for m in t.widths()] == [True] * len(t.widths())
        assert sum("m=" in title for title in titles) == beside * len(t.widths())
        plt.close(figure)


@pytest.mark.parametrize("case", [WHOLLY, "a diverged seed", "one diverged run", "losses of 1e285"])
def test_paths_move_as_far_as_there_are_numbers(case, made):
    frames = plot_neurons.animate(made[case].paths["neuron_paths"])
    is_drawn(list(islice(frames, 3))[-1], tables.CASES[case].diverged, True, page=False)


@pytest.mark.parametrize("case", tables.CASES)
def test_what_turns_has_numbers_alone(case, made):
    t = Mixed(made[case], "", made[case])
    pictures = plot_interactive.landscapes(t("surfaces", *LANDSCAPES), t("endpoints", *LANDSCAPES))
    pictures |= plot_interactive.tau_alpha(t.summaries(*OF["figure_5"]))
    pictures |= plot_interactive.phase(t.plane())
    views = [view for picture in pictures.values() for view in picture["views"]]
    assert len(views) == 3 + 2 * len(t.widths()) + 2 * 2 * (t.plane()["m"].nunique() > 1)
    diverged = tables.CASES[case].diverged
    assert [bool(SAYS.search(view)) for view in views] == [diverged] * len(views)
    json.dumps(pictures, allow_nan=False)


def test_a_plane_of_one_row_or_one_column_does_not_turn(made):
    plane = Mixed(made["all there"], "", made["all there"]).plane()
    for key in ("m", "coupling"):
        assert plot_interactive.phase(plane[plane[key] == plane[key].max()]) == {}
    one_start = plane[plane["symmetrize"] | (plane["m"] == plane["m"].max())]
    (picture,) = plot_interactive.phase(one_start).values()
    assert len(picture["views"]) == 2


def test_no_figure_is_left_out():
    scripts = {path.stem for path in ROOT.glob("scripts/plot_*.py")}
    assert set(catalogue.FIGURES) <= set(DRAW)
    apart = {"plot_model", "plot_models"}  # in test_figures_of_models.py
    assert scripts - apart <= {name for name in globals() if name.startswith("plot_")}
