import subprocess

from lazytraining import cost


def asks(measure, runs):
    """What a job that trains these runs asks for, and as much again at each retry."""

    def needed(wildcards, attempt):
        chosen = runs(wildcards)
        return attempt * measure(chosen, CONFIG.settings(chosen))

    return needed


def asks_cnn(measure):
    """What a job that trains a CNN asks for, and as much again at each retry."""
    return lambda wildcards, attempt: attempt * measure(CNNS[wildcards.experiment].settings)


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
