"""One job of each rule with nothing but its inputs: `python alone.py OVERLAY RESULTS FOLDER` runs them in that folder, which is empty,
on what the workflow has made in RESULTS, and prints which rules it ran and what went wrong, as JSON."""

import importlib
import json
import os
import shutil
import sys
from pathlib import Path

from lazytraining.workflow import internals  # before others of Snakemake, which import each other

# isort: split
from lazytraining.figures import style

ROOT = Path(__file__).resolve().parents[2]


def first(rule: internals.Rule, paths: list[str]) -> internals.Job | None:
    """The job of a rule that has made the first of these files that the rule makes."""
    for path in paths:
        if (found := rule.output[0].match(path)) and (job := internals.job(rule, found.groupdict())):
            return job
    return None


def run(job: internals.Job, made: Path) -> str:
    """What goes wrong with a job where only its inputs are; empty if nothing."""
    for path in (
        path for path in job.input if not Path(path).is_absolute()
    ):  # the project's own stay where they are
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made / path, path)
    for path in job.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    snakemake = internals.told(job, ROOT / "scripts")
    snakemake.foreground = True
    try:
        importlib.import_module(internals.script(job)).main(snakemake)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    lacking = [path for path in job.output if path.endswith(".parquet") and not Path(path).exists()]
    return f"made no {lacking[0]}" if lacking else ""


if __name__ == "__main__":
    overlay, made, folder = map(Path, sys.argv[1:])
    os.chdir(folder)
    workflow = internals.load(ROOT / "Snakefile", [overlay])
    style.save = lambda figure, *paths: style.plt.close(figure)  # what is read is read by then
    paths = sorted(str(path.relative_to(made)) for path in made.rglob("*.*") if path.is_file())
    found = {}
    for name, rule in internals.scripted(workflow).items():
        if job := first(rule, paths):
            (folder / name).mkdir()
            os.chdir(folder / name)
            found[name] = run(job, made)
    print(json.dumps(found))
