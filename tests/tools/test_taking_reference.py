"""Which results are taken for reference, and that the ledger follows from what is kept of them."""

import shutil

import judge
import judge_claims
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
from conftest import ROOT

from lazytraining.config import experiments
from lazytraining.files import parquet

PRESETS = [path.parent for path in sorted((ROOT / "docs/reference").glob("*/tables"))]
"""Those whose evidence is kept."""


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.name)
def test_the_ledger_follows_from_what_is_kept(preset):
    """Each interval can be computed again without training."""
    kept = pd.read_parquet(preset / "claims.parquet")
    rows, _ = judge_claims.judged(judge.evidence(preset))
    again = pd.DataFrame(rows)
    pd.testing.assert_frame_equal(again[list(kept)], kept, rtol=1e-6)


@pytest.fixture
def results(finished, tmp_path, monkeypatch):
    """Finished results, of a commit in the history."""
    monkeypatch.setattr(parquet, "commit", lambda path: "0" * 40)
    monkeypatch.setattr(reference, "in_history", lambda commit: commit == "0" * 40)
    shutil.copytree(finished.results, tmp_path / "results", ignore=shutil.ignore_patterns("logs", "report*"))
    return tmp_path / "results"


def configuration(results, **changed) -> experiments.Config:
    content = experiments.read_yaml(results / "config.yaml")
    for name, value in changed.items():
        content["experiments"]["plateau"][name] = value
    return experiments.load(content)


def refused(results, **changed) -> list[str]:
    return reference.refusals(results, configuration(results), configuration(results, **changed))


@pytest.mark.workflow
def test_a_whole_preset_is_taken(results):
    assert refused(results) == []


@pytest.mark.workflow
def test_another_configuration_is_not(results):
    (line,) = refused(results, iterations=31)
    assert "plateau is not the preset's" in line


@pytest.mark.workflow
def test_fewer_runs_or_seeds_are_not(results):
    path = results / "tables/plateau.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.filter(pa.compute.field("seed") == table["seed"][0]), path)
    assert any("seeds; expected the" in line for line in refused(results))
    path.unlink()
    (line,) = refused(results)
    assert f"{path}: missing" in line


@pytest.mark.workflow
def test_runs_of_different_code_are_not(results):
    path = results / "tables/plateau.parquet"
    table = pq.read_table(path, partitioning=None)
    said = table.schema.metadata | {b"run_code": b"0123 4567"}
    pq.write_table(table.replace_schema_metadata(said), path)
    (line,) = refused(results)
    assert "runs of different code (0123 4567)" in line


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("commit", "why"),
    [("0" * 40 + "-dirty", "without changes"), ("1" * 40, "in this history"), ("unknown", "in")],
)
def test_commits_that_nobody_can_check_out_are_not(results, monkeypatch, commit, why):
    monkeypatch.setattr(parquet, "commit", lambda path: commit)
    (line,) = refused(results)
    assert commit in line and why in line


@pytest.mark.workflow
def test_a_claim_is_judged_by_the_runs_of_a_folder(results, capsys):
    ledger = pd.read_parquet(results / "claims.parquet").set_index("id")
    assert judge.main([str(results), "--claims", "19a"]) == 0
    said = capsys.readouterr().out
    row = ledger.loc["19a"]
    assert row["verdict"] in said and row["claim"] in said and row["measured"] in said
    assert "runs of    plateau" in said and "code       scripts/lazytraining/claims/plateaus.py" in said
    assert judge.main([str(results)]) == 0
    decided = capsys.readouterr().out
    assert f"{(ledger['verdict'] != 'not decided').sum()} of {len(ledger)} claims" in decided
    (results / "tables/plateau.parquet").unlink()
    assert judge.main([str(results), "--claims", "19a"]) == 0
    assert "needs the experiment plateau" in capsys.readouterr().out


@pytest.mark.workflow
def test_what_can_not_be_judged_is_said(results, capsys):
    assert judge.main([str(results / "nowhere")]) == 1
    assert "expected finished results" in capsys.readouterr().err
    assert judge.main([str(results), "--claims", "1", "1000"]) == 1
    assert "--claims: 1000 is not allowed" in capsys.readouterr().err
    table = pq.read_table(results / "tables/plateau.parquet", partitioning=None)
    pq.write_table(table.drop_columns("tau"), results / "tables/plateau.parquet")
    assert judge.main([str(results)]) == 1
    assert "plateau.parquet: of another schema" in capsys.readouterr().err
