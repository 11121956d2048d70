"""Quantities of the ledger on synthetic evidence whose answer is known, and each claim's verdict on it."""

import itertools

import numpy as np
import pandas as pd
import pytest
import tables

from lazytraining.claims import beyond, figure_1, lazy_limit, measures, plateaus, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import catalogue
from lazytraining.models import cnn

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
    tangent: float,
    features: float,
    starts: float = 1.0,
    kept: float | None = None,
    growth: float = 0.0,
) -> Evidence:
    """A sweep whose end loss goes up to `level` at τ = `starts`, and its baselines; the tangent model's grows from
    `tangent` at τ = 1 like τ^growth. The output layer moves by `output` and keeps the rest, or `kept`."""
    name = "plateau"
    table = runs(
        name,
        tau=TAU,
        test_loss_end=lambda row, seed: (level if row["tau"] >= starts else level / 2) * (1 + 1e-3 * seed),
        hidden_distance=lambda row, seed: 0.01,
        output_distance=lambda row, seed: output * (1 - 1e-3 * seed),
    )
    baselines = runs(
        name,
        tau=TAU,
        tangent_test_loss_end=lambda row, seed: tangent * row["tau"] ** growth,
        random_feature_loss=lambda row, seed: features,
    )
    spectra = runs(
        name,
        tau=TAU,
        index=[1, 2],
        output_kept=lambda row, seed: (1 - output if kept is None else kept) * (1 + 1e-3 * seed),
    )
    return Evidence(
        spectra={name: spectra},
        runs={name: table, f"{name}_symmetrized": table},
        baselines={name: baselines, f"{name}_symmetrized": baselines},
    )


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (plateau(4, output=0.02, tangent=4.01, features=9), Verdict.REPRODUCED),
        (plateau(4, output=0.99, tangent=4e5, features=4.01, growth=4), Verdict.ARTEFACT),
        (plateau(4, output=0.99, tangent=4e5, features=4.01, growth=4, kept=1), Verdict.NOT),  # it turned
        (plateau(4, output=0.99, tangent=4e5, features=4.01), Verdict.NOT),
        (plateau(4, output=0.99, tangent=4e5, features=9, growth=4), Verdict.NOT),
        (plateau(4, output=0.99, tangent=4e5, features=4.01, growth=4, starts=100), Verdict.OPEN),
        (plateau(4, output=0.02, tangent=9, features=9), Verdict.PARTLY),
        (Evidence(), Verdict.OPEN),
    ],
)
def test_a_plateau_is_lazy_an_artefact_or_neither(evidence, expected):
    assert verdict_of("4", evidence) == expected


def test_plateaus_exist_where_the_loss_is_level_and_high():
    flat = plateau(4, 0.99, 4e5, 4)
    assert verdict_of("3a", flat) == verdict_of("3b", flat) == Verdict.REPRODUCED
    rising = plateau(4, 0.99, 4e5, 4, starts=100)
    assert verdict_of("3a", rising) == Verdict.NOT
    assert verdict_of("3b", rising) == Verdict.OPEN
    level = plateau(4, 0.99, 4e5, 4, starts=0)
    assert verdict_of("3b", level) == Verdict.NOT


def test_start_of_a_plateau_is_between_its_grid_points():
    late, early = plateau(4, 1, 4, 4, starts=10.0), plateau(4, 1, 4, 4, starts=0.1)
    share = 1 - np.log(1.1) / np.log(2)
    expected = 1.0 * 10**share
    assert plateaus.plateau_start(late, "plateau").to_numpy() == pytest.approx(3 * [expected], rel=1e-3)
    both = Evidence(runs={"plateau": late.runs["plateau"], "plateau_symmetrized": early.runs["plateau"]})
    assert plateaus.earlier_start(both).values.to_numpy() == pytest.approx(3 * [0.01], rel=1e-3)
    assert verdict_of("5b", both) == Verdict.REPRODUCED


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
    assert verdict_of("8a", two) == verdict_of("8b", two) == verdict_of("8c", two) == Verdict.REPRODUCED
    assert verdict_of("8b", one) == verdict_of("8c", one) == Verdict.NOT
    assert verdict_of("8a", one) == Verdict.NOT
    assert verdict_of("9b", two) == Verdict.REPRODUCED


