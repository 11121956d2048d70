import re
import shutil
import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import update_config

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from lazytraining.config import catalogue, experiments
from lazytraining.config.kinds import Cnn, Neurons
from lazytraining.workflow.digest import code_digest


def load_config():
    """The paper preset with what the command line lays over it, checked."""
    try:
        content = {}
        update_config(content, experiments.read_yaml(Path(workflow.basedir) / "config/config.yaml"))
        update_config(content, config)
        loaded = experiments.load(content)
        experiments.check_folder(loaded.results)
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
    for line in experiments.doubtful_precision(loaded):
        logger.warning(f"Configuration: {line}")
    if "gpu" in workflow.global_resources and not shutil.which("nvidia-smi"):
        logger.warning("No GPU on this machine (no nvidia-smi): stacks will be trained on the CPU")
    return loaded


CONFIG = load_config()
CONFIGURED = {run for runs in CONFIG.runs.values() for run in runs}
NUMBERED = [figure for figure in catalogue.FIGURES if figure.startswith("figure_")]
IN_THE_PLANE = CONFIG.of_kind(Neurons)
CNNS = CONFIG.of_kind(Cnn)
KEEP_WEIGHTS = [name for name, experiment in CONFIG.sweeps.items() if experiment.keep_weights]


pathvars:
    results=CONFIG.results,
    logs="<results>/logs",
    run="m={m}/alpha={alpha}/tau={tau}/eta={eta}/seed={seed}",
    cnn_run="alpha={alpha}/learning_rate={learning_rate}/seed={seed}",


wildcard_constraints:
    experiment=r"[a-z][a-z0-9_]*",
    m=r"\d+",
    alpha=r"[\d.e+-]+",
    tau=r"[\d.e+-]+",
    eta=r"[\d.e+-]+",
    learning_rate=r"[\d.e+-]+",
    seed=r"\d+",


def digest(script):
    """Digest of a script and the library under it, to rerun what depends on changed code."""
    return code_digest(Path(workflow.basedir) / "scripts" / script)


def one_of(names):
    """Wildcard constraint for these names and no others."""
    return "|".join(names) or r"(?!)"


def run_files(experiment, name, m=None):
    """A file of every run of an experiment, or of its runs at one m: the run's own, or its stack's."""
    if CONFIG.execution == "stacked":
        seeds = CONFIG.experiments[experiment].seeds
        return [f"<results>/{experiments.stack_path(experiment, seed)}/{name}" for seed in seeds]
    runs = CONFIG.runs[experiment] if m is None else runs_at(experiment, m)
    return [f"<results>/runs/{run.path}/{name}" for run in runs]


def missing(figure):
    """The experiments of a figure that the configuration leaves out, or whose weights it does not keep though they are drawn."""
    there = KEEP_WEIGHTS if figure == "spectral_bias" else CONFIG.experiments
    return [name for name in catalogue.FIGURES[figure] if name not in there]


TURNED = [figure for figure in ("figure_2", "figure_5") if not missing(figure)]
"""Figures with an interactive version, of which the configuration has all."""


def turned(figure, files):
    """What the interactive version of a figure reads, if it is there. Raises WorkflowError if there is none at all."""
    return files if figure in TURNED or not TURNED else lambda wildcards: []


def experiments_of(figure):
    """The experiments that a figure reads, all of them in the configuration."""
    if lacking := missing(figure):
        kept = " with keep_weights: true" if figure == "spectral_bias" else ""
        raise WorkflowError(
            f"{figure} needs the experiments {lacking}{kept}, which the configuration leaves out"
        )
    return list(catalogue.FIGURES[figure])


def run_of(wildcards):
    """The run that a path names."""
    m, seed = int(wildcards.m), int(wildcards.seed)
    scales = (float(wildcards[name]) for name in ("alpha", "tau", "eta"))
    run = experiments.Run(wildcards.experiment, m, *scales, seed)
    if run not in CONFIGURED:
        raise WorkflowError(f"{run.path} is not configured")
    return run


def stack_of(wildcards):
    """The runs of an experiment and seed."""
    return runs_of(wildcards.experiment, wildcards.seed)


def runs_of(experiment, seed=None):
    """The runs of an experiment, of one seed or of all."""
    runs = CONFIG.runs.get(experiment) if seed is None else CONFIG.stacks.get((experiment, int(seed)))
    if not runs:
        raise WorkflowError(f"{experiment}{'' if seed is None else f' with seed {seed}'} is not configured")
    return runs


def runs_at(experiment, m, seed=None):
    """The runs of an experiment at one m, of one seed or of all."""
    runs = [run for run in runs_of(experiment, seed) if run.m == int(m)]
    if not runs:
        raise WorkflowError(f"{experiment} with m {m} is not configured")
    return runs


def baseline_settings(wildcards):
    """What the baselines of a seed are made with."""
    job = CONFIG.job(runs_at(**wildcards))
    shared = {name: getattr(job, name) for name in ("symmetrize", "iterations")}
    return shared | {"problem_key": job.problem._asdict()}


