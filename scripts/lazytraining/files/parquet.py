"""Tables: written whole or not at all, with their provenance, and checked when they are read."""

import errno
import itertools
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from lazytraining.files.provenance import provenance
from lazytraining.files.schemas import KEYS
from lazytraining.files.whole import not_a_file, replacing

_PASSING = {errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EINTR, errno.ETIMEDOUT}
"""Errors that are not a file's own."""
Schemas = tuple[pa.Schema, pa.Schema]
"""Of runs and of their curves."""


class Damaged(Exception):  # noqa: N818 - a state of files, which its message names
    """Files that are not what their path and schema say, and what is wrong with each."""

    def __init__(self, files: dict[Path, str]):
        super().__init__("; ".join(f"{path}: {reason}" for path, reason in files.items()))
        self.files = files


def write(path: str | Path, rows: list[dict] | pa.Table, schema: pa.Schema, **metadata: str) -> None:
    """Write rows with `schema` and provenance in the file's metadata, whole or not at all."""
    table = rows.cast(schema) if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema)
    table = table.replace_schema_metadata(provenance() | metadata)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, write_page_checksum=True)


def read(
    paths: Iterable[str | Path],
    schema: pa.Schema,
    configuration: str | None = None,
    runs: int | None = None,
    check: Callable[[pa.Table], str] = lambda table: "",
) -> pa.Table:
    """The rows of many files of one schema, each checked: its schema, its checksums, and that its keys are those in its
    path, that no row is there twice and no run leaves open whether it diverged; with `configuration`, a digest, that it was
    made from that one, where the file says from which; that it has rows of so many `runs`; and what `check` says is wrong, if anything.

    The metadata has `run_code`, the digests of the code that made the runs, and `origins`, every value of all that the files
    say of where they come from, as JSON.

    Raises Damaged with every file that is not right.
    """
    tables, codes, origins, damaged = [], set(), {}, {}
    for path in map(Path, paths):
        if not_a_file(path):
            damaged[path] = "no file"
            continue
        try:
            table = pq.ParquetFile(path, page_checksum_verification=True).read()
        except MemoryError:
            raise
        except (OSError, pa.ArrowException) as error:
            if getattr(error, "errno", None) in _PASSING:
                raise
            damaged[path] = _unreadable(path, error)
            continue
        metadata = table.schema.metadata or {}
        if not table.schema.equals(schema):
            damaged[path] = "of another schema"
        elif wrong := _not_of(path, table) or _rows(table):
            damaged[path] = wrong
        elif (
            configuration and metadata.get(b"configuration", configuration.encode()).decode() != configuration
        ):
            damaged[path] = "made from another configuration"
        elif runs and runs != (found := table.group_by(_keys(table.column_names)).aggregate([]).num_rows):
            damaged[path] = f"has rows of {found} runs, not of {runs}"
        elif wrong := check(table):
            damaged[path] = wrong
        else:
            codes |= set(_run_code(metadata).split())
            for name, value in metadata.items():
                origins.setdefault(name.decode(errors="replace"), set()).add(value.decode(errors="replace"))
            tables.append(table.replace_schema_metadata())
    if damaged:
        raise Damaged(damaged)
    said = json.dumps({name: sorted(values) for name, values in origins.items()})
    return pa.concat_tables(tables).replace_schema_metadata(
        {"run_code": " ".join(sorted(codes)), "origins": said}
    )


def read_runs(
    runs: Iterable[str | Path],
    curves: Iterable[str | Path],
    schemas: Schemas,
    recorded: Callable[[dict], list[int]],
    /,
    **of,
) -> pa.Table:
    """The rows of runs, once they and their curves are whole. `recorded` gives the points that the curve of a row has, `of`
    is for both kinds of file. Raises Damaged with every file that is not right."""
    found, damaged, points, keys = None, {}, {}, _keys(schemas[0].names)
    try:
        found = read(runs, schemas[0], **of)
        points = {tuple(row[key] for key in keys): recorded(row) for row in found.to_pylist()}
    except Damaged as error:
        damaged |= error.files

    def half(table: pa.Table) -> str:
        seen = {}
        for *key, at in zip(
            *(values.to_pylist() for values in table.select([*keys, "iteration"])), strict=True
        ):
            seen.setdefault(tuple(key), []).append(at)
        for key, at in seen.items():
            if at != (wanted := points.get(key, at)):
                return f"not the curve of its run: {len(at)} points, of which it has {len(wanted)}"
        return ""

    try:
        read(curves, schemas[1], check=half, **of)
    except Damaged as error:
        damaged |= error.files
    if damaged:
        raise Damaged(damaged)
    return found


def _keys(columns: list[str]) -> list[str]:
    """The names of what makes the key of a student's run, of a module's, or of a cell of a phase diagram."""
    cell = ("coupling", "symmetrize") if "coupling" in columns else ()
    return [name for name in (*KEYS, *cell) if name in columns]


def _rows(table: pa.Table) -> str:
    """What is wrong with the rows by themselves."""
    if table.group_by(table.column_names).aggregate([]).num_rows < table.num_rows:
        return "has a row twice"
    of_runs = "wall_seconds" in table.column_names  # a row for each
    if of_runs and table.group_by(_keys(table.column_names)).aggregate([]).num_rows < table.num_rows:
        return "has a run twice"
    if "diverged" in table.column_names and table["diverged"].null_count:
        return "does not say of every run whether it diverged"
    return ""


def run_code(path: str | Path) -> str:
    """Digests of the code that made the runs in a table, with spaces between them."""
    return _run_code(pq.read_schema(path).metadata or {})


def _run_code(metadata: dict[bytes, bytes]) -> str:
    return metadata.get(b"run_code", metadata.get(b"code", b"unknown")).decode()


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return "empty" if path.stat().st_size == 0 else "not a whole Parquet file"


def _not_of(path: Path, table: pa.Table) -> str:
    """Which part of its path the rows contradict: key~value, and before those the experiment."""
    parts = path.with_suffix("").parts
    said = dict(part.split("~", 1) for part in parts if "~" in part)
    # End points of other experiments are on its plane too.
    owner = "plane" if "plane" in table.column_names else "experiment"
    said[owner] = next((before for before, part in itertools.pairwise(parts) if "~" in part), parts[-1])
    for name, value in said.items():
        if name in table.column_names:
            for found in table[name].unique().to_pylist():
                shown = f"{found:.6g}" if isinstance(found, float) else str(found)
                if shown != value:
                    return f"of another run: {name} is {shown}, not {value}"
    return ""


def weights_folder(key: dict) -> str:
    """Where a run's weights stand in a file with those of a whole stack."""
    return "m~{m}/alpha~{alpha:.6g}/tau~{tau:.6g}/eta~{eta:.6g}/".format(**key)


def weights_of(
    path: str | Path, key: dict
) -> tuple[Float[np.ndarray, "m d_plus_1"], Float[np.ndarray, "m d_plus_1"]]:
    """The first and the last weights of a run, from its own file or its stack's. Raises Damaged."""
    if not_a_file(Path(path)):
        raise Damaged({Path(path): "no file"})
    try:
        with np.load(path) as arrays:
            folder = "" if "end" in arrays else weights_folder(key)
            return arrays[f"{folder}start"], arrays[f"{folder}end"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise Damaged({Path(path): f"no weights of this run in it ({type(error).__name__})"}) from error
