"""The workflow end to end, through the real snakemake."""

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import judge_claims
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from conftest import ROOT, Workflow
from tiny import ALL, KEPT, MODELS, NAMES, OTHERS, RUNS, SMALL, SWEEPS, TINY, only

from lazytraining.claims import verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.config import catalogue, experiments
from lazytraining.config.names import LANDSCAPES
from lazytraining.files import schemas
from lazytraining.models import tables as models

pytestmark = pytest.mark.workflow


def data(folder: Path) -> dict[str, list]:
    """Every data column of every Parquet file under a folder; wall times are no data."""
    found = {}
    for path in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(path)
        for column in set(table.column_names) - {"wall_seconds"}:
            values = table[column].to_pylist()
            found[f"{path.relative_to(folder)}:{column}"] = [repr(value) for value in values]
    return found


def test_fresh_run_makes_every_figure(finished):
    figures = finished.results / "figures"
    names = [f"figure_{number}" for number in range(1, 8)] + [*SWEEPS, *OTHERS, "models"]
    names += ["plateaus", "theory", "lazy_limit", "width", "population", "spectral_bias"]
    names += [f"figure_2_{scaling}_m={m}" for scaling in LANDSCAPES for m in (4, 6)]
    for name in names:
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert {path.stem for path in figures.iterdir()} == set(names)


def test_files_and_columns_are_the_interface(finished):
    results = finished.results
    runs = sorted(results.glob("runs/*/m~*/alpha~*/tau~*/eta~*/seed~*.parquet"))
    assert len(runs) == sum(RUNS.values())
    for path in runs:
        table = pq.read_table(path, partitioning=None)
        assert table.schema.remove_metadata() == schemas.RUN
        assert table.num_rows == 1
        assert {b"commit", b"torch", b"device"} <= table.schema.metadata.keys()
        key = {name: table[name][0].as_py() for name in schemas.KEYS}
        name = f"{key['experiment']}/{experiments.Run(**key).path}"
        assert path == results / f"runs/{name}.parquet"
        curve = pq.read_table(results / f"curves/{name}.parquet", partitioning=None)
        assert curve.schema.remove_metadata() == schemas.CURVE
        assert curve["iteration"][-1].as_py() == table["iterations"][0].as_py()
        weights = results / f"weights/{name}.npz"
        assert weights.exists() == (key["experiment"] in KEPT)
        if "landscape" in str(path):
            shapes = {name: array.shape for name, array in np.load(weights).items()}
            assert shapes == {"start": (key["m"], 5), "end": (key["m"], 5)}
    for name in SWEEPS:
        assert (
            pq.read_schema(finished.results / f"summary/{name}.parquet").remove_metadata() == schemas.SUMMARY
        )
    assert pq.read_schema(finished.results / "summary/vgg11.parquet").remove_metadata() == models.SUMMARY
    runs = pq.read_table(results / "model_runs/vgg11/seed~0.parquet", partitioning=None)
    assert (
        runs["alpha"].to_pylist() == [1, 100, 1, 100]
        and runs["step"].to_pylist() == ["0.02"] * 2 + ["0.2"] * 2
    )
    assert not list(finished.results.rglob(".*"))


def test_the_ledger_judges_what_was_run_and_says_what_it_needs(finished):
    table = pq.read_table(finished.results / "claims.parquet")
    assert table.schema.remove_metadata() == schemas.CLAIMS
    rows = {row["id"]: row for row in table.to_pylist()}
    needs = {
        id: row["reason"] for id, row in rows.items() if row["reason"].startswith("needs the experiment")
    }
    assert set(needs) == {"48"}, "the student as a module, for which tiny networks stand"
    assert rows["18a"]["verdict"] == "identity"
    assert rows["18a"]["low"] <= rows["18a"]["value"] <= rows["18a"]["high"]
    text = (finished.results / "claims.md").read_text()
    assert all(f"## Claim {id}" in text for id in rows)


def test_the_ledger_reads_what_the_configuration_says_it_does(finished, monkeypatch):
    asked = set()
    find = verdict.Evidence.get

    def spy(evidence, kind, name, **options):
        asked.add((name, kind))
        return find(evidence, kind, name, **options)

    monkeypatch.setattr(verdict.Evidence, "get", spy)
    paths = {
        "runs": "tables/*.parquet",
        "curves": "curves/**/*.parquet",
        "baselines": "baselines/**/*.parquet",
    }
    paths |= {"surfaces": "surfaces/**/*.parquet", "endpoints": "endpoints/**/*.parquet"}
    paths |= {"spectra": "spectra/*.parquet", "paths": "neurons/**/*.parquet"}
    paths |= {"phase": "tables/phase_*.parquet", "model_curves": "model_curves/vgg11/*.parquet"}
    paths |= {part: f"theory/{part}/*.parquet" for part in ("start", "step", "limit", "sample")}
    found = {kind: [str(path) for path in finished.results.glob(pattern)] for kind, pattern in paths.items()}
    found["models"] = [str(finished.results / f"tables/{name}.parquet") for name in ("vgg11", *MODELS)]
    found["runs"] = sorted(set(found["runs"]) - {*found["phase"], *found["models"]})
    evidence = judge_claims.gather(found)
    for claim in CLAIMS:
        verdict.entry(claim, evidence)
    said = {(name, kind) for name, kinds in catalogue.EVIDENCE.items() for kind in kinds}
    tables = {(name, "runs") for name, kind in asked if kind == "curves"}  # which of them diverged
    assert {(name, kind) for name, kind in asked if kind != "theory"} | tables == said


