"""Parquet files of runs: schemas, atomic writing, provenance."""

import platform
import secrets
import subprocess
from collections.abc import Iterable
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Int

KEYS = ["experiment", "m", "alpha", "tau", "eta", "seed"]

_KEY_TYPES = {"experiment": pa.string(), "m": pa.int64(), "seed": pa.int64()}
KEY_FIELDS = [pa.field(key, _KEY_TYPES.get(key, pa.float64()), nullable=False) for key in KEYS]

CURVE = pa.schema(
    KEY_FIELDS
    + [
        ("iteration", pa.int64()),
        ("train_loss", pa.float64()),
        ("test_loss", pa.float64()),
        ("relative_change", pa.float64()),
        ("relative_distance", pa.float64()),
    ]
)
RUN = pa.schema(
    KEY_FIELDS
    + [
        ("symmetrize", pa.bool_()),
        ("precision", pa.string()),
        ("iterations", pa.int64()),
        ("stopped_early", pa.bool_()),
        ("diverged", pa.bool_()),
        ("train_loss_end", pa.float64()),
        ("test_loss_end", pa.float64()),
        ("test_loss_best", pa.float64()),
        ("best_iteration", pa.int64()),
        ("relative_change", pa.float64()),
        ("relative_distance", pa.float64()),
        ("hidden_distance", pa.float64()),
        ("output_distance", pa.float64()),
        ("gate_flips", pa.float64()),
        ("zero_loss", pa.float64()),
        ("wall_seconds", pa.float64()),
    ]
)


def recorded_iterations(iterations: int) -> Int[np.ndarray, " k"]:
    """0 to 20, about 200 geometrically spaced iterations up to the last, and the last."""
    spaced = np.rint(np.geomspace(20, max(iterations, 20), 200)).astype(int)
    wanted = np.union1d(np.arange(21), spaced)
    return np.union1d(wanted[wanted <= iterations], [iterations])


@contextmanager
def replacing(path: str | Path):
    """Give a temporary path beside `path`; rename it to `path` once the block has ended well."""
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: str | Path, rows: list[dict] | pa.Table, schema: pa.Schema, **metadata: str) -> None:
    """Write rows with `schema` and provenance in the file's metadata, whole or not at all."""
    table = rows.cast(schema) if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(provenance() | metadata), temporary)


def read(paths: Iterable[str | Path], schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """The rows of many files of one schema."""
    import pyarrow.dataset  # here, because it imports pandas, which a training job does not need

    return pyarrow.dataset.dataset([str(path) for path in paths], schema=schema).to_table(columns)


def weights_folder(key: dict) -> str:
    """Where a run's weights stand in the weights.npz of a stack."""
    return "m={m}/alpha={alpha:.6g}/tau={tau:.6g}/eta={eta:.6g}/".format(**key)


def weights_of(
    path: str | Path, key: dict
) -> tuple[Float[np.ndarray, "m d_plus_1"], Float[np.ndarray, "m d_plus_1"]]:
    """The first and the last weights of a run from weights.npz, its own or its stack's."""
    with np.load(path) as arrays:
        folder = "" if "end" in arrays else weights_folder(key)
        return arrays[f"{folder}start"], arrays[f"{folder}end"]


@cache
def provenance() -> dict[str, str]:
    """Where a file comes from: commit, versions, machine."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "pyarrow")},
        "machine": f"{platform.node()} {platform.machine()}",
    }


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
