"""The keys of an experiment with any torch module: which module, which data, and how it trains."""

import ast
import hashlib
import itertools
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from lazytraining.config import ranges
from lazytraining.config.errors import ConfigError, refused, show
from lazytraining.config.fields import Flag, Momentum, NotNegative, Positive, Scales, Steps, whole
from lazytraining.config.model_job import ModelJob
from lazytraining.config.parts import Seeded, check_even

OPTIONS: dict[str, dict[str, tuple[Any, str]]] = {
    "mlp": {
        "depth": (whole(1, 100), "an integer from 1 to 100: linear layers"),
        "width": (whole(1), "an integer ≥ 1: units between them"),
        "activation": (Literal["relu", "tanh", "gelu", "linear"], "relu, tanh, gelu or linear"),
        "bias": (Flag, "true or false"),
        "scaling": (Literal["standard", "ntk", "mean_field"], "standard, ntk or mean_field"),
    },
    "cnn": {
        "channels": (whole(1), "an integer ≥ 1: of the first convolution"),
        "bias": (Flag, "true or false"),
    },
    "transformer": {
        "width": (whole(1), "an integer ≥ 1"),
        "heads": (whole(1), "an integer ≥ 1 that divides width"),
    },
    "vgg11": {"width": (Positive, "a number > 0: factor on the numbers of channels")},
    "student": {"m": (whole(1), "an integer ≥ 1: neurons"), "symmetrize": (Flag, "true or false")},
}
"""Of each built-in model: what its options take."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "mlp": {"depth": 3, "width": 256, "activation": "relu", "bias": True, "scaling": "standard"},
    "cnn": {"channels": 16, "bias": True},
    "transformer": {"width": 32, "heads": 4},
    "vgg11": {"width": 0.125},
    "student": {"m": 50, "symmetrize": False},
}
"""What the options of each are where they are left out."""
DATA = {"digits": (1200, 597), "digits_32": (1200, 597), "cifar10": (50_000, 10_000)}
"""Built-in images, with how many train and how many test. Of `digits` any number may train; the rest test."""
LEAST = {"digits": 12, "digits_32": 2, "cifar10": 2}
"""How many have to train: the last class is first among these."""
PADDED = {"digits_32": ("none", "crop"), "cifar10": ("none", "crop", "crop_and_flip")}
"""Images that have a black border to move into, and what may be done to them: a mirrored digit is another sign."""
CENTRED_FLOAT32_ALPHA = 1e4
"""Largest α up to which a centred network in float32 was found to agree with float64 (docs/precision.md)."""
_FULL = "full"


def _batch(value: Any) -> int | None:
    return None if value in (None, _FULL) else TypeAdapter(whole(1)).validate_python(value)


class ModelFields(Seeded):
    """A torch module and its tangent twin over alpha × tau × step × seeds."""

    kind: Literal["model"] = Field(description="model")
    model: Annotated[str, Field(strict=True, max_length=1000)] = Field(
        description=f"path.py:function, a function of the seed that returns a torch.nn.Module, or one of {', '.join(OPTIONS)}"
    )
    options: dict[str, Any] = Field({}, description="a mapping: options of a built-in model")
    data: Annotated[str, Field(strict=True, max_length=1000)] = Field(
        description="an .npz file with x_train, y_train, x_test, y_test, a .parquet file with split, x, y, or one of digits (8 × 8), digits_32 (32 × 32), "
        "cifar10, teacher"
    )
    d: whole(1) = Field(100, description="an integer ≥ 1: dimension of the inputs, with data: teacher")
    teacher_neurons: whole(1) = Field(3, description="an integer ≥ 1: neurons of the teacher, m0")
    teacher_gain: Positive = Field(1.0, description="a number > 0: factor on the teacher's output")
    task: Literal["classification", "regression"] = Field(description="classification or regression")
    loss: Literal["mse", "cross_entropy"] = Field(
        "mse", description="mse, or cross_entropy (no closed forms)"
    )
    alpha: Scales = Field(
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: factor on the output"
    )
    tau: Scales = Field(
        [1.0],
        description="a list of different numbers > 0, or {logspace: [first, last, count]}: factor on the initial weights",
    )
    centre: Flag = Field(True, description="true or false: f = alpha (h(w) − h(w0)), or alpha h(w)")
    step: Steps = Field(["auto"], description="auto (1/‖Dh‖²), a number > 0, or a list of such: eta")
    iterations: whole(1) = Field(description="an integer ≥ 1: updates")
    batch: Annotated[
        int | None,
        BeforeValidator(_batch),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": _FULL}, {"type": "null"}]}),
    ] = Field(None, description="full, or an integer ≥ 1: points of an update")
    momentum: Momentum = Field(0.0, description="a number ≥ 0 and < 1")
    decay: NotNegative = Field(
        0.0, description="a number ≥ 0: eta is divided by 1 + decay × passes through the training points"
    )
    augment: Literal["none", "crop", "crop_and_flip"] = Field(
        "none",
        description="none, crop (shifts by up to 4 pixels) or crop_and_flip (mirrors too), of digits_32 and cifar10",
    )
    n_train: whole(1) | None = Field(None, description="null (all), or an integer ≥ 1: training points")
    n_test: whole(1) | None = Field(None, description="null (all), or an integer ≥ 1: test points")
    kernel_points: whole(2, 10_000) = Field(
        64,
        description="an integer from 2 to 10000: training points that kernels are taken on, or all if they are fewer",
    )
    recorded: whole(2, 10_000) = Field(
        60,
        description="an integer from 2 to 10000: at about how many iterations losses and gaps are recorded",
    )
    precision: Literal["float32", "float64"] = Field("float64", description="float32 or float64")

    @property
    def is_file(self) -> bool:
        """Whether the model is a user's own."""
        return self.model not in OPTIONS

    @cached_property
    def sources(self) -> dict[str, str]:
        """The sha256 sums of the user's own files."""
        paths = [self.model.rpartition(":")[0]] if self.is_file else []
        paths += [self.data] if self.data not in (*DATA, "teacher") else []
        return {path: _sum(path) for path in paths}

    def told(self, experiment: str, seed: int) -> ModelJob:
        """The job of one seed."""
        names = ModelJob.__dataclass_fields__.keys() - {"experiment", "seed"}
        return ModelJob(experiment=experiment, seed=seed, **{name: getattr(self, name) for name in names})

    def check(self, path: str) -> None:
        """All that can be said without running the user's code. Raises ConfigError."""
        for tau, alpha in itertools.product(self.tau, self.alpha):
            ranges.check(path, self.precision, tau=tau, alpha=alpha)
        for alpha, step in itertools.product(self.alpha if self.centre else [], self.step):
            ranges.check_centred(path, self.precision, alpha=alpha, step=step)
        if self.is_file:
            check_function(f"{path}.model", self.model)
        elif self.model == "student" and self.data != "teacher":
            raise refused(f"{path}.data", show(self.data), "teacher with model: student")
        elif self.data == "teacher" and self.model not in ("mlp", "student"):
            raise refused(
                f"{path}.data", "teacher", "images with this model, because points on the sphere are none"
            )
        check_options(f"{path}.options", self.model, self.options)
        if self.data == "teacher" and self.task != "regression":
            raise refused(f"{path}.task", self.task, "regression with data: teacher")
        if self.data in DATA and self.task != "classification":
            raise refused(f"{path}.task", self.task, f"classification with data: {self.data}")
        if self.loss == "cross_entropy" and self.task != "classification":
            raise refused(f"{path}.loss", self.loss, "mse with task: regression")
        self._check_images(path)
        if self.data not in (*DATA, "teacher"):
            check_data(f"{path}.data", self.data, f", or {', '.join(DATA)}, teacher")

    def _check_images(self, path: str) -> None:
        """There are as many as are asked for, and what is done to them keeps their class."""
        done = PADDED.get(self.data, ("none",))
        if self.augment not in done:
            why = ", because a mirrored digit is another sign" if self.data == "digits_32" else ""
            raise refused(f"{path}.augment", self.augment, f"{' or '.join(done)} with data: {self.data}{why}")
        if self.data not in DATA:
            return
        n_train, n_test = DATA[self.data]
        if self.data == "digits":
            total = n_train + n_test
            n_train, n_test = total - 1, total - (self.n_train or n_train)
        for key, most in (("n_train", n_train), ("n_test", n_test)):
            if (getattr(self, key) or 1) > most:
                expected = f"at most {most}, as many as {self.data} has, or null for all"
                raise refused(f"{path}.{key}", getattr(self, key), expected)
        if self.n_train is not None and self.n_train < LEAST[self.data]:
            expected = (
                f"at least {LEAST[self.data]} with data: {self.data}, so that the last class is among them"
            )
            raise refused(f"{path}.n_train", self.n_train, expected)

    def doubt(self, runs: list) -> str:
        """Why the precision may not do, or nothing."""
        if not self.centre or self.precision != "float32" or max(self.alpha) <= CENTRED_FLOAT32_ALPHA:
            return ""
        known = f"precision float32 is known to hold up to {CENTRED_FLOAT32_ALPHA:.0e}"
        return f"alpha reaches {max(self.alpha):.3g}; {known}"