def test_bars_above_the_zero_predictor_that_hardly_moved_are_an_artefact():
    assert verdict_of("9a", figure_5(2, above=1e9)) == Verdict.ARTEFACT
    assert verdict_of("9a", figure_5(2)) == Verdict.REPRODUCED


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
            (1 + seed) * power(row, outputs - row["symmetrize"]) * row["iteration"] ** 0.5
        ),
        train_gap=lambda row, seed: power(row, outputs - row["symmetrize"]) * row["iteration"] ** 0.5,
        bound=lambda row, seed: 10 * row["iteration"] ** 2.0,
        train_loss=lambda row, seed: np.exp(-0.1 * row["iteration"]),
        tangent_train_loss=lambda row, seed: np.exp(-0.1 * row["iteration"]),
        smallest_rate=lambda row, seed: 0.01,
        gate_flips=lambda row, seed: 0.01 * (row["alpha"] not in smooth and row["iteration"] > 1),
    )
    return Evidence(theory={"limit": table})


def test_the_lazy_limit_is_judged_by_its_slopes():
    as_the_theorem, as_relu, wrong = limit(-2, -1, 0), limit(-2, -1, 0.5), limit(-1.5, -0.5, 0)
    for id in ("17a", "17b", "17c", "17e", "17f", "17g", "25"):
        assert verdict_of(id, as_the_theorem) == Verdict.REPRODUCED, id
    assert verdict_of("17d", as_the_theorem) == Verdict.NOT
    for id in ("17b", "17c"):
        assert verdict_of(id, as_relu) == Verdict.PARTLY, id
    for id in ("17a", "17d", "17e", "17g"):
        assert verdict_of(id, as_relu) == Verdict.REPRODUCED, id
    for id in ("17b", "17c", "17e", "17g"):
        assert verdict_of(id, wrong) == Verdict.NOT, id


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
        verdict_of("16", Evidence(theory={"start": rows.assign(kappa=rows["kappa"] * scale)}))
        == Verdict.REPRODUCED
    )
    assert (
        verdict_of("16", Evidence(theory={"start": rows.assign(kappa=1.2 * rows["kappa"] * scale)}))
        == Verdict.NOT
    )
    assert verdict_of("16", Evidence(theory={"start": rows})) == Verdict.PARTLY


def test_speed_counts_a_run_that_never_gets_there_with_all_its_iterations():
    def loss(row, seed):
        rate = {0.1: 0.1, 10.0: 0.001}[row["tau"]] * row["eta"]
        return np.exp(-rate * row["iteration"])

    iterations = list(range(0, 1001, 10))
    curves = runs("c", tau=[0.1, 10.0], eta=[1.0, 2.0], iteration=iterations, train_loss=loss)
    evidence = Evidence(curves={"convergence_symmetrized": curves})
    found = figure_1.slower_by(1e-2, "best")(evidence)
    assert found.values.to_numpy() == pytest.approx(3 * [1000 / (np.log(100) / 0.2)], rel=1e-2)
    assert verdict_of("2a", evidence) == verdict_of("2b", evidence) == Verdict.NOT


