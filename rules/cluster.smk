import subprocess


def unknown_partitions():
    """What is wrong with the partitions that jobs ask for: SLURM would say it once for each job and retry."""
    jobs = internals.jobs_to_run(workflow)
    asked = {job.resources.get("slurm_partition") for job in jobs if not job.is_local}
    try:
        done = subprocess.run(["sinfo", "--noheader", "--format=%R"], capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        return "sinfo is not on this machine"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    known = set(done.stdout.split())
    unknown = sorted(asked - known - {None})
    return unknown and f"no partition {', '.join(unknown)}; this cluster has {', '.join(sorted(known))}"


def forgotten_too_soon():
    """What is wrong with how long squeue knows a job that has ended, if it is asked: every 30 s at first, every 180 s where jobs take long."""
    age = internals.min_job_age()
    if internals.status_command(workflow) == "squeue" and age is not None and age < 240:
        return (
            f"squeue forgets a job MinJobAge = {age} s after its end, and is asked every 180 s where jobs take long: the end of one "
            "can be missed, and waited for without end. It should be 240 or more; with accounting, set slurm-status-command: sacct"
        )
