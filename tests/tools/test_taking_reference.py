"""Which results are taken for reference, and that the ledger follows from what is kept of them."""

import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import _commits
import judge
import judge_claims
import pandas as pd
import PIL.Image
import PIL.PngImagePlugin
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import reference
import yaml
from conftest import ROOT
from tiny import ALL

from lazytraining.claims.ledger import MODULES
from lazytraining.config import experiments
from lazytraining.config.kinds import AnyModel
from lazytraining.files import provenance

PRESETS = [path.parent for path in sorted((ROOT / "docs/reference").glob("*/tables"))]
"""Those whose evidence is kept."""


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.name)
def test_the_ledger_follows_from_what_is_kept(preset):
    """Each interval can be computed again without training."""
    kept = pd.read_parquet(preset / "claims.parquet")
    rows, _ = judge_claims.judged(judge.evidence(preset))
    again = pd.DataFrame(rows)
    pd.testing.assert_frame_equal(again[list(kept)], kept, rtol=1e-6)


HERE, ELSEWHERE = "0" * 40, "1" * 40
"""A commit of the history, which all that the tests have made is taken to be of; and one that is not."""
PICTURES = {"figure_3.png", "models.png", "neuron_paths.gif", "depth_2.png", "figure_2_landscape_ntk_m=4.png"}


@pytest.fixture
def results(finished, tmp_path, monkeypatch):
    """Finished results, of a commit in the history."""
    of = provenance.of

    def told(path):
        said = of(path)
        return said if said["commit"].startswith(ELSEWHERE) else said | {"commit": HERE}

    monkeypatch.setattr(provenance, "of", told)
    monkeypatch.setattr(_commits, "in_history", lambda commit: commit == HERE)
    shutil.copytree(finished.results, tmp_path / "results", ignore=shutil.ignore_patterns("logs", "report*"))
    return tmp_path / "results"


@pytest.fixture
def taken(tmp_path, monkeypatch) -> Path:
    """Where a project of its own would have its reference, which is not there yet."""
    project = tmp_path / "project"
    for folder in ("config", "docs/reference"):
        (project / folder).mkdir(parents=True)
    (project / "config/results.yaml").write_text(yaml.safe_dump({"results": "results"} | ALL))
    (project / "README.md").write_text(
        "".join(f"![](docs/reference/paper/figures/{name})" for name in PICTURES)
    )
    monkeypatch.setattr(reference, "ROOT", project)
    return project / "docs/reference/results"


def configuration(results, **changed) -> experiments.Config:
    content = experiments.read_yaml(results / "config.yaml")
    for name, value in changed.items():
        content["experiments"]["plateau"][name] = value
    return experiments.load(content)


def refused(results, **changed) -> list[str]:
    own = configuration(results)
    made = reference.parts(results, own, PICTURES)
    return reference.refusals(results, own, configuration(results, **changed), made)


@contextmanager
def changed(path, where=None, **said):
    """A file with the rows where this holds, or all, that says something else of itself; as it was after that."""
    before = path.read_bytes()
    if path.suffix == ".png":
        with PIL.Image.open(path) as image:
            metadata = PIL.PngImagePlugin.PngInfo()
            for name, value in (dict(image.text) | said).items():
                metadata.add_itxt(name, value)
            image.save(path, pnginfo=metadata)
    else:
        table = pq.read_table(path, partitioning=None)
        origin = table.schema.metadata | {name.encode(): value.encode() for name, value in said.items()}
        table = table if where is None else table.filter(where)
        pq.write_table(table.replace_schema_metadata(origin), path)
    yield
    path.write_bytes(before)


@pytest.mark.workflow
def test_a_whole_preset_is_taken(results):
    assert refused(results) == []


@pytest.mark.workflow
def test_another_configuration_is_not(results):
    (line,) = refused(results, iterations=31)
    assert "plateau is not the preset's" in line
    own = configuration(results)
    preset = own.model_copy(update={"theory": None})
    (line,) = reference.refusals(results, own, preset, reference.parts(results, own))
    assert "theory is not the preset's" in line


KINDS = [
    *(
        "tables/plateau",
        "spectra/plateau",
        "tables/depth_2",
        "tables/phase_plane",
        "claims",
        "runs/trajectory",
    ),
    *("baselines/plateau", "theory/start", "surfaces/landscape_ntk", "neurons/neuron_paths"),
]
"""A file, or a folder with one, of each kind of evidence."""


