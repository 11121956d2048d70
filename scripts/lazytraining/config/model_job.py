"""What a job that trains a module and its tangent twin is told."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ModelJob:
    """A module of one seed at every scale and step size, and all that decides how it trains, its files aside.

    `step` has numbers, or auto: 1/‖Dh(w0)‖². Of `n_train` and `n_test` None is all that the data have, `batch` None all training
    points at each iteration.
    """

    experiment: str
    seed: int
    model: str
    options: dict[str, Any]
    data: str
    task: str
    loss: str = "mse"
    d: int = 100
    teacher_neurons: int = 3
    teacher_gain: float = 1.0
    alpha: list[float]
    tau: list[float]
    centre: bool
    step: list[float | str]
    iterations: int
    batch: int | None = None
    momentum: float = 0.0
    decay: float = 0.0
    augment: str = "none"
    recorded: int = 60
    n_train: int | None = None
    n_test: int | None = None
    kernel_points: int = 64
    precision: str = "float64"

    @property
    def plain(self) -> dict[str, Any]:
        """The same in a dict, as Snakemake compares and pickles parameters."""
        return asdict(self)
