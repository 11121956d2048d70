import shutil
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import update_config

# The library beside these rules. There is none where the rules come from a repository elsewhere: then the installed one is used.
BESIDE = Path(str(workflow.current_basedir)).parent / "scripts"
if BESIDE.is_dir():
    sys.path.insert(0, str(BESIDE))
elif find_spec("lazytraining") is None:
    sys.exit(
        "lazytraining is not installed, and these rules are not from a folder that has it: install it beside Snakemake"
    )

from lazytraining.config import catalogue, experiments, names
from lazytraining.config.kinds import AnyModel, Phase
from lazytraining.files import provenance
from lazytraining.workflow import cost, internals, layout, memory, modules
from lazytraining.workflow.digest import code_digest
from lazytraining.workflow.inputs import Inputs

IMPORTED = internals.is_module(workflow)


def source(path):
    """A file of this repository, wherever these rules are read from."""
    return internals.source(workflow, f"../{path}")


def load_config():
    """The paper preset with what the command line, or the importing workflow, lays over it, checked."""
    if set("{}") & set(str(BESIDE)):
        sys.exit(
            f"Workflow: {BESIDE.parent} is not allowed; expected a path without braces, Snakemake's wildcards"
        )
    try:
        for path in [] if IMPORTED else workflow.configfiles:  # Snakemake has read them, less strictly
            experiments.read_yaml(path)
        content = {}
        update_config(content, experiments.read_yaml(source("config/config.yaml")))
        update_config(content, config)
        loaded = experiments.load(content)
        loaded.put(internals.placed(workflow, loaded.results))
        experiments.check_folder(loaded.folder)
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
    if internals.has_gpu(workflow) and not shutil.which("nvidia-smi"):
        logger.warning("No GPU on this machine (no nvidia-smi): stacks will be trained on the CPU")
    return loaded


CONFIG = load_config()
MODELS = CONFIG.of_kind(AnyModel)
PLANES = CONFIG.of_kind(Phase)
INPUTS = Inputs(CONFIG)
KEEP_WEIGHTS = INPUTS.keep_weights
TURNED = INPUTS.turned


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
    return code_digest(source(f"scripts/{script}"))


def settings_of(*experiments, **options):
    """A parameter for the metadata of a job's files. With `output` it counts as derived, so that it is no reason to run the job again."""
    return lambda wildcards, output: INPUTS.settings(experiments or (wildcards.get("experiment"),), **options)


def one_of(names):
    """Wildcard constraint for these names and no others."""
    return "|".join(names) or r"(?!)"


def job_of(wildcards):
    """The training job that a path names."""
    return CONFIG.job(INPUTS.runs(wildcards))


@cache
def asked_by_model(experiment):
    """Megabytes and minutes that each job of an experiment asks for."""
    sizes, job = modules.sizes(experiment, MODELS[experiment]), CONFIG.job(CONFIG.runs[experiment][:1])
    return memory.model(sizes, job), cost.model_minutes(sizes, job)