def test_diverged_runs_are_counted_not_averaged(finished):
    summary = pq.read_table(finished.results / "summary/fixed_step.parquet").to_pylist()
    assert [row["n_diverged"] for row in summary] == [0, 1]
    assert math.isfinite(summary[0]["test_loss_end_mean"])
    assert summary[1]["test_loss_end_mean"] is None


def test_diverged_students_span_no_plane(finished):
    def rows(folder: str, m: int) -> list[dict]:
        return pq.read_table(finished.results / f"{folder}/landscape_ntk/m~{m}.parquet").to_pylist()

    assert len(rows("surfaces", 4)) == 25
    assert len(rows("surfaces", 6)) == 0
    endpoints = rows("endpoints", 6)
    assert len(endpoints) == 6
    assert all(math.isnan(row["x"]) for row in endpoints)
    own = [row["in_plane"] for row in rows("endpoints", 4) if row["experiment"] == row["plane"]]
    assert own == pytest.approx([1, 1, 1]), "three points lie in the plane that they span"


def test_second_run_has_nothing_to_do(finished):
    assert finished.jobs("everything") == {}


def test_a_new_tau_runs_what_it_adds(finished):
    added = ALL | {
        "experiments": ALL["experiments"] | {"plateau": SMALL | {"tau": [0.1, 1, 5], "iterations": 30}}
    }
    finished.write(added)
    trained = {"train_students_keep_weights": 2, "measure_baselines": 2, "summarise_runs": 1}
    assert finished.jobs() == trained | {"all": 1, "plot_figure_3": 1}
    output = finished("--dry-run").stdout.splitlines()
    made = [line for line in output if line.strip().startswith("output:") and "/runs/" in line]
    assert len(made) == 2
    assert all("runs/plateau/m~4/alpha~1/tau~5/" in line for line in made)
    finished.write(ALL)
    assert finished.jobs() == {}


def test_changed_settings_run_again(finished):
    changed = ALL | {
        "experiments": ALL["experiments"] | {"plateau": SMALL | {"tau": [0.1, 1], "iterations": 31}}
    }
    finished.write(changed)
    trained = {"train_students_keep_weights": 4, "measure_baselines": 2, "summarise_runs": 1}
    assert finished.jobs() == trained | {"all": 1, "plot_figure_3": 1}
    finished.write(ALL)


def test_a_figure_needs_its_own_runs_and_no_others(tmp_path):
    workflow = Workflow(tmp_path, ALL)
    assert workflow.jobs("figure_5") == {
        **{"train_students": 12, "summarise_runs": 3},
        **{"plot_figure_5": 1, "figure_5": 1},
    }
    figures = ("figure_1", "plateau", "neurons", "step_size", "landscapes")
    assert workflow.jobs(*figures) == {
        **dict.fromkeys((*figures, "plot_figure_1", "plot_experiment", "plot_neurons", "plot_step_size"), 1),
        **{"train_students": 6 + 4, "train_neurons": 1, "train_students_keep_weights": 4 + 12},
        **{"summarise_runs": 2 + 1 + 1, "measure_baselines": 1},
        **{"measure_landscape": 4, "plot_landscape": 4, "plot_figure_2": 1, "plot_figure_6": 1},
    }
    figures = ("population", "width", "spectral_bias")
    assert workflow.jobs(*figures) == {
        **dict.fromkeys((*figures, *(f"plot_{name}" for name in figures)), 1),
        **{"train_students": 4 + 4, "train_students_keep_weights": 8, "summarise_runs": 2 + 2},
        **{"measure_baselines": 1, "measure_spectra": 2},
    }


