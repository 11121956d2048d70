"""What a job that trains the CNN once is told, apart from `job`, so that a change here runs no student again."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class CnnRun(NamedTuple):
    """The key of a CNN's run. Values in paths have the shortest %.6g form."""

    experiment: str
    alpha: float
    learning_rate: float
    seed: int

    @property
    def path(self) -> str:
        return f"alpha~{self.alpha:.6g}/learning_rate~{self.learning_rate:.6g}/seed~{self.seed}"


@dataclass(frozen=True, kw_only=True)
class CnnJob:
    """One run of the CNN, and all that decides how it trains, its images aside."""

    key: CnnRun
    dataset: str
    images: int | None
    width: float
    epochs: int
    batch: int
    momentum: float
    augment: str
    precision: str

    def plain(self) -> dict[str, Any]:
        """The same in dicts, strings and numbers, as Snakemake compares and pickles parameters."""
        return asdict(self) | {"key": self.key._asdict()}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "CnnJob":
        """The job that is this in plain data."""
        return cls(**plain | {"key": CnnRun(**plain["key"])})
