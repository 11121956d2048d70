"""Quantities of the ledger on synthetic evidence whose answer is known, and each claim's verdict on it."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import tables

from lazytraining.claims import beyond, figure_1, lazy_limit, measures, models, plateaus, step_size, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import catalogue, names

SEEDS = range(3)


def runs(name: str, **columns) -> pd.DataFrame:
    """Rows over the keys given as lists and three seeds; other columns are functions of (row, seed)."""
    axes = {key: values for key, values in columns.items() if isinstance(values, list)}
    rows = []
    for *values, seed in itertools.product(*axes.values(), SEEDS):
        row = dict(zip(axes, values, strict=True)) | {"experiment": name, "seed": seed, "diverged": False}
        row |= {key: value(row, seed) for key, value in columns.items() if callable(value)}
        rows.append(row)
    return pd.DataFrame(rows)


def verdict_of(id: str, evidence: Evidence) -> str:
    (claim,) = [claim for claim in CLAIMS if claim.id == id]
    return verdict.entry(claim, evidence)["verdict"]


TAU = [0.01, 0.1, 1.0, 10.0, 100.0]


def plateau(
    level: float,
    output: float,
    gap: float,
    features: float = 9.0,
    starts: float = 1.0,
    kept: float | None = None,
    growth: float = 0.0,
    kernel: float = 0.05,
) -> Evidence:
    """A sweep whose end loss goes up to `level` at τ = `starts`, and what stands beside it; the tangent model's grows like τ^growth from
    `level` at τ = 1. The output layer moves by `output`, less at small τ, and keeps the rest, or `kept`; the gap and the movement of the
    kernel are at all τ the same."""
    name = "plateau"
    table = runs(
        name,
        tau=TAU,
        test_loss_end=lambda row, seed: (level if row["tau"] >= starts else level / 2) * (1 + 1e-3 * seed),
        hidden_distance=lambda row, seed: 0.01 * (1 + 1e-3 * seed),
        output_distance=lambda row, seed: output * (1 - 1e-3 * seed) * max(1, 1 / row["tau"]),
        gap_test=lambda row, seed: gap * (1 + 1e-3 * seed),
        kernel_movement=lambda row, seed: kernel * (1 + 1e-3 * seed),
        kernel_turn=lambda row, seed: kernel**2 * (1 + 1e-3 * seed),
    )
    baselines = runs(
        name, tau=TAU, tangent_test_loss_end=lambda row, seed: 1.005 * level * row["tau"] ** growth
    )
    spectra = runs(
        name,
        tau=TAU,
        index=[1, 2],
        output_kept=lambda row, seed: (1 - output if kept is None else kept) * (1 + 1e-3 * seed),
        trained_feature_loss=lambda row, seed: features * (1 + 1e-3 * seed) * (1 + 1e-8 * (1 + seed)),
    )
    names = (name, f"{name}_symmetrized")
    return Evidence(
        spectra={name: spectra},
        runs=dict.fromkeys(names, table),
        baselines=dict.fromkeys(names, baselines),
    )


def collapsed(**others) -> Evidence:
    """As Figure 3 is: far from its tangent model, without its output layer, at least squares on the features that it has."""
    return plateau(4, **{"output": 0.99, "gap": 90, "kernel": 0.136, "features": 4.0, "growth": 4} | others)


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
    for size, found, expected in ((0.01, 0.1, Verdict.REPRODUCED), (0.5, 5, Verdict.PARTLY)):
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


def figure_5(q: float, above: float = 1e-9) -> Evidence:
    grid = {"tau": np.logspace(-2, 1, 10).tolist(), "alpha": np.logspace(0, 3, 10).tolist()}

    def loss(row, seed):
        s = np.log(row["alpha"]) + q * np.log(row["tau"])
        return np.exp(np.tanh((s + 0.1 * seed) / 4))

    columns = {"test_loss_end": loss, "test_loss_best": loss, "zero_loss": lambda row, seed: 1 / above}
    names = ("tau_alpha_text", "tau_alpha_code", "tau_alpha_converged")
    tables = {name: runs(name, **grid, **columns) for name in names}
    first = tables["tau_alpha_code"].assign(
        iteration=0, test_loss=1.1 * tables["tau_alpha_code"]["test_loss_best"]
    )
    return Evidence(runs=tables, curves={"tau_alpha_code": first})


def test_figure_5_is_judged_by_its_level_lines():
    two, one = figure_5(2), figure_5(1)
    assert verdict_of("26a", two) == verdict_of("26b", two) == Verdict.REPRODUCED
    assert verdict_of("26a", one) == verdict_of("26b", one) == Verdict.NOT
    assert (verdict_of("20b", two), verdict_of("20b", one)) == (Verdict.IDENTITY, Verdict.OPEN)
    assert verdict_of("27b", two) == Verdict.REPRODUCED


def test_bars_above_the_zero_predictor_that_hardly_moved_are_an_artefact():
    assert verdict_of("27a", figure_5(2, above=1e9)) == Verdict.ARTEFACT
    assert verdict_of("27a", figure_5(2)) == Verdict.REPRODUCED


def limit(weights: float, outputs: float, switching: float) -> Evidence:
    """Distances that are powers of α and of the iteration; up to α = 10 gates switch, and powers are larger by `switching`."""
    smooth = [100.0, 1000.0, 10000.0]

    def power(row, order: float) -> float:
        return row["alpha"] ** (order if row["alpha"] in smooth else order + switching)

    table = runs(
        "limit",
        symmetrize=[False, True],
        alpha=[1.0, 3.0, 10.0, *smooth],
        iteration=[1, 10, 100, 1000],
        distance=lambda row, seed: (1 + 0.1 * seed) / row["alpha"],
        weight_gap=lambda row, seed: (1 + seed) * power(row, weights),
        test_gap=lambda row, seed: (
            (1 + 0.01 * seed) * power(row, outputs - row["symmetrize"]) * row["iteration"] ** 0.5
        ),
        train_gap=lambda row, seed: power(row, outputs - row["symmetrize"]) * row["iteration"] ** 0.5,
        bound=lambda row, seed: 10 * row["iteration"] ** 2.0,
        radius=lambda row, seed: 9.0 / row["alpha"],
        train_loss=lambda row, seed: np.exp(-0.1 * row["iteration"]),
        tangent_train_loss=lambda row, seed: np.exp(-0.1 * row["iteration"]),
        smallest_rate=lambda row, seed: 0.01,
        gate_flips=lambda row, seed: 0.01 * (row["alpha"] not in smooth and row["iteration"] > 1),
    )
    return Evidence(theory={"limit": table})


def test_the_lazy_limit_is_judged_by_its_slopes():
    as_the_theorem, as_relu, wrong = limit(-2, -1, 0), limit(-2, -1, 0.5), limit(-1.5, -0.5, 0)
    for id in ("12b", "13", "14a", "14c", "15", "16"):
        assert verdict_of(id, as_the_theorem) == Verdict.REPRODUCED, id
    assert verdict_of("12a", as_the_theorem) == verdict_of("12a", as_relu) == Verdict.IDENTITY
    assert verdict_of("12c", as_the_theorem) == Verdict.NOT
    assert verdict_of("12c", as_relu) == Verdict.REPRODUCED
    for id in ("12b", "16"):
        assert verdict_of(id, as_relu) == verdict_of(id, wrong) == Verdict.NOT, id
    assert verdict_of("12a", wrong) == Verdict.OPEN, "numbers that algebra refuses"
    assert verdict_of("14b", as_relu) == Verdict.NOT, "it grows as the square root"
    far = limit(-2, -1, 0)
    far.theory["limit"]["test_gap"] *= 100
    assert verdict_of("13", far) == Verdict.NOT, "near on the training points alone"
    assert verdict_of("13", limit(0, 1, 0)) == Verdict.OPEN, "near nowhere"
    squared = limit(-2, -1, 0)
    squared.theory["limit"]["train_gap"] = 1e-9 * squared.theory["limit"]["iteration"] ** 2.0
    assert verdict_of("14b", squared) == Verdict.REPRODUCED
    outside = as_relu.theory["limit"].assign(radius=1e-9, bound=1e-9)
    for id in ("14a", "14c"):
        assert verdict_of(id, Evidence(theory={"limit": outside})) == Verdict.NOT


def sample(coherent: float, incoherent: float, outputs: float = -0.5) -> Evidence:
    """Gaps over α and the number of points, of two terms."""
    table = runs(
        "sample",
        n_train=[100, 1000, 10000],
        alpha=[4.0, 16.0, 64.0],
        weight_gap=lambda row, seed: (
            (1 + 0.1 * seed)
            * (coherent * row["alpha"] ** -4 + incoherent * row["alpha"] ** -3 / row["n_train"]) ** 0.5
        ),
        test_gap=lambda row, seed: (1 + 0.1 * seed) * row["alpha"] ** (outputs + 1e-3 * seed),
    )
    return Evidence(theory={"sample": table})


def test_the_law_of_a_finite_sample_is_told_from_the_theorems():
    assert verdict_of("12d", sample(coherent=1, incoherent=10)) == Verdict.REPRODUCED
    assert verdict_of("12d", sample(coherent=0, incoherent=1)) == Verdict.PARTLY, "at every n it is α^(-3/2)"
    assert verdict_of("12d", sample(coherent=0, incoherent=1, outputs=-1)) == Verdict.PARTLY
    other = sample(coherent=0, incoherent=1, outputs=-1)
    other.theory["sample"]["weight_gap"] = other.theory["sample"]["alpha"] ** -0.5
    assert verdict_of("12d", other) == Verdict.NOT


def test_a_seed_whose_gates_still_switch_is_not_smooth():
    evidence = limit(-2, -1, 0)
    table = evidence.theory["limit"]
    one = (table["seed"] == 1) & (table["iteration"] == 10)
    table.loc[one & (table["alpha"] == 100), "gate_flips"] = 0.01
    table.loc[(table["seed"] == 1) & (table["alpha"] == 100), "weight_gap"] = 1.0
    assert lazy_limit.smooth_exponent("weight_gap")(evidence).values.to_numpy() == pytest.approx([-2, -2, -2])
    table.loc[one & (table["alpha"] == 1000), "gate_flips"] = 0.01
    assert lazy_limit.smooth_exponent("weight_gap")(evidence).values.index.to_list() == [0, 2]


def test_the_bound_on_kappa_is_the_notes():
    rows = runs(
        "start",
        sweep=["1/m", "1/sqrt(m)", "1"],
        m=[16, 64, 256],
        symmetrize=[False],
        alpha=lambda row, seed: {"1/m": 1 / row["m"], "1/sqrt(m)": row["m"] ** -0.5, "1": 1.0}[row["sweep"]],
        kappa=lambda row, seed: 0.9 + 0.001 * seed,
    )
    scale = rows["m"] ** -0.5 + 1 / (rows["m"] * rows["alpha"])
    assert (
        verdict_of("7", Evidence(theory={"start": rows.assign(kappa=rows["kappa"] * scale)}))
        == Verdict.REPRODUCED
    )
    assert (
        verdict_of("7", Evidence(theory={"start": rows.assign(kappa=1.2 * rows["kappa"] * scale)}))
        == Verdict.NOT
    )
    assert verdict_of("7", Evidence(theory={"start": rows})) == Verdict.PARTLY


def test_speed_counts_a_run_that_never_gets_there_with_all_its_iterations():
    def loss(row, seed):
        rate = {0.1: 0.1, 10.0: 0.001}[row["tau"]] * row["eta"]
        return np.exp(-rate * row["iteration"])

    iterations = list(range(0, 1001, 10))
    curves = runs("c", tau=[0.1, 10.0], eta=[1.0, 2.0], iteration=iterations, train_loss=loss)
    evidence = Evidence(curves={"convergence_symmetrized": curves})
    found = figure_1.slower_by(1e-2, "best")(evidence)
    assert found.values.to_numpy() == pytest.approx(3 * [1000 / (np.log(100) / 0.2)], rel=1e-2)
    assert verdict_of("37a", evidence) == verdict_of("37b", evidence) == Verdict.NOT


def planes(
    bump: float,
    in_plane: float,
    own: float,
    aligned: float = 1.0,
    permuted: float = 1.0,
    small: float = 1.0,
    grid: int = 9,
) -> Evidence:
    """1/m and 1/√m landscapes at two m: a wide bowl with a bump in the middle, `small` times as high at the smaller m, and students beside
    it. `aligned` is the centre of aligned students, `permuted` that of permuted copies over the bump's."""
    axis = np.linspace(-2, 2, grid)
    surfaces, endpoints = {}, {}
    for name in catalogue.LANDSCAPES:
        table = pd.DataFrame([{"m": m, "x": x, "y": y} for m in (8, 64) for x in axis for y in axis])
        radius = np.hypot(table["x"], table["y"])
        table["test_loss"] = 1 + 0.1 * radius**2 + bump * np.exp(-40 * radius**2)
        centre = (1 + bump) * np.where(table["m"] == 8, small, 1)
        heights = {"aligned_centre_loss": aligned, "permuted_centre_loss": permuted * centre}
        surfaces[name] = table.assign(kind="principal", centre_loss=centre, **heights)
        rows = []
        for m, seed in itertools.product((8, 64), SEEDS):
            angle = 2 * seed
            for ours, away, height in (("landscape_mean_field", 1.5, 1.0), ("landscape_ntk", 0.3, 1 + bump)):
                place = {"x": away * np.cos(angle), "y": away * np.sin(angle), "surface_loss": height}
                loss = 1.0 if ours == name else own * height
                student = {"in_plane": in_plane * (1 + 0.01 * seed), "test_loss": loss * (1 + 1e-3 * seed)}
                rows.append({"plane": name, "experiment": ours, "m": m, "seed": seed} | place | student)
        endpoints[name] = pd.DataFrame(rows)
    return Evidence(surfaces=surfaces, endpoints=endpoints)


