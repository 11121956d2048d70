"""What makes each claim true and what makes it false: synthetic evidence of closed forms, both ways."""

import ast
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from test_phase_claims import AGAINST, CELLS

from lazytraining.claims import phase, plateaus, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict

SEEDS = range(6)
TAU = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
PAIR = [0.1, 2.0]
ALPHA = [1.0, 10.0, 100.0, 1000.0]
WIDTHS = [32, 64, 128, 256]
TIMES = [0, *np.unique(np.geomspace(1, 1000, 30).round().astype(int)).tolist()]


class Table(NamedTuple):
    kind: str
    name: str
    rows: pd.DataFrame


def table(kind: str, name: str, axes: dict[str, list], **columns) -> Table:
    """Rows over axes and seeds; columns are numbers or functions of these rows, and differ by a thousandth from seed to seed."""
    rows = pd.DataFrame(itertools.product(*axes.values(), SEEDS), columns=[*axes, "seed"])
    noise = 1 + 1e-3 * rows["seed"]
    for column, value in columns.items():
        rows[column] = (value(rows) if callable(value) else value) * noise
    return Table(kind, name, rows.assign(experiment=name, diverged=False))


def swept(name: str, **columns) -> Table:
    """Runs over τ."""
    return table("runs", name, {"tau": TAU}, **columns)


def pair(kind: str = "runs", name: str = "trajectory", **columns) -> Table:
    """Of the two runs of Figure 1, or their curves."""
    return table(kind, name, {"tau": PAIR} | ({"iteration": TIMES} if kind == "curves" else {}), **columns)


def one_step(**columns) -> Table:
    """One step over τ, from both starts."""
    return table("theory", "step", {"sweep": ["tau"], "symmetrize": [False, True], "tau": TAU}, **columns)


def at_start(over: str, **columns) -> Table:
    """At the start, over τ or α, from both starts."""
    values = {"tau": np.geomspace(0.01, 1e4, 13).tolist(), "alpha": ALPHA}[over]
    return table("theory", "start", {"sweep": [over], "symmetrize": [False, True], over: values}, **columns)


def towards_limit(**columns) -> Table:
    axes = {"symmetrize": [False, True], "alpha": ALPHA, "iteration": TIMES}
    return table("theory", "limit", axes, smallest_rate=0.01, **columns)


def over_widths(name: str, **columns) -> Table:
    return table("runs", name, {"m": WIDTHS}, **columns)


def speeds(loss, etas=(1.0, 2.0)) -> Table:
    """Training losses at τ = 0.1 and 2, for several steps."""
    axes = {"tau": PAIR, "eta": list(etas), "iteration": TIMES}
    return table("curves", "convergence_symmetrized", axes, train_loss=loss)


def planes(**columns) -> Table:
    """The plane of τ and η of §5.1."""
    axes = {"tau": [0.01, 0.1, 1.0, 10.0], "eta": np.logspace(-3, 1, 5).tolist()}
    return table("runs", "step_size", axes, **columns)


def cells(name: str, size: float) -> Table:
    """End losses over α and τ, of a size."""
    return table(
        "runs",
        name,
        {"alpha": ALPHA, "tau": TAU},
        test_loss_end=lambda t: size * np.exp(np.tanh(np.log(t["alpha"] * t["tau"] ** 2) / 9)),
    )


def layers(moved) -> dict:
    return dict.fromkeys(("hidden_distance", "output_distance"), moved)


def laziness(size) -> dict:
    return dict.fromkeys(("gap_test", "kernel_movement"), size)


def level_from(tau: float):
    """A loss that falls to its level there: within a tenth from 1.8 times this τ on."""
    return lambda t: 1 / (1 + (tau / t["tau"]) ** 4)


def lazy_from(tau: float, **columns) -> Table:
    """Symmetrised: layers, gap and kernel move as τ^(-2), by a tenth at this τ."""
    moved = power("tau", -2, 0.1 * tau**2)
    return swept("plateau_symmetrized", **layers(moved), **laziness(moved), **columns)


def more_neurons(**columns) -> list[Table]:
    """Than points, where the tangent model's loss grows as τ⁴."""
    tangent = {"tangent_test_loss_end": power("tau", 4)}
    return [
        swept(plateaus.MORE_NEURONS, zero_loss=1.0, **columns),
        table("baselines", plateaus.MORE_NEURONS, {"tau": TAU}, **tangent),
    ]


