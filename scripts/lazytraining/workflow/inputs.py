"""Which files stand for what: the look-ups behind every rule's inputs and targets.

Paths begin with Snakemake's pathvar <results>. A WorkflowError names what a path or a target asks for and the
configuration leaves out.
"""

import itertools
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from snakemake.exceptions import WorkflowError

from lazytraining.config import catalogue
from lazytraining.config.experiments import Config
from lazytraining.config.job import Run
from lazytraining.config.kinds import AnyModel, Kind, Phase
from lazytraining.config.names import LANDSCAPES

Files = list[str]
Input = Callable[[Any], Files]
"""What Snakemake calls with wildcards."""


class Inputs:
    """The files of a configuration."""

    def __init__(self, config: Config):
        self.config = config
        self.keep_weights = [name for name, one in config.sweeps.items() if one.keep_weights]
        self.turned = [name for name in catalogue.TURNED if not self.lacking(name)]
        """Figures with an interactive version, of which the configuration has all."""
        self.data: dict[str, Callable[[str], Files]] = {
            "runs": lambda name: [f"<results>/tables/{name}.parquet"],
            "models": lambda name: [f"<results>/tables/{name}.parquet"],
            "phase": lambda name: [f"<results>/tables/{name}.parquet"],
            "summaries": lambda name: [f"<results>/summary/{name}.parquet"],
            "spectra": lambda name: (
                [f"<results>/spectra/{name}.parquet"] if name in self.keep_weights else []
            ),
            "curves": partial(self.of_jobs, "curves"),
            "model_curves": partial(self.over_seeds, "model_curves"),
            **{
                f"{aligned}{data}": partial(self.at_widths, f"{aligned}{data}")
                for aligned in ("", "aligned_")
                for data in ("surfaces", "endpoints")
            },
            "paths": partial(self.over_seeds, "neurons"),
            "baselines": self.baselines,
        }
        """The files that an experiment has of each data set that figures and the ledger read."""
        self.settings = cache(config.settings)  # the same for thousands of jobs

    def runs(self, wildcards: Any) -> Any:
        """The runs, or the key, of the training job that a path names."""
        jobs = self.config.jobs.get(wildcards.experiment, {})
        if wildcards.run not in jobs:
            raise WorkflowError(f"{wildcards.experiment}/{wildcards.run} is not configured")
        return jobs[wildcards.run]

    def at(self, wildcards: Any) -> list[Run]:
        """The runs of an experiment at one m, of one seed if the path has one."""
        seed = wildcards.get("seed")
        chosen = [
            run
            for run in self.config.runs.get(wildcards.experiment, [])
            if str(run.m) == wildcards.m and seed in (None, str(run.seed))
        ]
        if not chosen:
            path = "/".join([wildcards.experiment, f"m~{wildcards.m}", *([f"seed~{seed}"] if seed else [])])
            raise WorkflowError(f"{path} is not configured")
        return chosen

    def seeded(self, wildcards: Any, seeded: Any, name: str) -> Any:
        """Part of the configuration whose seeds have the one of a path."""
        if seeded is None or wildcards.seed not in map(str, seeded.seeds):  # 07 would be read by nothing
            raise WorkflowError(f"{name}/seed~{wildcards.seed} is not configured")
        return seeded

    def given(self, part: Any, name: str) -> Any:
        """A part of the configuration that may be left out."""
        if part is None:
            raise WorkflowError(f"{name} is not configured")
        return part

    def of_jobs(self, folder: str, experiment: str, suffix: str = "parquet") -> Files:
        """A file of every training job of an experiment."""
        paths = self.config.jobs[experiment]
        return [f"<results>/{folder}/{experiment}/{path}.{suffix}" for path in paths]

    def of_jobs_at(self, folder: str, experiment: str, m: int, suffix: str = "parquet") -> Files:
        """A file of every training job of an experiment that trains students of this m."""
        jobs = self.config.jobs[experiment]
        paths = [path for path, runs in jobs.items() if any(run.m == m for run in runs)]
        return [f"<results>/{folder}/{experiment}/{path}.{suffix}" for path in paths]

    def at_widths(self, folder: str, experiment: str) -> Files:
        return [f"<results>/{folder}/{experiment}/m~{m}.parquet" for m in self.widths(experiment)]

    def over_seeds(self, folder: str, experiment: str) -> Files:
        seeds = self.config.experiments[experiment].seeds
        return [f"<results>/{folder}/{experiment}/seed~{seed}.parquet" for seed in seeds]

    def baselines(self, experiment: str) -> Files:
        """Of every m and seed."""
        pairs = itertools.product(self.widths(experiment), self.config.experiments[experiment].seeds)
        return [f"<results>/baselines/{experiment}/m~{m}/seed~{seed}.parquet" for m, seed in pairs]

    def theory(self, part: str) -> Files:
        """One part of the theory, for every seed; none where the configuration leaves it out."""
        theory = self.config.theory
        seeds = theory.seeds if theory and (part != "sample" or theory.sample) else []
        return [f"<results>/theory/{part}/seed~{seed}.parquet" for seed in seeds]

    def end_points(self, folder: str, suffix: str = "parquet") -> Input:
        """A file of every student on a landscape: its experiment's own, and the other scaling's at its m."""
        names = [name for name in LANDSCAPES if name in self.config.experiments]
        return lambda wildcards: [
            path for name in names for path in self.of_jobs_at(folder, name, self.at(wildcards)[0].m, suffix)
        ]

    def claimed(self, data: str) -> Input:
        """One data set for the claims, of those experiments that the configuration has."""
        names = self.claiming(data)
        return lambda wildcards: [path for name in names for path in self.data[data](name)]

    def claiming(self, data: str) -> list[str]:
        """Those experiments whose data set of this kind the claims read."""
        return [
            name
            for name, read in catalogue.EVIDENCE.items()
            if data in read and name in self.config.experiments
        ]

    def widths(self, experiment: str) -> list[int]:
        return self.config.experiments[experiment].m

    def lacking(self, figure: str) -> list[str]:
        """What a figure needs and the configuration leaves out."""
        entry = catalogue.FIGURES[figure]
        found = [
            f"the experiment {name}" for name in entry.experiments if name not in self.config.experiments
        ]
        if "spectra" in entry.reads and not found:
            kept = self.keep_weights
            found = [f"{name} with keep_weights: true" for name in entry.experiments if name not in kept]
        return found + (["theory"] if entry.theory and self.config.theory is None else [])

    def needed(self, figure: str, make: Callable[[], Any]) -> Callable[[Any], Any]:
        """What `make` gives, where the configuration has all that the figure needs; else a WorkflowError."""

        def found(wildcards: Any) -> Any:
            if lacking := self.lacking(figure):
                raise WorkflowError(f"{figure} needs {', '.join(lacking)}: the configuration leaves that out")
            return make()

        return found

    def read_by(self, figure: str) -> dict[str, Input]:
        """What a figure reads, by the names of its data sets and of the parts of the theory."""
        entry = catalogue.FIGURES[figure]

        def all_of(data: str) -> Files:
            chosen = entry.reads[data] or entry.experiments
            return [path for name in chosen for path in self.data[data](name)]

        inputs = {data: self.needed(figure, partial(all_of, data)) for data in entry.reads}
        return inputs | {part: self.needed(figure, partial(self.theory, part)) for part in entry.theory}

    def settings_of(self, figure: str) -> dict[str, Callable[[Any], Any]]:
        """What a figure takes from the configuration."""
        settings = catalogue.FIGURES[figure].settings
        return {key: self.needed(figure, partial(value, self.config)) for key, value in settings.items()}

    def sections(self, figure: str) -> tuple[str, ...]:
        """The sections beside the experiments that decide what a figure shows."""
        entry = catalogue.FIGURES[figure]
        used = {
            "landscape": "surfaces" in entry.reads,
            "figure_5": figure == "figure_5",
            "theory": entry.theory,
        }
        return tuple(name for name in used if used[name])

    def read_by_turned(self, figure: str, data: str) -> Input | Files:
        """What the interactive version of a figure reads; nothing where only something else turns."""
        return self.read_by(figure)[data] if figure in self.turned or not self.interactive() else []

    def interactive(self) -> Files:
        """The page of what turns: figures, and phase diagrams of more than one m and coupling; none where nothing does."""
        planes = self.config.of_kind(Phase).values()
        turns = self.turned or any(len(one.m) > 1 < len(one.coupling) for one in planes)
        return ["<results>/interactive.html"] if turns else []

    def pictures(self, figure: str) -> Files:
        """The files of a figure, with each landscape of Figure 2."""
        names = [figure]
        if figure == "figure_2":
            names += [f"{figure}_{name}_m={m}" for name in LANDSCAPES for m in self.widths(name)]
        return self.drawn(names)

    def pictures_of(self, figures: Iterable[str]) -> Files:
        """The files of those of these figures of which the configuration has all."""
        return [path for name in figures if not self.lacking(name) for path in self.pictures(name)]

    def target(self, *figures: str) -> Files | Input:
        """The files of these figures, as a list: the rule of an importing workflow that has a target's input for its own would
        ask a function for <results> of its own."""
        for figure in figures:
            if self.lacking(figure):
                return self.needed(figure, list)
        return [path for figure in figures for path in self.pictures(figure)]

    def of_kind(self, name: str, kind: type[Kind]) -> Files | Input:
        """The figures of all experiments of a kind, whose name is its target's; as `target` gives them."""
        return self.drawn(self.config.of_kind(kind)) or _none(name, f"of kind {name}")

    def of_models(self) -> Files | Input:
        """The figures of all experiments of kind model, and the one of all of them; as `target` gives them."""
        found = self.config.of_kind(AnyModel)
        return self.drawn([*found, "models"]) if found else _none("models", "of kind model")

    def of_cnns(self) -> Files | Input:
        """The figures of those whose model is VGG-11."""
        found = [name for name, one in self.config.of_kind(AnyModel).items() if one.model == "vgg11"]
        return self.drawn(found) if found else _none("cnn", "with model: vgg11")

    def drawn(self, names: Iterable[str], suffixes: tuple[str, ...] = ("png", "pdf")) -> Files:
        return [f"<results>/figures/{name}.{suffix}" for name in names for suffix in suffixes]


def _none(target: str, which: str) -> Input:
    """The input of a target that has no experiment: a line says so once it is asked for."""

    def asked(wildcards: Any) -> Files:
        raise WorkflowError(f"{target} needs an experiment {which}, and the configuration has none")

    return asked
