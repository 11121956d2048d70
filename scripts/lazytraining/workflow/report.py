"""What a report covers: the runs behind it, and where they come from. For its first page.

Read from what jobs have written as JSON: the process that makes the report may have Snakemake and nothing else.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from snakemake.logging import logger

from lazytraining.config.experiments import Config
from lazytraining.files import provenance
from lazytraining.workflow import internals
from lazytraining.workflow.text import one_line, settings

SOFTWARE = ("python", *provenance.PACKAGES)
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What comes of a file that is no JSON, or not a job's."""
_LEDGER = (
    "id",
    "section",
    "quote",
    "claim",
    "measured",
    "criterion",
    "criterion_set",
    "verdict",
    "reason",
    "figure",
    "paper",
)
"""The text in a row of the ledger."""


def configure_captions(docutils: Path) -> None:
    """Have Snakemake make captions by this configuration of docutils."""
    os.environ["DOCUTILSCONFIG"] = str(docutils)


def runs(jobs: Iterable[Any], config: Config) -> dict:
    """Of these jobs, for each experiment how many runs, seeds and seconds; the commits, machines, packages and days of all; and, with a line on the terminal, files that are not readable.

    Seconds, settings and origins are those of experiments that one of the jobs has described. A file that is not there does not count.
    """
    experiments = defaultdict(lambda: {"runs": 0, "seeds": set(), "seconds": 0.0, "settings": []})
    origins, described, unreadable = defaultdict(set), {}, []
    for job in jobs:
        path = Path(getattr(job.output, "trained", ""))
        experiment = job.wildcards.get("experiment")
        if path.is_file():
            try:
                described[experiment], said = _described(path, experiment)
            except _UNREADABLE as error:
                unreadable.append(one_line(f"{path} ({_reason(error)})"))
                continue
            for name, values in said.items():
                origins[name] |= values
        elif internals.script(job).startswith("train_") and Path(job.output[0]).is_file():
            found = config.jobs[experiment].get(job.wildcards.get("run"), config.runs[experiment])
            for key in ("m", "seed"):
                if asked := job.wildcards.get(key):
                    found = [run for run in found if str(getattr(run, key)) == asked]
            experiments[experiment]["runs"] += len(found)
            experiments[experiment]["seeds"] |= {run.seed for run in found}
    if unreadable:
        logger.warning(f"Not readable, and not in the report: {', '.join(unreadable)}")
    shown = {name: sorted(origins[name]) for name in ("commit", "machine", *SOFTWARE)}
    return {
        "experiments": dict(sorted((experiments | described).items())),
        "days": sorted(origins["date"]),
        "unreadable": unreadable,
    } | shown


def _described(path: Path, experiment: str) -> tuple[dict, dict[str, set[str]]]:
    """What a job has said of an experiment's runs, and where they come from; any text in it is one line."""
    content = json.loads(path.read_text(encoding="utf-8"))
    origins = {one_line(name): set(map(one_line, values)) for name, values in content["origins"].items()}
    lines = {line for text in content["origins"].get("settings", []) for line in settings(text)}
    seeds = set(map(int, content["seeds"]))
    told = {"runs": int(content["runs"]), "seeds": seeds, "seconds": float(content["seconds"])}
    told["settings"] = [line.removeprefix(f"experiments.{experiment}.") for line in sorted(lines)]
    return told, origins


def inputs(jobs: Iterable[Any], most: int = 20) -> list[str]:
    """The files that jobs of one rule read, the first of them if they are many."""
    files = sorted({str(path) for job in jobs for path in job.input})
    return files[:most] + [f"… and {len(files) - most} more"] * (len(files) > most)


@cache
def ledger(path: Path) -> list[dict]:
    """The rows of a ledger, each value one line of text if it is text; none, with a line, if it is not readable."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [row | {name: one_line(row[name]) for name in _LEDGER} for row in rows]
    except _UNREADABLE as error:
        logger.warning(one_line(f"{path} ({_reason(error)}): the report is without verdicts"))
        return []


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def duration(seconds: float) -> str:
    """Seconds to read: "12 s", "34 min", "5 h 6 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
