import shlex

from snakemake.shell import shell

from lazytraining.workflow import driver, upkeep


def same_command():
    """What makes files of this configuration, without the files: those are known once it starts."""
    targets = internals.targets(workflow)
    return shlex.join(["snakemake", *(word for word in sys.argv[1:] if word not in {"--", *targets})])


def lock():
    """Take the results for this process. Another snakemake, or a folder that can't be written, is one line."""
    path = Path(CONFIG.folder, "logs/lock")
    try:
        return driver.lock(path)
    except driver.LockedError as error:
        sys.exit(
            f"Locked: {CONFIG.folder} is being made by another snakemake ({error}). Wait until it ends, or end it: "
            "that unlocks the folder, there is nothing to remove."
        )
    except OSError as error:
        if not error.filename:  # of the lock, not of the file
            logger.warning(f"{path}: no lock ({error.strerror}); let no other snakemake make {CONFIG.folder}")
        else:
            sys.exit(
                f"Configuration: results: {CONFIG.folder!r} is not allowed ({error.filename}: {error.strerror}); "
                "expected a folder that can be written"
            )


LOCKS = []
"""As long as their files are open."""
upkeep.watch(workflow, CONFIG)
driver.announce(same_command(), CONFIG.digest(), CONFIG.folder)
if not IMPORTED:  # else signals and shells are the importing workflow's
    driver.end_when_told("/.snakemake/scripts/")
    # Ctrl-C reaches every process of a terminal. Jobs leave it to the driver, which ends them.
    shell.prefix("set -euo pipefail; trap '' INT; ")


def deciding(job):
    """The keys that decide what a job asks for, with their values, where the table of runs does not say them; and what may help."""
    experiment = job.wildcards.get("experiment")
    if internals.script(job) != "train_model":
        return "", "fewer points or neurons"
    one = MODELS[experiment]
    said = memory.said_of_model(modules.sizes(experiment, one), CONFIG.job(CONFIG.runs[experiment][:1]))
    return f" (experiments.{experiment}: {said})", "a smaller model or fewer points"


def beyond_memory():
    """Why a job that would run here can't, by its memory; empty if all can."""
    here = internals.executor(workflow) == "local"
    most = memory.SPARE * memory.machine()
    for job in internals.jobs_to_run(workflow):
        asked = job.resources.get("mem_mb", 0) if here or job.is_local else 0
        if isinstance(asked, (int, float)) and asked > most:  # else Snakemake does not know it yet
            what, fewer = deciding(job)
            return (
                f"{job.rule.name} of {job.output[0]} asks for {asked / 1000:.0f} GB{what}, and this machine has {memory.machine() / 1000:.0f}; "
                f"expected at most {most / 1000:.0f}: {fewer}, another machine, or, if you know better, --set-resources {job.rule.name}:mem_mb=…"
            )
    return ""


onstart:
    driver.announce(same_command(), CONFIG.digest(), CONFIG.folder)
    if not IMPORTED:
        driver.end_when_told("/.snakemake/scripts/")  # again: Snakemake has taken SIGTERM since
    LOCKS.append(lock())
    internals.look_once_a_second(workflow)
    if problem := beyond_memory():
        sys.exit(f"Memory: {problem}")
    trained = (job for job in internals.jobs_to_run(workflow) if internals.script(job) == "train_model")
    if problem := modules.lacking(MODELS[job.wildcards.experiment] for job in trained):
        sys.exit(f"Data: {problem}")
    try:
        layout.keep(CONFIG)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}. Once that is mended the same command goes on.")
    if internals.executor(workflow) == "slurm":
        if problem := unknown_partitions():
            sys.exit(f"SLURM: {problem}")
        if problem := forgotten_too_soon():
            logger.warning(f"SLURM: {problem}")


onsuccess:
    print(f"\nResults: {CONFIG.folder}", file=sys.stderr)


onerror:
    upkeep.forget(workflow, CONFIG)