def check_data(path: str, data: str, others: str = "") -> None:
    """The file is there, and is an archive of arrays or named as a table. Raises ConfigError."""
    expected = (
        f"an .npz file with x_train, y_train, x_test, y_test, or a .parquet file with split, x, y{others}"
    )
    if not Path(data).is_file():
        raise refused(path, show(data), expected, "no such file")
    if Path(data).suffix != ".parquet" and not zipfile.is_zipfile(data):
        raise refused(path, show(data), expected, "no archive, as numpy.savez writes it")


def check_function(path: str, model: str) -> None:
    """The file is there, is Python, and has the function, which can be given a seed. Raises ConfigError; runs nothing."""
    file, _, name = model.rpartition(":")
    expected = f"path.py:function, or one of {', '.join(OPTIONS)}"
    if not file or not name.isidentifier() or not Path(file).is_file():
        raise refused(path, show(model), expected, "no such file" if file else "")
    try:
        tree = ast.parse(Path(file).read_bytes(), file)
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        raise refused(path, show(model), "a Python file", " ".join(str(error).split())) from None
    defined = {name: node for node in tree.body for name in _names(node)}
    if name not in defined:
        own = sorted(name for name, node in defined.items() if isinstance(node, ast.FunctionDef))
        raise refused(path, show(model), expected, f"{file} has no {name}, but {', '.join(own) or 'none'}")
    if why := _no_seed(defined[name]):
        raise refused(path, show(model), "a function of the seed that returns a torch.nn.Module", why)


