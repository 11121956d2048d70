import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import update_config

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from lazytraining import experiments
from lazytraining.digest import code_digest

FIGURES = {
    "figure_1": ["trajectory", "trajectory_symmetrized"],
    "figure_2": experiments.LANDSCAPES,
    "figure_3": ["plateau"],
    "figure_4": ["plateau_symmetrized"],
    "figure_5": ["tau_alpha_text", "tau_alpha_code", "tau_alpha_converged"],
    "figure_6": experiments.LANDSCAPES,
    "figure_7": ["fixed_step", "fixed_step_symmetrized"],
}


def load_config():
    """The paper preset with what the command line lays over it, checked."""
    try:
        content = {}
        update_config(content, experiments.read_yaml(Path(workflow.basedir) / "config/config.yaml"))
        update_config(content, config)
        loaded = experiments.load(content)
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
    for line in experiments.doubtful_precision(loaded):
        logger.warning(f"Configuration: {line}")
    return loaded


CONFIG = load_config()
KEEP_WEIGHTS = [name for name, experiment in CONFIG.experiments.items() if experiment.keep_weights]


pathvars:
    results=CONFIG.results,
    logs="<results>/logs",
    scales="m={m}/alpha={alpha}/tau={tau}/eta={eta}",


wildcard_constraints:
    experiment=r"[a-z][a-z0-9_]*",
    m=r"\d+",
    alpha=r"[\d.e+-]+",
    tau=r"[\d.e+-]+",
    eta=r"[\d.e+-]+",
    seed=r"\d+",


def digest(script):
    """Digest of a script and the library under it, to rerun what depends on changed code."""
    return code_digest(Path(workflow.basedir) / "scripts" / script)


def one_of(names):
    """Wildcard constraint for these names and no others."""
    return "|".join(names) or r"(?!)"


def run_files(experiment, name):
    """A file of every run of an experiment."""
    return [f"<results>/runs/{run.path}/{name}" for run in CONFIG.runs[experiment]]


def is_complete(figure):
    return all(name in CONFIG.experiments for name in FIGURES[figure])


def experiments_of(figure):
    """The experiments that a figure reads, all of them in the configuration."""
    if not is_complete(figure):
        missing = [name for name in FIGURES[figure] if name not in CONFIG.experiments]
        raise WorkflowError(f"{figure} needs the experiments {missing}, which the configuration leaves out")
    return FIGURES[figure]


def settings(wildcards):
    """Everything that a run is made with and its path does not say."""
    m, seed = int(wildcards.m), int(wildcards.seed)
    scales = (float(wildcards[name]) for name in ("alpha", "tau", "eta"))
    return CONFIG.settings(experiments.Run(wildcards.experiment, m, *scales, seed))


def baseline_runs(wildcards):
    """Keys of the runs that one job of baselines serves."""
    m, seed = int(wildcards.m), int(wildcards.seed)
    runs = [run for run in CONFIG.runs[wildcards.experiment] if (run.m, run.seed) == (m, seed)]
    return [run._asdict() for run in runs]


def baseline_settings(wildcards):
    """Settings that these runs share; when a run would stop early does not matter here."""
    run = experiments.Run(**baseline_runs(wildcards)[0])
    return {name: value for name, value in CONFIG.settings(run).items() if name != "early_stopping"}


def baselines(figure):
    """The baselines of every m and seed of a figure's experiments."""
    return lambda wildcards: sorted(
        {
            f"<results>/baselines/experiment={name}/m={run.m}/seed={run.seed}.parquet"
            for name in experiments_of(figure)
            for run in CONFIG.runs[name]
        }
    )


def landscape_groups(experiment):
    """The landscapes of an experiment, a run for each: seeds share one."""
    return {run.group: run for run in CONFIG.runs[experiment]}.values()


def landscape_group(wildcards):
    """The key that the runs of a landscape share, as a row has it."""
    scales = {name: float(wildcards[name]) for name in ("alpha", "tau", "eta")}
    return {"experiment": wildcards.experiment, "m": int(wildcards.m)} | scales


def landscape_runs(wildcards):
    """The runs on a landscape: the experiment's own, and the other scaling's at the same m."""
    own = landscape_group(wildcards)
    names = [name for name in experiments.LANDSCAPES if name in CONFIG.experiments]
    runs = [run for name in names for run in CONFIG.runs[name] if run.m == own["m"]]
    return [
        run for run in runs if run.experiment != wildcards.experiment or own.items() <= run._asdict().items()
    ]


def landscape_files(name):
    """A file of every run on a landscape."""
    return lambda wildcards: [f"<results>/runs/{run.path}/{name}" for run in landscape_runs(wildcards)]


def landscape_problem(wildcards):
    """The teacher and data of a landscape, which its seeds share."""
    experiment = CONFIG.experiments[wildcards.experiment]
    names = ("d", "n_train", "n_test", "teacher_neurons", "teacher_gain")
    return {name: getattr(experiment, name) for name in names} | {"seed": experiment.data_seed}


def pictures(figure):
    """The files of a numbered figure."""
    names = [figure]
    if figure == "figure_2":
        names += [f"figure_2_{name}_m={m}" for name in experiments_of(figure) for m in widths(name)]
    return [f"<results>/figures/{name}.{suffix}" for name in names for suffix in ("png", "pdf")]


def widths(experiment):
    return CONFIG.experiments[experiment].m


def tables(figure):
    """Every run's row, for the experiments of a figure."""
    return lambda wildcards: [f"<results>/tables/{name}.parquet" for name in experiments_of(figure)]


def summaries(figure):
    return lambda wildcards: [f"<results>/summary/{name}.parquet" for name in experiments_of(figure)]


def landscapes_of(figure, name):
    """A file of every landscape that a figure reads."""
    return lambda wildcards: [
        f"<results>/landscapes/{run.group}/{name}"
        for experiment in experiments_of(figure)
        for run in landscape_groups(experiment)
    ]


def shown(path, number):
    """A numbered figure as the report shows it."""
    return report(
        path,
        caption=f"../docs/captions/figure_{number}.rst",
        category="Figures of the note",
        labels={"figure": f"Figure {number}"},
    )
