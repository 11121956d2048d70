"""What an experiment with any module is made of: its module and its data, built in or a user's own, each checked.

A user's model file is code, and runs as the user. Nothing else here runs code: arrays hold no pickles.
"""

import importlib.util
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from lazytraining.config.errors import ConfigError, refused, show
from lazytraining.config.model_job import ModelJob
from lazytraining.files.cifar10 import LackingArchiveError
from lazytraining.models import builtin, images
from lazytraining.models.module import ModuleError, Network, in_precision
from lazytraining.student import problem

IMAGES = {
    "digits": lambda job: images.digits(job.n_train or images.DIGITS_TRAIN),
    "digits_32": lambda job: images.digits_32(),
    "cifar10": lambda job: images.cifar10(),
}
ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Points(NamedTuple):
    """Training and test points; targets as a row of numbers for each, of a class one 1."""

    x_train: Shaped[Tensor, "n ..."]
    y_train: Float[Tensor, "n k"]
    x_test: Shaped[Tensor, "m ..."]
    y_test: Float[Tensor, "m k"]
    black: Float[Tensor, " c"] | None = None
    """Of images that can be padded, what a black pixel is."""


def load(job: ModelJob, device: str = "cpu") -> tuple[Network, Points]:
    """The network at its start, and its points. Raises ConfigError, in one line, for whatever is wrong with either."""
    points = data(job)
    module = build(job, points)
    try:
        network = Network(module, points.x_train, job.precision, device)
    except ModuleError as error:
        kinds = f"the points are of {points.x_train.dtype} in the data, the weights of {job.precision}"
        raise ConfigError(f"model: {error}; {kinds.replace('torch.', '')}") from None
    k, asked = network.outputs_each, points.y_train.shape[1]
    if k != asked:
        each = "numbers" if job.task == "regression" else "classes"
        if job.task == "regression" and asked == 1 and torch.equal(points.y_train, points.y_train.round()):
            each += ", or task: classification if these are classes"
        raise refused(
            "model", f"{show(job.model)} with {k} outputs", f"{asked}, as many as the data have {each}"
        )
    return network, Points(*(None if part is None else network.inputs(part.to(device)) for part in points))


def build(job: ModelJob, points: Points) -> nn.Module:
    """The module of a job's seed."""
    if not is_file(job.model):
        try:
            with in_precision(getattr(torch, job.precision)):
                return builtin.build(
                    job.model, job.options, tuple(points.x_train.shape[1:]), points.y_train.shape[1], job.seed
                )
        except (ValueError, RuntimeError, TypeError, ZeroDivisionError) as error:
            raise refused(
                "model",
                f"{job.model} for points of shape {tuple(points.x_train.shape[1:])}",
                "points that it can take",
                str(error),
            ) from None
    path, _, name = job.model.rpartition(":")
    function = getattr(_imported(Path(path)), name, None)
    if not callable(function):
        raise refused("model", show(job.model), f"path.py:function, and {path} has no function {name}")
    try:
        with in_precision(getattr(torch, job.precision)), torch.random.fork_rng(devices=[]):
            torch.manual_seed(job.seed)
            module = function(job.seed)
    except Exception as error:
        raise refused(
            "model",
            show(job.model),
            "a function of the seed that returns a torch.nn.Module",
            f"{type(error).__name__}: {_line(error)}",
        ) from None
    if not isinstance(module, nn.Module):
        raise refused(
            "model",
            f"{show(job.model)}, which returns a {type(module).__name__}",
            "a function of the seed that returns a torch.nn.Module",
        )
    return module


def is_file(model: str) -> bool:
    """Whether a model is a user's own, path.py:function."""
    return ":" in model


def _imported(path: Path) -> Any:
    """A user's file as a module; what stands beside it can be imported by it."""
    if not path.is_file():
        raise refused("model", show(str(path)), "path.py:function, of a file that is there")
    spec = importlib.util.spec_from_file_location(f"_model_{path.stem}", path)
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    try:
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    except Exception as error:
        raise refused(
            "model", show(str(path)), "a Python file that runs", f"{type(error).__name__}: {_line(error)}"
        ) from None
    finally:
        sys.path.remove(folder)
    return found


def data(job: ModelJob) -> Points:
    """Its points, the first `n_train` and `n_test` of those that there are."""
    if job.data == "teacher":
        made = problem.make_problem(
            job.d, job.n_train or 1000, job.n_test or 1000, job.teacher_neurons, job.teacher_gain, job.seed
        )
        found = {name: getattr(made, name) for name in ARRAYS}
    elif job.data in IMAGES:
        found = _images(job)
    else:
        found = _file(Path(job.data))
    counts = {"train": job.n_train, "test": job.n_test}
    arrays = {}
    for part, count in counts.items():
        x, y = np.asarray(found[f"x_{part}"]), _labels(np.asarray(found[f"y_{part}"]))
        _check(job, part, x, y, count)
        arrays |= {f"x_{part}": x[:count], f"y_{part}": y[:count]}
    if arrays["x_train"].shape[1:] != arrays["x_test"].shape[1:]:
        raise refused(
            "data",
            f"{show(job.data)} with points of shape {arrays['x_train'].shape[1:]} and test points of {arrays['x_test'].shape[1:]}",
            "one shape",
        )
    return _points(job, arrays, found.get("black"))


