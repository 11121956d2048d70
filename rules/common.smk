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
from lazytraining.files import provenance
from lazytraining.workflow import cost, layout
from lazytraining.workflow.digest import code_digest
from lazytraining.workflow.inputs import Inputs


def load_config():
    """The paper preset with what the command line lays over it, checked."""
    if set("{}") & set(str(HOME)):
        sys.exit(f"Workflow: {HOME} is not allowed; expected a path without braces, Snakemake's wildcards")
    try:
        for path in workflow.configfiles:  # Snakemake has read them, less strictly
            experiments.read_yaml(path)
        content = {}
        update_config(content, experiments.read_yaml(HOME / "config/config.yaml"))
        update_config(content, config)
        loaded = experiments.load(content)
        experiments.check_folder(loaded.results)
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
    if problem := layout.problem(loaded):
        sys.exit(f"Results: {problem}")
    if doubt := layout.warning(loaded):
        logger.warning(f"Results: {doubt}")
    for line in experiments.doubtful_precision(loaded):
        logger.warning(f"Configuration: {line}")
    if why := provenance.commit()[1]:
        logger.warning(f"The commit is unknown, and no result will say of which it is ({why})")
    if "gpu" in workflow.global_resources and not shutil.which("nvidia-smi"):
        logger.warning("No GPU on this machine (no nvidia-smi): stacks will be trained on the CPU")
    return loaded


CONFIG = load_config()
IN_THE_PLANE = CONFIG.of_kind(Neurons)
CNNS = CONFIG.of_kind(Cnn)
INPUTS = Inputs(CONFIG)
KEEP_WEIGHTS = INPUTS.keep_weights
TURNED = [name for name in catalogue.TURNED if not INPUTS.lacking(name)]
"""Figures with an interactive version, of which the configuration has all."""


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


def settings_of(*experiments, **options):
    """A parameter for the metadata of a job's files. With `output` it counts as derived, so that it is no reason to run the job again."""
    return lambda wildcards, output: INPUTS.settings(experiments or (wildcards.get("experiment"),), **options)


def one_of(names):
    """Wildcard constraint for these names and no others."""
    return "|".join(names) or r"(?!)"


def job_of(wildcards):
    """The training job that a path names."""
    return CONFIG.job(INPUTS.runs(wildcards))
