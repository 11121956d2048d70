"""Results as data sets: one folder, one schema, the keys as columns; and what is never half used."""

import json

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from conftest import TINY, Workflow
from tiny import RUNS, SWEEPS

from lazytraining.config import experiments
from lazytraining.files import provenance, schemas

pytestmark = pytest.mark.workflow
SETS = {
    "runs": schemas.RUN,
    "curves": schemas.CURVE,
    "baselines": schemas.BASELINES,
    "surfaces": schemas.SURFACE,
    "endpoints": schemas.ENDPOINTS,
    "spectra": schemas.SPECTRA,
    "neurons": schemas.PATHS,
    "theory/start": schemas.THEORY_START,
    "theory/step": schemas.THEORY_STEP,
    "theory/limit": schemas.THEORY_LIMIT,
}


@pytest.mark.parametrize("name", SETS)
def test_a_folder_is_a_data_set(finished, name):
    folder = finished.results / name
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".parquet"}
    for path in folder.rglob("*.parquet"):
        assert ds.dataset(path).schema.remove_metadata() == SETS[name]
    found = ds.dataset(folder).to_table()
    rows = pd.read_parquet(folder)
    assert len(rows) == found.num_rows > 0
    for key in ("m", "alpha", "tau", "eta", "seed"):
        if key in rows:
            assert pd.api.types.is_numeric_dtype(rows[key]), "numbers are numbers"


def test_the_configuration_is_kept_with_its_results(finished):
    kept = experiments.load(experiments.read_yaml(finished.results / "config.yaml"))
    assert set(kept.experiments) == {*SWEEPS, "neuron_paths", "vgg11"}
    run = next((finished.results / "runs/plateau").rglob("*.parquet"))
    assert pq.read_schema(run).metadata[b"configuration"].decode() == kept.digest("plateau")


OF_ONE_SEED = ("runs/plateau", "baselines/plateau", "neurons", "cnn_runs")
OF_ALL = ("tables", "surfaces", "spectra", "theory", "figures", "claims.parquet")


@pytest.mark.parametrize("name", [*OF_ONE_SEED, *OF_ALL])
def test_a_file_has_the_settings_that_it_was_made_from(finished, name):
    """Of a seed without what is swept, which is in its key: so they stay the same when a value is added."""
    kept = experiments.load(experiments.read_yaml(finished.results / "config.yaml"))
    place = finished.results / name
    for path in [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]:
        said = json.loads(provenance.of(path)["settings"])
        assert said, path
        assert said.get("theory") in (None, kept.theory.model_dump())
        for own, entry in said.get("experiments", {}).items():
            one = kept.experiments[own]
            left = {"seeds", *one.swept} if name in OF_ONE_SEED else set()
            configured = one.model_dump(exclude=left)
            assert {key: value for key, value in entry.items() if key not in left} == configured, path


def test_a_run_says_its_problem_and_the_rule_of_its_step(finished):
    run = next((finished.results / "curves/plateau").rglob("*.parquet"))
    said = json.loads(provenance.of(run)["settings"])["experiments"]["plateau"]
    assert {
        "d": 4,
        "n_train": 20,
        "teacher_neurons": 3,
        "iterations": 30,
        "kind": "descent",
    }.items() <= said.items()
    assert said["step_size"] == ["min(10, 0.1 / tau**2)"] and "tau" not in said


def test_all_runs_are_in_one_folder(finished):
    assert len(pd.read_parquet(finished.results / "runs")) == sum(RUNS.values())


@pytest.fixture
def workflow(tmp_path) -> Workflow:
    return Workflow(tmp_path, {"experiments": {"own": TINY}})


def refused(workflow: Workflow) -> str:
    (line,) = (
        line
        for line in workflow("--dry-run", succeeds=False).stderr.splitlines()
        if line.startswith("Results: ")
    )
    return line


@pytest.mark.parametrize("old", ["runs/experiment=own/m=4", "stacks/experiment=own", "cnn/experiment=vgg11"])
def test_an_older_layout_is_named_with_what_to_do(workflow, old):
    (workflow.results / old).mkdir(parents=True)
    line = refused(workflow)
    assert "files of an older layout" in line and "makes them again" in line


@pytest.mark.parametrize(
    ("execution", "there"), [("separate", "seed~0.parquet"), ("stacked", "m~4/alpha~1/tau~1.parquet")]
)
def test_files_of_the_other_execution_are_named_with_what_to_do(workflow, execution, there):
    path = workflow.results / "runs/own" / there
    path.parent.mkdir(parents=True)
    path.touch()
    workflow.write({"experiments": {"own": TINY}, "execution": execution})
    line = refused(workflow)
    assert f"was not made in {execution} execution" in line and "Remove" in line
