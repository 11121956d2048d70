"""Files: schemas, provenance, writing whole or not at all; digests of code."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from summarise_runs import summarise

from lazytraining.files import parquet, schemas, whole

SCRIPTS = Path(__file__).parents[2] / "scripts"
KEY = {"experiment": "tiny", "m": 4, "alpha": 1.0, "tau": 0.1, "eta": 2.0}


def row(seed: int, value: float, diverged: bool = False, **changes) -> dict:
    values = dict.fromkeys(schemas.AVERAGED, value)
    return KEY | {"seed": seed, "diverged": diverged} | values | changes


def test_summary_leaves_diverged_runs_out_of_means_and_counts_them():
    runs = pd.DataFrame(
        [row(0, 1.0), row(1, 2.0), row(2, 6.0), row(3, 1e9, diverged=True), row(0, 5.0, True, tau=0.2)]
    )
    some, none = summarise(runs).to_dict("records")
    assert (some["n_seeds"], some["n_diverged"]) == (4, 1)
    assert some["test_loss_end_mean"] == 3
    assert some["gate_flips_median"] == 2
    assert some["test_loss_best_std"] == pytest.approx(7**0.5)
    assert (none["n_seeds"], none["n_diverged"]) == (1, 1)
    assert pd.isna(none["test_loss_end_mean"])


def test_written_files_have_schema_and_provenance(tmp_path):
    path = tmp_path / "tiny.parquet"
    numbers = {"train_loss": 1.0, "test_loss": 2.0, "relative_change": 0.0, "relative_distance": 0.0}
    parquet.write(path, [KEY | {"seed": 0, "iteration": 0} | numbers], schemas.CURVE, note="x")
    table = pq.read_table(path)
    assert table.schema.equals(schemas.CURVE)
    metadata = {key.decode() for key in table.schema.metadata}
    assert {"commit", "torch", "python", "machine", "note"} <= metadata
    assert parquet.read([path, path], schemas.CURVE).num_rows == 2


def test_nothing_half_written_is_left(tmp_path):
    path = tmp_path / "run.parquet"
    path.write_text("before")
    with pytest.raises(pa.ArrowException):
        parquet.write(path, [{"experiment": 3, "m": "x"}], schemas.RUN)
    with pytest.raises(OSError, match="disk"), whole.replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "before"
    assert [left.name for left in tmp_path.iterdir()] == ["run.parquet"]