class Counts(NamedTuple):
    n_train: int
    n_test: int
    classes: bool
    """Whether targets are integers, one for each point."""


def counts(path: Path) -> Counts:
    """Of a user's own data. Raises ConfigError."""
    arrays = _file(path)
    y = _labels(arrays["y_train"])
    return Counts(len(arrays["x_train"]), len(arrays["x_test"]), y.ndim == 1 and y.dtype.kind in "biu")


def _labels(y: np.ndarray) -> np.ndarray:
    """Targets, where a column of integers is a class for each point."""
    return y[:, 0] if y.dtype.kind in "biu" and y.ndim == 2 and y.shape[1] == 1 else y


def _images(job: ModelJob) -> dict[str, Any]:
    try:
        found = IMAGES[job.data](job)
    except LackingArchiveError as error:
        raise ConfigError(f"data: {error}") from None
    return found._asdict()


def _file(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; or of a Parquet file with the columns `split` (train or test), x, which are lists of numbers, and y."""
    expected = f"an .npz file with {', '.join(ARRAYS)}, or a .parquet file with the columns split, x and y"
    if not path.is_file():
        raise refused("data", show(str(path)), f"digits, cifar10, teacher, or {expected}", "no such file")
    try:
        if path.suffix == ".parquet":
            return _of_table(pq.read_table(path, columns=["split", "x", "y"], partitioning=None))
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise refused("data", show(str(path)), expected, _line(error)) from None


def _of_table(table: pa.Table) -> dict[str, np.ndarray]:
    split = np.asarray(table["split"].to_pylist())
    arrays = {letter: np.array(table[letter].to_pylist()) for letter in "xy"}
    return {
        f"{letter}_{part}": values[split == part]
        for part in ("train", "test")
        for letter, values in arrays.items()
    }


def _check(job: ModelJob, part: str, x: np.ndarray, y: np.ndarray, count: int | None) -> None:
    """Numbers, as many points as targets, finite, and as many as are asked for."""
    for name, values in ((f"x_{part}", x), (f"y_{part}", y)):
        if values.dtype.kind not in "biuf":
            raise refused("data", f"{show(job.data)}: {name} of {values.dtype}", "numbers")
        if values.ndim == 0 or len(values) == 0:
            raise refused("data", f"{show(job.data)}: {name} without points", "at least one")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise refused(
                "data",
                f"{show(job.data)}: {name} with {np.sum(~np.isfinite(values))} values that are not finite",
                "finite numbers",
            )
    if len(x) != len(y):
        raise refused(
            "data", f"{show(job.data)}: {len(x)} x_{part} and {len(y)} y_{part}", "as many targets as points"
        )
    if job.task == "classification" and part == "train" and job.data not in IMAGES and y.min() > 0:
        raise refused("data", f"{show(job.data)}: y_train from {y.min():g} on", "classes that begin at 0")
    if count is not None and count > len(x):
        raise refused(
            f"n_{part}", count, f"at most {len(x)}, as many as {show(job.data)} has, or null for all"
        )


def _points(job: ModelJob, arrays: dict[str, np.ndarray], black: np.ndarray | None) -> Points:
    targets = [arrays["y_train"], arrays["y_test"]]
    if job.task == "classification":
        classes = int(targets[0].max()) + 1
        for name, y in zip(("y_train", "y_test"), targets, strict=True):
            if y.ndim > 1 or not np.equal(np.mod(y, 1), 0).all() or y.min() < 0:
                raise refused(
                    "data",
                    f"{show(job.data)}: {name} of shape {y.shape} from {y.min():g} to {y.max():g}",
                    "a class 0, 1, … for each point with task: classification",
                )
            if y.max() >= classes:
                raise refused(
                    "data",
                    f"{show(job.data)}: class {y.max():g} in {name}",
                    f"classes that y_train has, up to {classes - 1}",
                )
        targets = [np.eye(classes)[y.astype(int)] for y in targets]
    else:
        targets = [y.reshape(len(y), -1).astype(float) for y in targets]
    if np.ptp(targets[0], axis=0).max() == 0:
        raise refused(
            "data", f"{show(job.data)}: y_train with one value for all points", "targets that differ"
        )
    x_train, x_test = (torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in ("x_train", "x_test"))
    y_train, y_test = map(torch.from_numpy, targets)
    return Points(x_train, y_train, x_test, y_test, None if black is None else torch.from_numpy(black))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