def few(loss, end: float = 0.1) -> list[Table]:
    """Few neurons at the largest τ: their training loss on the way, and at the end; nearly 0 at the smallest τ, 0.1 in their tangent space."""
    name, axes = "underparameterized", {"tau": [0.1, 1000.0]}
    return [
        table("curves", name, axes | {"iteration": TIMES}, train_loss=loss),
        table("runs", name, axes, train_loss_end=lambda t: np.where(t["tau"] > 1, end, 1e-9)),
        table("baselines", name, axes, tangent_fit_loss=0.1),
    ]


def frozen(gap: float, below: float) -> Table:
    """The accuracy is lower by this with the pattern of w0 frozen, below some α; at the others it is the same."""
    return table(
        "models",
        "vgg11",
        {"alpha": [1.0, 1e3, 1e4, 1e5], "eta": [0.1, 1.0], "step": [""], "tau": [1.0]},
        train_loss_end=lambda t: t["eta"],
        test_accuracy=0.9,
        test_accuracy_frozen=lambda t: np.where(t["alpha"] < below, 0.9 - gap, 0.9),
    )


def power(column: str, exponent: float, size: float = 1.0):
    """A power law in a key."""
    return lambda t: size * t[column].astype(float) ** exponent


def decay(rate):
    """A loss that falls at a rate for each τ and η."""
    return lambda t: np.exp(-rate(t) * t["iteration"])


def by_tau(small: float, large: float):
    return lambda t: np.where(t["tau"] < 1, small, large)