def baseline_files(experiment):
    """The baselines of every m and seed of an experiment."""
    return [
        f"<results>/baselines/experiment={experiment}/m={m}/seed={seed}.parquet"
        for m in widths(experiment)
        for seed in CONFIG.experiments[experiment].seeds
    ]


def landscape_files(name):
    """A file of every run on a landscape: the experiment's own, and the other scaling's at its m."""
    names = [other for other in catalogue.LANDSCAPES if other in CONFIG.experiments]
    return lambda wildcards: [path for other in names for path in run_files(other, name, wildcards.m)]


def pictures(figure):
    """The files of a numbered figure."""
    names = [figure]
    if figure == "figure_2":
        names += [f"figure_2_{name}_m={m}" for name in experiments_of(figure) for m in widths(name)]
    return [f"<results>/figures/{name}.{suffix}" for name in names for suffix in ("png", "pdf")]


def pictures_if_complete(figure):
    """The same where the configuration has all that the figure needs, else none."""
    return [] if missing(figure) else pictures(figure)


def widths(experiment):
    return CONFIG.experiments[experiment].m


def of_figure(figure, files):
    """Files of every experiment that a figure reads."""
    return lambda wildcards: [path for name in experiments_of(figure) for path in files(name)]


def tables(figure):
    """Every run's row."""
    return of_figure(figure, lambda name: [f"<results>/tables/{name}.parquet"])


def summaries(figure):
    return of_figure(figure, lambda name: [f"<results>/summary/{name}.parquet"])


def curves(figure):
    return of_figure(figure, lambda name: run_files(name, "curve.parquet"))


def baselines(figure):
    return of_figure(figure, baseline_files)


def landscapes_of(figure, file):
    return of_figure(figure, lambda name: plane_files(name, file))


def plane_files(experiment, name):
    """A file of the landscape of an experiment at every m."""
    return [f"<results>/landscapes/experiment={experiment}/m={m}/{name}" for m in widths(experiment)]


def shown(path, number):
    """A numbered figure as the report shows it."""
    return report(
        path,
        caption=f"../docs/captions/figure_{number}.rst",
        category="2 Figures of the note",
        labels={"figure": f"Figure {number}"},
    )


def landscape_labels(wildcards):
    """Rows by m, so that they are in order as text too, and a switch for the scaling."""
    return {"m": wildcards.m.rjust(4, "\u00a0"), "scaling": catalogue.LANDSCAPES[wildcards.experiment]}


def plane_settings(wildcards):
    """What the students of an experiment in the plane share."""
    experiment = IN_THE_PLANE[wildcards.experiment]
    if int(wildcards.seed) not in experiment.seeds:
        raise WorkflowError(f"{wildcards.experiment} with seed {wildcards.seed} is not configured")
    sizes = {name: getattr(experiment, name) for name in ("n_train", "n_test", "teacher_neurons")}
    shared = {name: getattr(experiment, name) for name in ("m", "step_size", "iterations")}
    return shared | {"taus": experiment.tau, "sizes": sizes}


def path_files(name):
    """The paths of every seed of an experiment in the plane."""
    return [
        f"<results>/neurons/experiment={name}/seed={seed}/paths.parquet" for seed in IN_THE_PLANE[name].seeds
    ]


def beyond(figure, label):
    """A figure that the note has not, as the report shows it."""
    return report(
        f"<results>/figures/{figure}.png",
        caption=f"../docs/captions/{figure}.rst",
        category="5 Beyond the figures of the note",
        labels={"figure": label},
    )


def theory_files(part):
    """One part of the theory, for every seed."""
    if CONFIG.theory is None:
        raise WorkflowError("theory is left out of the configuration (theory: null)")
    return [f"<results>/theory/{part}/seed={seed}.parquet" for seed in CONFIG.theory.seeds]


def theory_if_any(part):
    return lambda wildcards: theory_files(part) if CONFIG.theory else []


def claimed(kind, files):
    """Files of one kind for the claims, of those experiments that the configuration has."""
    return lambda wildcards: [
        path
        for name, kinds in catalogue.EVIDENCE.items()
        if kind in kinds and name in CONFIG.experiments
        for path in files(name)
    ]


def cnn_run_of(wildcards):
    """The run of a CNN that a path names."""
    path = "experiment={experiment}/alpha={alpha}/learning_rate={learning_rate}/seed={seed}".format(
        **wildcards
    )
    for run in CONFIG.runs[wildcards.experiment]:
        if run.path == path:
            return run
    raise WorkflowError(f"{path} is not configured")


def cnn_figures(wildcards):
    """The figures of all experiments of kind cnn."""
    if not CNNS:
        raise WorkflowError("cnn needs an experiment of kind cnn, and the configuration has none")
    return [f"<results>/figures/{name}.{suffix}" for name in CNNS for suffix in ("png", "pdf")]


def theory_problem(wildcards):
    if CONFIG.theory is None or int(wildcards.seed) not in CONFIG.theory.seeds:
        raise WorkflowError(f"theory with seed {wildcards.seed} is not configured")
    return CONFIG.theory.problem
