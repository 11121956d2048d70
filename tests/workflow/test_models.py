"""A user's own module and data in the real workflow."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import Workflow
from tiny import only

from lazytraining.models import tables
from lazytraining.student import laziness

pytestmark = pytest.mark.workflow

NET = """from torch import nn


def build(seed):
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
"""
MINE = {"kind": "model", "model": "net.py:build", "data": "data.npz", "task": "classification"}
MINE |= {"alpha": [1, 1000], "iterations": 15, "kernel_points": 4, "seeds": 2}


def save(folder, bad: float = 0.0) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 3)), rng.integers(0, 2, 30)
    x[3, 1] += bad
    np.savez(folder / "data.npz", x_train=x[:20], y_train=y[:20], x_test=x[20:], y_test=y[20:])


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Workflow:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "net.py").write_text(NET)
    save(folder)
    workflow = Workflow(folder, only(mine=MINE))
    workflow("--", "models")
    return workflow


def test_a_users_own_module_has_table_summary_and_figure(mine):
    table = pq.read_table(mine.results / "tables/mine.parquet")
    assert table.schema.remove_metadata() == tables.RUN and table.num_rows == 4
    assert set(table["regime"].to_pylist()) <= set(laziness.REGIMES)
    summary = pq.read_table(mine.results / "summary/mine.parquet")
    assert summary.schema.remove_metadata() == tables.SUMMARY and summary["n_seeds"].to_pylist() == [2, 2]
    assert pq.read_table(mine.results / "model_layers/mine", partitioning=None).num_rows == 8
    for name in ("mine", "models"):
        assert (mine.results / f"figures/{name}.png").exists()
    assert mine.jobs("models") == {}


def test_another_module_and_other_data_make_the_runs_stale(mine):
    stale = {"train_model": 2, "summarise_models": 1, "plot_model": 1, "plot_models": 1, "models": 1}
    (mine.folder / "net.py").write_text(NET.replace("5", "6"))
    assert mine.jobs("models") == stale
    (mine.folder / "net.py").write_text(NET)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            lambda folder: save(folder, np.nan),
            "mine.data: 'data.npz': x_train with 1 values that are not finite",
        ),
        (
            lambda folder: (folder / "net.py").write_text(NET.replace("(3,", "(4,")),
            "mine.model: Sequential of float64 fails on inputs",
        ),
        (
            lambda folder: (folder / "net.py").unlink(),
            "mine.model: 'net.py:build' is not allowed (no such file)",
        ),
    ],
)
def test_what_is_wrong_is_one_line_before_any_job(mine, harm, said):
    harm(mine.folder)
    done = mine("--", "models", succeeds=False)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Configuration: ")]
    assert f"experiments.{said}" in line and "expected" in line
    assert "Traceback" not in done.stderr and "Building DAG" not in done.stderr
    (mine.folder / "net.py").write_text(NET)
    save(mine.folder)
