import subprocess

from lazytraining import cost


def most(measure, names):
    """What the costliest run of these experiments asks for. All jobs of a rule ask for it, because those of a
    job array get what its first one asks for."""
    runs = [[max(CONFIG.runs[name])] for name in names]
    value = max((measure(run, CONFIG.settings(run)) for run in runs), default=0)
    return lambda wildcards, attempt: attempt * value


def of_stack(measure):
    """What a stack asks for."""

    def needed(wildcards, attempt):
        runs = stack_of(wildcards)
        return attempt * measure(runs, CONFIG.settings(runs))

    return needed


def unknown_partitions():
    """What is wrong with the partitions that jobs ask for: SLURM would say it once for each job and retry."""
    asked = {job.resources.get("slurm_partition") for job in workflow.dag.needrun_jobs() if not job.is_local}
    try:
        done = subprocess.run(["sinfo", "--noheader", "--format=%R"], capture_output=True, text=True)
    except FileNotFoundError:
        return "sinfo is not on this machine"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    known = set(done.stdout.split())
    unknown = sorted(asked - known - {None})
    return unknown and f"no partition {', '.join(unknown)}; this cluster has {', '.join(sorted(known))}"


onstart:
    if workflow.executor_plugin.name == "slurm" and (problem := unknown_partitions()):
        sys.exit(f"SLURM: {problem}")