def test_students_on_the_bump_are_there_or_only_seem_to_be():
    assert verdict_of("33", planes(bump=9, in_plane=0.9, own=1.0)) == Verdict.REPRODUCED
    assert verdict_of("33", planes(bump=9, in_plane=0.1, own=0.1)) == Verdict.ARTEFACT
    assert verdict_of("33", planes(bump=-0.5, in_plane=0.9, own=1.0)) == Verdict.PARTLY


def test_a_bump_is_judged_at_every_m_and_by_the_order_of_the_neurons():
    everywhere = planes(bump=9, in_plane=0.9, own=1.0, small=2)
    assert verdict_of("31a", everywhere) == Verdict.NOT
    assert [verdict_of(id, everywhere) for id in ("31b", "31c", "31d")] == 3 * [Verdict.REPRODUCED]
    as_said = planes(bump=9, in_plane=0.9, own=1.0, small=0.1)
    as_said.surfaces["landscape_ntk"]["centre_loss"] = 1.0
    assert verdict_of("31a", as_said) == Verdict.REPRODUCED
    assert verdict_of("31b", as_said) == Verdict.NOT
    assert verdict_of("31c", planes(bump=9, in_plane=0.9, own=1.0, aligned=5)) == Verdict.NOT
    assert verdict_of("31d", planes(bump=9, in_plane=0.9, own=1.0, permuted=0.1)) == Verdict.NOT
    for table in everywhere.surfaces.values():
        table["kind"] = "aligned"
    assert verdict_of("31b", everywhere) == Verdict.OPEN


