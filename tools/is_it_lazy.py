"""Train a torch module of your own and its tangent twin in a terminal, and say from which output scale α on it is lazy.

With several --tau and one --alpha, 1 unless another is given, from which factor τ on its initial weights on.

MODEL is path.py:function, a function of the seed that returns a torch.nn.Module; the file is run, as you. DATA is an .npz file with
x_train, y_train, x_test, y_test, or a .parquet file with the columns split, x, y. Nothing is written. Ends with 0; with 1 and a line
if something is wrong with the model or the data; with 2 if the arguments are wrong.
"""

import argparse
import os
import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(
    __doc__, usage="%(prog)s MODEL DATA [--alpha ALPHA ... | --tau TAU ...] [OPTION ...]"
)
PARSER.add_argument("model", metavar="MODEL", help="path.py:function, such as my_net.py:build")
PARSER.add_argument("data", metavar="DATA", help="such as my_data.npz")
PARSER.add_argument(
    "--task",
    choices=["classification", "regression"],
    help="else by the type of y_train: integers are classes",
)
PARSER.add_argument("--alpha", type=float, nargs="+", help="factors on the output; else 0.1 1 10 100 1000")
PARSER.add_argument(
    "--tau", type=float, nargs="+", default=[1.0], help="factors on the initial weights; default: 1"
)
PARSER.add_argument("--iterations", type=int, default=400, help="updates of each run; default: 400")
PARSER.add_argument(
    "--points", type=int, default=500, help="training points that are used, at most; default: 500"
)
PARSER.add_argument("--seed", type=int, default=0, help="that the function is given; default: 0")
if __name__ == "__main__":
    _terminal.begin(PARSER)

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look
from pydantic import ValidationError

from lazytraining.config.any_model import OPTIONS, check_data, check_function
from lazytraining.config.errors import ConfigError, refused, show
from lazytraining.config.kinds import AnyModel
from lazytraining.config.model_job import ModelJob
from lazytraining.files import progress
from lazytraining.models import lazy, loading
from lazytraining.models.module import Network
from lazytraining.student import laziness

COLUMNS = {
    "accuracy": "test_accuracy",
    "of twin": "twin_test_accuracy",
    "loss": "test_loss_end",
    "of twin ": "twin_test_loss",
    "gap": "gap_test",
    "kernel moved": "kernel_movement",
    "predicted": "kernel_movement_predicted",
}
"""Of the table: a column of `tables.RUN` each, on test points."""


ALPHA = [0.1, 1.0, 10.0, 100.0, 1000.0]
ALLOWED = {
    "alpha": "numbers > 0 that differ in six digits",
    "tau": "numbers > 0 that differ in six digits",
    "iterations": "an integer from 1 to 1e12",
    "points": "an integer ≥ 2",
    "seed": "an integer from 0 to 1e12",
}


class ArgumentError(ConfigError):
    """One line on an argument, not on the model or the data."""


def experiment(asked: argparse.Namespace) -> AnyModel:
    """What is asked for, as a configuration has it. Raises ConfigError."""
    if asked.model not in OPTIONS:
        check_function("model", asked.model)
    check_data("data", asked.data)
    sizes = loading.counts(Path(asked.data))
    if sizes.n_train < 2:
        raise refused("data", f"{show(asked.data)} with 1 training point", "2 or more")
    if asked.points < 2:
        raise _wrong(asked, "points")
    if asked.alpha is None:
        asked.alpha = [1.0] if len(set(asked.tau)) > 1 else ALPHA
    if len(set(asked.alpha)) > 1 and len(set(asked.tau)) > 1:
        values = f"{show(asked.tau)} beside --alpha {show(asked.alpha)}"
        raise ArgumentError(f"--tau: {values} is not allowed; expected one value of either")
    n = min(asked.points, sizes.n_train)
    try:
        found = AnyModel(
            kind="model",
            model=asked.model,
            data=asked.data,
            task=asked.task or ("classification" if sizes.classes else "regression"),
            alpha=sorted(set(asked.alpha)),
            tau=sorted(set(asked.tau)),
            iterations=asked.iterations,
            n_train=n,
            n_test=min(1000, sizes.n_test),
            kernel_points=min(64, n),
            seeds=[asked.seed],
        )
        found.check("arguments")
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        raise _wrong(asked, {"seeds": "seed"}.get(key, key)) from None
    except ConfigError as error:
        raise ArgumentError(str(error)) from None
    return found


def _wrong(asked: argparse.Namespace, name: str) -> ArgumentError:
    return ArgumentError(str(refused(f"--{name}", show(getattr(asked, name)), ALLOWED[name])))


def _loaded(job: ModelJob) -> tuple[Network, loading.Points]:
    """As `loading.load`. A module file is the user's code, which may end the program, or fail in ways that are not foreseen there."""
    try:
        return loading.load(job)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        expected = "a file that defines a function of the seed, which returns a torch.nn.Module"
        raise refused("model", show(job.model), expected, why) from None


def table(runs: list[dict], over: str) -> list[str]:
    """A line for each value of the scale that is swept, alpha or tau."""
    shown = {
        name: column for name, column in COLUMNS.items() if any(row.get(column) is not None for row in runs)
    }
    lines = [f"{over:>8}" + "".join(f"{name.strip():>13}" for name in shown) + "  verdict"]
    for row in runs:
        values = (row.get(column) for column in shown.values())
        cells = "".join(f"{'' if value is None else format(value, '.3g'):>13}" for value in values)
        lines.append(f"{row[over]:8g}{cells}  {row['regime']}")
    return lines


def verdict(runs: list[dict], over: str) -> str:
    """Whether the module is lazy as it stands, at a scale of 1 or the next larger, and from which scale on it is."""
    first = laziness.lazy_from({row[over]: row["regime"] for row in runs})
    own = next((row for row in runs if row[over] >= 1), runs[-1])
    at = f"At {over} = {own[over]:g} it is {own['regime']}."
    if first <= runs[-1][over]:
        return f"{at} Lazy from {over} = {first:g} on."
    if runs[-1]["regime"] == laziness.UNFINISHED:
        return f"{at} Whether it is lazy at the largest {over} takes more --iterations."
    return f"{at} Not lazy at the largest {over}."


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        job = experiment(asked).told("mine", asked.seed)
        network, points = _loaded(job)
    except ConfigError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 2 if isinstance(error, ArgumentError) else 1
    with progress.bar(lazy.updates(job)) as bar:
        runs, _, _ = lazy.train(job, network, points, bar.update)
    over, other = ("tau", "alpha") if len(job.tau) > 1 else ("alpha", "tau")
    first, last = runs[0], runs[-1]
    steps = f"steps {first['eta']:.3g} to {last['eta']:.3g}" if over == "tau" else f"step {first['eta']:.3g}"
    fixed = f"{other} = {first[other]:g}, " if first[other] != 1 or over == "tau" else ""
    print(
        f"{first['parameters']} weights, {first['n_train']} training points, {first['n_test']} test points, {fixed}{steps} = 1/‖Dh‖², "
        f"degree q = {first['euler_degree']:.3g}"
    )
    print("\n".join(table(runs, over)))
    print(verdict(runs, over))
    return 0


if __name__ == "__main__":
    told, sys.argv[1:] = sys.argv[1:], []  # they are no arguments of what the model's file may read
    sys.exit(main(told))
