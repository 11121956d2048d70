"""Results against the reference: the measure of a difference, and the real quick preset against docs/reference."""

import shutil

import compare
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Workflow

CELL = {"experiment": "e", "m": 4, "alpha": 1.0, "eta": 0.1, "n_seeds": 3, "n_diverged": 0}
REFERENCE = pd.DataFrame(
    [
        CELL | {"tau": tau, "loss_mean": mean, "loss_std": std, "loss_median": 7.0}
        for tau, mean, std in [(0.1, 2.0, 0.5), (1.0, 4.0, np.nan), (10.0, np.nan, np.nan), (100.0, 3.0, 0.0)]
    ]
)


def own(*means: float) -> pd.DataFrame:
    return REFERENCE.assign(loss_mean=means, loss_std=1e3)


def test_differences_are_relative_and_in_units_of_the_references_spread():
    found = compare.differences(own(3.0, 4.2, np.nan, 3.0), REFERENCE)
    assert list(found["tau"]) == [0.1, 1.0, 10.0, 100.0] and set(found["column"]) == {"loss"}
    assert found["relative"].to_numpy() == pytest.approx([0.5, 0.05, 0, 0])
    assert found["spreads"].to_numpy() == pytest.approx([2, 0.5, 0, 0])  # one seed: of a tenth of 4


def test_a_value_that_only_one_has_is_infinitely_far():
    found = compare.differences(own(np.nan, 4.0, 1.0, 3.0), REFERENCE)
    assert list(found["spreads"]) == [np.inf, 0, np.inf, 0]


def test_cells_are_compared_where_both_have_them():
    few = own(2.0, 4.0, np.nan, 3.0).iloc[1:3]
    assert list(compare.differences(few, REFERENCE)["tau"]) == [1.0, 10.0]
    assert compare.line("e", few, REFERENCE, 1)["cells"] == "2 of 4"
    elsewhere = few.assign(eta=0.2)
    assert compare.line("e", elsewhere, REFERENCE, 1)["verdict"] == compare.NO_CELL


RUNS = pd.DataFrame(
    [
        CELL
        | {"tau": tau, "seed": 0, "loss": 1 / 3, "rate": np.nan, "diverged": False, "wall_seconds": 1.0}
        | {"test_loss_end": 1 / 3}
        for tau in (0.1, 1.0, 10.0)
    ]
)


def test_runs_are_compared_to_the_last_bit(tmp_path):
    own = RUNS.assign(wall_seconds=7.0, loss=[1 / 3, np.nextafter(1 / 3, 1), 1 / 3])
    found = compare.apart_by(own, RUNS)
    assert found["relative"].tolist() == [0, pytest.approx(np.spacing(1 / 3) * 3, rel=1e-6), 0]
    assert found["column"][1] == "loss"
    assert compare.apart_by(own.iloc[:2], RUNS)["tau"].tolist() == [0.1, 1.0]
    other = RUNS.assign(rate=[np.nan, 1e-300, np.nan], diverged=[False, False, True], loss=-1 / 3)
    assert compare.apart_by(other, RUNS)["relative"].tolist() == [2, np.inf, np.inf]
    for name, tables in {"a": RUNS, "b": own}.items():
        (tmp_path / name).mkdir()
        tables.to_parquet(tmp_path / name / "e.parquet")
    lines = compare.runs_line(tmp_path / "b", tmp_path / "a")
    assert lines == [
        "Runs: 3 in both, 2 of them equal to the last bit, 3 in losses and distances; the others differ by at most, relative:",
        "  e: 1.7e-16 in 1 runs, worst in loss m=4 alpha=1 tau=1 eta=0.1 seed=0",
    ]
    assert compare.runs_line(tmp_path / "a", tmp_path / "a") == [
        "Runs: 3 in both, 3 of them equal to the last bit"
    ]
    assert compare.runs_line(tmp_path / "b", tmp_path / "none") == []
    own.assign(test_loss_end=[1 / 3, 0.3, 1 / 3]).to_parquet(tmp_path / "b/e.parquet")
    (line, _) = compare.runs_line(tmp_path / "b", tmp_path / "a")
    assert ", 2 of them equal to the last bit, 2 in losses and distances;" in line


def test_runs_of_modules_and_of_phase_diagrams_have_their_own_keys():
    quick = ROOT / "docs/reference/quick/tables"
    for name in ("student_module", "phase_plane", "plateau"):
        table = pd.read_parquet(quick / f"{name}.parquet")
        found = compare.apart_by(table.sample(frac=1, random_state=0), table)
        assert len(found) == len(table) and not found["relative"].any()


