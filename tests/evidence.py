"""Synthetic evidence for the ledger, whose answer is known: tables over given keys, and what several files of tests judge."""

import itertools

import numpy as np
import pandas as pd

from lazytraining.claims import verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence

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
