"""The kinds of experiment: the keys that each takes, its runs, its jobs and what holds across its keys.

A new kind is a model here and its name in `KINDS`.
"""

import itertools
import math
from abc import ABC, abstractmethod
from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Discriminator, Field, Tag

from lazytraining.config import ranges
from lazytraining.config.any_model import ModelFields
from lazytraining.config.errors import ConfigError, refused
from lazytraining.config.fields import (
    AlphaValues,
    Courant,
    Flag,
    Flags,
    Positive,
    Scales,
    Share,
    StepSizes,
    Widths,
    whole,
)
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.config.model_job import ModelJob
from lazytraining.config.parts import (
    CollapseLimits,
    EarlyStoppingRule,
    LazyLimits,
    OnTheSphere,
    Seeded,
    check_even,
    check_size,
    evaluate,
)


class Kind(Seeded, ABC):
    """What every kind of experiment has."""

    swept: ClassVar[tuple[str, ...]] = ()
    """The keys whose values are in the key of a run, beside the seeds."""
    sources: ClassVar[dict[str, str]] = {}
    """Digests of the user's own files that runs depend on, by path."""

    @property
    def count(self) -> int:
        """How many runs there are."""
        return math.prod(len(getattr(self, key)) for key in (*self.swept, "seeds"))

    @abstractmethod
    def runs(self, name: str) -> list:
        """The key of every run, under this name, in the order of the configuration. Raises ConfigError."""

    @abstractmethod
    def job(self, runs: list) -> Job | ModelJob | dict[str, Any]:
        """What the job that trains these runs, which share a seed, has to know."""

    def check(self, path: str) -> None:
        """Raises ConfigError for what does not hold across the keys of the experiment at this path."""

    def doubt(self, runs: list) -> str:
        """Why the precision may not do for these runs, or nothing."""
        return ""


class Sweep(OnTheSphere, Kind):
    """Two-layer students over m × alpha × tau × step_size × seeds, a row for each."""

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
    data_seed: whole(0) | None = Field(
        None, description="null, or an integer ≥ 0: the seed whose teacher and data all seeds share"
    )
    step_size: StepSizes = Field(
        description="a number > 0, arithmetic in tau, alpha, m with min, max, sqrt, a list of such, "
        "or {logspace: [first, last, count]}: eta"
    )
    iterations: whole(1) = Field(description="an integer ≥ 1: most updates of a run")
    keep_weights: Flag = Field(False, description="true or false: keep the first and last weights of a run")
    swept: ClassVar[tuple[str, ...]] = ("m", "alpha", "tau", "step_size")

    def runs(self, name: str) -> list[Run]:
        """Ordered by m, alpha, tau, eta, seed."""
        runs, seen, path = [], set(), f"experiments.{name}"
        for m, alpha_text in itertools.product(self.m, self.alpha):
            alpha = evaluate(f"{path}.alpha", alpha_text, {"m": m})
            for tau, eta_text in itertools.product(self.tau, self.step_size):
                values = {"m": m, "alpha": alpha, "tau": tau}
                eta = evaluate(f"{path}.step_size", eta_text, values)
                ranges.check(path, self.precision, gain=self.teacher_gain, tau=tau, alpha=alpha, step=eta)
                if self.early_stopping:
                    text = self.early_stopping.min_delta
                    evaluate(f"{path}.early_stopping.min_delta", text, values, zero=True)
                if (m, alpha, tau, eta) in seen:
                    raise ConfigError(
                        f"{path}: duplicate run m={m}, alpha={alpha:.6g}, tau={tau:.6g}, eta={eta:.6g}; "
                        "expected different values of alpha and of step_size for each m and tau"
                    )
                seen.add((m, alpha, tau, eta))
                runs += [Run(name, m, alpha, tau, eta, seed) for seed in self.seeds]
        return runs

    def job(self, runs: list[Run]) -> Job:
        data_seed = runs[0].seed if self.data_seed is None else self.data_seed
        rule = self.early_stopping
        return Job(
            keys=tuple(runs),
            problem=ProblemKey(**self.problem, seed=data_seed),
            symmetrize=self.symmetrize,
            iterations=self.iterations,
            track_best=self.track_best,
            early_stopping=rule and tuple(map(rule.at, runs)),
            laziness=self.laziness,
            precision=self.precision,
            batch=self.batch,
            hidden_factor=self.hidden_factor,
            average_last=self.average_last,
        )

    def check(self, path: str) -> None:
        check_size(path, self, self.d, *self.m)
        odd = [m for m in self.m if m % 2]
        if self.symmetrize and odd:
            raise refused(f"{path}.m", odd[0], "even integers with symmetrize: true")

    def doubt(self, runs: list[Run]) -> str:
        """What counts is α τ², the size of h at the start against the targets: it has been tried up to 10⁶ in float32
        without symmetrisation, where training cancels h(w0), and up to 10¹² else."""
        most = 1e6 if self.precision == "float32" and not self.symmetrize else 1e12
        largest = max(run.alpha * run.tau**2 for run in runs)
        if largest <= most * (1 + 1e-6):
            return ""
        known = f"precision {self.precision} is known to hold up to {most:.0e}"
        return f"alpha tau² reaches {largest:.3g}; {known}"


