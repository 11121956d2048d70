"""The configuration: what is allowed in it, and the table of runs that it stands for.

All checks live here, and are made once, when the workflow is loaded. The description of a field
says what the field takes; it is the text of the JSON schema and of the error message alike.
"""

import difflib
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from lazytraining.expressions import Expression, ExpressionError

TARGETS = {
    "all",
    "everything",
    *(f"figure_{number}" for number in range(1, 8)),
    "landscapes",
    "theory",
    "width",
    "population",
    "step_size",
    "neurons",
    "cnn",
    "claims",
}
"""Names that a user can ask Snakemake for."""
RULES = {
    "train",
    "train_keep_weights",
    "baselines",
    "aggregate",
    "landscape",
    "landscape_figure",
    "experiment_figure",
    "theory_start",
    "theory_step",
    "theory_limit",
}
RESERVED = TARGETS | RULES
"""Names that no experiment may take."""
LANDSCAPES = ["landscape_mean_field", "landscape_ntk"]
"""Experiments whose end points span the planes of Figures 2 and 6, where they are configured."""
_BOTH = {"tau", "alpha"}
FIGURES = {
    "figure_1": {"trajectory": {"tau"}, "trajectory_symmetrized": {"tau"}},
    "figure_2": {name: {"m"} for name in LANDSCAPES},
    "figure_3": {"plateau": {"tau"}},
    "figure_4": {"plateau_symmetrized": {"tau"}},
    "figure_5": {"tau_alpha_text": _BOTH, "tau_alpha_code": _BOTH, "tau_alpha_converged": _BOTH},
    "figure_6": {name: {"m"} for name in LANDSCAPES},
    "figure_7": {"fixed_step": {"tau"}, "fixed_step_symmetrized": {"tau"}},
    "theory": {"convergence_symmetrized": {"tau", "step_size"}},
}
"""The experiments of each figure of the note and of `theory`, and what it draws them over; they sweep nothing else."""
CLAIMS = {
    "trajectory": {"runs", "curves"},
    "trajectory_symmetrized": {"runs"},
    "plateau": {"runs", "baselines"},
    "plateau_symmetrized": {"runs", "baselines"},
    "tau_alpha_text": {"runs"},
    "tau_alpha_code": {"runs", "curves"},
    "tau_alpha_converged": {"runs"},
    "fixed_step": {"runs"},
    "fixed_step_symmetrized": {"runs"},
    "convergence_symmetrized": {"curves"},
    "landscape_mean_field": {"runs", "landscapes"},
    "landscape_ntk": {"runs", "landscapes"},
    "step_size": {"runs"},
    "width_mean_field": {"runs"},
    "width_ntk": {"runs"},
    "underparameterized": {"runs", "baselines"},
    "cnn": {"runs"},
}
"""What the ledger of claims reads of each experiment, where it is configured."""
PROBLEM = ("d", "n_train", "n_test", "teacher_neurons", "teacher_gain")
"""Keys that make a problem, together with a seed."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MOST_VALUES = 10_000
_MOST_RUNS = 1_000_000


class ConfigError(ValueError):
    """One line for the user: where in the configuration, what stands there, what is expected."""


def rounded(value: float | int) -> float:
    """The value to six significant digits: what a path shows and a run is trained with."""
    return float(f"{value:.6g}")


# What a field takes. Each parser raises ValueError, with a text where there is more to say.


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError
    return number


def _positive_rounded(value: Any) -> float:
    return rounded(_positive(value))


def _integer(minimum: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _number(value)
        if number != int(number) or not minimum <= number <= 10**12:
            raise ValueError
        return int(number)

    return parse


def _formula(*names: str) -> Callable[[Any], float | str]:
    """A number, or arithmetic in these names."""

    def parse(value: Any) -> float | str:
        if isinstance(value, str):
            try:
                return _number(value)
            except ValueError:
                Expression(value, names)
                return value
        return _number(value)

    return parse


def _list_of(item: Callable[[Any], Any], single: bool = False) -> Callable[[Any], list]:
    def parse(value: Any) -> list:
        if single and not isinstance(value, list):
            value = [value]
        if not isinstance(value, list):
            raise ValueError
        if not value:
            raise ValueError("it is empty")
        parsed = []
        for index, element in enumerate(value):
            try:
                parsed.append(item(element))
            except ValueError as error:
                raise ValueError(f"element {index} is {_show(element)}{_because(error)}") from None
            if parsed[-1] in parsed[:-1]:
                raise ValueError(f"duplicate value {_show(element)}")
        return parsed

    return parse


def _scales(value: Any) -> list[float]:
    """A list, or {logspace: [first exponent, last exponent, how many]} in base 10."""
    if isinstance(value, dict):
        if set(value) != {"logspace"} or not isinstance(value["logspace"], list):
            raise ValueError
        if len(value["logspace"]) != 3:
            raise ValueError("logspace takes three numbers")
        first, last = (_number(end) for end in value["logspace"][:2])
        count = _integer(1)(value["logspace"][2])
        if count > _MOST_VALUES or max(abs(first), abs(last)) > 300:
            raise ValueError
        step = (last - first) / max(count - 1, 1)
        value = [10 ** (first + index * step) for index in range(count)]
    return _list_of(_positive_rounded)(value)


def _seeds(value: Any) -> list[int]:
    """How many (0, 1, …), or a list."""
    if isinstance(value, list):
        return _list_of(_integer(0))(value)
    count = _integer(1)(value)
    if count > _MOST_VALUES:
        raise ValueError
    return list(range(count))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


_NUMBER_OR_TEXT = {"type": ["number", "string"]}
_LOGSPACE = {
    "type": "object",
    "properties": {"logspace": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}},
    "required": ["logspace"],
    "additionalProperties": False,
}


def _array(items: dict) -> dict:
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


def _whole(minimum: int) -> Any:
    schema = {"type": "integer", "minimum": minimum}
    return Annotated[int, BeforeValidator(_integer(minimum)), WithJsonSchema(schema)]


Positive = Annotated[
    float, BeforeValidator(_positive), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Flag = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]
Widths = Annotated[
    list[int],
    BeforeValidator(_list_of(_integer(1))),
    WithJsonSchema(_array({"type": "integer", "minimum": 1})),
]
Scales = Annotated[
    list[float],
    BeforeValidator(_scales),
    WithJsonSchema({"anyOf": [_array({"type": "number", "exclusiveMinimum": 0}), _LOGSPACE]}),
]
AlphaValues = Annotated[
    list[float | str],
    BeforeValidator(
        lambda value: _scales(value) if isinstance(value, dict) else _list_of(_formula("m"))(value)
    ),
    WithJsonSchema({"anyOf": [_array(_NUMBER_OR_TEXT), _LOGSPACE]}),
]
StepSizes = Annotated[
    list[float | str],
    BeforeValidator(_list_of(_formula("tau", "alpha", "m"), single=True)),
    WithJsonSchema({"anyOf": [_NUMBER_OR_TEXT, _array(_NUMBER_OR_TEXT)]}),
]
MinDelta = Annotated[
    float | str, BeforeValidator(_formula("tau", "alpha", "m")), WithJsonSchema(_NUMBER_OR_TEXT)
]
Seeds = Annotated[
    list[int],
    BeforeValidator(_seeds),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, _array({"type": "integer", "minimum": 0})]}),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class EarlyStoppingRule(_Model):
    min_delta: MinDelta = Field(
        description="a number ≥ 0 or arithmetic in tau, alpha, m: the least improvement of the test loss"
    )
    patience: _whole(1) = Field(description="an integer ≥ 1: iterations without improvement before the end")


class Descent(_Model):
    """Gradient descent of two-layer students, over m × alpha × tau × step_size × seeds."""

    kind: Literal["descent"] = Field("descent", description="descent")
    d: _whole(1) = Field(description="an integer ≥ 1: dimension of the inputs")
    n_train: _whole(1) = Field(description="an integer ≥ 1: training points")
    n_test: _whole(1) = Field(description="an integer ≥ 1: test points")
    teacher_neurons: _whole(1) = Field(description="an integer ≥ 1: neurons of the teacher, m0")
    teacher_gain: Positive = Field(description="a number > 0: factor on the teacher's output")
    symmetrize: Flag = Field(description="true or false: start at h(w0) = 0 (needs even m)")
    m: Widths = Field(description="a list of different integers ≥ 1: neurons of the student")
    alpha: AlphaValues = Field(
        description="a list of different numbers > 0 or expressions in m with min, max, sqrt; "
        "or {logspace: [first, last, count]}: factor on the student's output"
    )
    tau: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]} with base-10 "
        "exponents: standard deviation of the initial weights"
    )
    seeds: Seeds = Field(
        description=f"an integer from 1 to {_MOST_VALUES} (how many) or a list of different integers ≥ 0"
    )
    data_seed: _whole(0) | None = Field(
        None, description="null, or an integer ≥ 0: the seed whose teacher and data all seeds share"
    )
    step_size: StepSizes = Field(
        description="a number > 0, arithmetic in tau, alpha, m with min, max, sqrt, or a list of such: eta"
    )
    iterations: _whole(1) = Field(description="an integer ≥ 1: most updates of a run")
    early_stopping: EarlyStoppingRule | None = Field(
        None, description="null or {min_delta: …, patience: …}, on the test loss"
    )
    track_best: Flag = Field(True, description="true or false: evaluate the test loss at every iteration")
    keep_weights: Flag = Field(False, description="true or false: keep the first and last weights of a run")
    precision: Literal["float32", "float64"] = Field(description="float32 or float64")


class Landscape(_Model):
    plane: Literal["principal", "filter_normalized"] = Field(
        "principal",
        description="principal (components of the end points) or filter_normalized (random directions at the first)",
    )
    grid: _whole(2) = Field(25, description="an integer ≥ 2: grid points along each axis of a surface")
    extent: Positive = Field(
        3.0,
        description="a number > 0: half-width of a surface, in standard deviations of the end points, or in the neurons' "
        "norms with plane: filter_normalized",
    )


class Theory(_Model):
    """What is measured of the theory itself, at the start and in the lazy limit."""

    d: _whole(1) = Field(description="an integer ≥ 1: dimension of the inputs")
    n_train: _whole(1) = Field(description="an integer ≥ 1: training points")
    n_test: _whole(1) = Field(description="an integer ≥ 1: test points")
    teacher_neurons: _whole(1) = Field(description="an integer ≥ 1: neurons of the teacher, m0")
    teacher_gain: Positive = Field(description="a number > 0: factor on the teacher's output")
    seeds: Seeds = Field(
        description=f"an integer from 1 to {_MOST_VALUES} (how many) or a list of different integers ≥ 0"
    )
    m: _whole(2) = Field(description="an even integer ≥ 2: neurons of the student")
    widths: Widths = Field(description="a list of different integers ≥ 1: m over which kappa is averaged")
    tau: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: tau at alpha = 1"
    )
    alpha: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: alpha at tau = 1"
    )
    step_size: Annotated[float | str, BeforeValidator(_formula("tau")), WithJsonSchema(_NUMBER_OR_TEXT)] = (
        Field(description="a number > 0 or arithmetic in tau with min, max, sqrt: eta of a step")
    )
    iterations: _whole(1) = Field(description="an integer ≥ 1: updates of the lazy limit")


class FigureFive(_Model):
    divide_by_alpha_squared: Flag = Field(
        False, description="true or false: draw ln(L/alpha²) instead of ln L"
    )


class Config(_Model):
    """A preset: where its results go, and its experiments by name."""

    results: Annotated[str, Field(pattern=r"^[\w./+@-]+$")] = Field(
        description="a folder, in letters, digits and . / _ + @ -"
    )
    execution: Literal["separate"] = Field("separate", description="separate: one job for each run")
    landscape: Landscape = Field(Landscape(), description="a mapping with the keys plane, grid and extent")
    figure_5: FigureFive = Field(FigureFive(), description="a mapping with the key divide_by_alpha_squared")
    theory: Theory | None = Field(None, description="a mapping, or null: what the target theory measures")
    experiments: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$")], Descent] = Field(
        description="a mapping of experiments by name, at most 60 of a-z, 0-9 and _ starting with a letter"
    )

    @cached_property
    def runs(self) -> dict[str, list["Run"]]:
        """Every run of every experiment, ordered by m, alpha, tau, eta, seed as configured."""
        return {name: list(_expand(name, experiment)) for name, experiment in self.experiments.items()}

    def settings(self, run: "Run") -> dict[str, Any]:
        """All that a training job has to know beside its run's key."""
        experiment = self.experiments[run.experiment]
        names = ("symmetrize", "iterations", "track_best", "precision")
        rule = experiment.early_stopping
        return {name: getattr(experiment, name) for name in names} | {
            "problem": {name: getattr(experiment, name) for name in PROBLEM}
            | {"seed": run.seed if experiment.data_seed is None else experiment.data_seed},
            "early_stopping": rule
            and (_value(rule.min_delta, {"m": run.m, "alpha": run.alpha, "tau": run.tau}), rule.patience),
        }

    @cached_property
    def theory_steps(self) -> dict[float, float]:
        """η of the theory's steps at each of its τ, and at τ = 1, where α is swept."""
        return {
            tau: _evaluate("theory.step_size", self.theory.step_size, {"tau": tau})
            for tau in dict.fromkeys([*self.theory.tau, 1.0])
        }


