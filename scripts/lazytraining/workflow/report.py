"""What a report covers: the runs behind it, and where they come from. For its first page."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

TRAINED = ("run.parquet", "paths.parquet")


def runs(paths: Iterable[Path]) -> dict:
    """Of the files among these that training has written, for each experiment how many runs, seeds and seconds; and
    the commits, machines, versions of torch and days of all.

    Files that are not there are left out, so that it holds for what is.
    """
    experiments = defaultdict(lambda: {"runs": 0, "seeds": set(), "seconds": 0.0})
    origins = defaultdict(set)
    for path in (path for path in paths if path.name in TRAINED and path.exists()):
        key = dict(part.split("=", 1) for part in path.parts if "=" in part)
        with pq.ParquetFile(path) as file:
            entry, names = experiments[key["experiment"]], file.schema_arrow.names
            if "wall_seconds" in names:
                entry["seconds"] += sum(file.read(["wall_seconds"])["wall_seconds"].to_pylist())
                entry["runs"] += file.metadata.num_rows
            else:  # neurons in the plane: a file for each seed has the paths of every tau
                entry["runs"] += len(set(file.read(["tau"])["tau"].to_pylist()))
            for name, value in (file.schema_arrow.metadata or {}).items():
                origins[name.decode()].add(value.decode())
        entry["seeds"].add(int(key["seed"]))
    days = sorted({date[:10] for date in origins["date"]})
    shown = {name: sorted(origins[name]) for name in ("commit", "machine", "torch")}
    return {"experiments": dict(sorted(experiments.items())), "days": days} | shown


def duration(seconds: float) -> str:
    """Seconds to read: "12 s", "34 min", "5 h 6 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
