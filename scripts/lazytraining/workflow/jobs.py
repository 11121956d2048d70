"""What every script does first, and what those that gather an experiment do last."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa

from lazytraining.files import parquet, provenance, whole
from lazytraining.workflow import digest, driver
from lazytraining.workflow.text import one_line

_TERMINAL = sys.stderr.fileno()


def start(snakemake) -> None:
    """Make a job of this process.

    What it prints, and its traceback if it fails, goes to its log, and one line that says why to the terminal; in the
    foreground (tools/run_script.py) all stays in the terminal. It ends with the process that started it, removes what a
    killed one before it has left, and signs its files. If its code is not the one that it would sign them with, it ends here.
    """
    if not getattr(snakemake, "foreground", False):
        _redirect(Path(snakemake.log[0]))
        _check_code(snakemake.params.code)
    driver.end_with_driver()
    whole.remove_temporaries(snakemake.output)
    provenance.ORIGIN["configuration"] = snakemake.params.get(
        "configuration", driver.configuration(snakemake.output[0])
    )
    provenance.ORIGIN["code"] = snakemake.params.code
    if settings := snakemake.params.get("settings"):
        provenance.ORIGIN["settings"] = settings


def _check_code(asked: str) -> None:
    script = Path(sys.modules["__main__"].__file__)  # as Snakemake has set it: the script that it has copied
    if not driver.has_this_code() and (found := digest.code_digest(script)) != asked:
        say(
            f"{script}: not the code that this command began with ({found}, not {asked}), so nothing is written. "
            "The same command goes on with the code as it is now."
        )
        sys.exit(1)


def _redirect(log: Path) -> None:
    global _TERMINAL
    _TERMINAL = os.dup(_TERMINAL)
    sys.excepthook = partial(_fail, log)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.is_symlink() or whole.not_a_file(log):
        log.unlink()
    descriptor = driver.own_file(log, os.O_WRONLY)
    os.truncate(descriptor, 0)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # whatever the locale


class _NoPandas:
    @staticmethod
    def find_spec(name: str, path=None, target=None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas: this job does without", name=name)


def without_pandas() -> None:
    """Keep pandas out of this process, before its first Arrow array.

    pyarrow would import it there, only to ask whether it was given something of pandas; that takes as long as a short training.
    """
    sys.meta_path.insert(0, _NoPandas)


def say(line: str) -> None:
    """A line on the terminal, and in the log."""
    for descriptor in {_TERMINAL, sys.stderr.fileno()}:
        with suppress(OSError):
            os.write(descriptor, f"{one_line(line)}\n".encode())


def summarise(
    output, runs: pa.Table, statistics: Callable, keys: list[str], schemas: tuple[pa.Schema, pa.Schema]
) -> None:
    """Write all runs of an experiment by their keys, what `statistics` makes of that as a frame, and what `describe` says of them.

    The schemas are those of a run and of a row of statistics. There is a line on the terminal if different code has made the runs.
    """
    codes = runs.schema.metadata[b"run_code"].decode()
    if " " in codes:
        say(f"{output.summary}: of runs that different code has made ({codes})")
    runs = runs.sort_by([(key, "ascending") for key in keys])
    summary = pa.Table.from_pandas(statistics(runs.to_pandas()), preserve_index=False)
    parquet.write(output.runs, runs, schemas[0], run_code=codes)
    parquet.write(output.summary, summary, schemas[1], run_code=codes)
    describe(runs, output.trained)


def describe(runs: pa.Table, path: str | Path) -> None:
    """Write how many runs of an experiment these rows are of, and where they come from, for who can read no Parquet.

    Rows of students and of modules are runs; those of neurons in the plane are points of a path, of which each (tau, seed) has one.
    """
    seconds = sum(runs["wall_seconds"].to_pylist()) if "wall_seconds" in runs.column_names else None
    origins = json.loads(runs.schema.metadata[b"origins"])
    origins["date"] = sorted({date[:10] for date in origins.get("date", [])})
    content = {
        "runs": runs.group_by(["tau", "seed"]).aggregate([]).num_rows if seconds is None else runs.num_rows,
        "seeds": sorted(set(runs["seed"].to_pylist())),
        "seconds": seconds or 0.0,
        "origins": origins,
    }
    with whole.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _fail(log: Path, kind: type, error: BaseException, trace) -> None:
    """One line for each thing that is wrong; a traceback only where it can be of use, in the log."""
    if isinstance(error, parquet.Damaged):
        for path, reason in error.files.items():
            with suppress(OSError):
                reason += f"; set aside as {driver.set_aside(path)}"
            say(f"{path}: {reason}. Made again by: {driver.command()} -- {path}")
        say(f"Damaged files: {len(error.files)}. The same command makes them again, and no others.")
    elif isinstance(error, OSError) and error.errno:
        say(f"{error.filename or log}: {error.strerror}. Once that is mended the same command goes on.")
    else:
        say(f"{log}: {kind.__name__}: {' '.join(str(error).split())[:300]}")
        sys.__excepthook__(kind, error, trace)


def device(resources) -> str:
    """ "cuda" if the job asks for a GPU (resource `gpu`) and there is one, else "cpu" with a line in the log."""
    if not resources.get("gpu", 0):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    print("No GPU here that this torch can use: training on the CPU.", flush=True)
    return "cpu"