@pytest.mark.workflow
def test_files_of_another_code_configuration_or_commit_are_named(results):
    table = [path for name in KINDS if (path := results / f"{name}.parquet").is_file()]
    first = [min((results / name).rglob("*.parquet")) for name in KINDS[len(table) :]]
    paths = [*table, *first, results / "figures/models.png"]
    assert len(paths) == len(KINDS) + 1
    with ExitStack() as stack:
        for number, path in enumerate(paths):
            dirty = "-dirty" * (number % 2)
            stack.enter_context(changed(path, commit=f"{ELSEWHERE}{number}{dirty}"))
        lines = refused(results)
        assert len(lines) == len(paths)
        for number, path in enumerate(paths):
            why = "a commit without changes" if number % 2 else "one in this history"
            assert any(line.startswith(f"{path}: made at commit") and why in line for line in lines), path
    with ExitStack() as stack:
        for path in paths:
            other = {"configuration": "0123", "settings": '{"experiments":{"plateau":{}}}'}
            stack.enter_context(changed(path, **other))
        lines = refused(results)
        expected = "made from another configuration; expected that of config.yaml beside it"
        assert sorted(lines) == sorted(f"{path}: {expected}" for path in paths)


@pytest.mark.workflow
def test_what_one_script_has_made_has_one_code(results):
    """Runs of one experiment among others of its kind, a table of them, a measurement, a picture."""
    made = {
        "runs/trajectory_symmetrized": "train_students",
        "tables/depth_2": "train_model",
        "tables/plateau": "summarise_runs",
        "surfaces/landscape_ntk": "measure_landscape",
        "theory/start": "measure_theory_start",
    }
    with ExitStack() as stack:
        for name, script in made.items():
            path = results / f"{name}.parquet"
            paths = [path] if path.is_file() else sorted((results / name).rglob("*.parquet"))[-1:]
            said = "run_code" if path.is_file() and script.startswith("train") else "code"
            stack.enter_context(changed(*paths, **{said: "0123"}))
        lines = refused(results)
    told = {line.split(": ")[1].split(" has ")[0]: line for line in lines}
    assert told.keys() == set(made.values()) and len(lines) == len(told)
    assert " 0123 in trajectory_symmetrized; expected one state of it" in told["train_students"]
    assert " in trajectory and " in told["train_students"]
    assert " 0123 in depth_2, table" in told["train_model"]


@pytest.mark.workflow
def test_fewer_runs_seeds_or_files_are_not(results):
    names = ["tables/plateau", "tables/phase_plane", "baselines/plateau/m~4/seed~1", "spectra/plateau"]
    names += ["tables/depth_2", "neurons/neuron_paths/seed~0", "endpoints/landscape_ntk/m~4"]
    paths = [results / f"{name}.parquet" for name in names]
    tables = [pq.read_table(path, partitioning=None) for path in paths]
    with ExitStack() as stack:
        for path, table in zip(paths, tables, strict=True):
            stack.enter_context(changed(path, pc.field("seed") != table["seed"][0]))
        lines = refused(results)
        assert len(lines) == len(paths)
        for line in lines:  # an m's end points have a file of their own: other files have the seed too
            assert f" {'runs' if 'endpoints' in line else 'seeds'}; expected the " in line
    with ExitStack() as stack:
        for path, table in zip(paths[:-1], tables[:-1], strict=True):
            key = (
                "coupling"
                if "coupling" in table.column_names
                else "alpha"
                if "step" in table.column_names
                else "tau"
            )
            stack.enter_context(changed(path, pc.field(key) != table[key][0]))
        lines = refused(results)
        assert len(lines) == len(paths) - 1 and all(" runs; expected the " in line for line in lines)
    for path in paths:
        path.unlink()
    assert len([line for line in refused(results) if "missing" in line]) == len(
        {path.parent.name for path in paths}
    )