def planes(bump: float, in_plane: float, own: float, grid: int = 9) -> Evidence:
    """1/m and 1/√m landscapes at one m: a wide bowl with a narrow bump in the middle, and students beside it."""
    axis = np.linspace(-2, 2, grid)
    surfaces, endpoints = {}, {}
    for name in catalogue.LANDSCAPES:
        points = [{"m": 64, "x": x, "y": y} for x in axis for y in axis]
        table = pd.DataFrame(points)
        radius = np.hypot(table["x"], table["y"])
        table["test_loss"] = 1 + 0.1 * radius**2 + bump * np.exp(-40 * radius**2)
        surfaces[name] = table.assign(kind="principal", centre_loss=1 + bump)
    rows = []
    for seed in SEEDS:
        angle = 2 * seed
        for name, radius, height in (("landscape_mean_field", 1.5, 1.0), ("landscape_ntk", 0.3, 1 + bump)):
            place = {"x": radius * np.cos(angle), "y": radius * np.sin(angle), "surface_loss": height}
            ours = name == "landscape_ntk"
            student = {"in_plane": in_plane * (1 + 0.01 * seed), "test_loss": own * height if ours else 1.0}
            rows.append(
                {"plane": "landscape_mean_field", "experiment": name, "m": 64, "seed": seed} | place | student
            )
    endpoints["landscape_mean_field"] = pd.DataFrame(rows)
    return Evidence(surfaces=surfaces, endpoints=endpoints)


def test_students_on_the_bump_are_there_or_only_seem_to_be():
    assert verdict_of("15", planes(bump=9, in_plane=0.9, own=1.0)) == Verdict.REPRODUCED
    assert verdict_of("15", planes(bump=9, in_plane=0.1, own=0.1)) == Verdict.ARTEFACT
    assert verdict_of("15", planes(bump=-0.5, in_plane=0.9, own=1.0)) == Verdict.PARTLY


