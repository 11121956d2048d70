"""What this workflow leans on in Snakemake beyond its documentation, so that a new version has one file to be held against.

Documented, and used elsewhere too: rules, wildcards, params, `workflow.configfiles`, the handlers, `snakemake.utils`,
`snakemake.logging`, `snakemake.exceptions`, `snakemake.shell`. By `workflow.current_basedir` rules/common.smk finds this module.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jinja2.defaults
from snakemake.api import Workflow  # before the others, which import each other
from snakemake.dag import DAG
from snakemake.iocontainers import Snakemake
from snakemake.jobs import Job
from snakemake.logging import LoggerManager, logger
from snakemake.rules import Rule
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    RerunTrigger,
    ResourceSettings,
    StorageSettings,
    WorkflowSettings,
)
from snakemake.sourcecache import LocalSourceFile

TRIED = "9.27.1"
"""The version that all of this was tried with. The Snakefile refuses the next major one."""
# Where a workflow stands.


def is_module(workflow: Workflow) -> bool:
    """Whether another workflow has imported the one that is being read."""
    return not workflow.modifier.is_main_snakefile()


def is_driver(workflow: Workflow) -> bool:
    """Whether this process decides what runs, and is not a job of another that reads the workflow too."""
    return workflow.is_main_process


def placed(workflow: Workflow, path: str) -> str:
    """A path of the workflow that is being read, where the `prefix:` of who imports it puts it."""
    return workflow.modifier.path_modifier.replace_prefix(path)


def source(workflow: Workflow, path: str) -> Path:
    """A file of the repository that the Snakefile being read is in, by its path from that file: from a repository elsewhere, a copy."""
    base = workflow.current_basedir
    file = base.join(path)
    if isinstance(base, LocalSourceFile):
        return Path(file.get_path_or_uri(secret_free=True))
    return Path(workflow.sourcecache.get_path(file))


# What was asked for.


def targets(workflow: Workflow) -> set[str]:
    return set(workflow.dag_settings.targets) if workflow.dag_settings else set()


def executor(workflow: Workflow) -> str:
    """Its name: local, slurm."""
    return workflow.executor_plugin.name


def has_gpu(workflow: Workflow) -> bool:
    """Whether there is said to be a GPU: `--resources gpu=1`."""
    return "gpu" in workflow.global_resources


def status_command(workflow: Workflow) -> str | None:
    """What the SLURM executor asks how jobs are."""
    return workflow.executor_settings.status_command


def min_job_age() -> int | None:
    """Seconds for which squeue knows a job that has ended; None if scontrol does not say."""
    from snakemake_executor_plugin_slurm.job_status_query import get_min_job_age  # there on clusters alone

    return get_min_job_age()


# The jobs.


def jobs(workflow: Workflow) -> Iterator[Job]:
    """All that stand for what was asked for."""
    yield from workflow.dag.jobs


def jobs_to_run(workflow: Workflow) -> Iterator[Job]:
    yield from workflow.dag.needrun_jobs()


def following(workflow: Workflow, job: Job) -> Iterator[Job]:
    """A job, and all that use what it makes."""
    yield from workflow.dag.bfs(workflow.dag.depending, job)


def script(job: Job) -> str:
    """The name of the script that a job runs, without its suffix; empty if it runs none."""
    path = str(job.rule.script or "").format(params=job.params, wildcards=job.wildcards)
    return Path(path).stem


def has_record(job: Job) -> bool:
    """Whether Snakemake has a record of how the job's files were made."""
    return job.dag.workflow.persistence.has_metadata(job)


def reruns_for_params(workflow: Workflow) -> bool:
    """Whether a job runs again where its params have changed."""
    return RerunTrigger.PARAMS in workflow.rerun_triggers


def before_it_decides(workflow: Workflow, to_make: Callable[[], Iterable[str]]) -> None:
    """Have files made again that Snakemake would leave: `to_make` is asked once the jobs are known, before it decides which of them run.

    Its reason for them would be that they are forced. Where they are missing, it says so.
    """
    if not is_driver(workflow):
        return
    prepare = workflow._prepare_dag

    def prepare_watched(*arguments, **options) -> None:
        prepare(*arguments, **options)
        dag = workflow.dag
        check = dag.check_incomplete  # Snakemake's own place for files that are to be made again

        async def check_all() -> None:
            await check()
            dag.forcefiles.update(to_make())

        postprocess = dag.postprocess

        async def explain(*arguments, **options) -> None:
            await postprocess(*arguments, **options)
            for job in dag.needrun_jobs():
                if missing := {path for path in job.output if not await path.exists()}:
                    dag.reason(job).missing_output.update(missing)
                    dag.reason(job).forced = False

        dag.check_incomplete = check_all
        dag.postprocess = explain

    workflow._prepare_dag = prepare_watched


def look_once_a_second(workflow: Workflow) -> None:
    """Have the scheduler wait for one timer at a time.

    While jobs wait for a core it starts a timer at each look, and each timer is another look. Every job that ends adds one to
    those under way: after N jobs it looks N times a second, which is a tenth of a core at 400 jobs and all of it at 3000.
    """
    scheduler, waiting = workflow.scheduler, threading.Lock()

    def look() -> None:
        waiting.release()
        scheduler._open_jobs.release()

    def schedule(delay: float) -> None:
        if waiting.acquire(blocking=False):
            threading.Timer(delay, look).start()

    scheduler._schedule_reevalutation = schedule


# The report. In the browser docs/captions/report.js leans on its components, by the names that they have in the same version.


def for_captions(*names: str) -> None:
    """Have captions call these functions of rules/: as `name(snakemake, files)`, or as `name(files)` on the start page.

    Each is the one of the workflow that the caption's own rule is in, should another have imported several.
    """

    def call(name: str) -> Callable[..., Any]:
        def called(*arguments):
            own, files = getattr(arguments[0], "rule", None), arguments[-1]
            rules = [file.job.rule for file in files if own in (None, file.job.rule.name)]
            found = next(rule.module_globals[name] for rule in rules if name in rule.module_globals)
            return found(*arguments)

        return called

    jinja2.defaults.DEFAULT_NAMESPACE.update({name: call(name) for name in names})


def is_of(namespace: dict[str, Any], record: Any) -> bool:
    """Whether a file of a report was made by a rule of the workflow with these globals."""
    return record.job.rule.module_globals is namespace


# One job alone, for tools/run_script.py.


def load(snakefile: Path, configfiles: list[Path]) -> Workflow:
    """The workflow with these files laid over its configuration."""
    output = OutputSettings()
    workflow = Workflow(
        ConfigSettings(configfiles=configfiles),
        ResourceSettings(cores=1),
        WorkflowSettings(),
        LoggerManager(logger, output),
        StorageSettings(),
        DAGSettings(),
        output_settings=output,
    )
    workflow.include(snakefile, overwrite_default_target=True)
    return workflow


def scripted(workflow: Workflow) -> dict[str, Rule]:
    """The rules that run a script, by name."""
    return {rule.name: rule for rule in workflow.rules if rule.is_script}


def job(rule: Rule, wildcards: dict[str, str]) -> Job | None:
    """The job of a rule for these wildcards; None if another rule makes its files."""
    path = rule.expand_output(wildcards)[0][0]
    return Job(rule, DAG(rule.workflow, rules=[]), wildcards) if rule.is_producer(path) else None


def told(job: Job, scripts: Path) -> Snakemake:
    """What a job's script gets from Snakemake."""
    given = (job.input, job.output, job.params, job.wildcards, job.threads, job.resources, job.log)
    return Snakemake(*given, job.rule.workflow.config, job.rule.name, None, str(scripts))