class Run(NamedTuple):
    """The key of a run. Values in paths have the shortest %.6g form."""

    experiment: str
    m: int
    alpha: float
    tau: float
    eta: float
    seed: int

    @property
    def path(self) -> str:
        scales = f"alpha={self.alpha:.6g}/tau={self.tau:.6g}/eta={self.eta:.6g}"
        return f"experiment={self.experiment}/m={self.m}/{scales}/seed={self.seed}"


def read_yaml(path: str | Path) -> dict:
    """A YAML file as plain data. Raises ConfigError if it cannot be read or is no mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: {_show(content)} is not allowed; expected a mapping of keys")
    return content


def schema() -> dict:
    """JSON schema of a preset or an overlay: an overlay's experiments need not name every key."""
    content = Config.model_json_schema()
    del content["required"]
    for definition in content["$defs"].values():
        definition.pop("required", None)
    experiments = content["properties"]["experiments"]
    experiments["additionalProperties"] = {"anyOf": [{"$ref": "#/$defs/Descent"}, {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | content


def load(content: dict) -> Config:
    """The checked configuration, with its table of runs.

    An experiment that is None is left out. Raises ConfigError for anything that is not allowed.
    """
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
        if config.theory.m % 2:
            raise ConfigError(f"theory.m: {config.theory.m} is not allowed; expected an even integer ≥ 2")
        config.theory_steps  # noqa: B018 - evaluates the expression at every tau, now
    count = 0
    for name, experiment in config.experiments.items():
        odd = [m for m in experiment.m if m % 2]
        if experiment.symmetrize and odd:
            raise ConfigError(
                f"experiments.{name}.m: {odd[0]} is not allowed; expected even integers with symmetrize: true"
            )
        sizes = map(
            len, (experiment.m, experiment.alpha, experiment.tau, experiment.step_size, experiment.seeds)
        )
        count += math.prod(sizes)
        if count > _MOST_RUNS:
            raise ConfigError(
                f"experiments.{name}: more than {_MOST_RUNS} runs are not allowed; expected fewer"
            )
    _check_figures(config)
    config.runs  # noqa: B018 - evaluates every expression for every run, now
    return config


def doubtful_precision(config: Config) -> list[str]:
    """A line for each experiment that leaves the range in which its precision is known to hold.

    What counts is α τ², the size of h at the start against the targets: it has been tried up to
    10⁶ in float32 without symmetrisation, where training cancels h(w0), and up to 10¹² else.
    """
    lines = []
    for name, experiment in config.experiments.items():
        most = 1e6 if experiment.precision == "float32" and not experiment.symmetrize else 1e12
        largest = max(run.alpha * run.tau**2 for run in config.runs[name])
        if largest > most * (1 + 1e-6):
            lines.append(
                f"experiments.{name}: alpha tau² reaches {largest:.3g}; precision {experiment.precision} is known to "
                f"hold up to {most:.0e}"
            )
    return lines


def _check_figures(config: Config) -> None:
    """The experiments of Figures 1 to 7 sweep what the figures draw, and landscapes have planes."""
    for name, drawn in {name: drawn for figure in FIGURES.values() for name, drawn in figure.items()}.items():
        experiment = config.experiments.get(name)
        if experiment and experiment.symmetrize != name.endswith("symmetrized"):
            raise ConfigError(
                f"experiments.{name}.symmetrize: {experiment.symmetrize} is not allowed; expected "
                f"{not experiment.symmetrize}, as its figure says (another start: another name)"
            )
        for key in {"m", "alpha", "tau", "step_size"} - drawn if experiment else ():
            values = getattr(experiment, key)
            if len(values) > 1:
                raise ConfigError(
                    f"experiments.{name}.{key}: {_show(values)} is not allowed; expected one value, because its "
                    f"figure draws it over {' and '.join(sorted(drawn))} alone (another sweep: another name)"
                )
    pair = [name for name in LANDSCAPES if name in config.experiments]
    for name in pair:
        experiment = config.experiments[name]
        if not experiment.keep_weights or experiment.data_seed is None or len(experiment.seeds) < 3:
            raise ConfigError(
                f"experiments.{name}: keep_weights {experiment.keep_weights}, data_seed {experiment.data_seed} and "
                f"{len(experiment.seeds)} seeds are not allowed; expected keep_weights: true, a data_seed and at "
                "least 3 seeds, whose end points span a plane"
            )
        first = config.experiments[pair[0]]
        for run in config.runs[name]:
            scaling = run.m**-1.0 if name == "landscape_mean_field" else run.m**-0.5
            if run.alpha != rounded(scaling):
                raise ConfigError(
                    f"experiments.{name}.alpha: {run.alpha:.6g} at m = {run.m} is not allowed; expected "
                    f"{scaling:.6g}, the scaling that Figures 2 and 6 name"
                )
        for key in (*PROBLEM, "data_seed", "m"):
            ours, theirs = getattr(experiment, key), getattr(first, key)
            if ours != theirs:
                raise ConfigError(
                    f"experiments.{name}.{key}: {_show(ours)} is not allowed; expected {_show(theirs)} as in "
                    f"{pair[0]}, because Figure 6 draws both on one plane"
                )


def _expand(name: str, experiment: Descent) -> Iterator[Run]:
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
        raise ConfigError(f"{path}: {_show(formula)} {error} at {at}; {expected}") from None
    if value < 0 or (value == 0 and not zero):
        raise ConfigError(f"{path}: {_show(formula)} is {value:.6g} at {at}; {expected}")
    return value


def _show(value: Any) -> str:
    """The value in at most 60 characters of one line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists without end
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _because(error: Exception | str) -> str:
    return f" ({error})" if str(error) else ""


def _explain(error: dict) -> str:
    """One line from one of pydantic's errors."""
    location = [part for part in error["loc"] if part != "[key]"]
    model, description, known = Config, "a mapping of keys", sorted(Config.model_fields)
    for part in location:
        if model is None or part not in model.model_fields:
            if part in location[1:2] and location[0] == "experiments":
                model, known = Descent, sorted(Descent.model_fields)
            continue
        description = model.model_fields[part].description
        model = {"landscape": Landscape, "figure_5": FigureFive, "early_stopping": EarlyStoppingRule}.get(
            part
        )
        known = sorted(model.model_fields) if model else known
    path = ".".join(part if str(part).isidentifier() else _show(part) for part in location) or "configuration"
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key with value {_show(error['input'])}; expected one of {', '.join(known)}"
    if error["type"] == "model_type":
        description = f"a mapping of keys, of {', '.join(known)}"
    if error["type"] == "missing":
        known_names = [name for figure in FIGURES.values() for name in figure]
        close = difflib.get_close_matches(str(location[1]), known_names, 1) if len(location) > 2 else []
        hint = f" (or is {location[1]} meant to be {close[0]}?)" if close and close[0] != location[1] else ""
        return f"{path}: missing key; expected {description}{hint}"
    reason = error.get("ctx", {}).get("error", "")
    return f"{path}: {_show(error['input'])} is not allowed{_because(reason)}; expected {description}"


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
