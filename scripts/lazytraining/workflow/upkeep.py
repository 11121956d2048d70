"""What has to be made again although Snakemake would leave it.

Snakemake does not miss a file while all that is made of it is there, and knows of files only what it has recorded itself.
So before it decides, every missing file is put down to be made, with all that follows from it; and every file that is there
says by its own metadata whether it was made by this code, from this configuration. Nothing is removed for that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from snakemake.dag import DAG
from snakemake.jobs import Job
from snakemake.logging import logger
from snakemake.settings.types import RerunTrigger
from snakemake.workflow import Workflow

from lazytraining.config.cnn_job import CnnRun
from lazytraining.config.experiments import Config
from lazytraining.config.job import Run
from lazytraining.files import provenance

_SIGNED = (".parquet", ".png")
"""Suffixes of the files that are asked where they come from; others are made together with one of these."""


def watch(workflow: Workflow, config: Config) -> None:
    """Have this workflow's graph of jobs looked through before Snakemake decides which of them run."""
    if not workflow.is_main_process:  # a job of another that has looked
        return
    prepare = workflow._prepare_dag

    def prepare_watched(*arguments, **options) -> None:
        prepare(*arguments, **options)
        dag = workflow.dag
        check = dag.check_incomplete  # Snakemake's own place for files that are to be made again

        async def check_all() -> None:
            await check()
            dag.forcefiles.update(to_make(dag, config))

        dag.check_incomplete = check_all

    workflow._prepare_dag = prepare_watched


def to_make(dag: DAG, config: Config) -> set[str]:
    """Files of these jobs that are missing or were made of something else, with a line on the latter."""
    found = differing(dag, config)
    if found:
        again = RerunTrigger.PARAMS in dag.workflow.rerun_triggers
        what = "made again, with all that follows" if again else "left, as rerun-triggers has no params"
        first, reasons = (
            min(found),
            ", ".join(f"{count} {why}" for why, count in Counter(found.values()).items()),
        )
        logger.warning(f"Results: {reasons} (as {first}): {what}")
        found = found if again else {}
    return {path for job in dag.jobs for path in _missing(job, config)} | found.keys()


def forget(dag: DAG, config: Config) -> None:
    """Remove what was made of missing files, so that no old picture stands for them."""
    for job in [job for job in dag.jobs if any(_missing(job, config))]:
        for later in dag.bfs(dag.depending, job):
            for path in _outputs(later, config):
                Path(path).unlink(missing_ok=True)


def _outputs(job: Job, config: Config) -> Iterator[str]:
    """The results among a job's files: images to train on may be removed when training is done."""
    return (str(path) for path in job.output if str(path).startswith(f"{config.results}/"))


def _missing(job: Job, config: Config) -> Iterator[str]:
    return (path for path in _outputs(job, config) if not Path(path).exists())


def differing(dag: DAG, config: Config) -> dict[str, str]:
    """Files of these jobs that say they come from other code or another configuration, and which of the two.

    A table of runs that is right speaks for them, so that thousands of files need not be opened.
    """
    found, training = {}, {}
    for job in dag.jobs:
        paths = list(_outputs(job, config))
        if not paths or any(_missing(job, config)) or not hasattr(job.params, "code"):
            continue
        experiment = job.wildcards.get("experiment")
        if job.rule.name.startswith("train_") and experiment in config.jobs:
            training.setdefault(experiment, []).append(job)
        else:
            found |= _other(job, paths, config)
    for experiment, jobs in training.items():
        if not _vouches(Path(config.results, "tables", f"{experiment}.parquet"), jobs[0], config):
            for job in jobs:
                found |= _other(job, _outputs(job, config), config)
    return found


def _other(job: Job, paths: Iterable[str], config: Config) -> dict[str, str]:
    """What a job's files say against what the job would write into them now."""
    found = {}
    for path in paths:
        said = _said(path)
        configured = job.params.get("configuration")
        if configured is None and not job.dag.workflow.persistence.has_metadata(job):
            configured = config.digest()
        if said.get("code", job.params.code) != job.params.code:
            found[path] = "made by other code"
        elif configured and said.get("configuration", configured) != configured:
            found[path] = "made from another configuration"
        elif path.startswith(f"{config.results}/tables/") and _keys(path) != set(
            config.runs[job.wildcards.experiment]
        ):
            found[path] = "with other runs than are configured"
    return found


def _vouches(table: Path, training: Job, config: Config) -> bool:
    """Whether a table of all runs of an experiment was made of runs of this code and configuration, and of all of them."""
    experiment = training.wildcards.experiment
    try:
        said = provenance.of(table)
    except (OSError, ValueError, pa.ArrowException):
        return False
    expected = {"run_code": training.params.code, "configuration": config.digest(experiment)}
    return expected.items() <= said.items() and _keys(table) == set(config.runs[experiment])


def _said(path: str) -> dict[str, str]:
    """Where a file says that it comes from. Nothing if it can't be read: who reads it says what is wrong."""
    try:
        return provenance.of(Path(path)) if path.endswith(_SIGNED) else {}
    except (OSError, ValueError, pa.ArrowException):
        return {}


def _keys(path: str | Path) -> set[tuple]:
    """The keys of a table of runs, as tuples in the order of the configuration's; none if it can't be read."""
    try:
        schema = pq.read_schema(path)
        names = next(kind._fields for kind in (Run, CnnRun) if set(kind._fields) <= set(schema.names))
        columns = pq.read_table(path, columns=list(names), partitioning=None).to_pydict()
        return set(zip(*columns.values(), strict=True))
    except (OSError, StopIteration, pa.ArrowException):
        return set()
