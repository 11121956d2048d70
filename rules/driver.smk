import shlex

from snakemake.shell import shell

from lazytraining.workflow import driver, scheduler, upkeep


def same_command():
    """What makes files of this configuration, without the files: those are known once it starts."""
    targets = workflow.dag_settings.targets if workflow.dag_settings else ()
    return shlex.join(["snakemake", *(word for word in sys.argv[1:] if word not in {"--", *targets})])


def lock():
    """Take the results for this process. Another snakemake, or a folder that can't be written, is one line."""
    path = Path(CONFIG.results, "logs/lock")
    try:
        return driver.lock(path)
    except driver.LockedError as error:
        sys.exit(
            f"Locked: {CONFIG.results} is being made by another snakemake ({error}). Wait until it ends, or end it: "
            "that unlocks the folder, there is nothing to remove."
        )
    except OSError as error:
        if not error.filename:  # of the lock, not of the file
            logger.warning(
                f"{path}: no lock ({error.strerror}); let no other snakemake make {CONFIG.results}"
            )
        else:
            sys.exit(
                f"Configuration: results: {CONFIG.results!r} is not allowed ({error.filename}: {error.strerror}); "
                "expected a folder that can be written"
            )


upkeep.watch(workflow, CONFIG)
driver.announce(same_command(), CONFIG.digest(), CONFIG.results)
driver.end_when_told("/.snakemake/scripts/")
# Ctrl-C reaches every process of a terminal. Jobs leave it to the driver, which ends them.
shell.prefix("set -euo pipefail; trap '' INT; ")


onstart:
    driver.announce(same_command(), CONFIG.digest(), CONFIG.results)
    driver.end_when_told("/.snakemake/scripts/")  # again: Snakemake has taken SIGTERM since
    workflow.results_lock = lock()
    scheduler.look_once_a_second(workflow)
    try:
        layout.keep(CONFIG)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}. Once that is mended the same command goes on.")
    if workflow.executor_plugin.name == "slurm":
        if problem := unknown_partitions():
            sys.exit(f"SLURM: {problem}")
        if problem := forgotten_too_soon():
            logger.warning(f"SLURM: {problem}")


onsuccess:
    print(f"\nResults: {CONFIG.results}", file=sys.stderr)


onerror:
    upkeep.forget(workflow.dag, CONFIG)