def test_paper_preset_lists_the_right_jobs(tmp_path):
    jobs = Workflow(tmp_path, {}).jobs("all", "theory", "lazy_limit", "claims")
    trajectories, plateaus, grids, fixed = 3 * 10, 2 * 33 * 10, 3 * 100 * 3, 2 * 33 * 10
    convergence, step_size, width, population, narrow = 9 * 5 * 5, 9 * 14 * 3, 2 * 12 * 10, 17 * 10, 21 * 10
    beyond = convergence + step_size + width + population + narrow + 3 * 3  # more neurons than points
    assert jobs["train_students"] == trajectories + grids + fixed + beyond
    assert jobs["train_students_keep_weights"] == plateaus + 2 * 9 * 8
    assert jobs["train_neurons"] == 3
    assert jobs["train_phase"] == 7 * 5 + 3 * 2
    assert jobs["measure_landscape"] == jobs["plot_landscape"] == 18
    assert all(jobs[f"plot_figure_{number}"] == 1 for number in range(1, 8))
    assert jobs["measure_theory_start"] == jobs["measure_theory_step"] == jobs["measure_theory_limit"] == 10
    assert jobs["measure_theory_sample"] == 10


def test_a_user_adds_an_experiment_without_code(tmp_path):
    swept = TINY | {"alpha": [1, 2], "m": [2, 4], "step_size": [0.01, 0.02]}
    workflow = Workflow(tmp_path, only(own=swept))
    assert workflow.jobs("own")["train_students"] == 8
    workflow("own")
    assert (workflow.results / "figures/own.png").exists()
    assert workflow.jobs() == {"all": 1}


def test_a_figure_without_its_experiments_says_so(tmp_path):
    workflow = Workflow(tmp_path, only(plateau=ALL["experiments"]["plateau"]))
    done = workflow("--dry-run", "--", "figure_4", succeeds=False)
    assert "figure_4 needs the experiment plateau_symmetrized" in done.stdout + done.stderr


def test_a_broken_file_starts_no_job(tmp_path):
    done = Workflow(tmp_path, "experiments: [")(succeeds=False)
    assert "not valid JSON or YAML" in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_broken_base_file_is_named(tmp_path):
    root = copy_of_the_project(tmp_path)
    (root / "config/config.yaml").write_text("experiments: [")
    done = Workflow(tmp_path, {}, root)(succeeds=False)
    assert "Configuration: " in done.stderr
    assert "config/config.yaml: not readable as YAML" in done.stderr


