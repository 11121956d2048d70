"""Claims of the plateaus, of τ against α and of step sizes, on evidence for them and against them."""

import itertools

import numpy as np
import pytest
from evidence import TAU, collapsed, figure_5, plateau, runs, verdict_of

from lazytraining.claims import plateaus, step_size, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (plateau(4, output=0.02, gap=0.01), Verdict.REPRODUCED),
        (collapsed(), Verdict.ARTEFACT),
        (collapsed(kept=1), Verdict.NOT),  # it turned
        (collapsed(growth=0), Verdict.NOT),
        (collapsed(features=4.01), Verdict.NOT),  # a quarter of a percent off
        (collapsed(starts=100), Verdict.OPEN),
        (plateau(4, output=0.02, gap=90), Verdict.NOT),
        (plateau(4, output=0.02, gap=0.01, kernel=0.2), Verdict.NOT),
        (Evidence(), Verdict.OPEN),
    ],
)
def test_a_plateau_is_lazy_an_artefact_or_neither(evidence, expected):
    assert verdict_of("25b", evidence) == expected


def test_without_measures_of_laziness_a_plateau_is_not_judged():
    evidence = collapsed()
    for table in evidence.runs.values():
        table["gap_test"] = np.nan
    (claim,) = [claim for claim in CLAIMS if claim.id == "18b"]
    evidence.theory["start"] = runs(
        "start", sweep=["tau"], symmetrize=[False], tau=TAU, kappa=lambda row, seed: 0.06 + 1e-3 * seed
    )
    row = verdict.entry(claim, evidence)
    assert (row["verdict"], row["reason"]) == (Verdict.OPEN, "needs laziness: true in plateau")


def test_plateaus_exist_where_the_loss_is_level_and_high():
    flat = collapsed()
    assert verdict_of("19a", flat) == verdict_of("19b", flat) == verdict_of("25a", flat) == Verdict.REPRODUCED
    rising = collapsed(starts=100)
    assert verdict_of("19a", rising) == Verdict.NOT
    assert verdict_of("25a", rising) == Verdict.OPEN
    level = collapsed(starts=0)
    assert verdict_of("25a", level) == Verdict.NOT
    late = collapsed()
    for table in late.runs.values():
        table.loc[table["tau"] >= 0.1, "test_loss_end"] = 4.0
    assert verdict_of("25a", late) == Verdict.PARTLY, "high beside a τ that the note does not show"


def test_start_of_a_plateau_is_between_its_grid_points():
    late, early = collapsed(starts=10.0), collapsed(starts=0.1)
    share = 1 - np.log(1.1) / np.log(2)
    expected = 1.0 * 10**share
    assert plateaus.plateau_start(late, "plateau").to_numpy() == pytest.approx(3 * [expected], rel=1e-3)
    both = Evidence(runs={"plateau": late.runs["plateau"], "plateau_symmetrized": early.runs["plateau"]})
    assert plateaus.earlier_start(both).values.to_numpy() == pytest.approx(3 * [0.01], rel=1e-3)
    assert verdict_of("19c", both) == Verdict.REPRODUCED


def test_laziness_sets_in_where_both_layers_stay():
    """The output layer moves by 0.05 from τ = 1 on and by 0.05/τ below: by a tenth at τ = 0.5."""
    lazy = plateau(4, output=0.05, gap=0.01, starts=0.1)
    layers = plateaus.onset("hidden_distance", "output_distance")
    assert layers(lazy).values.to_numpy() == pytest.approx(3 * [0.5], rel=0.01)
    for size, found, expected in ((0.01, 0.1, Verdict.REPRODUCED), (0.5, 5, Verdict.NOT)):
        falls = plateau(4, output=0.05, gap=0.01, starts=0.1)
        for table in falls.runs.values():
            table["gap_test"] = size * (1 + 1e-4 * table["seed"]) / table["tau"]
        assert plateaus.lazy_onset(falls).values.to_numpy() == pytest.approx(3 * [found], rel=0.01)
        assert verdict_of("25e", falls) == expected
    assert verdict_of("25f", lazy) == Verdict.REPRODUCED
    assert verdict_of("25d", lazy) == Verdict.IDENTITY
    assert verdict_of("25d", plateau(4, output=0.05, gap=9.0)) == Verdict.OPEN
    assert verdict_of("25e", collapsed()) == Verdict.OPEN
    assert verdict_of("25f", collapsed()) == Verdict.NOT
    assert verdict_of("25h", collapsed()) == Verdict.REPRODUCED
    assert verdict_of("25h", plateau(4, output=0.05, gap=0.01, kernel=0.5)) == Verdict.NOT


def test_figure_5_is_judged_by_its_level_lines():
    two, one = figure_5(2), figure_5(1)
    assert verdict_of("26a", two) == verdict_of("26b", two) == Verdict.REPRODUCED
    assert verdict_of("26a", one) == verdict_of("26b", one) == Verdict.NOT
    assert (verdict_of("20b", two), verdict_of("20b", one)) == (Verdict.IDENTITY, Verdict.OPEN)
    assert verdict_of("27b", two) == Verdict.REPRODUCED


def test_bars_above_the_zero_predictor_that_hardly_moved_are_an_artefact():
    assert verdict_of("27a", figure_5(2, above=1e9)) == Verdict.ARTEFACT
    assert verdict_of("27a", figure_5(2)) == Verdict.REPRODUCED


def test_conjecture_turns_with_its_experiment():
    assert verdict_of("36a", Evidence()) == Verdict.OPEN
    steps = np.logspace(-3, 1, 5).tolist()

    def plane(loss) -> Evidence:
        table = runs("step_size", tau=[0.01, 0.1, 1.0, 10.0], eta=steps, test_loss_end=loss)
        return Evidence(runs={"step_size": table.assign(diverged=table["eta"] > 0.3 / table["tau"] ** 2)})

    needs_large_steps = plane(
        lambda row, seed: row["tau"] / 100 if row["eta"] > 0.3 * min(10, 0.1 / row["tau"] ** 2) else 1.0
    )
    assert verdict_of("36a", needs_large_steps) == Verdict.NOT
    assert verdict_of("36b", needs_large_steps) == Verdict.REPRODUCED
    any_step = plane(lambda row, seed: row["tau"])
    assert verdict_of("36a", any_step) == Verdict.REPRODUCED
    table = needs_large_steps.runs["step_size"]
    untrained = table.assign(
        test_loss_end=np.where(table["test_loss_end"] == 1, 1 + table["tau"], table["test_loss_end"])
    )
    assert verdict_of("36a", Evidence(runs={"step_size": untrained})) == Verdict.NOT, (
        "it rises, but is not Figure 3"
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_path_is_that_of_all_paths(seed):
    costs = np.random.default_rng(seed).uniform(size=(4, 3))
    ways = itertools.combinations_with_replacement(range(3), 4)
    every = [max(costs[i, step] for i, step in enumerate(way)) for way in ways]
    assert len(every) == 15 and step_size.least_worst(costs) == min(every)