def check_options(path: str, model: str, options: dict[str, Any]) -> None:
    """Each is one that the built-in model has. Raises ConfigError."""
    known = OPTIONS.get(model, {})
    for name, value in options.items():
        if name not in known:
            expected = ", ".join(known) or "none, because a function of the user's own has the seed alone"
            raise ConfigError(
                f"{path}.{name}: unknown key with value {show(value)}; expected one of {expected}"
            )
        kind, description = known[name]
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError:
            raise refused(f"{path}.{name}", show(value), description) from None
    given = DEFAULTS.get(model, {}) | options
    if model == "transformer" and given["width"] % given["heads"]:
        raise refused(f"{path}.heads", given["heads"], f"a divisor of width, {given['width']}")
    if given.get("symmetrize"):
        check_even(path, given["m"])
    if given.get("scaling") == "mean_field" and given["bias"]:
        raise refused(
            f"{path}.bias",
            "true",
            "false with scaling: mean_field, because the output's bias alone is not scaled, and would set the step",
        )


def _no_seed(node: ast.stmt) -> str:
    """Why a seed would be taken for something else, such as a width; empty if it would not."""
    if isinstance(node, ast.ClassDef):
        return "a class, whose first argument would be the seed"
    if not isinstance(node, ast.FunctionDef):
        return ""
    given = [*node.args.posonlyargs, *node.args.args]
    if given and len(node.args.defaults) == len(given) and "seed" not in given[0].arg:
        return f"its first argument is {given[0].arg}, with a default, and would be the seed"
    return ""


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _sum(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
