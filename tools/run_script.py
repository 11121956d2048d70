"""Run the script of one job alone, in this terminal, so that a breakpoint() in it or in the library works.

The job is the workflow's own: its real input, output, parameters and resources. Its files are written where the workflow
has them. What the script prints, and its traceback, stay in the terminal; the job's log is not touched.

Ends with 0; with 1, and a line that says why, if there is no such job or a file that it reads is missing; with 2 if the
arguments are wrong.
"""

import argparse
import os
import sys
from pathlib import Path

import _terminal


def wildcard(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not key=value")
    return key, value


PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("rule", metavar="RULE", help="a rule that runs a script, such as train_students")
PARSER.add_argument(
    "wildcards", metavar="key=value", type=wildcard, nargs="*", help="the job's wildcards, such as seed=0"
)
PARSER.add_argument(
    "--configfile", metavar="FILE", type=Path, nargs="+", default=[], help="laid over the paper preset"
)
if __name__ == "__main__":
    _terminal.prepare()
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look

import importlib
import signal

from snakemake.api import Workflow  # before the others, which import each other
from snakemake.dag import DAG
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.iocontainers import Snakemake
from snakemake.jobs import Job
from snakemake.logging import LoggerManager, logger
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    StorageSettings,
    WorkflowSettings,
)

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


class NoJobError(Exception):
    """The workflow has no such job, or it can't run yet."""


def load(configfiles: list[Path]) -> Workflow:
    """The workflow with these files laid over the paper preset."""
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
    workflow.include(SCRIPTS.parent / "Snakefile", overwrite_default_target=True)
    return workflow


def find(workflow: Workflow, name: str, wildcards: dict[str, str]) -> Job:
    """The job of a rule for these wildcards. Raises NoJobError, WorkflowError."""
    scripted = {rule.name: rule for rule in workflow.rules if rule.is_script}
    if name not in scripted:
        raise NoJobError(f"{name}: no rule that runs a script; expected one of {', '.join(sorted(scripted))}")
    rule = scripted[name]
    if wildcards.keys() != rule.wildcard_names:
        expected = " ".join(f"{key}=…" for key in sorted(rule.wildcard_names)) or "none"
        raise NoJobError(f"{name}: wildcards {' '.join(wildcards) or 'none'}; expected {expected}")
    path = rule.expand_output(wildcards)[0][0]
    if not rule.is_producer(path):
        raise NoJobError(f"{name}: makes no {path}; another rule may")
    job = Job(rule, DAG(workflow, rules=[]), wildcards)
    if missing := [path for path in job.input if not Path(path).exists()]:
        more = f", nor {len(missing) - 1} more that it reads" if missing[1:] else ""
        raise NoJobError(f"{name}: there is no {missing[0]}{more}; make it with: snakemake … -- {missing[0]}")
    return job


def told(job: Job) -> Snakemake:
    """What the job's script gets from Snakemake, and that it runs in the foreground."""
    given = (job.input, job.output, job.params, job.wildcards, job.threads, job.resources, job.log)
    snakemake = Snakemake(*given, job.rule.workflow.config, job.rule.name, None, str(SCRIPTS))
    snakemake.foreground = True
    return snakemake


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        job = find(load(asked.configfile), asked.rule, dict(asked.wildcards))
        snakemake = told(job)
    except (NoJobError, OSError, RuleException, WorkflowError) as error:
        print(" ".join(str(error.__context__ or error).split()), file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, interrupt)  # the workflow takes it, to end its jobs
    for path in job.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(SCRIPTS))
    script = str(job.rule.script).format(params=job.params, wildcards=job.wildcards)
    importlib.import_module(Path(script).stem).main(snakemake)
    print(*job.output, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
