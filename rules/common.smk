import logging
import re
import shutil
import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import update_config

# Of the file that this stands in, also where another workflow has imported it.
HOME = Path(str(workflow.current_basedir)).parent
sys.path.insert(0, str(HOME / "scripts"))

from lazytraining.config import catalogue, experiments
from lazytraining.config.kinds import Cnn, Neurons
from lazytraining.workflow import layout
from lazytraining.workflow.digest import code_digest


def load_config():
    """The paper preset with what the command line lays over it, checked."""
    try:
        content = {}
        update_config(content, experiments.read_yaml(HOME / "config/config.yaml"))
        update_config(content, config)
        loaded = experiments.load(content)
        experiments.check_folder(loaded.results)
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
    if problem := layout.problem(loaded):
        sys.exit(f"Results: {problem}")
    for line in experiments.doubtful_precision(loaded):
        logger.warning(f"Configuration: {line}")
    if "gpu" in workflow.global_resources and not shutil.which("nvidia-smi"):
        logger.warning("No GPU on this machine (no nvidia-smi): stacks will be trained on the CPU")
    return loaded


CONFIG = load_config()
IN_THE_PLANE = CONFIG.of_kind(Neurons)
CNNS = CONFIG.of_kind(Cnn)
KEEP_WEIGHTS = [name for name, experiment in CONFIG.sweeps.items() if experiment.keep_weights]


pathvars:
    results=CONFIG.results,
    logs="<results>/logs",


wildcard_constraints:
    experiment=r"[a-z][a-z0-9_]*",
    m=r"\d+",
    seed=r"\d+",
    run=r"(m|alpha|seed)~.+",


def digest(script):
    """Digest of a script and the library under it, to rerun what depends on changed code."""
    return code_digest(HOME / "scripts" / script)


def one_of(names):
    """Wildcard constraint for these names and no others."""
    return "|".join(names) or r"(?!)"


def widths(experiment):
    return CONFIG.experiments[experiment].m


def batch_of(wildcards):
    """The runs of the job that a path names."""
    batches = CONFIG.batches.get(wildcards.experiment, {})
    if wildcards.run not in batches:
        raise WorkflowError(f"{wildcards.experiment}/{wildcards.run} is not configured")
    return batches[wildcards.run]


def runs_at(experiment, m, seed=None):
    """The runs of an experiment at one m, of one seed or of all."""
    chosen = [run for run in CONFIG.runs.get(experiment, []) if run.m == int(m)]
    chosen = [run for run in chosen if seed is None or run.seed == int(seed)]
    if not chosen:
        at = "" if seed is None else f"/seed~{seed}"
        raise WorkflowError(f"{experiment}/m~{m}{at} is not configured")
    return chosen


def of_jobs(folder, experiment, suffix="parquet"):
    """A file of every training job of an experiment."""
    return [f"<results>/{folder}/{experiment}/{path}.{suffix}" for path in CONFIG.batches[experiment]]


def at_widths(folder, experiment):
    return [f"<results>/{folder}/{experiment}/m~{m}.parquet" for m in widths(experiment)]


def over_seeds(folder, name):
    """A file of every seed of an experiment."""
    return [f"<results>/{folder}/{name}/seed~{seed}.parquet" for seed in CONFIG.experiments[name].seeds]


def baselines(name):
    """A file of every m and seed."""
    pairs = [(m, seed) for m in widths(name) for seed in CONFIG.experiments[name].seeds]
    return [f"<results>/baselines/{name}/m~{m}/seed~{seed}.parquet" for m, seed in pairs]


def theory_files(part):
    """One part of the theory, for every seed; none where the configuration leaves the theory out."""
    seeds = CONFIG.theory.seeds if CONFIG.theory else []
    return [f"<results>/theory/{part}/seed~{seed}.parquet" for seed in seeds]


DATA = {
    "runs": lambda name: [f"<results>/tables/{name}.parquet"],
    "cnn": lambda name: [f"<results>/tables/{name}.parquet"],
    "summaries": lambda name: [f"<results>/summary/{name}.parquet"],
    "spectra": lambda name: [f"<results>/spectra/{name}.parquet"] if name in KEEP_WEIGHTS else [],
    "curves": lambda name: of_jobs("curves", name),
    "surfaces": lambda name: at_widths("surfaces", name),
    "endpoints": lambda name: at_widths("endpoints", name),
    "paths": lambda name: over_seeds("neurons", name),
    "baselines": baselines,
}
"""The files that an experiment has of each data set that figures and the ledger read."""