@pytest.mark.parametrize("grid", [2, 5, 6, 9])
def test_a_bump_is_one_whether_or_not_a_point_of_the_grid_is_on_it(grid):
    assert verdict_of("14", planes(bump=9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.REPRODUCED
    assert verdict_of("14", planes(bump=-0.9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.NOT


def test_conjecture_turns_with_its_experiment():
    assert verdict_of("11a", Evidence()) == Verdict.OPEN
    steps = np.logspace(-4, 1, 11).tolist()
    lower = runs(
        "step_size", tau=[0.01, 0.1, 1.0, 10.0], eta=steps, test_loss_end=lambda row, seed: -row["eta"]
    )
    assert verdict_of("11a", Evidence(runs={"step_size": lower})) == Verdict.NOT
    assert verdict_of("11b", Evidence(runs={"step_size": lower})) == Verdict.REPRODUCED


def test_jackknife_of_a_mean_is_its_rows():
    table = pd.DataFrame({"m": range(6), "value": [1.0, 4.0, 2.0, 9.0, 0.0, 5.0]})
    found = measures.jackknife(table, lambda part: part["value"].mean(), "m")
    assert found.to_list() == pytest.approx([1, 4, 2, 9, 0, 5])
    with pytest.raises(verdict.LackingError, match="at least 6 different m, not 3"):
        measures.jackknife(table[:3], lambda part: 0.0, "m")


def test_basins_at_small_m_are_compared_by_a_power_law():
    """Planes whose 1/√m basin is narrow at m = 4 and not at m = 128."""
    axis = np.linspace(-1, 1, 25)
    x, y = (part.ravel() for part in np.meshgrid(axis, axis))
    evidence = Evidence()
    for name in catalogue.LANDSCAPES:
        parts = []
        for m in (4, 8, 16, 32, 64, 128):
            width = 0.6 if name == "landscape_mean_field" else 0.15 * (m / 4) ** 0.5
            loss = 1 + (x**2 + y**2) / width**2
            parts.append(pd.DataFrame({"m": m, "x": x, "y": y, "test_loss": loss, "kind": "principal"}))
        evidence.surfaces[name] = pd.concat(parts)
        students = {"plane": name, "experiment": name, "m": [4, 8, 16, 32, 64, 128], "test_loss": 1.0}
        evidence.endpoints[name] = pd.DataFrame(students)
    assert verdict_of("13a", evidence) == verdict_of("13b", evidence) == Verdict.REPRODUCED
    swapped = Evidence(
        surfaces=dict(zip(catalogue.LANDSCAPES, reversed(evidence.surfaces.values()), strict=True)),
        endpoints=evidence.endpoints,
    )
    assert verdict_of("13a", swapped) == verdict_of("13b", swapped) == Verdict.NOT
    for table in evidence.surfaces.values():
        table["kind"] = "filter_normalized"
    assert verdict_of("13a", evidence) == Verdict.OPEN


def test_a_value_at_the_bound_does_not_meet_it():
    curves = runs(
        "c",
        tau=[0.1, 10.0],
        eta=[1.0],
        iteration=[0, 10, 20],
        train_loss=lambda row, seed: 0.7 ** row["iteration"],
    )
    evidence = Evidence(curves={"convergence_symmetrized": curves})
    assert verdict_of("2a", evidence) == Verdict.NOT, "equally fast is not faster"
    never = Evidence(curves={"convergence_symmetrized": curves.assign(train_loss=1.0)})
    assert verdict_of("2a", never) == Verdict.OPEN
    small = curves.assign(tau=curves["tau"] / 100)
    assert verdict_of("2a", Evidence(curves={"convergence_symmetrized": small})) == Verdict.OPEN


def test_extremes_are_of_all_seeds():
    table = runs("trajectory", tau=[0.1, 2.0], iterations=lambda row, seed: 100 * row["tau"])
    table.loc[(table["tau"] == 2) & (table["seed"] == 1), "diverged"] = True
    found = figure_1.ratio_of_extremes("iterations")(Evidence(runs={"trajectory": table}))
    assert found.values.to_dict() == pytest.approx({0: 20, 2: 20})


def vgg11(lost: float, frozen: float, stabler: float, weights: float = 1.0) -> Evidence:
    """Accuracy falls by `lost` from α = 1 on; with a frozen pattern it is lower by `frozen` at α = 1 and as high at large α; the
    share of activations that switch falls as α^(-stabler). A second learning rate trains worse and classifies better."""

    def trained(row) -> bool:
        return row["learning_rate"] == 0.1

    def accuracy(row, seed) -> float:
        return 0.9 - (lost if row["alpha"] > 1 else 0) + 1e-3 * seed if trained(row) else 1.0

    def share(row, seed) -> float:
        return 1 - 0.3 * (1 + 0.01 * seed) * row["alpha"] ** -stabler

    table = runs(
        "vgg11",
        alpha=[1.0, 100.0, 1e4],
        learning_rate=[0.1, 1.0],
        train_loss=lambda row, seed: 0.01 if trained(row) else 0.02,
        train_accuracy=accuracy,
        test_accuracy=accuracy,
        test_accuracy_frozen=lambda row, seed: (
            accuracy(row, seed) - (frozen if row["alpha"] <= 1 else 1e-4 * seed)
        ),
        weights_over_xavier=lambda row, seed: weights + 1e-3 * seed,
        **dict.fromkeys([*cnn.GATES, *cnn.CHOICES], share),
    )
    return Evidence(cnn={"vgg11": table})


def test_the_cnn_is_judged_at_the_best_learning_rate_of_each_alpha():
    as_said, otherwise = vgg11(0.1, 0.3, 0.5), vgg11(-0.05, 0.001, -0.1, weights=3)
    for id in ("31a", "31b", "31c"):
        assert verdict_of(id, as_said) == Verdict.REPRODUCED
    assert verdict_of("23", as_said) == Verdict.NOT
    assert verdict_of("23", otherwise) == Verdict.REPRODUCED
    assert verdict_of("31a", otherwise) == Verdict.NOT
    assert verdict_of("31b", otherwise) == Verdict.PARTLY
    assert verdict_of("31c", otherwise) == Verdict.NOT
    table = as_said.cnn["vgg11"]
    assert verdict_of("31a", Evidence(cnn={"vgg11": table[table["alpha"] > 1]})) == Verdict.OPEN


def test_ledger_covers_the_notes_claims():
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    assert {int("".join(filter(str.isdigit, id))) for id in ids} >= set(range(1, 24))
    targets = catalogue.TARGETS | set(catalogue.EVIDENCE)
    assert {claim.figure for claim in CLAIMS} <= targets


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
    assert verdict_of("28", Evidence(runs={"population_loss": rows})) == expected


@pytest.mark.parametrize(("tangent", "expected"), [(5.0, Verdict.REPRODUCED), (2.0, Verdict.PARTLY)])
def test_few_neurons_stop_where_their_tangent_space_does(tangent, expected):
    rows = runs(
        "underparameterized",
        tau=[0.1, 1000.0],
        train_loss_end=lambda row, seed: (5.0 if row["tau"] > 1 else 1.0) * (1 + 1e-3 * seed),
    )
    baselines = rows.assign(tangent_train_loss_end=tangent * (1 + 1e-3 * rows["seed"]))
    evidence = Evidence(runs={"underparameterized": rows}, baselines={"underparameterized": baselines})
    assert verdict_of("18", evidence) == expected


def test_neurons_move_by_the_distance_of_their_points():
    """Two neurons at distance 5 from 0 that end 0.5 away at the largest τ and 50 away at the smallest."""

    def place(row, seed):
        step = {0.1: 50.0, 2.0: 0.5}[row["tau"]] * (1 + 1e-3 * seed)
        return 3.0 + (row["iteration"] == 100) * step

    axes = {"tau": [0.1, 2.0], "iteration": [0, 10, 100], "neuron": [-1, 0, 1]}
    rows = runs("neuron_paths", **axes, x=place, y=lambda row, seed: 4.0)
    evidence = Evidence(paths={"neuron_paths": rows})
    assert beyond.paths_moved(True)(evidence).values.to_list() == pytest.approx([0.1, 0.1001, 0.1002])
    assert verdict_of("29", evidence) == Verdict.REPRODUCED
    swapped = rows.assign(tau=rows["tau"].map({0.1: 2.0, 2.0: 0.1}))
    assert verdict_of("29", Evidence(paths={"neuron_paths": swapped})) == Verdict.NOT


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
    assert verdict_of("30", evidence(False)) == Verdict.REPRODUCED
    assert verdict_of("30", evidence(True)) == Verdict.NOT


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


@pytest.mark.parametrize("id", ["1a", "1b", "19", "2a", "2b", "2c"])
def test_where_all_at_the_largest_scale_diverged_nothing_is_decided(id):
    """The largest τ is the configured one, not the largest that is left."""
    evidence = trained()
    assert verdict_of(id, evidence) != Verdict.OPEN
    for table in evidence.runs.values():
        table.loc[table["tau"] == 10, "diverged"] = True
    assert verdict_of(id, evidence) == Verdict.OPEN


def test_runs_that_diverged_decide_nothing_by_their_curves():
    evidence = trained()
    assert verdict_of("1c", evidence) == Verdict.REPRODUCED
    whole = figure_1.late_movement(False)(evidence).values
    evidence.runs["trajectory"].loc[evidence.runs["trajectory"]["seed"] == 1, "diverged"] = True
    assert figure_1.late_movement(False)(evidence).values.equals(whole.drop(1))
    evidence.runs["trajectory"]["diverged"] = True
    assert verdict_of("1c", evidence) == Verdict.OPEN


class Recorded(Evidence):
    """Evidence that knows whether something was read that may have diverged."""

    filtered = False

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        found = super().get(kind, name, diverged)
        self.filtered |= kind in ("runs", "curves", "spectra", "cnn") and not diverged
        return found


@pytest.mark.parametrize("source", [trained, lambda: plateau(1.0, 0.9, 0.5, 0.5), lambda: figure_5(2.0)])
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
            assert row["verdict"] == Verdict.OPEN, claim.id
