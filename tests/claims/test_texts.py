"""No text of the ledger or of a caption names a τ, α or m that the configuration decides."""

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tables

from lazytraining.claims import verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Check, Claim, Evidence, Samples

CAPTIONS = Path(__file__).parents[2] / "docs/captions"
KEYS = {"τ": "tau", "α": "alpha", "m": "m"}
NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\d./])"
MENTION = re.compile(
    rf"(?<![\w^])(τ|α|m|tau|alpha) *(=|≥|≤|>=|<=|<|>| at | of (?:about )?) *{NUMBER}|{NUMBER} neurons"
)
RELATIONS = {
    "≥": np.greater_equal,
    ">=": np.greater_equal,
    ">": np.greater,
    "≤": np.less_equal,
    "<=": np.less_equal,
    "<": np.less,
}


@dataclass
class Watched(Evidence):
    """Evidence that keeps each table it has given out."""

    given: list[pd.DataFrame] = field(default_factory=list)

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        self.given.append(super().get(kind, name, diverged))
        return self.given[-1]

    def values(self, key: str) -> np.ndarray:
        return np.unique(np.concatenate([[], *(table[key] for table in self.given if key in table)]))


def other_settings(tau, alpha, m) -> Watched:
    """Evidence of all experiments at these τ, α and m, as a configuration may have them."""
    evidence = Watched()
    tables.fill(evidence, tau=tau, alpha=alpha, m=m)
    return evidence


SMALL = {"tau": [0.0035, 0.035, 0.35, 0.5], "alpha": [3.7, 37.0, 370.0], "m": [3, 5, 6, 7]}
LARGE = {"tau": [0.5, 5.0, 23.0, 230.0], "alpha": [0.7, 7.0, 71.0], "m": [5, 9, 18, 33, 65, 129, 257]}


def unfounded(claim: Claim, evidence: Watched) -> set[str]:
    """What the claim says of τ, α or m that is neither in the tables that it has read nor asked for."""
    evidence.given.clear()
    row = verdict.entry(claim, evidence)
    checks = (*claim.checks, *claim.artefact, *claim.premises)
    texts = [claim.text, *(check.quantity for check in checks), *claim.reasons.values()]
    asked = (
        {found.groups() for found in MENTION.finditer(row["reason"])} if "needs" in row["reason"] else set()
    )
    asked = {(KEYS.get(key, key), number) for key, _, number, _ in asked}
    wrong = set()
    for found in itertools.chain.from_iterable(map(MENTION.finditer, texts)):
        key, relation, number, neurons = found.groups()
        key = "m" if neurons else KEYS.get(key, key)
        number = neurons or number
        there = evidence.values(key)
        if relation in RELATIONS:
            stands = RELATIONS[relation](there, float(number)).sum() > 1
        else:
            stands = np.isclose(there, float(number)).any()
        if not stands and (key, number) not in asked:
            wrong.add(found[0])
    return wrong


@pytest.mark.parametrize("settings", [SMALL, LARGE], ids=["small", "large"])
def test_the_ledger_names_no_value_that_its_evidence_has_not(settings):
    evidence = other_settings(**settings)
    assert {claim.id: wrong for claim in CLAIMS if (wrong := unfounded(claim, evidence))} == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("S at the end, τ = 2 over τ = 0.1", {"τ = 2", "τ = 0.1"}),
        ("S at the end, τ = 5", set()),
        ("exponent of the test loss over m ≥ 1000", {"m ≥ 1000"}),
        ("exponent of the test loss over m ≥ 4", set()),
        ("best with about 8 neurons", {"8 neurons"}),
        ("with α = 1/m it is of order τ² and m^(-1/2)", set()),
    ],
)
def test_a_value_that_the_evidence_has_not_is_seen(text, wrong):
    def measure(evidence):
        rows = evidence.get("runs", "plateau")
        evidence.get("runs", "width_ntk")
        return Samples(rows.groupby("seed")["test_loss_end"].first(), "seeds")

    claim = Claim("0", "ours", "A claim.", "figure_1", [Check(text, measure, low=0)])
    assert unfounded(claim, other_settings(**LARGE)) == wrong


FIXED = {
    "lazy_limit.rst": {"τ = 1"},  # of the lazy limit, by its definition
    "figure_4.rst": {"τ of about 10"},  # where float32 ends, whatever is configured
}


@pytest.mark.parametrize("path", sorted(CAPTIONS.glob("*.rst")), ids=lambda path: path.stem)
def test_no_caption_names_a_value_that_is_configured(path):
    found = {" ".join(found[0].split()) for found in MENTION.finditer(path.read_text())}
    assert found == FIXED.get(path.name, set())
