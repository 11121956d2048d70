"""Nothing lost, nothing false: damage done for real to the real workflow (docs/reliability.md)."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import summarise_runs
from chaos import Chaos, contents, running
from conftest import ROOT, Workflow
from tiny import TINY

from lazytraining.files import parquet, schemas
from lazytraining.files.provenance import of as provenance

pytestmark = pytest.mark.workflow

TAUS = [1, 2, 3]
OWN = {"experiments": {"own": TINY | {"tau": TAUS, "iterations": 30}}}
ENDLESS = {"experiments": {"own": TINY | {"iterations": 10**9}}}
PROFILE = str(ROOT / "profiles/default")
SUMMARY = "results/summary/own.parquet"


def path_of(tau: int, folder: str = "runs") -> str:
    return f"results/{folder}/own/m~4/alpha~1/tau~{tau}/eta~0.01/seed~0.parquet"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("undisturbed"), OWN)
    workflow("--cores", "1", "--", "own", profile=PROFILE)
    return workflow


@pytest.fixture
def copy(undisturbed, tmp_path) -> Workflow:
    """The finished workflow again, to be damaged."""
    shutil.copytree(undisturbed.folder, tmp_path, dirs_exist_ok=True)
    return Workflow(tmp_path, OWN)


@contextmanager
def started(workflow: Workflow):
    """A driver whose jobs have come to train, in a process group of its own."""
    with (workflow.folder / "output").open("w") as output:
        command = workflow.command("--", SUMMARY, profile=PROFILE)
        driver = psutil.Popen(
            command,
            cwd=workflow.folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Ignored under a suite in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        while not list(workflow.results.glob("logs/train_students/**/*.log")):
            assert driver.poll() is None, (workflow.folder / "output").read_text()
            time.sleep(0.05)
        yield driver
    finally:
        if driver.poll() is None:
            driver.kill()
        driver.wait()


def test_killed_at_random_moments_it_ends_with_the_same_files(undisturbed, tmp_path):
    """On two cores, where the undisturbed one had one; up to five kills here, twenty of the quick preset in `make chaos`."""
    workflow, seed = Workflow(tmp_path, OWN), 7
    chaos = Chaos(workflow.command("--", "own", profile=PROFILE), tmp_path, seed)
    while chaos.kills.total() < 5 and chaos.round(0, 1.5):
        pass
    assert chaos.kills.total() >= 3, f"seed {seed}"
    chaos.finish()
    chaos.compare(undisturbed.results)
    assert not chaos.problems, f"seed {seed}"


@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_told_to_stop_it_ends_in_seconds_with_one_line(tmp_path, number, group):
    workflow = Workflow(tmp_path, ENDLESS)
    with started(workflow) as driver:
        under = driver.children(recursive=True)
        before = len((tmp_path / "output").read_text())
        (os.killpg if group else os.kill)(driver.pid, number)
        assert driver.wait(15) != 0  # one or two on a machine that is not overloaded
        assert not any(running(process) for process in under)
    lines = [line for line in (tmp_path / "output").read_text()[before:].splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert lines[0].startswith(
        f"Stopped by {number.name}. What is finished stays; the same command goes on: snakemake "
    )
    assert lines[0].endswith(f" -- {SUMMARY}")
    assert not list(workflow.results.rglob(".*"))


def test_the_scheduler_does_not_look_more_often_the_more_jobs_have_ended(tmp_path):
    """Each look was a timer, and each timer a look: after N jobs N threads of the driver waited."""
    workflow = Workflow(tmp_path, {"experiments": {"own": TINY | {"tau": list(range(1, 9))}}})
    threads = []
    driver = psutil.Popen(
        workflow.command("--cores", "1", "--", SUMMARY, profile=PROFILE),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while driver.poll() is None:
        if (done := len(list(workflow.results.glob("runs/**/*.parquet")))) > len(threads):
            threads += [driver.num_threads()] * (done - len(threads))
        time.sleep(0.05)
    assert driver.returncode == 0 and len(threads) == 8
    assert max(threads[4:]) <= max(threads[:3]) + 1, threads


def test_two_drivers_in_one_folder(undisturbed, tmp_path):
    """Of one preset the second says who has the results; another preset is made beside it, whatever is asked for first;
    and after a kill nothing has to be unlocked."""
    workflow = Workflow(tmp_path, ENDLESS)
    with started(workflow) as driver:
        second = workflow("--", SUMMARY, profile=PROFILE, succeeds=False)
        said = [line for line in second.stderr.splitlines() if line.startswith("Locked: ")]
        assert len(said) == 1, second.stderr
        assert f"results is being made by another snakemake (process {driver.pid} on " in said[0]
        assert "that unlocks the folder" in said[0]
        workflow.write(OWN | {"results": "others"})
        workflow("--", path_of(TAUS[-1]).replace("results", "others"), profile=PROFILE)
        assert driver.poll() is None
        under = driver.children(recursive=True)
        driver.kill()
        driver.wait()
        assert not psutil.wait_procs(under, timeout=20)[1] or not any(map(running, under)), (
            "no driver, no jobs"
        )
    workflow.write(OWN | {"results": "others"})
    workflow("--", SUMMARY.replace("results", "others"), profile=PROFILE)
    ours, theirs = contents(tmp_path / "others"), contents(undisturbed.results)
    assert len(ours) > 100
    assert ours == {key: theirs[key] for key in ours}


@pytest.fixture
def small_disk(tmp_path):
    """`results` on a file system with room for two runs; a function that makes it larger."""
    (tmp_path / "results").mkdir()

    def mount(options: str):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path / "results"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    try:
        done = mount("size=40k")
    except FileNotFoundError:
        pytest.skip("no mount on this machine")
    if done.returncode:
        pytest.skip(f"no small file system: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "-l", tmp_path / "results"], check=True)


def test_on_a_full_disk_it_says_so_and_goes_on_once_there_is_room(small_disk, undisturbed, tmp_path):
    workflow = Workflow(tmp_path, OWN)
    done = workflow("--", SUMMARY, profile=PROFILE, succeeds=False)
    said = [
        line for line in done.stderr.splitlines() if "No space left on device" in line and "results/" in line
    ]
    assert said and all(line.endswith("Once that is mended the same command goes on.") for line in said), (
        done.stderr
    )
    for path in workflow.results.rglob("*.parquet"):
        schema = schemas.RUN if "runs" in path.parts else schemas.CURVE
        assert parquet.read([path], schema).num_rows
    small_disk("remount,size=10m")
    workflow("--", SUMMARY, profile=PROFILE)
    ours, theirs = contents(workflow.results), contents(undisturbed.results)
    assert ours == {key: theirs[key] for key in ours}
    assert not list(workflow.results.rglob(".*"))


def changed(path, **metadata: str) -> None:
    """The file with other metadata."""
    table = pq.read_table(path, partitioning=None)
    new = {key.encode(): value for key, value in metadata.items()}
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | new), path)


def flipped(path) -> None:
    """In the last byte of the first column's data; a bit in the statistics beside it would change no value."""
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    first = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    content = bytearray(path.read_bytes())
    content[first + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(content)


def directory(path) -> None:
    path.unlink()
    path.mkdir()


def no_rows(path) -> None:
    pq.write_table(pq.read_table(path, partitioning=None).slice(0, 0), path)


def rewritten(path, rows) -> None:
    """With other rows, and the metadata that it had."""
    table = pq.read_table(path, partitioning=None)
    pq.write_table(pa.Table.from_pylist(rows(table.to_pylist()), schema=table.schema), path)


def row_twice(path) -> None:
    rewritten(path, lambda rows: [*rows, rows[-1]])


def half(path) -> None:
    """Half a curve; or the row of a run again, with another time."""
    if "curves" in path.parts:
        rewritten(path, lambda rows: rows[: len(rows) // 2])
    else:
        rewritten(path, lambda rows: [*rows, rows[0] | {"wall_seconds": 1e3}])


def no_answer(path) -> None:
    """Of whether it diverged; a curve without its first point."""
    if "curves" in path.parts:
        rewritten(path, lambda rows: rows[1:])
    else:
        rewritten(path, lambda rows: [row | {"diverged": None} for row in rows])


def other_schema(path) -> None:
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns("relative_distance"), path)


def other_run(path) -> None:
    shutil.copy(str(path).replace("tau~1", "tau~2"), path)


DAMAGE = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "cut to its start": lambda path: path.write_bytes(path.read_bytes()[:4]),
    "of no bytes": lambda path: path.write_bytes(b""),
    "of zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "without rows": no_rows,
    "no Parquet": lambda path: path.write_text("run,loss\n0,1\n"),
    "of another schema": other_schema,
    "of another run": other_run,
    "of another configuration": lambda path: changed(path, configuration="0" * 16),
    "with a bit flipped": flipped,
    "a folder": directory,
    "with a row twice": row_twice,
    "with half a curve, or two rows of a run": half,
    "without a point, or without a word on divergence": no_answer,
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("folder", ["runs", "curves"])
def test_aggregation_names_what_is_damaged(undisturbed, tmp_path, kind, folder):
    shutil.copytree(undisturbed.results, tmp_path / "results")
    paths = [[tmp_path / path_of(tau, of) for tau in TAUS] for of in ("runs", "curves")]
    expected = {"configuration": provenance(paths[0][0])["configuration"], "runs": 1}
    both = (schemas.RUN, schemas.CURVE), partial(summarise_runs.recorded, iterations=30)
    assert parquet.read_runs(*paths, *both, **expected).num_rows == 3
    damaged = tmp_path / path_of(TAUS[0], folder)
    DAMAGE[kind](damaged)
    with pytest.raises(parquet.Damaged) as caught:
        parquet.read_runs(*paths, *both, **expected)
    assert caught.value.files.keys() == {damaged}


def test_all_damaged_files_are_named_at_once_and_just_those_made_again(copy):
    paths = [copy.folder / path_of(tau) for tau in TAUS]
    kept = paths[2].stat().st_mtime_ns
    DAMAGE["truncated"](paths[0])
    DAMAGE["no Parquet"](copy.folder / path_of(2, "curves"))
    done = copy("--", "own", profile=PROFILE, succeeds=False)
    for path in (path_of(1), path_of(2, "curves")):
        lines = [line for line in done.stderr.splitlines() if line.startswith(f"{path}: ")]
        assert any("; set aside as" in line and line.endswith(f" -- {path}") for line in lines), done.stderr
    assert "Damaged files: 2. The same command makes them again" in done.stderr
    assert copy.jobs("own")["train_students"] == 2
    copy("--", "own", profile=PROFILE)
    assert paths[2].stat().st_mtime_ns == kept
    assert {path.name for path in copy.results.glob("damaged/*")} == {"runs", "curves"}
    assert copy.jobs("own") == {}


def test_damaged_weights_are_named(tmp_path):
    key = {"m": 4, "alpha": 1.0, "tau": 1.0, "eta": 1.0}
    path = tmp_path / "weights.npz"
    np.savez(path, start=np.ones((4, 3)), end=np.ones((4, 3)))
    assert parquet.weights_of(path, key)[1].shape == (4, 3)
    whole = path.read_bytes()
    for content in (whole[:-50], b"", b"no", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(parquet.Damaged, match=r"weights\.npz"):
            parquet.weights_of(path, key)
    np.savez(path, end=np.array([{}], dtype=object))
    with pytest.raises(parquet.Damaged):  # a pickle, which is not opened
        parquet.weights_of(path, key)


def test_every_file_says_where_it_comes_from(undisturbed):
    files = [path for path in undisturbed.results.rglob("*") if path.suffix in (".parquet", ".png", ".pdf")]
    assert len(files) == 3 * 2 + 2 + 2
    wanted = {"commit", "configuration", "code", "python", "torch", "numpy", "pyarrow", "machine", "date"}
    found = {"/".join(path.parts[-2:]): provenance(path) for path in files}
    found |= {path.parent.parts[-5]: provenance(path) for path in files if path.name == "seed~0.parquet"}
    for name, texts in found.items():
        assert wanted <= texts.keys(), name
        assert re.fullmatch("[0-9a-f]{16}", texts["configuration"]) and re.fullmatch(
            "[0-9a-f]{16}", texts["code"]
        )
    figure, other = found["figures/own.png"], found["figures/own.pdf"]
    assert {key: figure[key] for key in wanted - {"date"}} == {key: other[key] for key in wanted - {"date"}}
    assert found["own"]["configuration"] != figure["configuration"], "its own settings, and all of them"
    command = [sys.executable, str(ROOT / "tools/provenance.py"), *(str(path) for path in files[-2:])]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(re.findall(r"^  commit +\S+$", printed, re.MULTILINE)) == 2


def test_a_summary_of_runs_of_different_code_says_so(copy):
    changed(copy.folder / path_of(2), code="0" * 16)
    done = copy("--", SUMMARY, profile=PROFILE)
    assert f"{SUMMARY}: of runs that different code has made (0000000000000000 " in done.stderr
    assert provenance(copy.folder / SUMMARY)["run_code"].split()[0] == "0" * 16
    assert " " in parquet.run_code(copy.results / "tables/own.parquet")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("file", "(file is a file)"),
        ("file/below", "(file is a file)"),
        ("nowhere", "(nowhere is a symbolic link to nowhere)"),
        ("/proc/here", "(/proc/here: No such file or directory)"),
    ],
)
def test_results_that_can_not_be_a_folder_are_one_line(tmp_path, results, expected):
    (tmp_path / "file").write_text("")
    (tmp_path / "nowhere").symlink_to("gone")
    done = Workflow(tmp_path, OWN | {"results": results})("--", "own", succeeds=False)
    ours = [line for line in done.stderr.splitlines() if line.startswith("Configuration: ")]
    assert len(ours) == 1 and "Traceback" not in done.stderr
    assert ours[0].startswith(
        f"Configuration: results: '{results}' is not allowed {expected}; expected a folder"
    )
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "nowhere", "overlay.yaml", ".snakemake"}