@pytest.mark.parametrize("grid", [2, 5, 6, 9])
def test_a_bump_is_one_whether_or_not_a_point_of_the_grid_is_on_it(grid):
    assert verdict_of("31b", planes(bump=9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.REPRODUCED
    assert verdict_of("31b", planes(bump=-0.9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.NOT


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


def test_jackknife_of_a_mean_is_its_rows():
    table = pd.DataFrame({"m": range(6), "value": [1.0, 4.0, 2.0, 9.0, 0.0, 5.0]})
    found = measures.jackknife(table, lambda part: part["value"].mean(), "m")
    assert found.to_list() == pytest.approx([1, 4, 2, 9, 0, 5])
    with pytest.raises(verdict.LackingError, match="at least 6 different m, not 3"):
        measures.jackknife(table[:3], lambda part: 0.0, "m")


def widths(mean_field: float, ntk: float, exponent: float, loss: float) -> Evidence:
    """Sharpness of both scalings at m = 4, and its exponent over m with 1/√m; the test loss goes with sharpness to the power `loss`."""
    tables = {}
    for name, first, power in (("width_mean_field", mean_field, 0.0), ("width_ntk", ntk, exponent)):
        tables[name] = runs(
            name,
            m=[4, 32, 64, 128],
            sharpness=lambda row, seed, first=first, power=power: (
                first * (row["m"] / 4) ** power * (1 + 1e-3 * seed + 1e-4 * row["m"])
            ),
        )
        tables[name]["test_loss_end"] = tables[name]["sharpness"] ** loss
    return Evidence(runs=tables)


def test_wide_is_a_small_curvature_at_each_student():
    as_said = widths(mean_field=1, ntk=100, exponent=-0.5, loss=1)
    assert [verdict_of(id, as_said) for id in ("30a", "30b", "30c", "32")] == 4 * [Verdict.REPRODUCED]
    otherwise = widths(mean_field=100, ntk=1, exponent=0.5, loss=-1)
    assert [verdict_of(id, otherwise) for id in ("30a", "30b", "30c", "32")] == 4 * [Verdict.NOT]


def test_generalisation_over_m_is_judged_by_a_sign_test_from_six_data_sets_on():
    def losses(power: float, seeds: int) -> Evidence:
        table = pd.concat([widths(1, 1, 0, 1).runs["width_ntk"].assign(seed=seed) for seed in range(seeds)])
        table = table.drop_duplicates(["seed", "m"]).assign(test_loss_end=lambda t: t["m"] ** power)
        return Evidence(runs={"width_ntk": table, "width_mean_field": table.assign(test_loss_end=1.0)})

    assert verdict_of("28a", losses(0.5, 5)) == Verdict.OPEN
    assert verdict_of("28a", losses(0.5, 6)) == Verdict.REPRODUCED
    assert verdict_of("28b", losses(0.5, 6)) == verdict_of("28c", losses(0.5, 6)) == Verdict.REPRODUCED
    assert verdict_of("28a", losses(-0.5, 6)) == Verdict.NOT


def test_a_value_at_the_bound_does_not_meet_it():
    curves = runs(
        "c",
        tau=[0.1, 10.0],
        eta=[1.0],
        iteration=[0, 10, 20],
        train_loss=lambda row, seed: 0.7 ** row["iteration"],
    )
    evidence = Evidence(curves={"convergence_symmetrized": curves})
    assert verdict_of("37a", evidence) == Verdict.NOT, "equally fast is not faster"
    never = Evidence(curves={"convergence_symmetrized": curves.assign(train_loss=1.0)})
    assert verdict_of("37a", never) == Verdict.OPEN
    small = curves.assign(tau=curves["tau"] / 100)
    assert verdict_of("37a", Evidence(curves={"convergence_symmetrized": small})) == Verdict.OPEN


def test_extremes_are_of_all_seeds():
    table = runs("trajectory", tau=[0.1, 2.0], iterations=lambda row, seed: 100 * row["tau"])
    table.loc[(table["tau"] == 2) & (table["seed"] == 1), "diverged"] = True
    found = figure_1.ratio_of_extremes("iterations")(Evidence(runs={"trajectory": table}))
    assert found.values.to_dict() == pytest.approx({0: 20, 2: 20})


def vgg11(lost: float, frozen: float, stabler: float) -> Evidence:
    """Accuracy falls by `lost` from α = 1 on; with a frozen pattern it is lower by `frozen` at α = 1 and as high at large α; the
    share of activations that switch falls as α^(-stabler). A second step size trains worse and classifies better."""

    def trained(row) -> bool:
        return row["eta"] == 0.02

    def accuracy(row, seed) -> float:
        return 0.9 - (lost if row["alpha"] > 1 else 0) + 1e-3 * seed if trained(row) else 1.0

    def share(row, seed) -> float:
        return 1 - 0.3 * (1 + 0.01 * seed) * row["alpha"] ** -stabler

    table = runs(
        "vgg11",
        alpha=[1.0, 100.0, 1e4],
        tau=[1.0],
        eta=[0.02, 0.2],
        train_loss_end=lambda row, seed: 0.01 if trained(row) else 0.02,
        train_accuracy=lambda row, seed: 0.9 + 1e-3 * seed,
        test_accuracy=accuracy,
        test_accuracy_frozen=lambda row, seed: (
            accuracy(row, seed) - (frozen if row["alpha"] <= 1 else 1e-4 * seed)
        ),
        gates_kept=share,
    )
    curves = table.merge(pd.DataFrame({"iteration": [0, 100, 200], "share": [0.0, 0.5, 1.0]}), how="cross")
    curves["train_loss"] = curves["train_loss_end"] ** curves["share"]
    curves["test_accuracy"] *= curves["share"]
    table = table.assign(step=table["eta"].map("{:g}".format))
    return Evidence(models={"vgg11": table}, model_curves={"vgg11": curves})


def test_the_cnn_is_judged_at_the_best_step_size_of_each_alpha():
    as_said, otherwise = vgg11(0.1, 0.3, 0.5), vgg11(-0.05, 0.001, -0.1)
    for id in ("38a", "38b", "38c"):
        assert verdict_of(id, as_said) == Verdict.REPRODUCED
    assert verdict_of("38a", otherwise) == Verdict.NOT
    assert verdict_of("38b", otherwise) == Verdict.PARTLY
    assert verdict_of("38c", otherwise) == Verdict.NOT
    table = as_said.models["vgg11"]
    curves = {"model_curves": as_said.model_curves}
    lazy = Evidence(models={"vgg11": table[table["alpha"] > 1]}, **curves)
    assert verdict_of("38a", lazy) == Verdict.OPEN
    edge = Evidence(models={"vgg11": table[table["eta"] < 0.2]}, **curves)
    assert verdict_of("38a", edge) == Verdict.OPEN, "a larger step may be better"
    slow = table.assign(
        train_loss_end=np.where(table["alpha"] > 1, 10 * table["train_loss_end"], table["train_loss_end"])
    )
    slow = Evidence(models={"vgg11": slow}, **curves)
    halfway = models.lost_at_equal_loss(slow).values.to_numpy()
    assert halfway == pytest.approx(0.8 + 1e-3 * np.arange(3) - 0.5 * (0.9 + 1e-3 * np.arange(3)))
    assert verdict_of("38a", slow) == Verdict.NOT, "as slow, at half of its way, is worse"
    best = as_said.model_curves["vgg11"].assign(train_loss=1.0)
    assert verdict_of("38a", Evidence(models={"vgg11": table}, model_curves={"vgg11": best})) == Verdict.OPEN


def networks(
    names_of: dict[str, int],
    *,
    move: float,
    biased: float = 0.0,
    alpha=(1.0, 10.0, 100.0),
    regime: str = "lazy",
) -> dict:
    """Gap and kernel movement go as number^move / α; the degree is `biased` below the number, as a share."""

    def small(row, seed, number) -> float:
        return 0.3 * (1 + 0.01 * seed) * number**move / row["alpha"]

    return {
        name: runs(
            name,
            alpha=list(alpha),
            gap_test=lambda row, seed, number=number: small(row, seed, number),
            kernel_movement=lambda row, seed, number=number: small(row, seed, number),
            euler_degree=lambda row, seed, number=number: number * (1 - biased * (1 + 0.01 * seed)),
        ).assign(regime=regime)
        for name, number in names_of.items()
    }


def test_depth_is_judged_by_the_degree_and_the_smallest_lazy_scale():
    def evidence(biased: float = 0.0, **given) -> Evidence:
        return Evidence(
            models=networks(names.DEPTHS, move=1.0, biased=biased) | networks(names.UNBIASED, **given)
        )

    as_said, otherwise = evidence(move=1.0), evidence(move=-1.0, biased=0.3, alpha=(0.1, 1.0, 10.0))
    assert verdict_of("45a", as_said) == verdict_of("45a", otherwise) == Verdict.IDENTITY
    assert [verdict_of(id, as_said) for id in ("45b", "46")] == [Verdict.REPRODUCED] * 2
    assert [verdict_of(id, otherwise) for id in ("45b", "46")] == [Verdict.NOT] * 2
    assert verdict_of("46", evidence(move=1.0, alpha=(1.0, 2.0))) == Verdict.OPEN, "not lazy at the largest"
    assert verdict_of("46", evidence(move=1.0, alpha=(100.0, 200.0))) == Verdict.OPEN, "lazy at all"
    assert verdict_of("46", evidence(move=1.0, regime="unfinished")) == Verdict.OPEN, "it may move on"
    rows = pd.DataFrame({"alpha": [1.0, 10, 100], "gap_test": [1.0, 0.2, 0.05], "kernel_movement": 0.01})
    rows["regime"] = ["unfinished", "crossover", "lazy"]
    assert models.lazy_alpha(rows) == pytest.approx(10 ** (1 + np.log(2) / np.log(4)))


def test_width_is_judged_by_its_scaling():
    def evidence(ntk: float, mean_field: float, regime: str = "feature learning") -> Evidence:
        moves = {"ntk": ntk, "mean_field": mean_field}
        found = [
            networks(names.MLP_WIDTHS[scaling], move=move, alpha=(1.0,), regime=regime)
            for scaling, move in moves.items()
        ]
        return Evidence(models=found[0] | found[1])

    assert [verdict_of(id, evidence(-0.5, 0.0)) for id in ("47a", "47b")] == [Verdict.REPRODUCED] * 2
    assert [verdict_of(id, evidence(0.1, -0.5)) for id in ("47a", "47b")] == [Verdict.NOT] * 2
    early = evidence(-0.5, 0.0, regime="unfinished")
    assert [verdict_of(id, early) for id in ("47a", "47b")] == [Verdict.OPEN] * 2, "it may move on"


def test_the_student_as_a_module_depends_on_alpha_tau_squared_alone():
    def evidence(power: float) -> Evidence:
        table = runs(
            "student_module",
            alpha=[0.01, 1.0, 100.0],
            tau=[1.0, 10.0],
            **dict.fromkeys(
                ("gap_test", "kernel_movement"),
                lambda row, seed: (1 + 0.01 * seed) / (row["alpha"] * row["tau"] ** power),
            ),
        )
        return Evidence(models={"student_module": table})

    assert verdict_of("48", evidence(2.0)) == Verdict.IDENTITY
    assert verdict_of("48", evidence(1.9)) == Verdict.OPEN, "these numbers are wrong"


def test_ledger_is_in_the_notes_order():
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    numbers = [int(re.match(r"\d+", id)[0]) for id in ids]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1)) and numbers == sorted(numbers)
    targets = catalogue.TARGETS | set(catalogue.EVIDENCE)
    assert {claim.figure for claim in CLAIMS} <= targets
    assert {claim.id for claim in CLAIMS if bool(claim.quote) == (claim.section == "ours")} == set()


def test_without_evidence_nothing_is_decided():
    for claim in CLAIMS:
        row = verdict.entry(claim, Evidence())
        assert row["verdict"] == Verdict.OPEN
        assert row["reason"].startswith("needs the ")


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
    assert beyond.paths_moved(True)(evidence).values.to_list() == pytest.approx([0.1, 0.1001, 0.1002])
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

    found = beyond.rank_left("plateau", False)(evidence(False)).values
    assert found[0] == pytest.approx(1.03 / 4)
    assert verdict_of("10", evidence(False)) == Verdict.REPRODUCED
    assert verdict_of("10", evidence(True)) == Verdict.NOT


def curves_of(name: str) -> pd.DataFrame:
    """At τ = 0.1 and 10, η = 1, with the loss and the movement that claims of Figure 1 and of speed read."""
    return runs(
        name,
        tau=[0.1, 10.0],
        eta=[1.0],
        iteration=list(range(0, 1001, 10)),
        train_loss=lambda row, seed: np.exp(
            -{0.1: 0.1, 10.0: 0.01}[row["tau"]] * row["iteration"] * (1 + 1e-3 * seed)
        ),
        relative_change=lambda row, seed: row["iteration"] / (1 + 1e-3 * seed),
    ).drop(columns="diverged")


def ends_of(name: str) -> pd.DataFrame:
    moved = {
        "hidden_distance": lambda row, seed: 0.01,
        "output_distance": lambda row, seed: 0.01 + 1e-3 * seed,
        "gap_test": lambda row, seed: 0.01 + 1e-3 * seed,
        "kernel_movement": lambda row, seed: 0.01 + 1e-3 * seed,
    }
    change = {
        "relative_change": lambda row, seed: 1 + 1e-3 * seed,
        "iterations": lambda row, seed: 1000 + seed,
    }
    return runs(name, tau=[0.1, 10.0], eta=[1.0], **moved, **change)


def trained() -> Evidence:
    names = ("trajectory", "convergence_symmetrized")
    return Evidence(
        runs={name: ends_of(name) for name in names}, curves={name: curves_of(name) for name in names}
    )


@pytest.mark.parametrize("id", ["21a", "21b", "22a", "23a", "37a", "37b", "23b"])
def test_where_all_at_the_largest_scale_diverged_nothing_is_decided(id):
    """The largest τ is the configured one, not the largest that is left."""
    evidence = trained()
    assert verdict_of(id, evidence) != Verdict.OPEN
    for table in evidence.runs.values():
        table.loc[table["tau"] == 10, "diverged"] = True
    assert verdict_of(id, evidence) == Verdict.OPEN


def test_runs_that_diverged_decide_nothing_by_their_curves():
    evidence = trained()
    assert verdict_of("21c", evidence) == Verdict.REPRODUCED
    whole = figure_1.moving_share(evidence).values
    evidence.runs["trajectory"].loc[evidence.runs["trajectory"]["seed"] == 1, "diverged"] = True
    assert figure_1.moving_share(evidence).values.equals(whole.drop(1))
    evidence.runs["trajectory"]["diverged"] = True
    assert verdict_of("21c", evidence) == Verdict.OPEN


class Recorded(Evidence):
    """Evidence that knows whether something was read that may have diverged."""

    filtered = False

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        found = super().get(kind, name, diverged)
        self.filtered |= kind in ("runs", "curves", "spectra", "models") and not diverged
        return found


@pytest.mark.parametrize("source", [trained, collapsed, lambda: figure_5(2.0)])
def test_no_claim_is_decided_by_runs_that_all_diverged(source):
    evidence = source()
    for table in (*evidence.runs.values(), *evidence.spectra.values()):
        table["diverged"] = True
    for claim in CLAIMS:
        recorded = Recorded(**vars(evidence))
        found = verdict.entry(claim, recorded)["verdict"]
        assert found == Verdict.OPEN or not recorded.filtered, claim.id


@pytest.mark.workflow
@pytest.mark.filterwarnings("ignore")  # of logarithms of 0, in the ledger's log
@pytest.mark.parametrize("case", [name for name in tables.CASES if "1e" not in name])
def test_the_ledger_has_a_verdict_on_whatever_is_there(case):
    evidence = tables.evidence(tables.CASES[case])
    for claim in CLAIMS:
        row = verdict.entry(claim, evidence)
        if case in ("nothing but diverged runs", "one run", "one diverged run"):
            assert row["verdict"] == Verdict.OPEN or claim.figure == "theory", claim.id  # κ needs no run