def test_each_presets_reference_is_equal_to_itself(capsys):
    """So every kind of experiment can be compared, by its averages and by its runs."""
    for folder in (ROOT / "docs/reference").glob("*/summary"):
        preset = folder.parent
        assert compare.main([str(preset), "--reference", str(preset)]) == 0
        said = capsys.readouterr().out
        assert (
            said.count(" agrees ") == len(compare.averages(preset)) and "differs" not in said.split("\n\n")[1]
        )
        if (preset / "tables").is_dir():
            runs = sum(len(pd.read_parquet(path)) for path in preset.glob("tables/*.parquet"))
            assert f"Runs: {runs} in both, {runs} of them equal to the last bit\n" in said


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A part of the quick preset, run here."""
    folder = tmp_path_factory.mktemp("quick")
    workflow = Workflow(folder, (ROOT / "config/quick.yaml").read_text().replace("results/quick", "results"))
    baseline = "results/baselines/plateau_symmetrized/m~50/seed~{}.parquet"
    workflow("--", "results/summary/trajectory_symmetrized.parquet", *map(baseline.format, (0, 1)))
    return workflow.results


def status(results, *more: str) -> int:
    return compare.main([str(results), "--reference", str(ROOT / "docs/reference/quick"), *more])


@pytest.mark.workflow
def test_the_quick_preset_agrees_with_its_reference(quick, capsys):
    assert status(quick) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith("trajectory_symmetrized agrees 1 of 1 ") for line in lines)
    assert any(line.startswith("plateau_symmetrized, tangent model agrees 5 of 5 ") for line in lines)
    assert any(line.startswith("Runs: 4 in both, ") for line in lines)
    assert any(line.startswith("Not run here: ") and "; plateau;" in line for line in lines)


@pytest.mark.workflow
def test_what_differs_is_named_and_ends_with_1(quick, tmp_path, capsys):
    shutil.copytree(quick / "summary", tmp_path / "summary")
    path = tmp_path / "summary/trajectory_symmetrized.parquet"
    found = pd.read_parquet(path)
    spread = float(found["gate_flips_std"].iloc[0])
    found["gate_flips_mean"] += 1.5 * spread
    found.to_parquet(path)
    assert status(tmp_path) == 1
    assert "gate_flips m=50 alpha=1 tau=2" in capsys.readouterr().out
    assert status(tmp_path, "--threshold", "2") == 0


def test_changed_verdicts_are_named(tmp_path):
    columns = ["id", "verdict", "measured"]
    rows = [("1", "reproduced", "x"), ("2", "artefact", "x"), ("3", "not decided", "x")]
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "a.parquet")
    other = [("1", "reproduced", "y"), ("2", "reproduced", "y"), ("3", "reproduced", "y")]
    pd.DataFrame(other, columns=columns).to_parquet(tmp_path / "b.parquet")
    lines = compare.verdicts(tmp_path / "b.parquet", tmp_path / "a.parquet")
    assert lines == [
        "Claims: 2 decided in both, 1 of them alike",
        "  claim 2: reproduced, reference: artefact; measured y",
    ]


def test_nothing_to_compare_is_one_line(tmp_path, capsys):
    assert status(tmp_path) == 2
    assert compare.main([str(tmp_path)]) == 2
    assert status(tmp_path / "other") == 2
    (tmp_path / "summary").mkdir()
    (tmp_path / "summary/plateau.parquet").write_bytes(b"PAR1")
    assert status(tmp_path) == 2
    far = pd.read_parquet(ROOT / "docs/reference/quick/summary/plateau.parquet").assign(tau=0.123)
    far.to_parquet(tmp_path / "summary/plateau.parquet")
    assert status(tmp_path) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert "there is one for paper and quick" in lines[1]
    assert "no such folder" in lines[2]
    assert "summary/plateau.parquet: not readable" in lines[3]
    assert "which has tau = 0.01, 0.1, 1, 10, 100 in plateau, not 0.123" in lines[4]


def test_cells_of_a_phase_diagram_are_told_apart():
    keys = [{"coupling": g, "symmetrize": start} for g in (0.1, 1.0) for start in (True, False)]
    cells = pd.DataFrame([{"experiment": "e", "m": 4, "gap_mean": 1.0, "gap_std": 0.1} | key for key in keys])
    other = cells.assign(gap_mean=[1.0, 1.0, 1.5, 1.0])
    found = compare.differences(other, cells)
    assert len(found) == 4
    assert compare.line("e", other, cells, 3)["worst at"] == "gap m=4 coupling=1 symmetrize=1"
