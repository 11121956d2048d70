"""What is known of a module before its job: its sizes, and what is wrong with a user's own files."""

import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from lazytraining.config.any_model import DATA, DEFAULTS
from lazytraining.config.kinds import AnyModel
from lazytraining.files import cifar10
from lazytraining.workflow import digest

SHAPES = {"digits": (1, 8, 8), "digits_32": (3, 32, 32), "cifar10": (3, 32, 32)}


def problem(experiments: dict[str, AnyModel]) -> str:
    """The first thing that is wrong with a user's module or data, which is run for that; empty if nothing is."""
    for name, one in experiments.items():
        if one.sources and (found := _looked_at(json.dumps(one.told(name, one.seeds[0]).plain))).get("error"):
            return f"experiments.{name}.{found['error']}"
    return ""


def lacking(experiments: Iterable[AnyModel]) -> str:
    """Why the built-in images of these can't be trained on, after an attempt to fetch what is not there; empty if they can."""
    if any(one.data == "cifar10" for one in experiments):
        try:
            cifar10.fetch()
        except cifar10.LackingArchiveError as error:
            return str(error)
    return ""


def sizes(name: str, one: AnyModel) -> dict[str, int | float]:
    """Weights, activations and outputs of a point, points, and numbers in the data, the same for all seeds: counted for what is built in."""
    if one.sources:
        return _looked_at(json.dumps(one.told(name, one.seeds[0]).plain))
    if one.data == "teacher":
        shape, outputs, most = (one.d,), 1, (one.n_train or 1000, one.n_test or 1000)
    else:
        shape, outputs, most = SHAPES[one.data], 10, DATA[one.data]
        if one.data == "digits":  # all that do not train test
            most = most[0], sum(most) - (one.n_train or most[0])
    points = sum(DATA.get(one.data, most))
    parameters, activations = _counted(one.model, one.options, shape, outputs)
    return {
        "parameters": parameters,
        "activations": activations,
        "outputs": outputs,
        "n_train": one.n_train or most[0],
        "n_test": one.n_test or most[1],
        "numbers": points * math.prod(shape),
    }


def _counted(
    model: str, options: dict[str, Any], shape: tuple[int, ...], k: int
) -> tuple[int | float, int | float]:
    """Weights, and numbers that a pass makes of a point, of the built-in models (`models.builtin`)."""
    inputs, given = math.prod(shape), DEFAULTS[model] | options
    if model == "mlp":
        units = [inputs, *[given["width"]] * (given["depth"] - 1), k]
        return sum(b * (a + 1) for a, b in itertools.pairwise(units)), 2 * sum(units)
    if model == "student":
        m = given["m"]
        return m * (inputs + 1), 2 * m + inputs
    if model == "cnn":
        c, side = given["channels"], shape[-1]
        weights = 9 * shape[0] * c + 18 * c * c + 3 * c + (k * 2 * c * (side // 4) ** 2 + k)
        return weights, inputs + side**2 * c * 4
    if model == "transformer":
        width, words = given["width"], shape[-2]
        return 12 * width**2 + width * (inputs // words + words + 20 + k), 30 * words * width + 8 * words**2
    width = given["width"]
    return 9.3e6 * width**2, 3e5 * width + 4e3


@cache
def _looked_at(job: str) -> dict[str, Any]:
    """What a process of its own says of a job's module and data. Nothing, where that has no torch."""
    paths = os.pathsep.join([str(digest.SCRIPTS), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "lazytraining.models.sizes"]
    done = subprocess.run(
        command, input=job.encode(), env=os.environ | {"PYTHONPATH": paths}, capture_output=True, check=False
    )
    if done.returncode == 0 and (found := _last_object(done.stdout.decode(errors="replace"))):
        return found
    said = done.stderr.decode(errors="replace").split("\n")
    if "No module named 'torch'" in "".join(said[-2:]):
        return {}
    why = " ".join(said[-2:])[:200].strip() or "its file, or what that imports, ends it"
    return {"error": f"model: the process that looked at it ended with {done.returncode}: {why}"}


def _last_object(text: str) -> dict[str, Any]:
    """The last line that is one of JSON, among all that the user's code may print; empty if none is."""
    for line in reversed(text.splitlines()):
        with suppress(ValueError):
            if isinstance(found := json.loads(line), dict):
                return found
    return {}