class Descent(Sweep):
    """Full-batch gradient descent."""

    kind: Literal["descent"] = Field("descent", description="descent")
    n_train: whole(1) = Field(description="an integer ≥ 1: training points")
    early_stopping: EarlyStoppingRule | None = Field(
        None, description="null or {min_delta: …, patience: …}, on the test loss"
    )
    track_best: Flag = Field(True, description="true or false: evaluate the test loss at every iteration")
    laziness: Flag | Literal["recorded"] = Field(
        False,
        description="true, false or recorded: how lazy a run was, by its tangent model and its kernel, in its row; "
        "recorded: in its curve too",
    )
    precision: Literal["float32", "float64"] = Field(description="float32 or float64")
    batch: ClassVar[None] = None
    hidden_factor: ClassVar[float] = 1.0
    average_last: ClassVar[int] = 1


class Population(Sweep):
    """Stochastic gradient descent on the population loss: a fresh batch at every iteration, in float64."""

    kind: Literal["population"] = Field(description="population")
    batch: whole(1) = Field(description="an integer ≥ 1: fresh points at each iteration")
    hidden_factor: Positive = Field(
        1.0, description="a number > 0: what the hidden layer's step is multiplied by"
    )
    average_last: whole(1) = Field(
        1,
        description="an integer ≥ 1: last batches over which train_loss_end is averaged; all, if there are fewer",
    )
    early_stopping: ClassVar[None] = None
    track_best: ClassVar[bool] = False
    laziness: ClassVar[bool] = False
    precision: ClassVar[str] = "float64"

    @property
    def n_train(self) -> int:
        return self.batch


class SeedRun(NamedTuple):
    """The key of a run that has one for each seed."""

    experiment: str
    seed: int

    @property
    def path(self) -> str:
        return f"seed~{self.seed}"


class Neurons(Kind):
    """Paths of the neurons of symmetrised students in the plane, over tau × seeds, in float64."""

    kind: Literal["neurons"] = Field(description="neurons")
    n_train: whole(1) = Field(description="an integer ≥ 1: training points on the circle")
    n_test: whole(1) = Field(description="an integer ≥ 1: test points on the circle")
    teacher_neurons: whole(1) = Field(description="an integer ≥ 1: neurons of the teacher, m0")
    m: whole(2) = Field(description="an even integer ≥ 2: neurons of the student")
    tau: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: scale of the start"
    )
    step_size: Positive = Field(description="a number > 0: eta")
    iterations: whole(1) = Field(description="an integer ≥ 1: updates")

    def runs(self, name: str) -> list[SeedRun]:
        """One for each seed, with every tau in it."""
        return [SeedRun(name, seed) for seed in self.seeds]

    def job(self, runs: list[SeedRun]) -> dict[str, Any]:
        sizes = {name: getattr(self, name) for name in ("n_train", "n_test", "teacher_neurons")}
        shared = {name: getattr(self, name) for name in ("m", "step_size", "iterations")}
        return shared | {"taus": self.tau, "sizes": sizes}

    def check(self, path: str) -> None:
        for tau in self.tau:
            ranges.check(path, "float64", tau=tau, step=self.step_size)
        check_size(path, self, 2, self.m)
        check_even(path, self.m)


