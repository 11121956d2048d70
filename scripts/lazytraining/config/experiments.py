"""The configuration: what is allowed in it, and the table of runs that it stands for.

What a single key takes stands in `kinds`, what has to hold across keys in `checks`. All is checked once, when the workflow
is loaded.
"""

import difflib
import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from lazytraining.config import checks
from lazytraining.config.catalogue import FIGURES, RESERVED
from lazytraining.config.checks import PROBLEM, ConfigError
from lazytraining.config.cnn_job import CnnJob, CnnRun
from lazytraining.config.expressions import Expression, ExpressionError
from lazytraining.config.fields import because, rounded, show
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.config.kinds import (
    KINDS,
    Cnn,
    EarlyStoppingRule,
    Experiment,
    FigureFive,
    Landscape,
    Model,
    Sweep,
    Theory,
)

CNN_FLOAT32_ALPHA = 1e4
"""Largest α up to which a CNN in float32 was found to agree with float64 (docs/precision.md)."""


class Config(Model):
    """A preset: where its results go, and its experiments by name."""

    results: Annotated[str, Field(strict=True, pattern="^/?([a-zA-Z0-9_.+@-]+/)*[a-zA-Z0-9_.+@-]+$")] = Field(
        description="a folder, in letters a to z, digits and . _ + @ -, with / between folders and none at the end"
    )
    execution: Literal["separate", "stacked"] = Field(
        "separate", description="separate: one job for each run, or stacked: one for each experiment and seed"
    )
    landscape: Landscape = Field(Landscape(), description="a mapping with the keys plane, grid and extent")
    figure_5: FigureFive = Field(FigureFive(), description="a mapping with the key divide_by_alpha_squared")
    theory: Theory | None = Field(None, description="null, or a mapping: what the target theory measures")
    experiments: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$")], Experiment] = Field(
        description="a mapping of experiments by name, at most 60 of a-z, 0-9 and _ starting with a letter"
    )

    def of_kind(self, kind: type[Model]) -> dict[str, Model]:
        """The experiments of a kind."""
        return {name: one for name, one in self.experiments.items() if isinstance(one, kind)}

    @cached_property
    def sweeps(self) -> dict[str, Sweep]:
        """The experiments that are tables of runs."""
        return self.of_kind(Sweep)

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """Every run of every sweep, ordered by m, alpha, tau, eta, seed as configured."""
        return {name: list(_expand(name, experiment)) for name, experiment in self.sweeps.items()}

    @cached_property
    def stacks(self) -> dict[tuple[str, int], list[Run]]:
        """The runs of each experiment and seed, ordered by m, alpha, tau, eta."""
        stacks = {}
        for run in sorted(itertools.chain.from_iterable(self.runs.values())):
            stacks.setdefault((run.experiment, run.seed), []).append(run)
        return stacks

    def cnn_runs(self, name: str) -> list[CnnRun]:
        """Every run of an experiment of kind cnn."""
        one = self.of_kind(Cnn)[name]
        return [CnnRun(name, *point) for point in itertools.product(one.alpha, one.learning_rate, one.seeds)]

    def cnn_job(self, run: CnnRun) -> CnnJob:
        """The job that trains this run."""
        one = self.of_kind(Cnn)[run.experiment]
        names = ("dataset", "images", "width", "epochs", "batch", "momentum", "augment", "precision")
        return CnnJob(key=run, **{name: getattr(one, name) for name in names})

    def digest(self, name: str | None = None) -> str:
        """Sixteen digits for all of the configuration, or for what a run of this experiment depends on beside its key
        (in stacked execution a stack, beside its seed)."""
        beside = {"seeds", "keep_weights"}
        if name in self.of_kind(Cnn):
            beside |= {"alpha", "learning_rate"}
        elif name in self.sweeps and self.execution == "separate":
            beside |= {"m", "alpha", "tau", "step_size"}
        content = self.experiments[name].model_dump(exclude=beside) if name else self.model_dump()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def job(self, runs: list[Run]) -> Job:
        """The job that trains these runs, which share experiment and seed."""
        experiment, seed = self.sweeps[runs[0].experiment], runs[0].seed
        names = (
            "symmetrize",
            "iterations",
            "track_best",
            "precision",
            "batch",
            "hidden_factor",
            "average_last",
        )
        data_seed = seed if experiment.data_seed is None else experiment.data_seed
        rule = experiment.early_stopping
        return Job(
            keys=tuple(runs),
            problem=ProblemKey(*(getattr(experiment, name) for name in PROBLEM), data_seed),
            early_stopping=rule
            and tuple(
                (_value(rule.min_delta, {"m": run.m, "alpha": run.alpha, "tau": run.tau}), rule.patience)
                for run in runs
            ),
            **{name: getattr(experiment, name) for name in names},
        )

    @cached_property
    def theory_steps(self) -> dict[float, float]:
        """η of the theory's steps at each of its τ, and at τ = 1, where α is swept."""
        return {
            tau: _evaluate("theory.step_size", self.theory.step_size, {"tau": tau})
            for tau in dict.fromkeys([*self.theory.tau, 1.0])
        }


