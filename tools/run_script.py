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


PARSER = _terminal.parser(__doc__, usage="%(prog)s RULE [key=value ...] [--configfile FILE ...]")
PARSER.add_argument("rule", metavar="RULE", help="a rule that runs a script, such as train_students")
PARSER.add_argument(
    "wildcards", metavar="key=value", type=wildcard, nargs="*", help="the job's wildcards, such as seed=0"
)
PARSER.add_argument(
    "--configfile", metavar="FILE", type=Path, nargs="+", default=[], help="laid over the paper preset"
)
if __name__ == "__main__":
    _terminal.begin(PARSER)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look

import importlib
import signal

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"

from lazytraining.workflow import internals  # before others of Snakemake, which import each other
from lazytraining.workflow.internals import Job, Workflow

# isort: split
from snakemake.exceptions import RuleException, WorkflowError


class NoJobError(Exception):
    """The workflow has no such job, or it can't run yet."""


def find(workflow: Workflow, name: str, wildcards: dict[str, str]) -> Job:
    """The job of a rule for these wildcards. Raises NoJobError, WorkflowError."""
    scripted = internals.scripted(workflow)
    if name not in scripted:
        raise NoJobError(f"{name}: no rule that runs a script; expected one of {', '.join(sorted(scripted))}")
    rule = scripted[name]
    if wildcards.keys() != rule.wildcard_names:
        expected = " ".join(f"{key}=…" for key in sorted(rule.wildcard_names)) or "none"
        raise NoJobError(f"{name}: wildcards {' '.join(wildcards) or 'none'}; expected {expected}")
    job = internals.job(rule, wildcards)
    if job is None:
        raise NoJobError(f"{name}: makes no such file; another rule may")
    if missing := [path for path in job.input if not Path(path).exists()]:
        more = f", nor {len(missing) - 1} more that it reads" if missing[1:] else ""
        raise NoJobError(f"{name}: there is no {missing[0]}{more}; make it with: snakemake … -- {missing[0]}")
    return job


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        workflow = internals.load(SCRIPTS.parent / "Snakefile", asked.configfile)
        job = find(workflow, asked.rule, dict(asked.wildcards))
        snakemake = internals.told(job, SCRIPTS)
        snakemake.foreground = True
    except (NoJobError, OSError, RuleException, WorkflowError) as error:
        print(" ".join(str(error.__context__ or error).split()), file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, interrupt)  # the workflow takes it, to end its jobs
    for path in job.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    importlib.import_module(internals.script(job)).main(snakemake)
    print(*job.output, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
