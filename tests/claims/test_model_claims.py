"""Claims of modules, on evidence for them and against them."""

import numpy as np
import pandas as pd
import pytest
from evidence import runs, verdict_of

from lazytraining.claims import models
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import names


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
    times = pd.DataFrame({"iteration": range(0, 220, 20), "share": np.linspace(0, 1, 11)})
    curves = table.merge(times, how="cross")
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
    curve = as_said.model_curves["vgg11"]
    sparse = {"vgg11": curve[curve["iteration"].isin([0, 60, 200])]}
    assert verdict_of("38a", Evidence(models=slow.models, model_curves=sparse)) == Verdict.OPEN, (
        "no record is near"
    )
    best = curve.assign(train_loss=1.0)
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


def test_scales_of_a_network_with_biases_trade_by_its_degree_or_by_another():
    """The kernel moves by 1/(α τ^q), so by a tenth at α = 10 τ^(-q)."""

    def evidence(q: float) -> Evidence:
        table = runs(
            models.SWEPT,
            alpha=[0.1, 1.0, 10.0, 100.0],
            tau=[1.0, 3.0],
            kernel_movement=lambda row, seed: row["tau"] ** -(q + 0.01 * seed) / row["alpha"],
            euler_degree=lambda row, seed: 1.8 * row["tau"] ** 0.1,
        )
        return Evidence(models={models.SWEPT: table})

    assert models.traded(evidence(1.8)).values.to_numpy() == pytest.approx(
        [1, 1 + 0.01 / 1.8, 1 + 0.02 / 1.8]
    )
    assert verdict_of("45c", evidence(1.8)) == Verdict.REPRODUCED
    assert verdict_of("45c", evidence(3.0)) == Verdict.NOT
    assert verdict_of("45c", evidence(0.0)) == Verdict.NOT
    few = evidence(1.8).models[models.SWEPT]
    assert verdict_of("45c", Evidence(models={models.SWEPT: few[few["alpha"] < 10]})) == Verdict.OPEN
    assert verdict_of("45c", Evidence(models={models.SWEPT: few[few["tau"] == 1]})) == Verdict.OPEN