def stack_path(experiment: str, seed: int | str) -> str:
    """The folder of a seed's runs in stacked execution."""
    return f"stacks/experiment={experiment}/seed={seed}"


def read_yaml(path: str | Path) -> dict:
    """A YAML file as plain data. Raises ConfigError if it cannot be read or is no mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: {show(content)} is not allowed; expected a mapping of keys")
    checks.check_nodes(content)
    return content


def schema() -> dict:
    """JSON schema of a preset or an overlay: an overlay's experiments need not name every key."""
    content = Config.model_json_schema()
    del content["required"]
    for definition in content["$defs"].values():
        definition.pop("required", None)
    experiments = content["properties"]["experiments"]
    models = [{"$ref": f"#/$defs/{model.__name__}"} for model in KINDS.values()]
    experiments["additionalProperties"] = {"anyOf": [*models, {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | content


def load(content: dict) -> Config:
    """The checked configuration, with its table of runs.

    An experiment that is None is left out. Raises ConfigError for anything that is not allowed.
    """
    checks.check_nodes(content)
    experiments = content.get("experiments")
    if isinstance(experiments, dict):
        experiments = {name: value for name, value in experiments.items() if value is not None}
        content = content | {"experiments": experiments}
        for name in RESERVED.intersection(experiments):
            raise ConfigError(
                f"experiments.{name}: the name is not allowed; expected one that is no target or rule of the workflow"
            )
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ConfigError(_explain(errors[0])) from None
    if config.theory:
        checks.check_theory(config.theory)
        config.theory_steps  # noqa: B018 - evaluates the expression at every tau, now
    checks.check_experiments(config.experiments)
    checks.check_figures(config.experiments)
    config.runs  # noqa: B018 - evaluates every expression for every run, now
    checks.check_landscapes(config.sweeps, config.runs)
    return config


def check_folder(results: str) -> None:
    """Raises ConfigError if there can be no such folder, because of what is there already."""
    there = next(path for path in (Path(results), *Path(results).parents) if os.path.lexists(path))
    if not there.is_dir():
        what = "a file" if there.exists() else "a symbolic link to nowhere"
        raise ConfigError(f"results: {show(results)} is not allowed ({there} is {what}); expected a folder")


def doubtful_precision(config: Config) -> list[str]:
    """A line for each experiment that leaves the range in which its precision is known to hold.

    What counts is α τ², the size of h at the start against the targets: it has been tried up to
    10⁶ in float32 without symmetrisation, where training cancels h(w0), and up to 10¹² else.
    """
    lines = []
    for name, experiment in config.sweeps.items():
        most = 1e6 if experiment.precision == "float32" and not experiment.symmetrize else 1e12
        largest = max(run.alpha * run.tau**2 for run in config.runs[name])
        if largest > most * (1 + 1e-6):
            lines.append(
                f"experiments.{name}: alpha tau² reaches {largest:.3g}; precision {experiment.precision} is known to "
                f"hold up to {most:.0e}"
            )
    for name, experiment in config.of_kind(Cnn).items():
        if experiment.precision == "float32" and max(experiment.alpha) > CNN_FLOAT32_ALPHA:
            lines.append(
                f"experiments.{name}: alpha reaches {max(experiment.alpha):.3g}; precision float32 is known to hold up "
                f"to {CNN_FLOAT32_ALPHA:.0e}"
            )
    return lines


def _expand(name: str, experiment: Sweep) -> Iterator[Run]:
    seen = set()
    for m, alpha_text in itertools.product(experiment.m, experiment.alpha):
        alpha = _evaluate(f"experiments.{name}.alpha", alpha_text, {"m": m})
        for tau, eta_text in itertools.product(experiment.tau, experiment.step_size):
            values = {"m": m, "alpha": alpha, "tau": tau}
            eta = _evaluate(f"experiments.{name}.step_size", eta_text, values)
            if experiment.early_stopping:
                text = experiment.early_stopping.min_delta
                _evaluate(f"experiments.{name}.early_stopping.min_delta", text, values, zero=True)
            if (m, alpha, tau, eta) in seen:
                raise ConfigError(
                    f"experiments.{name}: duplicate run m={m}, alpha={alpha:.6g}, tau={tau:.6g}, eta={eta:.6g}; "
                    "expected different values of alpha and of step_size for each m and tau"
                )
            seen.add((m, alpha, tau, eta))
            for seed in experiment.seeds:
                yield Run(name, m, alpha, tau, eta, seed)


def _value(formula: float | str, values: dict[str, Any]) -> float:
    return Expression(formula, values)(values) if isinstance(formula, str) else formula


def _evaluate(path: str, formula: float | str, values: dict[str, Any], zero: bool = False) -> float:
    """The value to six significant digits; it has to be > 0, or ≥ 0 with `zero`."""
    at = ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
    expected = f"expected a finite number {'≥' if zero else '>'} 0 for every run"
    try:
        value = rounded(_value(formula, values))
    except ExpressionError as error:
        raise ConfigError(f"{path}: {show(formula)} {error} at {at}; {expected}") from None
    if value < 0 or (value == 0 and not zero):
        raise ConfigError(f"{path}: {show(formula)} is {value:.6g} at {at}; {expected}")
    return value


_PARTS = {
    "landscape": Landscape,
    "figure_5": FigureFive,
    "theory": Theory,
    "early_stopping": EarlyStoppingRule,
}


def _explain(error: dict) -> str:
    """One line from one of pydantic's errors."""
    location = [part for part in error["loc"] if part != "[key]"]
    model, description, known = Config, "a mapping of keys", sorted(Config.model_fields)
    entry = location[:1] == ["experiments"] and KINDS.get(location.pop(2) if len(location) > 2 else None)
    for part in location:
        if model is None or part not in model.model_fields:
            if part in location[1:2] and entry:
                model, known = entry, sorted(entry.model_fields)
            continue
        description = model.model_fields[part].description
        model = _PARTS.get(part)
        known = sorted(model.model_fields) if model else known
    path = ".".join(part if str(part).isidentifier() else show(part) for part in location) or "configuration"
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key with value {show(error['input'])}; expected one of {', '.join(known)}"
    if error["type"].startswith("union_tag"):
        path, error = f"{path}.kind", error | {"input": error["input"]["kind"]}
        description = f"one of {', '.join(KINDS)}"
    if error["type"] == "model_type":
        description = f"a mapping of keys, of {', '.join(known)}"
    if error["type"] == "missing":
        known_names = [name for figure in FIGURES.values() for name in figure]
        close = difflib.get_close_matches(str(location[1]), known_names, 1) if len(location) > 2 else []
        hint = f" (or is {location[1]} meant to be {close[0]}?)" if close and close[0] != location[1] else ""
        return f"{path}: missing key; expected {description}{hint}"
    reason = error.get("ctx", {}).get("error", "")
    return f"{path}: {show(error['input'])} is not allowed{because(reason)}; expected {description}"


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
