"""Results as data sets: one folder, one schema, the keys as columns; and what is never half used."""

import json
import re
import sys
from pathlib import Path

import duckdb  # noqa: F401 - the README's lines use these
import pandas as pd
import polars  # noqa: F401
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import train_by_hand
import yaml
from conftest import ROOT, Workflow, run_beside
from tiny import ALL, OTHERS, RUNS, SWEEPS, TINY, only

from lazytraining.config import catalogue, experiments
from lazytraining.files import provenance, schemas

pytestmark = pytest.mark.workflow
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETS = {
    "runs": schemas.RUN,
    "curves": schemas.CURVE,
    "baselines": schemas.BASELINES,
    "surfaces": schemas.SURFACE,
    "endpoints": schemas.ENDPOINTS,
    "aligned_surfaces": schemas.SURFACE,
    "aligned_endpoints": schemas.ENDPOINTS,
    "spectra": schemas.SPECTRA,
    "neurons": schemas.PATHS,
    "theory/start": schemas.THEORY_START,
    "theory/step": schemas.THEORY_STEP,
    "theory/limit": schemas.THEORY_LIMIT,
    "theory/sample": schemas.THEORY_SAMPLE,
}


SECTION = re.search(r"^## Reading results$.*?^## ", README, re.MULTILINE | re.DOTALL)[0]
LINES = [line for line in re.findall(r"^\w+\..+$", SECTION, re.MULTILINE) if "results/quick" in line]
"""The README's, one for each reader."""
FRAMES = {"pandas": "copy", "pyarrow": "to_pandas", "polars": "to_pandas", "duckdb": "df"}
"""How a reader's table becomes one of pandas."""


def frame(line: str, folder: Path) -> pd.DataFrame:
    """What a line of the README reads from another folder."""
    name = line.split(".")[0]
    found = eval(line.replace("results/quick/runs", str(folder)), {name: sys.modules[name]})
    return getattr(found, FRAMES[name])()


def test_the_readme_has_a_line_for_each_reader():
    assert [line.split(".")[0] for line in LINES] == list(FRAMES)


@pytest.fixture(scope="module")
def stacked(tmp_path_factory) -> Path:
    """Results of three experiments, a file for each seed."""
    folder = tmp_path_factory.mktemp("stacked")
    swept = TINY | {"m": [2, 4], "tau": [0.1, 1, 100], "seeds": 2}
    own = {"one": swept, "two": swept | {"step_size": [0.01, 0.1]}, "three": swept | {"n_train": 9}}
    overlay = {"results": str(folder / "results"), "execution": "stacked"} | only(**own)
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    for name in own:
        for seed in ("0", "1"):
            assert train_by_hand.main([name, seed, str(folder / "overlay.yaml")]) == 0
    return folder / "results"


def held(folder: Path, schema: pa.Schema, line: str) -> None:
    """The rows of each file by itself are the rows of the folder as this line reads it, and numbers are numbers."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} == {".parquet"}
    tables = [pq.ParquetFile(path).read() for path in paths]
    assert {table.schema.remove_metadata() for table in tables} == {schema}
    expected, found = pa.concat_tables(tables, promote_options="permissive").to_pandas(), frame(line, folder)
    assert len(expected) and list(found.columns) == schema.names
    for key in {"m", "alpha", "tau", "eta", "seed"} & set(found.columns):
        assert pd.api.types.is_numeric_dtype(found[key]), key
    order = [name for name in schema.names if name not in ("wall_seconds", "precision")]
    ours, theirs = (rows.sort_values(order, ignore_index=True) for rows in (found, expected))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", SETS)
def test_a_folder_is_a_data_set(finished, name, line):
    held(finished.results / name, SETS[name], line)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", ["runs", "curves"])
def test_a_folder_of_stacks_is_a_data_set(stacked, name, line):
    held(stacked / name, SETS[name], line)


def test_the_configuration_is_kept_with_its_results(finished):
    kept = experiments.load(experiments.read_yaml(finished.results / "config.yaml"))
    assert set(kept.experiments) == {*SWEEPS, *OTHERS}
    run = next((finished.results / "runs/plateau").rglob("*.parquet"))
    assert pq.read_schema(run).metadata[b"configuration"].decode() == kept.digest("plateau")


OF_ONE_SEED = ("runs/plateau", "baselines/plateau", "neurons", "model_runs")
OF_ALL = ("tables", "surfaces", "spectra", "theory", "figures", "claims.parquet", "interactive.html")


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


def test_a_job_reads_its_inputs_and_no_other_file(finished, tmp_path):
    """So that it runs where nothing else is, as with Snakemake's storage plugins."""
    told, alone = tmp_path / "told", tmp_path / "alone"
    told.mkdir(), alone.mkdir()
    Workflow(told, ALL)  # others change the configuration of the finished one meanwhile
    arguments = map(str, (told / "overlay.yaml", finished.folder, alone))
    found = json.loads(run_beside(__file__, "alone.py", *arguments).splitlines()[-1])
    assert {name: error for name, error in found.items() if error} == {}
    assert set(found) == set(catalogue.RULES)


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
    other = {"separate": "stacked", "stacked": "separate"}[execution]
    assert f"was not made in {execution} execution" in line and f"--config execution={other}" in line
