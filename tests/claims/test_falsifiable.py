"""Every claim can be refuted by evidence, but for those that are identities, and no other is one."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from test_texts import other_settings

from lazytraining.claims import verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.files import schemas
from lazytraining.student.laziness import LAZY, LEARNING

SCALES = {
    "tau": [0.1, 0.316228, 1.0, 3.16228, 10.0, 31.6228, 100.0],
    "alpha": [1.0, 10.0, 1e4],
    "m": [8, 32, 64, 256],
}
SEEDS = range(6)
TRIALS = 300
OF_IDENTITIES = 15
"""Trials after which an identity that has held counts as one."""
AXES = ("tau", "alpha", "m", "iteration", "eta", "index", "n_train", "coupling")
KEYS = {*schemas.KEYS, *AXES, "neuron", "sweep", "symmetrize", "plane"}
KINDS = (
    "runs",
    "curves",
    "baselines",
    "spectra",
    "paths",
    "models",
    "model_curves",
    "theory",
    "surfaces",
    "endpoints",
    "phase",
)
STEPS = {"step_size": np.logspace(-5, 1, 7), "convergence_symmetrized": (1e-3, 0.1)}
"""Of the experiments that sweep the step."""


def places(kind: str) -> set[str]:
    """Columns that are keys in a surface and numbers elsewhere."""
    return {"x", "y"} if kind == "surfaces" else set()


@cache
def tables() -> dict[tuple[str, str], pd.DataFrame]:
    """All tables that the ledger reads, each row for six seeds, and several steps where they are swept."""
    evidence, found = other_settings(**SCALES), {}
    for kind in KINDS:
        for name, table in getattr(evidence, kind).items():
            if "seed" in table:
                table = pd.concat([table.assign(seed=seed) for seed in SEEDS])
                table = table.drop_duplicates([key for key in KEYS | places(kind) if key in table])
            if name in STEPS:
                table = pd.concat([table.assign(eta=eta) for eta in STEPS[name]])
            if name == "vgg11":
                table = pd.concat([table.assign(eta=eta, step=f"{eta:g}") for eta in (0.1, 1.0)])
            found[kind, name] = table.reset_index(drop=True)
    return found


def powers(table: pd.DataFrame, fixed: set[str], seed: list[int]) -> pd.DataFrame:
    """The same rows, each number a random power of each key, of a random size, and nearly the same for every seed."""
    keys = [key for key in AXES if key in table and table[key].nunique() > 1]
    logs = [np.log(table[key].abs().to_numpy(float) + (key == "iteration")) for key in keys]
    found = {}
    for name in table.columns.difference([*KEYS, *fixed]):
        if pd.api.types.is_float_dtype(table[name]):
            random = np.random.default_rng([*seed, *name.encode()])  # whatever other columns there are
            exponents = random.choice([-4, -2, -1, -0.3, 0, 0, 0, 0.3, 1, 2, 4], len(logs))
            trend = sum((p * log for p, log in zip(exponents, logs, strict=True)), np.zeros(len(table)))
            noise = 1 + 1e-3 * table["seed"] if "seed" in table else 1.0
            size = random.choice([1e-12, 1e-4, 1e-2, 1.0, 1e2, 1e4]) * random.uniform(1, 3)
            found[name] = size * np.exp(trend) * noise
    if "coupling" in table:  # the same for every seed
        random = np.random.default_rng(seed)
        cells = table[["m", "coupling", "symmetrize"]].apply(tuple, axis=1)
        found["regime"] = cells.map({cell: random.choice([LAZY, LEARNING]) for cell in cells.unique()})
        found["n_train"] = random.choice([3, 3000])
    return table.assign(**found)


class Drawn(dict):
    """The tables of one kind, each drawn when it is asked for."""

    def __init__(self, number: int, kind: str):
        super().__init__({name: None for own, name in tables() if own == kind})
        self.number, self.kind = number, kind

    def get(self, name: str, default: None = None) -> pd.DataFrame | None:
        if name in self and super().get(name) is None:
            seed = [self.number, *f"{self.kind} {name} ".encode()]
            self[name] = powers(tables()[self.kind, name], places(self.kind), seed)
        return super().get(name, default)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.get(name)


def trial(number: int) -> Evidence:
    """Evidence of no meaning."""
    return Evidence(**{kind: Drawn(number, kind) for kind in KINDS})


@pytest.fixture(scope="module")
def refuted() -> set[str]:
    """Claims that some evidence has turned "not reproduced"."""
    left, found = {claim.id: claim for claim in CLAIMS}, set()
    for number in range(TRIALS):
        if number == OF_IDENTITIES:
            left = {id: claim for id, claim in left.items() if not claim.identity}
        if not left:
            break
        evidence = trial(number)
        for id, claim in list(left.items()):
            if verdict.entry(claim, evidence)["verdict"] == Verdict.NOT:
                found.add(id)
                del left[id]
    return found


@pytest.mark.workflow  # for its half minute
@pytest.mark.filterwarnings("ignore")  # of logarithms of 0, in the ledger's log
def test_what_no_evidence_refutes_is_an_identity_and_nothing_else(refuted):
    assert {claim.id for claim in CLAIMS} - refuted == {claim.id for claim in CLAIMS if claim.identity}