def copy_of_the_project(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("Snakefile", "rules", "scripts", "tools", "config", "envs", "docs"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def test_changed_numerics_run_again_and_changed_comments_do_not(tmp_path):
    root = copy_of_the_project(tmp_path)
    overlay = only(trajectory_symmetrized=SMALL | {"iterations": 10, "seeds": 1})
    workflow = Workflow(tmp_path, overlay, root)
    workflow("trajectory_symmetrized")
    engine = root / "scripts/lazytraining/student/kernels.py"
    text = engine.read_text()
    engine.write_text(f"# A comment.\n{text}")
    assert workflow.jobs("trajectory_symmetrized") == {}
    changed = text.replace("output[j] -= output_step", "output[j] += output_step")
    assert changed != text
    engine.write_text(changed)
    again = workflow.jobs("trajectory_symmetrized")
    assert again == {
        "train_students": 1,
        "summarise_runs": 1,
        "plot_experiment": 1,
        "trajectory_symmetrized": 1,
    }


def test_copied_results_in_a_fresh_clone_run_nothing(finished, tmp_path):
    root = copy_of_the_project(tmp_path)
    shutil.copytree(finished.results, tmp_path / "results")
    assert Workflow(tmp_path, ALL, root).jobs("everything") == {}


def test_killed_and_resumed_gives_the_same_data(finished, tmp_path):
    """The driver and its jobs die at once; the same command goes on and repeats nothing finished."""
    names = ("plateau", "tau_alpha_text")
    workflow = Workflow(tmp_path, only(**{name: ALL["experiments"][name] for name in names}))
    targets = [f"results/summary/{name}.parquet" for name in names]
    with subprocess.Popen(
        workflow.command(*targets), cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL
    ) as driver:
        while len(done := list(workflow.results.glob("runs/**/*.parquet"))) < 3:
            assert driver.poll() is None
            time.sleep(0.05)
        os.killpg(driver.pid, signal.SIGKILL)
    before = {path: path.stat().st_mtime_ns for path in done}
    workflow("--unlock")
    workflow(*targets)
    repeated = [path for path, written in before.items() if path.stat().st_mtime_ns != written]
    assert len(repeated) <= 2, "only jobs that Snakemake had not yet seen to end may run again"
    for name in names:
        for part in (f"runs/{name}", f"curves/{name}", f"summary/{name}.parquet"):
            ours, theirs = workflow.results / part, finished.results / part
            if ours.is_dir():
                assert data(ours) == data(theirs)
            else:
                assert pq.read_table(ours).equals(pq.read_table(theirs))


@pytest.fixture(scope="module")
def stacked(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("stacked"), ALL | {"execution": "stacked"})
    workflow(
        "figure_1", "figure_6", "results/summary/tau_alpha_text.parquet", "results/summary/plateau.parquet"
    )
    return workflow


def test_stacked_execution_makes_the_same_results(stacked, finished):
    assert not list(stacked.results.glob("runs/*/m~*"))
    paths = sorted(stacked.results.glob("runs/*/seed~*.parquet"))
    assert len(paths) == 2 + 2 + 1 + 2 + 2 * 3
    for path in paths:
        table = pq.read_table(path, partitioning=None)
        assert table.schema.remove_metadata() == schemas.RUN
        keys = list(zip(*(table[name].to_pylist() for name in schemas.KEYS), strict=True))
        assert keys == sorted(keys)
    compared = [f"{folder}/**/*.parquet" for folder in ("summary", "tables", "surfaces", "endpoints")]
    for path in (path for pattern in compared for path in stacked.results.glob(pattern)):
        ours, theirs = (
            pq.read_table(root / path.relative_to(stacked.results), partitioning=None).to_pandas()
            for root in (stacked.results, finished.results)
        )
        if "endpoints" in path.parts:
            ours, theirs = (table.sort_values(schemas.KEYS, ignore_index=True) for table in (ours, theirs))
        pd.testing.assert_frame_equal(
            ours.drop(columns="wall_seconds", errors="ignore"),
            theirs.drop(columns="wall_seconds", errors="ignore"),
            rtol=1e-6,
        )
    assert not list(stacked.results.rglob(".*"))


def test_stacked_execution_runs_again_by_experiment_and_seed(stacked):
    assert stacked.jobs("figure_1", "figure_6") == {}
    experiments_ = ALL["experiments"] | {"plateau": SMALL | {"tau": [0.1, 1, 5], "iterations": 30}}
    stacked.write(ALL | {"execution": "stacked", "experiments": experiments_})
    assert stacked.jobs("results/summary/plateau.parquet") == {
        "train_students_keep_weights": 2,
        "summarise_runs": 1,
    }
    assert stacked.jobs("figure_1") == {}


def test_the_gpu_profile_stacks_and_says_where_there_is_no_gpu(tmp_path):
    workflow = Workflow(tmp_path, only(own=TINY))
    assert "No GPU" not in workflow("--dry-run").stderr
    done = workflow("results/summary/own.parquet", profile=str(ROOT / "profiles/gpu"))
    assert ("No GPU on this machine" in done.stderr) is not torch.cuda.is_available()
    log = (workflow.results / "logs/train_students/own/seed~0.log").read_text()
    assert ("No GPU here" in log) is not torch.cuda.is_available(), "the job asked for one"
    metadata = pq.read_schema(workflow.results / "runs/own/seed~0.parquet").metadata
    assert metadata[b"device"] == (b"cuda" if torch.cuda.is_available() else b"cpu")


def test_a_seed_is_trained_by_hand_as_in_its_job(stacked):
    path = stacked.results / "runs/trajectory/seed~1.parquet"
    before, digest = data(path.parent), pq.read_schema(path).metadata[b"configuration"]
    path.unlink()
    script = [sys.executable, str(ROOT / "tools/train_by_hand.py")]
    run = {"cwd": stacked.folder, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([*script, "trajectory", "1", "overlay.yaml"], **run)
    assert done.returncode == 0, done.stderr
    assert data(path.parent) == before
    assert pq.read_schema(path).metadata[b"configuration"] == digest
    wrong = subprocess.run([*script, "trajectory", "7", "overlay.yaml"], **run)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("Configuration: trajectory 7 is not configured")


def test_names_of_rules_are_reserved(finished):
    listed = finished("--list-rules").stdout.split()
    assert set(listed) - set(NAMES) <= catalogue.RESERVED
    drawn = re.findall(r"^    (\w+) --> (\w+)$", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert len(drawn) > 30
    assert {name for arrow in drawn for name in arrow} <= set(listed), "make rulegraph"


def test_the_target_of_cnns_needs_an_experiment_of_its_kind(tmp_path):
    """Without one, a line says so; a second one is made too."""
    names = experiments.read_yaml(ROOT / "config/config.yaml")["experiments"]
    workflow = Workflow(tmp_path, {"experiments": dict.fromkeys(names)})
    done = workflow("--dry-run", "--", "cnn", succeeds=False)
    assert "cnn needs an experiment with model: vgg11" in done.stdout + done.stderr
    own = names["vgg11"] | {"alpha": [1], "step": [0.1, 1], "seeds": 3}
    workflow.write({"experiments": dict.fromkeys(names) | {"own": own, "vgg11": own | {"alpha": [1, 2]}}})
    expected = {"train_model": 3 + 3, "summarise_models": 2, "plot_model": 2, "cnn": 1}
    assert workflow.jobs("cnn") == expected
