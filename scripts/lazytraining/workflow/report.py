"""What a report covers: the runs behind it, and where they come from. For its first page."""

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from snakemake.logging import logger

from lazytraining.files import parquet, schemas
from lazytraining.workflow.text import one_line, settings

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, pa.ArrowException)
"""What pyarrow raises for files that are no Parquet, or another's, and what comes of rows that are not training's."""


def configure_captions(docutils: Path) -> None:
    """Have Snakemake make captions by this configuration of docutils."""
    os.environ["DOCUTILSCONFIG"] = str(docutils)


def runs(paths: Iterable[Path]) -> dict:
    """Of these files, which training has written, for each experiment how many runs, seeds and seconds; the commits,
    machines, versions of torch and days of all; and, with a line on the terminal, those that are not readable.

    Files that are not there are left out, so that it holds for what is.
    """
    experiments = defaultdict(lambda: {"runs": 0, "seeds": set(), "seconds": 0.0, "settings": set()})
    origins, unreadable = defaultdict(set), []
    for path in filter(Path.is_file, paths):
        try:
            with pq.ParquetFile(path) as file:
                names, metadata = file.schema_arrow.names, file.schema_arrow.metadata or {}
                wanted = [name for name in ("experiment", "seed", "tau", "wall_seconds") if name in names]
                columns = file.read(wanted).to_pydict()
            name, seeds = one_line(str(columns["experiment"][0])), set(columns["seed"])
            seconds = sum(columns.get("wall_seconds", []))
            # Of neurons in the plane a file for each seed has the paths of every tau.
            count = len(columns["seed"]) if "wall_seconds" in columns else len(set(columns["tau"]))
        except _UNREADABLE as error:
            unreadable.append(one_line(f"{path} ({_reason(error)})"))
            continue
        entry = experiments[name]
        entry["runs"] += count
        entry["seeds"] |= seeds
        entry["seconds"] += seconds
        for key, value in metadata.items():
            origins[key.decode(errors="replace")].add(one_line(value.decode(errors="replace")))
        entry["settings"].add(metadata.get(b"settings", b"").decode(errors="replace"))
    if unreadable:
        logger.warning(f"Not readable, and not in the report: {', '.join(unreadable)}")
    for name, entry in experiments.items():
        lines = {line for text in entry["settings"] - {""} for line in settings(text)}
        entry["settings"] = [line.removeprefix(f"experiments.{name}.") for line in sorted(lines)]
    days = sorted({date[:10] for date in origins["date"]})
    shown = {name: sorted(origins[name]) for name in ("commit", "machine", "torch")}
    return {
        "experiments": dict(sorted(experiments.items())),
        "days": days,
        "unreadable": unreadable,
    } | shown


@cache
def ledger(path: Path) -> list[dict]:
    """The rows of a ledger, each value one line of text if it is text; none, with a line, if it is not readable."""
    try:
        rows = parquet.read([path], schemas.CLAIMS).to_pylist()
    except parquet.Damaged as error:
        logger.warning(one_line(f"{error}: the report is without verdicts"))
        return []
    return [
        {name: one_line(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def duration(seconds: float) -> str:
    """Seconds to read: "12 s", "34 min", "5 h 6 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