class AnyModel(ModelFields, Kind):
    """Any torch module and its tangent twin: a job for each seed, with all that is swept in it."""

    def runs(self, name: str) -> list[SeedRun]:
        return [SeedRun(name, seed) for seed in self.seeds]

    def job(self, runs: list[SeedRun]) -> ModelJob:
        (run,) = runs
        return self.told(run.experiment, run.seed)


class PhaseRun(NamedTuple):
    """The key of a job of the phase diagram: every coupling and start of one m and seed."""

    experiment: str
    m: int
    seed: int

    @property
    def path(self) -> str:
        return f"m~{self.m}/seed~{self.seed}"


class Phase(OnTheSphere, Kind):
    """Gradient flow of two-layer students over m × coupling × symmetrize × seeds: a phase diagram, in float64."""

    kind: Literal["phase"] = Field(description="phase")
    n_train: whole(1) = Field(description="an integer ≥ 1: training points")
    m: Widths = Field(description="a list of different integers ≥ 1: neurons of the student")
    coupling: Scales = Field(
        description="a list of different numbers from 1e-6 to 1e12, or {logspace: [first, last, count]}: g = m alpha tau² / ‖y‖"
    )
    symmetrize: Flags = Field(
        description="a list of true, false or both: start at h(w0) = 0 (m that are even alone), or not"
    )
    cfl: Courant = Field(
        description="a number > 0 and ≤ 1: a step of the flow, over the largest stable one of the kernel as it is"
    )
    stop: Share = Field(
        description="a number > 0 and < 1: the training loss at which a flow stops, over the zero predictor's"
    )
    iterations: whole(1) = Field(description="an integer ≥ 1: most steps of a flow")
    stable_step: Flag = Field(
        False,
        description="true or false: measure the largest stable step of descent too, at the middle one of m",
    )
    lazy: LazyLimits = Field(description="a mapping with the keys gap and kernel")
    collapse: CollapseLimits = Field(description="a mapping with the keys kept and hidden")
    swept: ClassVar[tuple[str, ...]] = ("m",)

    def starts(self, m: int) -> list[bool]:
        """The values of `symmetrize` that a student of m neurons can have."""
        return [start for start in self.symmetrize if not (start and m % 2)]

    def runs(self, name: str) -> list[PhaseRun]:
        """Ordered by m, seed."""
        return [PhaseRun(name, m, seed) for m, seed in itertools.product(self.m, self.seeds)]

    def job(self, runs: list[PhaseRun]) -> dict[str, Any]:
        (run,) = runs
        names = ("cfl", "stop", "iterations")
        limits = {name: getattr(self, name).model_dump() for name in ("lazy", "collapse")}
        return limits | {
            "m": run.m,
            "problem": self.problem | {"seed": run.seed},
            "starts": self.starts(run.m),
            "couplings": self.coupling,
            "steps": self.stable_step and run.m == sorted(self.m)[len(self.m) // 2],
            **{name: getattr(self, name) for name in names},
        }

    def check(self, path: str) -> None:
        check_size(path, self, self.d, *self.m)
        for m in self.m:
            if not self.starts(m):
                raise refused(f"{path}.m", m, "even integers with symmetrize: [true]")
        for coupling in self.coupling:
            if not 1e-6 <= coupling <= 1e12:
                raise refused(f"{path}.coupling", coupling, "numbers from 1e-06 to 1e+12")
        ranges.check(path, "float64", gain=self.teacher_gain)


KINDS = {
    "descent": Descent,
    "population": Population,
    "neurons": Neurons,
    "model": AnyModel,
    "phase": Phase,
}
"""The model of each kind."""


def _kind(value: Any) -> str | None:
    if not isinstance(value, dict):
        return getattr(value, "kind", "descent")
    kind = value.get("kind", "descent")
    return kind if isinstance(kind, str) else None


Experiment = Annotated[
    reduce(or_, (Annotated[model, Tag(kind)] for kind, model in KINDS.items())), Discriminator(_kind)
]
"""An experiment of any kind."""