@pytest.mark.workflow
def test_the_reference_is_taken_whole_or_left(results, taken, tmp_path, capsys):
    def contents():
        return {path: path.read_bytes() for path in taken.parent.rglob("*") if path.is_file()}

    taken.mkdir()
    (taken / "of_before").touch()
    before = contents()
    for lost in ("claims.md", "figures/models.png", "config.yaml"):
        (results / lost).rename(tmp_path / "lost")
        assert reference.main([str(results), "--figures"]) == 1
        assert lost in capsys.readouterr().err and contents() == before
        (tmp_path / "lost").rename(results / lost)
    first, second = sorted(results.glob("baselines/plateau/**/*.parquet"))
    with changed(second, pc.field("seed") == 7):  # of no rows: found when it is read
        assert reference.main([str(results), "--figures"]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1 and contents() == before
    with changed(second, python="3.12.9"):
        assert reference.main([str(results), "--figures"]) == 0
    assert not (taken / "of_before").exists() and list(taken.parent.iterdir()) == [taken]
    assert {path.name for path in taken.glob("figures/*")} == PICTURES
    versions = provenance.of(taken / "baselines/plateau.parquet")["python"].split(", ")
    assert set(versions) == {provenance.of(first)["python"], "3.12.9"}
    pd.testing.assert_frame_equal(
        pd.DataFrame(judge_claims.judged(judge.evidence(taken))[0]), pd.read_parquet(taken / "claims.parquet")
    )
    told = (taken / "README.md").read_text()
    assert told.count(HERE[:9]) == len([line for line in told.splitlines() if line.startswith("| ")]) - 1
    taus = len(configuration(results).experiments["neuron_paths"].tau)
    for row in (
        f"neuron_paths | runs | {taus} | 1 |  |",
        "phase_plane | runs | 12 | 2 |",
        "depth_2 | runs | 2 | 1 |",
    ):
        assert f"| {row}" in told
    for row in ("plateau | baselines | 4 | 2", "start | theory |  | 2", "ledger | claims", "5 pictures"):
        assert f"| {row}" in told


@pytest.mark.workflow
def test_some_experiments_are_taken_anew_and_the_others_stay(results, taken, capsys):
    def contents():
        return {path.relative_to(taken): path.read_bytes() for path in taken.rglob("*") if path.is_file()}

    assert reference.main([str(results), "--figures"]) == 0
    before = contents()
    models = configuration(results).of_kind(AnyModel)
    for path in results.rglob("*.*"):
        if path.is_file() and not {path.stem, path.parent.name} & {*models, "models", "config"}:
            path.unlink()
    assert reference.main([str(results), "--only", *models]) == 0 and contents() == before
    own, other = results / "tables/depth_2.parquet", results / "tables/depth_3.parquet"
    longer = pq.read_table(own, partitioning=None)
    place = longer.column_names.index("wall_seconds")
    longer = longer.set_column(place, longer.schema.field(place), pa.array([600.0] * len(longer)))
    pq.write_table(longer, own)
    assert reference.main([str(results), "--only", "depth_2", "models"]) == 1
    assert "--only: models is not allowed" in capsys.readouterr().err and contents() == before
    with changed(own, run_code="0123"), changed(other, code="4567"):
        assert reference.main([str(results), "--only", "depth_2"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "train_model has the code" in line and "0123 in depth_2, table" in line
    with changed(
        taken / "baselines/plateau.parquet", commit=f"{ELSEWHERE}, {HERE}"
    ):  # of several files in one
        assert reference.main([str(results), "--only", "depth_2"]) == 1
    assert f"plateau.parquet: made at commit {ELSEWHERE}; " in capsys.readouterr().err
    assert reference.main([str(results), "--only", "depth_2"]) == 0
    now = contents()
    assert {path.as_posix() for path in now if now[path] != before[path]} == {
        "tables/depth_2.parquet",
        "README.md",
    }
    lines = zip(
        before[Path("README.md")].decode().splitlines(),
        now[Path("README.md")].decode().splitlines(),
        strict=True,
    )
    (row, told) = [after for line, after in lines if line != after]
    assert row.startswith("| depth_2 | runs | 2 | 1 | 20.0 |") and "minutes of one core in all" in told
    shutil.rmtree(taken / "figures")  # as the quick preset's reference has none
    assert reference.main([str(results), "--only", "depth_2"]) == 0 and not (taken / "figures").exists()
    assert reference.main([str(results), "--only", "depth_2", "--figures"]) == 1
    assert "figures/figure_3.png: missing" in capsys.readouterr().err


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.name)
def test_no_reference_is_of_a_tree_with_changes(preset):
    kept = [*preset.rglob("*.parquet"), *preset.glob("figures/*")]
    assert [path for path in kept if provenance.of(path)["commit"].endswith("-dirty")] == []


@pytest.mark.parametrize("commit", [f"{HERE}-dirty", ELSEWHERE])
def test_no_ledger_is_written_that_nobody_can_judge_again(monkeypatch, tmp_path, capsys, commit):
    shutil.copytree(PRESETS[-1], tmp_path / "quick")
    monkeypatch.setattr(judge, "REFERENCE", tmp_path)
    monkeypatch.setattr(provenance, "provenance", lambda: {"commit": commit})
    before = (tmp_path / "quick/claims.parquet").read_bytes()
    assert judge.main(["quick"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert commit in line and "expected" in line
    assert (tmp_path / "quick/claims.parquet").read_bytes() == before


def test_the_code_of_every_claim_is_found():
    for module in MODULES:
        for claim in module.CLAIMS:
            path, line = judge._place(Path(module.__file__), claim.id).split(":")
            assert (ROOT / path).read_text().splitlines()[int(line) - 1].strip() == f'"{claim.id}",'


@pytest.mark.workflow
def test_a_claim_is_judged_by_the_runs_of_a_folder(results, capsys):
    ledger = pd.read_parquet(results / "claims.parquet").set_index("id")
    assert judge.main([str(results), "--claims", "2", "19a"]) == 0
    said = capsys.readouterr().out
    for _, row in ledger.loc[["2", "19a"]].iterrows():
        assert row["verdict"] in said and row["claim"] in said
    measured = ledger.loc["2", "measured"].split("; ")
    assert len(measured) == 2 and all(f" {text}\n" in said for text in measured)
    assert "runs of    plateau" in said and "code       scripts/lazytraining/claims/plateaus.py:" in said
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