def test_read_only_results_are_one_line(small_disk, tmp_path):
    small_disk("remount,ro")
    done = Workflow(tmp_path, OWN)("--", SUMMARY, succeeds=False)
    ours = [line for line in done.stderr.splitlines() if line.startswith("Configuration: ")]
    assert len(ours) == 1 and "Traceback" not in done.stderr
    assert "results: 'results' is not allowed (results/logs: Read-only file system)" in ours[0]


def test_no_reader_takes_pickles():
    """Checked in the code: pickle is only there as the name of an error, and nothing asks NumPy or torch for it."""
    sources = {path: path.read_text() for path in (ROOT / "scripts").rglob("*.py")}
    for path, text in sources.items():
        assert not re.search(
            r"allow_pickle\s*=\s*True|weights_only\s*=\s*False|pickle\.loads?\(|read_pickle|joblib", text
        ), path
        assert text.count("torch.load(") == text.count("weights_only=True"), path


@pytest.mark.parametrize(
    "path",
    [
        path_of(1).replace("alpha~1", "alpha~1.0"),
        "results/baselines/own/m~04/seed~0.parquet",
        "results/model_runs/vgg11/seed~07.parquet",
    ],
)
def test_a_run_that_is_not_configured_is_named(undisturbed, path):
    done = undisturbed("--dry-run", "--", path, succeeds=False)
    name = path.removesuffix(".parquet").split("/", 2)[2]
    assert f"{name} is not configured" in done.stdout
    assert "KeyError" not in done.stdout + done.stderr


def test_every_promise_has_its_test():
    text = (ROOT / "docs/reliability.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    here = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert named and named <= here
    promises = re.split(r"\n(?=\* )", text.split("## Where")[0])[1:]
    assert promises and all("`test_" in promise for promise in promises)
