"""The configuration: what is allowed in it, and the table of runs that it stands for.

What a kind of experiment is stands in `kinds`, what has to hold across experiments in `checks`. All is checked once,
when the workflow is loaded.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, PrivateAttr, ValidationError

from lazytraining.config import checks
from lazytraining.config.catalogue import FIGURES, RESERVED
from lazytraining.config.errors import ConfigError, because, refused, show
from lazytraining.config.fields import folder, unrepeated
from lazytraining.config.job import Job, Run
from lazytraining.config.kinds import KINDS, Experiment, Sweep
from lazytraining.config.model_job import ModelJob
from lazytraining.config.parts import (
    CollapseLimits,
    EarlyStoppingRule,
    FigureFive,
    Landscape,
    LazyLimits,
    Model,
    Sample,
    Theory,
)

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$"), AfterValidator(unrepeated)]


class Config(Model):
    """A preset: where its results go, and its experiments by name."""

    results: folder("^/?([a-zA-Z0-9_.+@-]+/)*[a-zA-Z0-9_.+@-]+$") = Field(
        description="a folder, in at most 1000 letters a to z, digits and . _ + @ -, with / between folders and none at the end"
    )
    execution: Literal["separate", "stacked"] = Field(
        "separate", description="separate: one job for each run, or stacked: one for each experiment and seed"
    )
    landscape: Landscape = Field(Landscape(), description="a mapping with the keys plane, grid and extent")
    figure_5: FigureFive = Field(FigureFive(), description="a mapping with the key divide_by_alpha_squared")
    theory: Theory | None = Field(None, description="null, or a mapping: what the target theory measures")
    experiments: dict[Name, Experiment] = Field(
        description="a mapping of experiments by name, at most 60 of a-z, 0-9 and _ starting with a letter"
    )

    _folder: str | None = PrivateAttr(None)

    @property
    def folder(self) -> str:
        """Where results stand: `results`, or where a workflow that imports this one puts that."""
        return self._folder or self.results

    def put(self, folder: str) -> None:
        self._folder = folder

    def of_kind(self, kind: type[Model]) -> dict[str, Model]:
        """The experiments of a kind."""
        return {name: one for name, one in self.experiments.items() if isinstance(one, kind)}

    @cached_property
    def sweeps(self) -> dict[str, Sweep]:
        """The experiments that are tables of students."""
        return self.of_kind(Sweep)

    @cached_property
    def runs(self) -> dict[str, list]:
        """The key of every run of every experiment, in the order of its kind."""
        return {name: one.runs(name) for name, one in self.experiments.items()}

    @cached_property
    def stacks(self) -> dict[tuple[str, int], list[Run]]:
        """The students of each experiment and seed, ordered by m, alpha, tau, eta."""
        stacks = {}
        for run in sorted(run for name in self.sweeps for run in self.runs[name]):
            stacks.setdefault((run.experiment, run.seed), []).append(run)
        return stacks

    @cached_property
    def jobs(self) -> dict[str, dict[str, list]]:
        """What each training job of an experiment trains, by the path of its files: a run, or in stacked execution a seed's."""
        found = {name: {run.path: [run] for run in runs} for name, runs in self.runs.items()}
        if self.execution == "stacked":
            found |= {name: {} for name in self.sweeps}
            for (name, seed), runs in self.stacks.items():
                found[name][f"seed~{seed}"] = runs
        return found

    def job(self, runs: list) -> Job | ModelJob | dict[str, Any]:
        """The job that trains these runs, which share experiment and seed."""
        return self.experiments[runs[0].experiment].job(runs)

    def settings(self, names: Iterable[str], sections: Iterable[str] = (), swept: bool = True) -> str:
        """JSON of the part of the configuration that has these experiments and sections, as far as it has them.

        Without `swept` no seeds, and of what is swept the rules alone: their values are in the key of each run.
        """
        content = {name: getattr(self, name).model_dump() for name in sections if getattr(self, name)}
        for name in self.experiments.keys() & names:
            one = self.experiments[name]
            content.setdefault("experiments", {})[name] = entry = one.model_dump()
            if not swept:
                rules = {key: [each for each in entry.pop(key) if isinstance(each, str)] for key in one.swept}
                del entry["seeds"]
                entry |= {key: values for key, values in rules.items() if values}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    def digest(self, name: str | None = None) -> str:
        """Sixteen digits for all of the configuration, wherever its results are, or for what a run of this experiment depends on beside its key
        (in stacked execution a stack, beside its seed)."""
        if name is None:
            content = self.model_dump(exclude={"results"})
        else:
            one, stacked = self.experiments[name], name in self.sweeps and self.execution == "stacked"
            content = one.model_dump(exclude={"seeds", "keep_weights", *(() if stacked else one.swept)})
            content |= one.sources
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class _Loader(yaml.SafeLoader):
    """YAML without what is read otherwise than it looks: of a key that stands twice the last, 010 as 8, 1:30 as 90."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node, seen = super().compose_mapping_node(anchor), set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {show(key.value)} stands there twice", problem_mark=key.start_mark
                    )
                seen.add((key.tag, key.value))
        return node

    def construct_decimal(self, node: yaml.ScalarNode) -> int:
        if not re.fullmatch("[+-]?(0|[1-9][0-9_]*)", node.value):
            raise yaml.MarkedYAMLError(
                problem=f"{show(node.value)} is no decimal number", problem_mark=node.start_mark
            )
        return self.construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_decimal)


def read_yaml(path: str | Path) -> dict:
    """A YAML file as plain data. Raises ConfigError if it cannot be read, is no mapping or has a key twice."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            content = yaml.load(file, _Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise refused(str(path), show(content), "a mapping of keys")
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
        config.theory.check()
    checks.check_experiments(config.experiments)
    checks.check_figures(config.experiments)
    checks.check_models(config.experiments)
    config.runs  # noqa: B018 - evaluates every expression for every run, now
    checks.check_landscapes(config.sweeps, config.runs)
    return config


def check_folder(results: str) -> None:
    """Raises ConfigError if there can be no such folder, because of what is there already."""
    for there in (Path(results), *Path(results).parents):
        try:
            there.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise refused("results", show(results), "a folder", error.strerror) from None
        if there.is_dir():
            return
        what = "a file" if there.exists() else "a symbolic link to nowhere"
        raise refused("results", show(results), "a folder", f"{there} is {what}")


def doubtful_precision(config: Config) -> list[str]:
    """A line for each experiment that leaves the range in which its precision is known to hold."""
    doubts = {name: one.doubt(config.runs[name]) for name, one in config.experiments.items()}
    return [f"experiments.{name}: {doubt}" for name, doubt in doubts.items() if doubt]


_PARTS = {
    "landscape": Landscape,
    "figure_5": FigureFive,
    "theory": Theory,
    "sample": Sample,
    "early_stopping": EarlyStoppingRule,
    "lazy": LazyLimits,
    "collapse": CollapseLimits,
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
        known_names = [name for figure in FIGURES.values() for name in figure.experiments]
        close = difflib.get_close_matches(str(location[1]), known_names, 1) if len(location) > 2 else []
        hint = f" (or is {location[1]} meant to be {close[0]}?)" if close and close[0] != location[1] else ""
        return f"{path}: missing key; expected {description}{hint}"
    reason = error.get("ctx", {}).get("error", "")
    return f"{path}: {show(error['input'])} is not allowed{because(reason)}; expected {description}"


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
