"""The parts of a configuration: an experiment by its kind, and what else has keys of its own; and what each key takes.

The description of a field says what the field takes; it is the text of the JSON schema and of the error message alike.
"""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from lazytraining.config.fields import (
    MOST_VALUES,
    AlphaValues,
    Flag,
    MinDelta,
    Momentum,
    Positive,
    Scales,
    Seeds,
    StepSizeOfTau,
    StepSizes,
    Widths,
    whole,
)


class Model(BaseModel):
    """A mapping of keys, none of them unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class EarlyStoppingRule(Model):
    """When a run ends before its last iteration."""

    min_delta: MinDelta = Field(
        description="a number ≥ 0 or arithmetic in tau, alpha, m: the least improvement of the test loss"
    )
    patience: whole(1) = Field(description="an integer ≥ 1: iterations without improvement before the end")


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


class Sweep(OnTheSphere):
    """Two-layer students over m × alpha × tau × step_size × seeds, a row of run.parquet for each."""

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


class Descent(Sweep):
    """Full-batch gradient descent."""

    kind: Literal["descent"] = Field("descent", description="descent")
    n_train: whole(1) = Field(description="an integer ≥ 1: training points")
    early_stopping: EarlyStoppingRule | None = Field(
        None, description="null or {min_delta: …, patience: …}, on the test loss"
    )
    track_best: Flag = Field(True, description="true or false: evaluate the test loss at every iteration")
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
        1, description="an integer ≥ 1: last batches over which train_loss_end is averaged"
    )
    early_stopping: ClassVar[None] = None
    track_best: ClassVar[bool] = False
    precision: ClassVar[str] = "float64"

    @property
    def n_train(self) -> int:
        return self.batch


class Neurons(Seeded):
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


IMAGES = {"digits": (1200, 597), "cifar10": (50_000, 10_000)}
"""Of each data set, for training and for test."""


class Cnn(Seeded):
    """VGG-11 on images, over alpha × learning_rate × seeds, by stochastic gradient descent with momentum."""

    kind: Literal["cnn"] = Field(description="cnn")
    dataset: Literal["digits", "cifar10"] = Field(
        description="digits (scikit-learn's, no network needed) or cifar10"
    )
    data_dir: Annotated[str, Field(pattern=r"^[\w./+@-]+$")] = Field(
        "data", description="a folder, in letters, digits and . / _ + @ -, that images are kept in"
    )
    images: whole(1) | None = Field(
        None, description="null (all), or an integer ≥ 1: how many of the training images are used"
    )
    width: Positive = Field(description="a number > 0: factor on the numbers of channels")
    alpha: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: factor on the output"
    )
    learning_rate: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: of the first epoch; "
        "each alpha is shown at its best"
    )
    epochs: whole(1) = Field(description="an integer ≥ 1: passes through the training images")
    batch: whole(1) = Field(description="an integer ≥ 1: images of an update")
    momentum: Momentum = Field(description="a number ≥ 0 and < 1")
    augment: Literal["none", "crop", "crop_and_flip"] = Field(
        description="none, crop (shifts by up to 4 pixels) or crop_and_flip (mirrors too)"
    )
    precision: Literal["float32", "float64"] = Field(description="float32 or float64")


class Landscape(Model):
    """The planes and surfaces of Figures 2 and 6."""

    plane: Literal["principal", "filter_normalized"] = Field(
        "principal",
        description="principal (components of the end points) or filter_normalized (random directions at the first)",
    )
    grid: whole(2, 1000) = Field(
        25, description="an integer from 2 to 1000: grid points along each axis of a surface"
    )
    extent: Positive = Field(
        3.0,
        description="a number > 0: half-width of a surface, in standard deviations of the end points, or in the neurons' "
        "norms with plane: filter_normalized",
    )


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


class FigureFive(Model):
    """What Figure 5 draws."""

    divide_by_alpha_squared: Flag = Field(
        False, description="true or false: draw ln(L/alpha²) instead of ln L"
    )


KINDS = {"descent": Descent, "population": Population, "neurons": Neurons, "cnn": Cnn}
"""The model of each kind."""


def _kind(value: Any) -> str | None:
    if not isinstance(value, dict):
        return getattr(value, "kind", "descent")
    kind = value.get("kind", "descent")
    return kind if isinstance(kind, str) else None


Experiment = Annotated[
    Annotated[Descent, Tag("descent")]
    | Annotated[Population, Tag("population")]
    | Annotated[Neurons, Tag("neurons")]
    | Annotated[Cnn, Tag("cnn")],
    Discriminator(_kind),
]
