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
MOST_CLASSES = 1000
"""Where points are fewer: each class is a number of each target."""


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
        raise ConfigError(f"model: {error}") from None
    k, asked = network.outputs_each, points.y_train.shape[1]
    if k != asked:
        each = "numbers" if job.task == "regression" else "classes"
        if job.task == "regression" and asked == 1 and torch.equal(points.y_train, points.y_train.round()):
            each += ", or task: classification if these are classes"
        raise refused(
            "model", f"{show(job.model)} with {k} outputs", f"{asked}, as many as the data have {each}"
        )
    points = Points(*(None if part is None else network.inputs(part.to(device)) for part in points))
    if is_file(job.model) or is_own(job.data):
        _check_outputs(job, network, points)
    return network, points


def _check_outputs(job: ModelJob, network: Network, points: Points) -> None:
    """The network has finite outputs at every point, not at the first ones alone."""
    for name in ("x_train", "x_test"):
        x = getattr(points, name)
        try:
            finite = network.outputs(network.weights, x).isfinite().all(1)
        except Exception as error:
            why = f"{type(error).__name__}: {_line(error)}"
            raise refused(
                "data",
                f"{show(job.data)}: {name}, on which {show(job.model)} fails",
                "points that it can take",
                why,
            ) from None
        if not finite.all():
            which = f"at point {finite.int().argmin().item()} of {name} in {show(job.data)}"
            raise refused(
                "model",
                f"{show(job.model)} with outputs that are not finite {which}",
                "finite ones at its start",
            )


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


def is_own(data: str) -> bool:
    """Whether data are a user's own, a file."""
    return data not in (*IMAGES, "teacher")


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
    arrays = {name: np.asarray(found[name]) for name in ARRAYS}
    arrays |= {name: _labels(arrays[name]) for name in ("y_train", "y_test")}
    for part, count in (("train", job.n_train), ("test", job.n_test)):
        _check(job, part, arrays[f"x_{part}"], arrays[f"y_{part}"], count)
    _check_alike(job, arrays)
    counts = {"train": job.n_train, "test": job.n_test}
    return _points(job, {name: arrays[name][: counts[name[2:]]] for name in ARRAYS}, found.get("black"))


class Counts(NamedTuple):
    n_train: int
    n_test: int
    classes: bool
    """Whether targets are integers, one for each point."""


def counts(path: Path) -> Counts:
    """Of a user's own data. Raises ConfigError."""
    arrays = _file(path)
    for name in ARRAYS:
        _check_numbers(str(path), name, arrays[name])
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


def _check_numbers(data: str, name: str, values: np.ndarray, precision: str = "float64") -> None:
    """Numbers for at least one point, finite in this precision."""
    if values.dtype.kind not in "biuf":
        raise refused("data", f"{show(data)}: {name} of {values.dtype}", "numbers")
    if values.ndim == 0 or values.size == 0:
        raise refused(
            "data",
            f"{show(data)}: {name} of shape {values.shape}",
            "at least one point, and one number of each",
        )
    with np.errstate(over="ignore"):
        lost = np.sum(~np.isfinite(values.astype(precision))) if values.dtype.kind == "f" else 0
    if lost:
        raise refused(
            "data",
            f"{show(data)}: {name} with {lost} values that are not finite in {precision}",
            "finite numbers",
        )


def _check(job: ModelJob, part: str, x: np.ndarray, y: np.ndarray, count: int | None) -> None:
    """Numbers, as many points as targets, and as many as are asked for."""
    for name, values in ((f"x_{part}", x), (f"y_{part}", y)):
        _check_numbers(job.data, name, values, job.precision)
    if len(x) != len(y):
        raise refused(
            "data", f"{show(job.data)}: {len(x)} x_{part} and {len(y)} y_{part}", "as many targets as points"
        )
    if job.task == "classification" and part == "train" and is_own(job.data) and y.min() > 0:
        raise refused("data", f"{show(job.data)}: y_train from {y.min()} on", "classes that begin at 0")
    if count is not None and count > len(x):
        raise refused(
            f"n_{part}", count, f"at most {len(x)}, as many as {show(job.data)} has, or null for all"
        )


def _check_alike(job: ModelJob, arrays: dict[str, np.ndarray]) -> None:
    """Test points and their targets are of the shape of the training points, and of their kind of numbers."""
    for letter, what in (("x", "points"), ("y", "targets")):
        train, test = (arrays[f"{letter}_{part}"] for part in ("train", "test"))
        shapes = [values.shape[1:] for values in (train, test)]
        if shapes[0] != shapes[1] and not (letter == "y" and {*shapes} == {(), (1,)}):
            raise refused(
                "data",
                f"{show(job.data)} with {what} of shape {shapes[0]} and test {what} of {shapes[1]}",
                "one shape",
            )
    kinds = [arrays[name].dtype for name in ("x_train", "x_test")]
    if kinds[0] != kinds[1] and {kind.kind for kind in kinds} != {"f"}:
        raise refused(
            "data", f"{show(job.data)}: x_train of {kinds[0]} and x_test of {kinds[1]}", "one type of numbers"
        )


def _points(job: ModelJob, arrays: dict[str, np.ndarray], black: np.ndarray | None) -> Points:
    targets = [arrays["y_train"], arrays["y_test"]]
    if job.task == "classification":
        for name, y in zip(("y_train", "y_test"), targets, strict=True):
            if y.ndim > 1 or not np.equal(np.mod(y, 1), 0).all() or y.min() < 0:
                raise refused(
                    "data",
                    f"{show(job.data)}: {name} of shape {y.shape} from {y.min()} to {y.max()}",
                    "a class 0, 1, … for each point with task: classification",
                )
        classes, most = int(targets[0].max()) + 1, max(MOST_CLASSES, len(targets[0]))
        if classes > most:
            raise refused(
                "data",
                f"{show(job.data)}: class {classes - 1} in y_train",
                f"classes numbered from 0 without gaps, up to {most - 1}",
            )
        if targets[1].max() >= classes:
            raise refused(
                "data",
                f"{show(job.data)}: class {int(targets[1].max())} in y_test",
                f"classes that y_train{_first(job.n_train)} has, up to {classes - 1}",
            )
        targets = [np.eye(classes)[y.astype(int)] for y in targets]
    else:
        targets = [y.reshape(len(y), -1).astype(float) for y in targets]
    if np.ptp(targets[0], axis=0).max() == 0:
        raise refused(
            "data",
            f"{show(job.data)}: y_train{_first(job.n_train)} with one value for all points",
            "targets that differ",
        )
    if not targets[1].any():
        raise refused(
            "data",
            f"{show(job.data)}: y_test{_first(job.n_test)} with 0 for all points",
            "some that are not 0, because gaps are shares of their norm",
        )
    x_train, x_test = (torch.from_numpy(_native(arrays[name])) for name in ("x_train", "x_test"))
    y_train, y_test = map(torch.from_numpy, targets)
    return Points(x_train, y_train, x_test, y_test, None if black is None else torch.from_numpy(black))


def _first(count: int | None) -> str:
    """Which targets are meant, where not all are used."""
    return f" (its first {count})" if count else ""


def _native(values: np.ndarray) -> np.ndarray:
    """The same numbers in a type of this machine that torch has."""
    kind = np.dtype(float) if values.dtype.kind == "f" and values.dtype.itemsize > 8 else values.dtype
    return np.ascontiguousarray(values, kind.newbyteorder("="))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
