"""The parts of a configuration that experiments are made of or stand beside, and what each key takes.

The description of a field says what the field takes; it is the text of the JSON schema and of the error message alike.
"""

from functools import cached_property
from types import SimpleNamespace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lazytraining.config import ranges
from lazytraining.config.errors import ConfigError, refused, show
from lazytraining.config.expressions import Expression, ExpressionError
from lazytraining.config.fields import (
    MOST_VALUES,
    Extent,
    Flag,
    MinDelta,
    Positive,
    Scales,
    Seeds,
    StepSizeOfTau,
    Widths,
    rounded,
    whole,
)
from lazytraining.config.job import ProblemKey, Run

PROBLEM = ProblemKey._fields[:-1]
"""Keys that make a problem, together with a seed."""
_MOST_NUMBERS = 10**11
"""In one array of a job: 800 GB."""


class Model(BaseModel):
    """A mapping of keys, none of them unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class EarlyStoppingRule(Model):
    """When a run ends before its last iteration."""

    min_delta: MinDelta = Field(
        description="a number ≥ 0 or arithmetic in tau, alpha, m: the least improvement of the test loss"
    )
    patience: whole(1) = Field(description="an integer ≥ 1: iterations without improvement before the end")

    def at(self, run: Run) -> tuple[float, int]:
        """The least improvement and the patience of a run."""
        return value_of(self.min_delta, {"m": run.m, "alpha": run.alpha, "tau": run.tau}), self.patience


class Seeded(Model):
    """What is done over seeds."""

    seeds: Seeds = Field(
        description=f"an integer from 1 to {MOST_VALUES} (how many) or a list of different integers ≥ 0"
    )


class OnTheSphere(Seeded):
    """Regression of a teacher from points on the unit sphere."""

    d: whole(1) = Field(description="an integer ≥ 1: dimension of the inputs")
    n_test: whole(1) = Field(description="an integer ≥ 1: test points")
    teacher_neurons: whole(1) = Field(description="an integer ≥ 1: neurons of the teacher, m0")
    teacher_gain: Positive = Field(description="a number > 0: factor on the teacher's output")

    @property
    def problem(self) -> dict[str, Any]:
        """What makes the problem, together with a seed."""
        return {name: getattr(self, name) for name in PROBLEM}


class LazyLimits(Model):
    """Below both a run is lazy."""

    gap: Positive = Field(
        description="a number > 0: of the gap to the tangent model over ‖y‖, on test points"
    )
    kernel: Positive = Field(description="a number > 0: of the relative movement of the kernel")


class CollapseLimits(Model):
    """Below both, at the loss of least squares on the features that it has, a run is one on random features."""

    kept: Positive = Field(description="a number > 0: of the share of its norm that the output layer keeps")
    hidden: Positive = Field(description="a number > 0: of the relative movement of the hidden layer")


class Landscape(Model):
    """The planes and surfaces of Figures 2 and 6."""

    plane: Literal["principal", "aligned", "filter_normalized"] = Field(
        "principal",
        description="principal (components of the end points), aligned (the same, their neurons in the order of the first one's) or "
        "filter_normalized (random directions at the first)",
    )
    grid: whole(2, 1000) = Field(
        25, description="an integer from 2 to 1000: grid points along each axis of a surface"
    )
    extent: Extent = Field(
        3.0,
        description="a number from 1e-6 to 1e6: half-width of a surface, in standard deviations of the end points, or in the neurons' "
        "norms with plane: filter_normalized",
    )


class Sample(Model):
    """Students towards the lazy limit in few dimensions, on samples of several sizes."""

    d: whole(1) = Field(description="an integer ≥ 1: dimension of the inputs")
    n: Widths = Field(description="a list of different integers ≥ 1: training points")
    m: whole(1) = Field(description="an integer ≥ 1: neurons of the student")
    alpha: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: alpha at tau = 1"
    )
    step_size: Positive = Field(description="a number > 0: eta")
    iterations: whole(1) = Field(description="an integer ≥ 1: updates")


class Theory(OnTheSphere):
    """What is measured of the theory itself, at the start and in the lazy limit."""

    n_train: whole(1) = Field(description="an integer ≥ 1: training points")
    m: whole(2) = Field(description="an even integer ≥ 2: neurons of the student")
    widths: Widths = Field(description="a list of different integers ≥ 1: m over which kappa is averaged")
    tau: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: tau at alpha = 1"
    )
    alpha: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: alpha at tau = 1"
    )
    step_size: StepSizeOfTau = Field(
        description="a number > 0 or arithmetic in tau with min, max, sqrt: eta of a step"
    )
    iterations: whole(1) = Field(description="an integer ≥ 1: updates of the lazy limit")
    sample: Sample | None = Field(
        None, description="null, or a mapping: the lazy limit over the number of points"
    )

    @cached_property
    def steps(self) -> dict[float, float]:
        """η of its steps at each of its τ, and at τ = 1, where α is swept. Raises ConfigError."""
        return {
            tau: evaluate("theory.step_size", self.step_size, {"tau": tau})
            for tau in dict.fromkeys([*self.tau, 1.0])
        }

    def check(self) -> None:
        """Raises ConfigError for what does not hold across its keys."""
        check_even("theory", self.m)
        check_size("theory", self, self.d, self.m, *self.widths)
        for tau, alpha in [*((tau, 1.0) for tau in self.tau), *((1.0, alpha) for alpha in self.alpha)]:
            scales = {"gain": self.teacher_gain, "tau": tau, "alpha": alpha, "step": self.steps[tau]}
            ranges.check("theory", "float64", **scales)
        if own := self.sample:
            for n in own.n:
                sizes = SimpleNamespace(n_train=n, n_test=self.n_test, teacher_neurons=self.teacher_neurons)
                check_size("theory.sample", sizes, own.d, own.m)
            for alpha in own.alpha:
                scales = {"gain": self.teacher_gain, "tau": 1.0, "alpha": alpha, "step": own.step_size}
                ranges.check("theory.sample", "float64", **scales)


class FigureFive(Model):
    """What Figure 5 draws."""

    divide_by_alpha_squared: Flag = Field(
        False, description="true or false: draw ln(L/alpha²) instead of ln L"
    )


def evaluate(path: str, formula: float | str, values: dict[str, Any], zero: bool = False) -> float:
    """The value to six significant digits. Raises ConfigError unless it is > 0, or ≥ 0 with `zero`."""
    at = ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
    expected = f"expected a finite number {'≥' if zero else '>'} 0 for every run"
    try:
        value = rounded(value_of(formula, values))
    except ExpressionError as error:
        raise ConfigError(f"{path}: {show(formula)} {error} at {at}; {expected}") from None
    if value < 0 or (value == 0 and not zero):
        found = (
            f"{show(formula)} is {value:.6g} at {at}"
            if isinstance(formula, str)
            else f"{value:.6g} is not allowed"
        )
        raise ConfigError(f"{path}: {found}; {expected}")
    return value


def value_of(formula: float | str, values: dict[str, Any]) -> float:
    return Expression(formula, values)(values) if isinstance(formula, str) else formula


def check_even(path: str, m: int) -> None:
    """Students with mirrored neurons have an even number of them."""
    if m % 2:
        raise refused(f"{path}.m", m, "an even integer ≥ 2")


def check_size(path: str, model: Any, inputs: int, *neurons: int) -> None:
    """The arrays of a job have a row for each point or neuron, a column for each input or neuron."""
    points, most = model.n_train + model.n_test, max(*neurons, model.teacher_neurons)
    if (points + most) * (inputs + most) > _MOST_NUMBERS:
        raise ConfigError(
            f"{path}: {points} points, {inputs} inputs and {most} neurons are not allowed; expected "
            f"(points + neurons) × (inputs + neurons) ≤ {_MOST_NUMBERS:.0e}, or no machine can hold them"
        )
