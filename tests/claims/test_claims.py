"""All claims: their order, what they are judged by where runs diverged or are missing, and a statistic that they share."""

import re

import numpy as np
import pandas as pd
import pytest
import tables
from evidence import collapsed, figure_5, runs, verdict_of

from lazytraining.claims import figure_1, measures, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import catalogue


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


def test_jackknife_of_a_mean_is_its_rows():
    table = pd.DataFrame({"seed": range(6), "value": [1.0, 4.0, 2.0, 9.0, 0.0, 5.0]})
    found = measures.jackknife(table, lambda part: part["value"].mean(), least=6)
    assert found.to_list() == pytest.approx([1, 4, 2, 9, 0, 5])
    with pytest.raises(verdict.LackingError, match="at least 6 different seed, not 3"):
        measures.jackknife(table[:3], lambda part: 0.0, least=6)


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
