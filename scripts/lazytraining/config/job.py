"""What a training job is told: made by `Config.job`, and read by rules, training, cost and tests."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple


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
        return f"m~{self.m}/alpha~{self.alpha:.6g}/tau~{self.tau:.6g}/eta~{self.eta:.6g}/seed~{self.seed}"


class ProblemKey(NamedTuple):
    """What `problem.make_problem` takes, in its order."""

    d: int
    n_train: int
    n_test: int
    teacher_neurons: int
    teacher_gain: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """Students of one experiment and seed, and all that decides how they train.

    `batch` is how many fresh points an iteration has, None for the whole training set. `early_stopping` has min_delta
    and patience of each student.
    """

    keys: tuple[Run, ...]
    problem: ProblemKey
    symmetrize: bool
    iterations: int
    track_best: bool = True
    early_stopping: tuple[tuple[float, int], ...] | None = None
    laziness: bool | Literal["recorded"] = False
    precision: str = "float64"
    batch: int | None = None
    hidden_factor: float = 1.0
    average_last: int = 1

    @property
    def n_tested(self) -> int:
        """Test points that most iterations evaluate: none where no test loss is asked for."""
        return self.problem.n_test if self.track_best or self.early_stopping else 0

    def plain(self) -> dict[str, Any]:
        """The same in dicts, lists and numbers, as Snakemake compares and pickles parameters."""
        rules = self.early_stopping and [list(rule) for rule in self.early_stopping]
        return asdict(self) | {
            "keys": [key._asdict() for key in self.keys],
            "problem": self.problem._asdict(),
            "early_stopping": rules,
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Job":
        """The job that is this in plain data."""
        rules = plain["early_stopping"]
        parts = {
            "keys": tuple(Run(**key) for key in plain["keys"]),
            "problem": ProblemKey(**plain["problem"]),
            "early_stopping": rules and tuple(tuple(rule) for rule in rules),
        }
        return cls(**plain | parts)
