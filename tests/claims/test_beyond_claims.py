"""Claims of the population loss, few neurons, neurons in the plane and singular values, on evidence for them and against them."""

import numpy as np
import pytest
from evidence import runs, verdict_of

from lazytraining.claims import beyond
from lazytraining.claims.verdict import Evidence, Verdict


@pytest.mark.parametrize(("end", "expected"), [(5.0, Verdict.REPRODUCED), (1.0, Verdict.NOT)])
def test_population_loss_is_judged_at_the_largest_scale(end, expected):
    rows = runs(
        "population_loss",
        tau=[0.1, 1.0, 8.0],
        train_loss_end=lambda row, seed: (end if row["tau"] == 8 else 1.0) * (1 + 1e-3 * seed),
    )
    assert verdict_of("29b", Evidence(runs={"population_loss": rows})) == expected


def few_neurons(
    end: float,
    rate: float = 1e-2,
    best: float = 1e-9,
    flips: float = 0.0,
    momentum: float = 0.1,
    moved: float = 0.01,
) -> Evidence:
    """Training loss at the largest τ that falls from 1 to `end` + the fit's, geometrically or as 1/(1 + t), and to `best` at the smallest.
    The tangent model's is `momentum` with momentum. Both layers have `moved`, and a share `flips` of the gates has switched."""
    name, fit = "underparameterized", 0.1

    def loss(row, seed) -> float:
        t = row["iteration"]
        return fit + end + (0.9 - end) * (np.exp(-rate * t) if rate else 1 / (1 + t)) * (1 + 1e-3 * seed)

    curves = runs(name, tau=[0.1, 1000.0], iteration=[0, 1, *range(50, 1001, 50)], train_loss=loss)
    ends = runs(
        name,
        tau=[0.1, 1000.0],
        train_loss_end=lambda row, seed: loss({"iteration": 1000}, seed) if row["tau"] > 1 else best,
        hidden_distance=lambda row, seed: moved * (1 + 1e-3 * seed),
        output_distance=lambda row, seed: moved * (1 + 1e-3 * seed),
        gate_flips=lambda row, seed: flips * (1 + 1e-3 * seed) if row["tau"] > 1 else 0.4,
    )
    baselines = runs(
        name,
        tau=[0.1, 1000.0],
        tangent_fit_loss=lambda row, seed: fit,
        tangent_momentum_loss_end=lambda row, seed: momentum * (1 + 1e-3 * seed),
    )
    return Evidence(
        runs={name: ends}, curves={name: curves.drop(columns="diverged")}, baselines={name: baselines}
    )


def test_few_neurons_stop_where_their_tangent_space_does_or_are_on_their_way():
    there, on_its_way = few_neurons(end=0), few_neurons(end=0, rate=0)
    assert verdict_of("17a", there) == verdict_of("29a", there) == Verdict.REPRODUCED
    assert verdict_of("17a", on_its_way) == Verdict.NOT
    assert verdict_of("29a", few_neurons(end=0.05)) == Verdict.PARTLY, "at rest, above the fit"
    assert verdict_of("17b", there) == Verdict.OPEN, "three seeds for a median"


def test_few_neurons_keep_their_gates_or_not_and_momentum_frees_them_or_not():
    assert verdict_of("17c", few_neurons(end=0)) == Verdict.IDENTITY
    assert verdict_of("17c", few_neurons(end=0, flips=0.01)) == Verdict.OPEN
    assert verdict_of("34d", few_neurons(end=0)) == Verdict.NOT
    assert verdict_of("34d", few_neurons(end=0, momentum=1e-3)) == Verdict.REPRODUCED
    assert verdict_of("34d", few_neurons(end=0, moved=0.5)) == Verdict.OPEN, "it is not lazy"


def test_neurons_move_by_the_distance_of_their_points():
    """Two neurons at distance 5 from 0 that end 0.5 away at the largest τ and 50 away at the smallest."""

    def place(row, seed):
        step = {0.1: 50.0, 2.0: 0.5}[row["tau"]] * (1 + 1e-3 * seed)
        return 3.0 + (row["iteration"] == 100) * step

    axes = {"tau": [0.1, 2.0], "iteration": [0, 10, 100], "neuron": [-1, 0, 1]}
    rows = runs("neuron_paths", **axes, x=place, y=lambda row, seed: 4.0)
    evidence = Evidence(paths={"neuron_paths": rows})
    assert beyond.paths_moved(largest=True)(evidence).values.to_list() == pytest.approx([0.1, 0.1001, 0.1002])
    assert verdict_of("24", evidence) == Verdict.REPRODUCED
    swapped = rows.assign(tau=rows["tau"].map({0.1: 2.0, 2.0: 0.1}))
    assert verdict_of("24", Evidence(paths={"neuron_paths": swapped})) == Verdict.NOT


def test_low_rank_is_the_stable_rank_left():
    def end(row, seed):
        return 1.0 if row["tau"] > 1 or row["index"] == 1 else 0.1 * (1 + 1e-3 * seed)

    def evidence(flip: bool) -> Evidence:
        tables = {}
        for name in ("plateau", "plateau_symmetrized"):
            rows = runs(name, tau=[0.01, 100.0], index=[1, 2, 3, 4], start=lambda row, seed: 1.0, end=end)
            tables[name] = rows.assign(tau=rows["tau"].map({0.01: 100.0, 100.0: 0.01})) if flip else rows
        return Evidence(spectra=tables)

    found = beyond.rank_left("plateau", largest=False)(evidence(flip=False)).values
    assert found[0] == pytest.approx(1.03 / 4)
    assert verdict_of("10", evidence(flip=False)) == Verdict.REPRODUCED
    assert verdict_of("10", evidence(flip=True)) == Verdict.NOT