SWEEPS = ("plateau", "plateau_symmetrized")
LAZY_FROM_A_HALF = [swept(name, **laziness(power("tau", -2, 0.025))) for name in SWEEPS]
BOTH = {  # claim: what makes it true, what makes it false
    "1": (
        [table("runs", "tau_alpha_converged", {"alpha": ALPHA, "tau": TAU}, **layers(power("alpha", -1)))],
        [table("runs", "tau_alpha_converged", {"alpha": ALPHA, "tau": TAU}, **layers(1.0))],
    ),
    "2": (
        [one_step(objective_change=0.9, objective_estimate=1.0)],
        [one_step(objective_change=power("tau", 1), objective_estimate=1.0)],
    ),
    "3": (
        [one_step(differential_change=0.7, differential_bound=1.0)],
        [one_step(differential_change=power("tau", -0.5), differential_bound=1.0)],
    ),
    "4": (
        [at_start("tau", gradient_norm=power("tau", 3, 0.9), gradient_bound=power("tau", 3))],
        [at_start("tau", gradient_norm=power("tau", 3, 0.3), gradient_bound=power("tau", 3))],
    ),
    "5b": (
        [one_step(objective_change=1.0, differential_change=power("tau", -2)), *LAZY_FROM_A_HALF],
        [
            one_step(objective_change=1.0, differential_change=lambda t: np.where(t["tau"] == 0.1, 0.01, 10)),
            *LAZY_FROM_A_HALF,
        ],
    ),
    "6b": (
        [at_start("alpha", kappa=power("alpha", -1))],
        [at_start("alpha", kappa=lambda t: 0.06 + 0.1 / t["alpha"])],
    ),
    "8a": (
        [
            over_widths("landscape_ntk", relative_distance=power("m", -0.5)),
            over_widths("landscape_mean_field", relative_distance=1.0),
        ],
        [
            over_widths("landscape_ntk", relative_distance=1.0),
            over_widths("landscape_mean_field", relative_distance=power("m", -0.5)),
        ],
    ),
    "8b": (
        [over_widths("landscape_ntk", **laziness(power("m", -0.5)))],
        [over_widths("landscape_ntk", **laziness(power("m", -0.1)))],
    ),
    "9": (
        [
            over_widths(
                "landscape_ntk",
                gap_test=power("m", -0.5),
                test_loss_end=lambda t: 1 + 0.1 * np.cos(t["seed"]) * t["m"] ** -0.5,
            )
        ],
        [
            over_widths(
                "landscape_ntk",
                gap_test=power("m", 0.5),
                test_loss_end=lambda t: 1 + 1e-3 * np.cos(t["seed"]) * t["m"] ** 0.5,
            )
        ],
    ),
    "11": (
        [speeds(lambda t: (1 - 1e-3 * t["eta"]) ** t["iteration"])],  # of one mode; the flow's is exp(−λ η t)
        [speeds(lambda t: (1 - 0.1 * t["eta"]) ** t["iteration"])],
    ),
    "14b": (
        [towards_limit(train_gap=power("iteration", 2))],
        [towards_limit(train_gap=power("iteration", 0.5))],
    ),
    "15": (
        [towards_limit(train_loss=decay(lambda t: 0.01), tangent_train_loss=decay(lambda t: 0.01))],
        [
            towards_limit(
                train_loss=lambda t: 1 / (1 + t["iteration"]), tangent_train_loss=decay(lambda t: 0.01)
            )
        ],
    ),
    "17b": (few(1.0, end=0.5), few(1.0, end=1e-4)),
    "18b": (
        [at_start("tau", kappa=0.06), swept("plateau", **laziness(power("tau", -2)))],
        [at_start("tau", kappa=0.06), swept("plateau", **laziness(power("tau", 2)))],
    ),
    "18c": (
        [at_start("tau", kappa=lambda t: np.where(t["symmetrize"], 0.1, 1) / t["tau"] ** 2)],
        [at_start("tau", kappa=power("tau", -2))],
    ),
    "19b": (
        [swept("plateau_symmetrized", test_loss_end=level_from(0.1))],
        [swept("plateau_symmetrized", test_loss_end=power("tau", 4))],
    ),
    "19c": (
        [
            swept("plateau", test_loss_end=level_from(1.0)),
            swept("plateau_symmetrized", test_loss_end=level_from(0.1)),
        ],
        [
            swept("plateau", test_loss_end=level_from(0.1)),
            swept("plateau_symmetrized", test_loss_end=level_from(1.0)),
        ],
    ),
    "21a": ([pair(relative_change=power("tau", -2))], [pair(relative_change=power("tau", 2))]),
    "21b": (
        [pair("curves", relative_change=lambda t: -np.expm1(-by_tau(0.003, 0.1)(t) * t["iteration"]))],
        [pair("curves", relative_change=lambda t: -np.expm1(-by_tau(0.1, 0.003)(t) * t["iteration"]))],
    ),
    "21c": (
        [pair("curves", relative_change=power("iteration", 1))],
        [pair("curves", relative_change=lambda t: -np.expm1(-0.1 * t["iteration"]))],
    ),
    "22a": ([pair(**layers(power("tau", -6)))], [pair(**layers(1.0))]),
    "22b": ([pair(gap_test=power("tau", -6))], [pair(gap_test=power("tau", 2))]),
    "22c": (
        [
            pair(name="trajectory_symmetrized", **layers(0.01), **laziness(0.01)),
            pair("curves", "trajectory_symmetrized", gap_train=0.01, **laziness(0.01)),
        ],
        [
            pair(name="trajectory_symmetrized", **layers(0.9), **laziness(0.9)),
            pair("curves", "trajectory_symmetrized", gap_train=0.9, **laziness(0.9)),
        ],
    ),
    "23a": (  # from one first loss; from losses as τ⁴ it is an artefact
        [pair("curves", train_loss=decay(by_tau(0.01, 0.1)))],
        [pair("curves", train_loss=decay(by_tau(0.1, 0.01)))],
    ),
    "23b": ([pair(iterations=power("tau", -1, 1000))], [pair(iterations=power("tau", 1, 1000))]),
    "25c": (
        [at_start("tau", kappa=lambda t: np.hypot(0.06, 10 / t["tau"] ** 2))],
        [at_start("tau", kappa=lambda t: np.hypot(0.06, 0.1 / t["tau"] ** 2))],
    ),
    "25e": (  # lazy from τ = 0.5 on, and from 50 on
        [lazy_from(0.5, test_loss_end=level_from(0.3))],
        [lazy_from(50.0, test_loss_end=level_from(0.3))],
    ),
    "25g": (
        more_neurons(
            test_loss_end=power("tau", 4),
            kernel_movement=0.02,
            gap_test=power("tau", 2, 1e-3),
            output_distance=0.3,
        ),
        more_neurons(
            test_loss_end=level_from(1.0),
            kernel_movement=0.9,
            gap_test=power("tau", 2),
            output_distance=1e-3,
        ),
    ),
    "27b": (
        [cells("tau_alpha_text", 1.0), cells("tau_alpha_converged", 1.0)],
        [cells("tau_alpha_text", 2.0), cells("tau_alpha_converged", 1.0)],
    ),
    "28b": (
        [over_widths("width_mean_field", test_loss_end=1.0)],
        [over_widths("width_mean_field", test_loss_end=power("m", 0.5))],
    ),
    "28c": (
        [
            over_widths("width_ntk", test_loss_end=power("m", 0.5)),
            over_widths("width_mean_field", test_loss_end=1.0),
        ],
        [
            over_widths("width_ntk", test_loss_end=1.0),
            over_widths("width_mean_field", test_loss_end=power("m", 0.5)),
        ],
    ),
    "29a": (  # at the fit and at rest; above it and on its way
        few(lambda t: 0.1 + 0.9 * np.exp(-0.03 * t["iteration"])),
        few(lambda t: 0.1 + 0.9 * (1.0 + t["iteration"]) ** -0.1, end=0.5),
    ),
    "34c": (  # the rule is 0.1/τ², and a fifth of the largest stable step, or all of it and the best
        [speeds(decay(lambda t: 0.01 * t["eta"])), at_start("tau", stable_step=power("tau", -2, 0.5))],
        [speeds(decay(lambda t: 0.01 / t["eta"])), at_start("tau", stable_step=power("tau", -2, 0.1))],
    ),
    "35a": (
        [
            swept("fixed_step", test_loss_best=power("tau", -1)),
            swept("plateau", test_loss_best=power("tau", 1)),
        ],
        [
            swept("fixed_step", test_loss_best=power("tau", 1)),
            swept("plateau", test_loss_best=power("tau", -1)),
        ],
    ),
    "35b": (
        [
            swept("fixed_step_symmetrized", test_loss_best=power("tau", -1)),
            swept("plateau_symmetrized", test_loss_best=power("tau", 1)),
        ],
        [
            swept("fixed_step_symmetrized", test_loss_best=power("tau", 1)),
            swept("plateau_symmetrized", test_loss_best=power("tau", -1)),
        ],
    ),
    "36b": (
        [planes(test_loss_end=power("tau", 1))],
        [planes(test_loss_end=power("tau", -1))],
    ),
    "37a": (
        [speeds(decay(by_tau(0.01, 0.1)), etas=[1.0])],
        [speeds(decay(by_tau(0.1, 0.01)), etas=[1.0])],
    ),
    "37b": (  # at its best step, or at none of them
        [speeds(decay(lambda t: by_tau(0.01, 0.009)(t) * t["eta"] ** by_tau(0, 1)(t)))],
        [speeds(decay(lambda t: by_tau(0.01, 0.004)(t) * t["eta"] ** by_tau(0, 1)(t)))],
    ),
    "38b": ([frozen(0.3, below=1e3)], [frozen(0.02, below=1e5)]),
    "44": (
        [
            Table("phase", "phase_plane", CELLS),
            Table("phase", phase.NOTE, CELLS.assign(kappa=CELLS["kappa"] / 2)),
        ],
        [
            Table("phase", name, CELLS.assign(kappa=1e3 * CELLS["kappa"]))
            for name in ("phase_plane", phase.NOTE)
        ],
    ),
}


