"""Claims of the lazy limit, of κ and of speed, on evidence for them and against them."""

import numpy as np
import pytest
from evidence import runs, verdict_of

from lazytraining.claims import criterion, figure_1, lazy_limit
from lazytraining.claims.verdict import Evidence, Verdict


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


def test_kappa_falls_below_a_level_where_its_parabola_does():
    """κ = |h − y/τ²| of two vectors, on half decades: where it comes to 1.02 of its level is exact, and far from a line's crossing."""
    h, y = np.random.default_rng(0).normal(size=(2, 20))
    own = runs("start", tau=np.logspace(-2, 3, 11).tolist()).query("seed == 0")
    own["kappa"] = [np.linalg.norm(h - y / tau**2) for tau in own["tau"]]
    for level in (10.0, 1.02 * np.linalg.norm(h)):
        tau = criterion.small_from(own, level)
        assert np.linalg.norm(h - y / tau**2) == pytest.approx(level, rel=1e-9)
    assert criterion.small_from(own, 0.5 * own["kappa"].min()) == np.inf
    assert criterion.small_from(own, 1e9) == 0.01
