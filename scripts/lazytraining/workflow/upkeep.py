"""What has to be made again although Snakemake would leave it.

Snakemake does not miss a file while all that is made of it is there, and knows of files only what it has recorded itself.
So before it decides, every missing file is put down to be made, with all that follows from it; and every file that is there
says by its own metadata whether it was made by this code, from this configuration. Nothing is removed for that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from snakemake.logging import logger

from lazytraining.config.experiments import Config
from lazytraining.files import provenance
from lazytraining.workflow import internals
from lazytraining.workflow.internals import Job, Workflow

_SIGNED = (".parquet", ".png", ".html")
"""Suffixes of the files that are asked where they come from; others are made together with one of these."""


def watch(workflow: Workflow, config: Config) -> None:
    """Have this workflow's jobs looked through before Snakemake decides which of them run."""
    internals.before_it_decides(workflow, partial(to_make, workflow, config))


def to_make(workflow: Workflow, config: Config) -> set[str]:
    """Files of these jobs that are missing or were made of something else, with a line on the latter."""
    found = differing(workflow, config)
    if found:
        again = internals.reruns_for_params(workflow)
        what = "made again, with all that follows" if again else "left, as rerun-triggers has no params"
        first, reasons = (
            min(found),
            ", ".join(f"{count} {why}" for why, count in Counter(found.values()).items()),
        )
        logger.warning(f"Results: {reasons} (as {first}): {what}")
        found = found if again else {}
    missing = {path for job in internals.jobs(workflow) for path in _missing(job, config)}
    return missing | found.keys()


def forget(workflow: Workflow, config: Config) -> None:
    """Remove what was made of missing files, so that no old picture stands for them."""
    for job in [job for job in internals.jobs(workflow) if any(_missing(job, config))]:
        for later in internals.following(workflow, job):
            for path in _outputs(later, config):
                Path(path).unlink(missing_ok=True)


def _outputs(job: Job, config: Config) -> Iterator[str]:
    """The results among a job's files."""
    return (str(path) for path in job.output if str(path).startswith(f"{config.folder}/"))


def _missing(job: Job, config: Config) -> Iterator[str]:
    return (path for path in _outputs(job, config) if not Path(path).exists())


def differing(workflow: Workflow, config: Config) -> dict[str, str]:
    """Files of these jobs that say they come from other code or another configuration, and which of the two.

    A table of runs that is right speaks for them, so that thousands of files need not be opened. Where Snakemake is alone, no file
    can be asked, and its own records decide; a line says so if it has none.
    """
    if lacking := [name for name in ("pyarrow", "PIL") if find_spec(name) is None]:
        _warn_of_unasked(workflow, config, lacking)
        return {}
    found, training = {}, {}
    for job in internals.jobs(workflow):
        paths = list(_outputs(job, config))
        if not paths or any(_missing(job, config)) or not hasattr(job.params, "code"):
            continue
        experiment = job.wildcards.get("experiment")
        if internals.script(job).startswith("train_") and experiment in config.jobs:
            training.setdefault(experiment, []).append(job)
        else:
            found |= _other(job, paths, config)
    for experiment, jobs in training.items():
        if not _vouches(Path(config.folder, "tables", f"{experiment}.parquet"), jobs[0], config):
            for job in jobs:
                found |= _other(job, _outputs(job, config), config)
    return found


def _warn_of_unasked(workflow: Workflow, config: Config, lacking: list[str]) -> None:
    unknown = (
        path
        for job in internals.jobs(workflow)
        if not internals.has_record(job)
        for path in _outputs(job, config)
        if Path(path).exists()
    )
    if (first := next(unknown, None)) is not None:
        logger.warning(
            f"Results: Snakemake has no record of how {first} and perhaps others were made, and without {' and '.join(lacking)} "
            "they can't be asked: taken as they are"
        )


def _other(job: Job, paths: Iterable[str], config: Config) -> dict[str, str]:
    """What a job's files say against what the job would write into them now."""
    found = {}
    for path in paths:
        said = _said(path)
        configured = job.params.get("configuration")
        if configured is None and not internals.has_record(job):
            configured = config.digest()
        if said.get("code", job.params.code) != job.params.code:
            found[path] = "made by other code"
        elif configured and said.get("configuration", configured) != configured:
            found[path] = "made from another configuration"
        elif path.startswith(f"{config.folder}/tables/") and not _has(
            path, config.runs[job.wildcards.experiment]
        ):
            found[path] = "with other runs than are configured"
    return found


def _vouches(table: Path, training: Job, config: Config) -> bool:
    """Whether a table of all runs of an experiment was made of runs of this code and configuration, and of all of them."""
    experiment = training.wildcards.experiment
    try:
        said = provenance.of(table)
    except _unreadable():
        return False
    expected = {"run_code": training.params.code, "configuration": config.digest(experiment)}
    return expected.items() <= said.items() and _has(table, config.runs[experiment])


def _said(path: str) -> dict[str, str]:
    """Where a file says that it comes from. Nothing if it can't be read: who reads it says what is wrong."""
    try:
        return provenance.of(Path(path)) if path.endswith(_SIGNED) else {}
    except _unreadable():
        return {}


def _has(path: str | Path, runs: list) -> bool:
    """Whether a table has these runs and no others, by their keys; not if it can't be read."""
    import pyarrow.parquet as pq

    try:
        columns = pq.read_table(path, columns=list(runs[0]._fields), partitioning=None).to_pydict()
    except _unreadable():
        return False
    return set(zip(*columns.values(), strict=True)) == set(runs)


def _unreadable() -> tuple[type[Exception], ...]:
    """What reading a file's own words raises. pyarrow is asked for as late as that: who only starts jobs may not have it."""
    import pyarrow as pa

    return OSError, ValueError, pa.ArrowException