def row_of(id: str, tables: list[Table]) -> dict:
    (claim,) = [claim for claim in CLAIMS if claim.id == id]
    evidence = Evidence()
    for kind, name, rows in tables:
        getattr(evidence, kind)[name] = rows
    return verdict.entry(claim, evidence)


@pytest.mark.parametrize("id", BOTH)
def test_a_claim_is_true_or_false_as_its_evidence_is(id):
    true, false = (row_of(id, tables) for tables in BOTH[id])
    assert true["verdict"] == Verdict.REPRODUCED, true["reason"]
    assert false["verdict"] == Verdict.NOT, false["reason"]


def asserted() -> dict[str, set[str]]:
    """The verdicts that other tests of this folder assert of each claim: those named in one statement with its number, or in the
    parameters of its test."""
    ids, found = {claim.id for claim in CLAIMS}, {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for test in ast.walk(ast.parse(path.read_text())):
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                parameters = set().union(*map(verdicts_in, test.decorator_list))
                for statement in test.body:
                    said = verdicts_in(statement) or parameters
                    for part in ast.walk(statement):
                        if isinstance(part, ast.Constant) and part.value in ids:
                            found.setdefault(part.value, set()).update(said)
    return found


def verdicts_in(node: ast.AST) -> set[str]:
    named = [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return {part.attr for part in named if isinstance(part.value, ast.Name) and part.value.id == "Verdict"}


def test_every_claim_that_is_no_identity_is_tested_both_ways():
    """Here, in the table of the phase diagram's claims, or in a test of its own; an artefact is no less a claim that is wrong."""
    elsewhere = {
        id
        for id, said in asserted().items()
        if Verdict.REPRODUCED.name in said and said & {"NOT", "ARTEFACT"}
    }
    there = {*BOTH, *AGAINST, *elsewhere}
    assert {claim.id for claim in CLAIMS if not claim.identity} - there == set()
    assert not {claim.id for claim in CLAIMS if claim.identity} & {*BOTH, *AGAINST}
