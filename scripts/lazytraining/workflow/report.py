"""What a report covers: the runs behind it, and where they come from. For its first page."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq


def runs(paths: Iterable[Path]) -> dict:
    """Of these files, which training has written, for each experiment how many runs, seeds and seconds; and the commits,
    machines, versions of torch and days of all.

    Files that are not there are left out, so that it holds for what is.
    """
    experiments = defaultdict(lambda: {"runs": 0, "seeds": set(), "seconds": 0.0})
    origins = defaultdict(set)
    for path in filter(Path.is_file, paths):
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            wanted = [name for name in ("experiment", "seed", "tau", "wall_seconds") if name in names]
            columns = file.read(wanted).to_pydict()
            entry = experiments[columns["experiment"][0]]
            if "wall_seconds" in names:
                entry["seconds"] += sum(columns["wall_seconds"])
                entry["runs"] += file.metadata.num_rows
            else:  # neurons in the plane: a file for each seed has the paths of every tau
                entry["runs"] += len(set(columns["tau"]))
            entry["seeds"] |= set(columns["seed"])
            for name, value in (file.schema_arrow.metadata or {}).items():
                origins[name.decode()].add(value.decode())
    days = sorted({date[:10] for date in origins["date"]})
    shown = {name: sorted(origins[name]) for name in ("commit", "machine", "torch")}
    return {"experiments": dict(sorted(experiments.items())), "days": days} | shown


def duration(seconds: float) -> str:
    """Seconds to read: "12 s", "34 min", "5 h 6 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
